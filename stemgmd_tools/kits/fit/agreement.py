"""What strokes of one drum agree on: when they start, and the phases and stereo of their modes.

A stroke's modes are ``g_k u_k`` with a complex shape ``u_k`` per channel that all strokes share and a gain ``g_k`` of
its own velocity. Shapes and gains are found by least squares in turns, on the sums of squares alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.fit.esprit import Complex
from stemgmd_tools.kits.fit.mode_levels import Amplitudes, LevelLaw, errors_db, level_law, levels_db
from stemgmd_tools.kits.model.bands import Float

_SHIFTS_S: Final = np.arange(-60, 61) * 2.5e-5
"""Modes may start 1.5 ms before or after the attack is heard: noise does not follow, and would be torn off by more."""
_SHIFT_ROUNDS: Final = 3
_ROUNDS: Final = 4
_RIDGE: Final = 3e-3
_NEAR_OCTAVES: Final = 0.5
_HONEST_FACTORS: Final = (0.8, 1.5)
_GAIN_RIDGE: Final = 0.02
"""Draws gains to what each mode has by itself."""


class Normal(NamedTuple):
    """Least squares of the mean stroke of one velocity: all that is needed of its samples."""

    gram: Float
    """(2 K, 2 K) of the real parts, then the negative imaginary parts of the weighted basis."""
    projected: Float
    """(2 K, 2) the basis on the weighted channels."""


class Agreement(NamedTuple):
    """Modes as all strokes share them."""

    shape: Complex
    """(K, 2) complex amplitudes per channel at gain 1, their mean power 1."""
    gain: Float
    """(velocities, K) amplitudes."""


def normal(basis: Complex, sounds: Float) -> Normal:
    """Return the sums of squares of a velocity.

    :param basis: (N, K) weighted.
    :param sounds: (N, 2) weighted, mean of the repeats.
    """
    real = np.concatenate([basis.real, -basis.imag], axis=1)
    return Normal(real.T @ real, real.T @ sounds)


def agreement_of(bases: Sequence[Complex], sounds: Sequence[Float], rung: Sequence[Amplitudes]) -> Agreement:
    """Return what strokes agree on; arguments as of :func:`shared_modes`."""
    normals = [normal(basis, mean_stroke(sound)) for basis, sound in zip(bases, sounds, strict=True)]
    return agree(normals, 10.0 ** (np.array([levels_db(one) for one in rung]) / 20.0))


def mean_stroke(sound: Float) -> Float:
    """Return the (N, 2) mean of repeats, (N, repeats x 2)."""
    return np.asarray(sound.reshape(len(sound), -1, 2).mean(axis=1))


def shared_modes(
    frequency_hz: Float, bases: Sequence[Complex], sounds: Sequence[Float], rung: Sequence[Amplitudes]
) -> tuple[LevelLaw, Complex]:
    """Return the levels of modes over velocity and their (K, 2) shapes.

    :param frequency_hz: (K,) of the modes.
    :param bases: (N, K) weighted modes of each velocity.
    :param sounds: (N, repeats x 2) weighted strokes of each velocity, moved in time so that they agree.
    :param rung: the amplitudes of each stroke by itself.
    """
    agreed = agreement_of(bases, sounds, rung)
    near = _nearness(frequency_hz)
    scale = [
        _honest(basis, near, agreed.shape * gain[:, None], own.values)
        for basis, gain, own in zip(bases, agreed.gain, rung, strict=True)
    ]
    levels = 20.0 * np.log10(agreed.gain * np.array(scale))
    errors = np.array([errors_db(one) for one in rung])
    return level_law([one.velocity for one in rung], levels, errors), agreed.shape


def _nearness(frequency_hz: Float) -> Float:
    """Return (K, K) weights around each mode, wide enough for modes that beat."""
    position = np.log2(frequency_hz)
    return np.asarray(np.exp(-0.5 * ((position[:, None] - position) / _NEAR_OCTAVES) ** 2))


def _honest(basis: Complex, near: Float, shared: Complex, own: Complex) -> Float:
    """Return (K,) factors that give the shared modes the energy of the strokes' own around each.

    Least squares weaken what strokes do not share. Waveforms are compared, not modes: close ones may be large and
    cancel.

    :param near: (K, K) weights around each mode.
    :param shared: (K, 2) amplitudes.
    :param own: (repeats, 2, K) amplitudes.
    """
    gram = normal(basis, np.zeros((len(basis), 2))).gram
    wanted = np.mean([_energies(gram, near, channel) for stroke in own for channel in stroke], axis=0)
    found = np.mean([_energies(gram, near, channel) for channel in shared.T], axis=0)
    return np.asarray(np.clip(np.sqrt(wanted / (found + 1e-30)), *_HONEST_FACTORS))


def _energies(gram: Float, near: Float, amplitudes: Complex) -> Float:
    """Return (K,) energies of the waveform around each mode."""
    both = np.concatenate([amplitudes.real, amplitudes.imag])
    parts = np.concatenate([near, near], axis=1) * both
    return np.asarray(((parts @ gram) * parts).sum(axis=1))


def starts_s(
    bases: Sequence[Complex], sounds: Sequence[Float], rung: Sequence[Amplitudes], turning: Float
) -> list[Float]:
    """Return by how much each stroke is early, (repeats,) per velocity: so late it agrees best with the others.

    A mode that is early has turned on, so no sound has to be moved to find out.

    :param bases: (N, K) weighted modes of each velocity.
    :param sounds: (N, repeats x 2) weighted strokes.
    :param turning: (K,) frequencies at the attack, Hz.
    """
    alone = [[normal(basis, pair) for pair in _pairs(sound)] for basis, sound in zip(bases, sounds, strict=True)]
    loudest = max(rung, key=lambda one: one.velocity)
    shape = loudest.values[0].T / (np.sqrt((np.abs(loudest.values[0]) ** 2).mean(axis=0))[:, None] + 1e-30)
    own = 10.0 ** (np.array([levels_db(one) for one in rung]) / 20.0)
    agreed = Agreement(shape, own)
    turns = np.exp(2j * np.pi * _SHIFTS_S[:, None] * turning)
    early_s: list[Float] = []
    for _ in range(_SHIFT_ROUNDS):
        early_s = []
        for strokes, gain in zip(alone, agreed.gain, strict=True):
            moved = turns[:, :, None] * (agreed.shape * gain[:, None])
            both = np.concatenate([moved.real, moved.imag], axis=1)
            match = np.stack([np.einsum("skc,kc->s", both, one.projected) for one in strokes])
            early_s.append(_SHIFTS_S[np.argmax(match, axis=1)])
        middle_s = float(np.average([one.mean() for one in early_s], weights=[one.velocity for one in rung]))
        early_s = [one - middle_s for one in early_s]
        agreed = agree([_mean(*pair, turning) for pair in zip(alone, early_s, strict=True)], own)
    return early_s


def _pairs(sound: Float) -> Sequence[Float]:
    """Return the (N, 2) channels of each repeat."""
    return [sound[:, start : start + 2] for start in range(0, sound.shape[1], 2)]


def _mean(strokes: Sequence[Normal], early_s: Float, turning: Float) -> Normal:
    """Return the least squares of the mean of strokes that are early."""
    gram, projected = np.zeros_like(strokes[0].gram), np.zeros_like(strokes[0].projected)
    for one, shift_s in zip(strokes, early_s, strict=True):
        turn = np.exp(2j * np.pi * shift_s * turning)
        cosine, sine = np.diag(turn.real), np.diag(turn.imag)
        whole = np.block([[cosine, -sine], [sine, cosine]])
        gram += whole.T @ one.gram @ whole / len(strokes)
        projected += whole.T @ one.projected / len(strokes)
    return Normal(gram, projected)


def agree(normals: Sequence[Normal], gain: Float) -> Agreement:
    """Return the shapes that all velocities share and the gains that go with them.

    :param gain: (velocities, K) amplitudes to begin with, positive.
    """
    count = gain.shape[1]
    shape = np.ones((count, 2), np.complex128)
    own = gain
    for _ in range(_ROUNDS):
        shape = _shape(normals, gain)
        size = np.sqrt((np.abs(shape) ** 2).mean(axis=1)) + 1e-30
        shape, gain, own = shape / size[:, None], gain * size, own * size
        gain = np.stack([_gain(one, shape, row) for one, row in zip(normals, own, strict=True)])
    return Agreement(shape, gain)


def _shape(normals: Sequence[Normal], gain: Float) -> Complex:
    """Return (K, 2) shapes, given the gains."""
    count = gain.shape[1]
    gram, projected = np.zeros((2 * count, 2 * count)), np.zeros((2 * count, 2))
    for one, row in zip(normals, np.concatenate([gain, gain], axis=1), strict=True):
        gram += one.gram * np.outer(row, row)
        projected += one.projected * row[:, None]
    size = np.sqrt(np.diag(gram)) + 1e-30
    system = gram / np.outer(size, size) + _RIDGE * np.eye(2 * count)
    both = np.linalg.solve(system, projected / size[:, None]) / size[:, None]
    return np.asarray(both[:count] + 1j * both[count:])


def _gain(one: Normal, shape: Complex, own: Float) -> Float:
    """Return (K,) gains of a velocity, given the shapes; drawn to its ``own``, never below a tenth of them."""
    count = len(own)
    gram, projected = np.zeros((count, count)), np.zeros(count)
    for channel in range(2):
        real, imaginary = shape[:, channel].real, shape[:, channel].imag
        turn = np.concatenate([np.diag(real), np.diag(imaginary)])
        gram += turn.T @ one.gram @ turn
        projected += turn.T @ one.projected[:, channel]
    prior = _GAIN_RIDGE * np.diag(gram) + 1e-30
    gain = np.linalg.solve(gram + np.diag(prior), projected + prior * own)
    return np.asarray(np.maximum(gain, 0.1 * own))
