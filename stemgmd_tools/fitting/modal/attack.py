"""Fit the fast modes of stick and beater to the first milliseconds without the body's modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.signal import resample_poly

from stemgmd_tools.fitting.modal.damped import Law, Solver
from stemgmd_tools.fitting.modal.esprit import Poles, esprit
from stemgmd_tools.fitting.modal.mode_levels import Amplitudes
from stemgmd_tools.fitting.modal.mode_table import mode_table
from stemgmd_tools.fitting.modal.shared_phases import shared_modes
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, Modes

_LENGTH_S: Final = 0.014
_STEP: Final = 2
_LOWEST_HZ: Final = 40.0
_HIGHEST_HZ: Final = 9000.0
_DECAYS: Final = (60.0, 4000.0)
_ONSET_S: Final = 0.0002
_SILENT: Final = 1e-7


def fit_attack(strokes: Sequence[Strokes], count: int, law: Law | None, body: Sequence[Amplitudes]) -> Modes | None:
    """Return up to ``count`` fast modes of the residual; None if the residual is silent.

    :param law: the law of the body's modes; None without a body.
    :param body: amplitudes of the body's modes in each of the strokes; empty without a body.
    """
    if count == 0:
        return None
    residuals = [_residual(layer, law, body[index] if law else None) for index, layer in enumerate(strokes)]
    loud = [layer for layer in residuals if np.abs(layer).max() > _SILENT]
    if not loud:
        return None
    slow = [resample_poly(layer, 1, _STEP, axis=1) for layer in loud]
    channels = [sound[:, channel].astype(np.complex128) for layer in slow for sound in layer for channel in (0, 1)]
    poles = esprit(channels, SAMPLE_RATE / _STEP, min(2 * count + 16, 60))
    inside = (poles.frequency_hz > _LOWEST_HZ) & (poles.frequency_hz < _HIGHEST_HZ)
    poles = poles.where(inside & (poles.decay > _DECAYS[0]) & (poles.decay < _DECAYS[1]))
    if not len(poles.decay):
        return None
    energy = sum(
        _energy(amplitudes) / (np.abs(amplitudes.values) ** 2).sum()
        for amplitudes in _solved(poles, strokes, residuals)
    )
    poles = poles.where(np.sort(np.argsort(-energy / poles.decay, kind="stable")[:count]))
    law = Law(poles, onset_s=_ONSET_S)
    basis = law.basis(0.0, np.arange(residuals[0].shape[1]) / SAMPLE_RATE)
    size = [1.0 / (np.sqrt((layer**2).mean()) + 1e-12) for layer in residuals]
    shared = shared_modes(
        poles.frequency_hz,
        [basis * factor for factor in size],
        [_flat(layer) * factor for layer, factor in zip(residuals, size, strict=True)],
        _solved(poles, strokes, residuals),
    )
    return mode_table(poles, *shared, law)


def _flat(layer: Float) -> Float:
    """Return (frames, repeats x 2) of (repeats, frames, 2)."""
    return layer.transpose(1, 0, 2).reshape(layer.shape[1], -1)


def _energy(amplitudes: Amplitudes) -> Float:
    return np.asarray((np.abs(amplitudes.values) ** 2).mean(axis=(0, 1)))


def _padded(sound: Float, frames: int) -> Float:
    return np.concatenate([sound[:frames], np.zeros((max(0, frames - len(sound)), 2))])


def _residual(strokes: Strokes, law: Law | None, body: Amplitudes | None) -> Float:
    """Return the first milliseconds of each repeat minus the body's modes, shape (repeats, frames, 2)."""
    frames = round(_LENGTH_S * SAMPLE_RATE)
    sounds = np.stack([_padded(repeat[ONSET_FRAMES:], frames) for repeat in strokes.repeats])
    if law is None or body is None:
        return sounds
    basis = law.basis(float(np.log(strokes.velocity / REFERENCE_VELOCITY)), np.arange(frames) / SAMPLE_RATE)
    return np.asarray(sounds - (basis @ body.values.transpose(0, 2, 1)).real)


def _solved(poles: Poles, strokes: Sequence[Strokes], residuals: Sequence[Float]) -> list[Amplitudes]:
    """Return the amplitudes of fast modes in the ``residuals`` of each velocity, (repeats, frames, 2)."""
    law = Law(poles, onset_s=_ONSET_S)
    basis = law.basis(0.0, np.arange(residuals[0].shape[1]) / SAMPLE_RATE)
    solver = Solver(basis, ridge=1e-2)
    solved = []
    for layer, sounds in zip(strokes, residuals, strict=True):
        flat = _flat(sounds)
        values = solver.amplitudes(flat).T.reshape(len(sounds), 2, -1)
        remainder = (solver.remainder(flat) ** 2).mean()
        solved.append(Amplitudes(layer.velocity, values, np.sqrt(2.0 * remainder / (np.abs(basis) ** 2).sum(axis=0))))
    return solved
