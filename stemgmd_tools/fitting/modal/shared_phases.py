"""Estimate the common starts of a drum's strokes, and the common phases and stereo of their modes.

A stroke's modes are ``g_k u_k`` with a complex shape ``u_k`` per channel that all strokes share and a gain ``g_k`` per
velocity. Shapes and gains are found by alternating least squares. Phases may then vary with velocity (a soft beater
stays longer on the head), but together for neighbours in frequency: otherwise, close modes that beat would be too loud
or too soft between the recorded velocities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.modal.esprit import Complex
from stemgmd_tools.fitting.modal.mode_levels import (
    Amplitudes,
    LevelLaw,
    bend_velocities,
    errors_db,
    level_law,
    levels_db,
    velocity_hats,
)
from stemgmd_tools.kits.synthesis.bands import Float

_SHIFTS_S: Final = np.arange(-60, 61) * 2.5e-5
"""Allowed shifts of the modes relative to the detected attack, up to 1.5 ms: the noise is not shifted."""
_SHIFT_ROUNDS: Final = 3
_ROUNDS: Final = 4
_RIDGE: Final = 3e-3
_NEAR_OCTAVES: Final = 0.5
_HONEST_FACTORS: Final = (0.8, 1.5)
_GAIN_RIDGE: Final = 0.02
"""Regularisation of gains towards those of each velocity by itself."""
_TURN_RIDGE: Final = 0.05
"""Regularisation of phases towards the common ones, for modes that turn together."""
_TURN_OCTAVES: Final = 0.5
"""Distance in frequency over which modes turn together."""
_OWN_RIDGE: Final = 3.0
"""Regularisation of phases towards the common ones, for a mode that turns alone."""
_TURN_ROUNDS: Final = 2


class Normal(NamedTuple):
    """Normal equations of the mean stroke of one velocity."""

    gram: Float
    """(2 K, 2 K) of the real parts, then the negative imaginary parts of the weighted basis."""
    projected: Float
    """(2 K, 2) the basis on the weighted channels."""


class Agreement(NamedTuple):
    """The common parameters of the modes of all strokes."""

    shape: Complex
    """(K, 2) complex amplitudes per channel at gain 1, their mean power 1."""
    gain: Float
    """(velocities, K) amplitudes."""
    turn: Complex
    """(velocities, K) phases of each velocity on top of the shapes'."""
    bends: Float
    """(K, bends) turns at the bend velocities, from which ``turn`` is interpolated."""


def normal(basis: Complex, sounds: Float) -> Normal:
    """Return the normal equations of a velocity.

    :param basis: (N, K) weighted.
    :param sounds: (N, 2) weighted, mean of the repeats.
    """
    real = np.concatenate([basis.real, -basis.imag], axis=1)
    return Normal(real.T @ real, real.T @ sounds)


def agreement_of(
    frequency_hz: Float, bases: Sequence[Complex], sounds: Sequence[Float], stroke_amplitudes: Sequence[Amplitudes]
) -> Agreement:
    """Return the common parameters of modes; arguments as for :func:`shared_modes`."""
    normals = [normal(basis, mean_stroke(sound)) for basis, sound in zip(bases, sounds, strict=True)]
    return agree(
        frequency_hz, normals, _levels(stroke_amplitudes), [amplitudes.velocity for amplitudes in stroke_amplitudes]
    )


def _levels(stroke_amplitudes: Sequence[Amplitudes]) -> Float:
    """Return (velocities, K) amplitudes of the mean energy."""
    return np.asarray(10.0 ** (np.array([levels_db(amplitudes) for amplitudes in stroke_amplitudes]) / 20.0))


def mean_stroke(sound: Float) -> Float:
    """Return the (N, 2) mean of repeats, (N, repeats x 2)."""
    return np.asarray(sound.reshape(len(sound), -1, 2).mean(axis=1))


def shared_modes(
    frequency_hz: Float, bases: Sequence[Complex], sounds: Sequence[Float], stroke_amplitudes: Sequence[Amplitudes]
) -> tuple[LevelLaw, Complex, Float]:
    """Return the levels of modes over velocity, their (K, 2) shapes, and (K, bends) turns at the bend velocities.

    :param frequency_hz: (K,) of the modes.
    :param bases: (N, K) weighted modes of each velocity.
    :param sounds: (N, repeats x 2) weighted strokes of each velocity, moved in time so that they agree.
    :param stroke_amplitudes: the amplitudes of each stroke by itself.
    """
    agreement = agreement_of(frequency_hz, bases, sounds, stroke_amplitudes)
    near = _nearness(frequency_hz, _NEAR_OCTAVES)
    scale = [
        _honest(basis, near, agreement.shape * gain[:, None], own.values)
        for basis, gain, own in zip(bases, agreement.gain * agreement.turn, stroke_amplitudes, strict=True)
    ]
    levels = 20.0 * np.log10(agreement.gain * np.array(scale))
    errors = np.array([errors_db(amplitudes) for amplitudes in stroke_amplitudes])
    return (
        level_law([amplitudes.velocity for amplitudes in stroke_amplitudes], levels, errors),
        agreement.shape,
        agreement.bends,
    )


def _nearness(frequency_hz: Float, octaves: float) -> Float:
    """Return (K, K) weights around each mode, wide enough for modes that beat."""
    position = np.log2(frequency_hz)
    return np.asarray(np.exp(-0.5 * ((position[:, None] - position) / octaves) ** 2))


def _honest(basis: Complex, near: Float, shared: Complex, own: Complex) -> Float:
    """Return factors, shape (K,), that give the shared modes the energy of the strokes' own modes around each.

    Least squares weaken the parts in which strokes differ. Waveforms are compared instead of modes, since close modes
    may be large and cancel.

    :param near: (K, K) weights around each mode.
    :param shared: (K, 2) amplitudes.
    :param own: (repeats, 2, K) amplitudes.
    """
    gram = normal(basis, np.zeros((len(basis), 2))).gram
    wanted = np.mean([_energies(gram, near, channel) for stroke in own for channel in stroke], axis=0)
    modelled = np.mean([_energies(gram, near, channel) for channel in shared.T], axis=0)
    return np.asarray(np.clip(np.sqrt(wanted / (modelled + 1e-30)), *_HONEST_FACTORS))


def _energies(gram: Float, near: Float, amplitudes: Complex) -> Float:
    """Return (K,) energies of the waveform around each mode."""
    both = np.concatenate([amplitudes.real, amplitudes.imag])
    parts = np.concatenate([near, near], axis=1) * both
    return np.asarray(((parts @ gram) * parts).sum(axis=1))


def starts_s(
    bases: Sequence[Complex], sounds: Sequence[Float], stroke_amplitudes: Sequence[Amplitudes], turning: Float
) -> list[Float]:
    """Return the lead of each stroke, (repeats,) per velocity: delayed by it, the stroke agrees best with the others.

    Leads are found by turning the phases of modes, without shifting the sounds.

    :param bases: (N, K) weighted modes of each velocity.
    :param sounds: (N, repeats x 2) weighted strokes.
    :param turning: (K,) frequencies at the attack, Hz.
    """
    alone = [[normal(basis, pair) for pair in _pairs(sound)] for basis, sound in zip(bases, sounds, strict=True)]
    loudest = max(stroke_amplitudes, key=lambda amplitudes: amplitudes.velocity)
    shape = loudest.values[0].T / (np.sqrt((np.abs(loudest.values[0]) ** 2).mean(axis=0))[:, None] + 1e-30)
    own = _levels(stroke_amplitudes)
    gain = own
    turns = np.exp(2j * np.pi * _SHIFTS_S[:, None] * turning)
    early_s: list[Float] = []
    for _ in range(_SHIFT_ROUNDS):
        early_s = []
        for strokes, row in zip(alone, gain, strict=True):
            moved = turns[:, :, None] * (shape * row[:, None])
            both = np.concatenate([moved.real, moved.imag], axis=1)
            match = np.stack([np.einsum("skc,kc->s", both, stroke.projected) for stroke in strokes])
            early_s.append(_SHIFTS_S[np.argmax(match, axis=1)])
        middle_s = float(
            np.average(
                [shifts.mean() for shifts in early_s], weights=[amplitudes.velocity for amplitudes in stroke_amplitudes]
            )
        )
        early_s = [shifts - middle_s for shifts in early_s]
        shape, gain = _turns_about([_mean(*pair, turning) for pair in zip(alone, early_s, strict=True)], own)
    return early_s


def _pairs(sound: Float) -> Sequence[Float]:
    """Return the (N, 2) channels of each repeat."""
    return [sound[:, start : start + 2] for start in range(0, sound.shape[1], 2)]


def _mean(strokes: Sequence[Normal], early_s: Float, turning: Float) -> Normal:
    """Return the normal equations of the mean of strokes with the given leads."""
    gram, projected = np.zeros_like(strokes[0].gram), np.zeros_like(strokes[0].projected)
    for stroke, shift_s in zip(strokes, early_s, strict=True):
        turned = _turned(stroke, np.exp(2j * np.pi * shift_s * turning))
        gram += turned.gram / len(strokes)
        projected += turned.projected / len(strokes)
    return Normal(gram, projected)


def _turned(normal_sums: Normal, turn: Complex) -> Normal:
    """Return the normal equations of modes whose basis is multiplied by (K,) ``turn``."""
    real, imaginary = np.diag(turn.real), np.diag(turn.imag)
    whole = np.block([[real, -imaginary], [imaginary, real]])
    return Normal(whole.T @ normal_sums.gram @ whole, whole.T @ normal_sums.projected)


def agree(frequency_hz: Float, normals: Sequence[Normal], own: Float, velocities: Sequence[int]) -> Agreement:
    """Return the common shapes of all velocities with their gains and phases.

    :param own: (velocities, K) amplitudes of each velocity by itself, positive.
    """
    shape, gain = _turns_about(normals, own)
    knots = bend_velocities(velocities)
    bends = np.zeros((own.shape[1], len(knots)))
    turn = np.ones(own.shape, np.complex128)
    if not knots:
        return Agreement(shape, gain, turn, bends)
    hats = velocity_hats(knots, velocities)
    for _ in range(_TURN_ROUNDS):
        bends = _bends(frequency_hz, normals, shape, gain, hats)
        turn = np.exp(2j * np.pi * hats @ bends.T)
        shape, gain = _turns_about([_turned(*pair) for pair in zip(normals, turn, strict=True)], own)
    return Agreement(shape, gain, turn, bends)


def _bends(frequency_hz: Float, normals: Sequence[Normal], shape: Complex, gain: Float, hats: Float) -> Float:
    """Return (K, bends) turns at the bend velocities, regularised towards 0; neighbours differ by at most half a turn.

    Least squares for complex factors that are linear between the bend velocities.

    :param hats: (velocities, bends) weights of interpolation.
    """
    count, width = len(shape), hats.shape[1]
    size = 2 * count * width
    gram, projected = np.zeros((size, size)), np.zeros(size)
    for sums, row, weights in zip(normals, gain, hats, strict=True):
        for channel in range(2):
            turned = _turned(sums, shape[:, channel] * row)
            gram += np.kron(np.outer(weights, weights), turned.gram)
            projected += np.kron(weights, turned.projected[:, channel])
    diagonal = np.diag(gram)
    near = np.linalg.inv(np.eye(count) / _OWN_RIDGE + _nearness(frequency_hz, _TURN_OCTAVES) / _TURN_RIDGE)
    prior = np.sqrt(np.outer(diagonal, diagonal)) * np.kron(np.eye(2 * width), near) + 1e-30 * np.eye(size)
    none = np.tile(np.concatenate([np.ones(count), np.zeros(count)]), width)
    both = np.linalg.solve(gram + prior, projected + prior @ none).reshape(width, 2, count)
    return np.unwrap(np.angle(both[:, 0] + 1j * both[:, 1]).T, axis=1) / (2.0 * np.pi)


def _turns_about(normals: Sequence[Normal], own: Float) -> tuple[Complex, Float]:
    """Return (K, 2) shapes and (velocities, K) gains by alternating least squares, for known phases.

    :param own: (velocities, K) amplitudes to begin with, positive.
    """
    gain = own
    count = own.shape[1]
    shape = np.ones((count, 2), np.complex128)
    for _ in range(_ROUNDS):
        shape = _shape(normals, gain)
        size = np.sqrt((np.abs(shape) ** 2).mean(axis=1)) + 1e-30
        shape, gain, own = shape / size[:, None], gain * size, own * size
        gain = np.stack([_gain(sums, shape, row) for sums, row in zip(normals, own, strict=True)])
    return shape, gain


def _shape(normals: Sequence[Normal], gain: Float) -> Complex:
    """Return (K, 2) shapes, given the gains."""
    count = gain.shape[1]
    gram, projected = np.zeros((2 * count, 2 * count)), np.zeros((2 * count, 2))
    for sums, row in zip(normals, np.concatenate([gain, gain], axis=1), strict=True):
        gram += sums.gram * np.outer(row, row)
        projected += sums.projected * row[:, None]
    size = np.sqrt(np.diag(gram)) + 1e-30
    system = gram / np.outer(size, size) + _RIDGE * np.eye(2 * count)
    both = np.linalg.solve(system, projected / size[:, None]) / size[:, None]
    return np.asarray(both[:count] + 1j * both[count:])


def _gain(sums: Normal, shape: Complex, own: Float) -> Float:
    """Return (K,) gains of a velocity for given shapes, regularised towards ``own`` and at least a tenth of it."""
    count = len(own)
    gram, projected = np.zeros((count, count)), np.zeros(count)
    for channel in range(2):
        real, imaginary = shape[:, channel].real, shape[:, channel].imag
        turn = np.concatenate([np.diag(real), np.diag(imaginary)])
        gram += turn.T @ sums.gram @ turn
        projected += turn.T @ sums.projected[:, channel]
    prior = _GAIN_RIDGE * np.diag(gram) + 1e-30
    gain = np.linalg.solve(gram + np.diag(prior), projected + prior * own)
    return np.asarray(np.maximum(gain, 0.1 * own))
