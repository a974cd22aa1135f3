"""Estimate the modes of cymbals: peaks of the spectrum after the attack, with free phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.fft
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.fitting.modal.damped import Law
from stemgmd_tools.fitting.modal.esprit import Complex, Poles
from stemgmd_tools.fitting.modal.mode_levels import Amplitudes, errors_db, level_law, levels_db
from stemgmd_tools.fitting.modal.mode_table import mode_table
from stemgmd_tools.fitting.recordings.families import Form
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import Modes

_START_S: Final = 0.04
_WINDOW_S: Final = 0.7
_PAD: Final = 4
_LOWEST_HZ: Final = 40.0
_LEAST_DB: Final = 5.0
_APART_HZ: Final = 2.5
_DECAYS: Final = (0.5, 40.0)
_HOP_S: Final = 0.25
_WINDOWS: Final = 5
_GRID_POINTS: Final = 700
_SMOOTH_POINTS: Final = 35


def fit_peaks(strokes: Sequence[Strokes], form: Form) -> Modes | None:
    """Return the modes of a cymbal; None if no peak stands out."""
    frames = round(_WINDOW_S * SAMPLE_RATE)
    size = scipy.fft.next_fast_len(_PAD * frames, real=True)
    start = ONSET_FRAMES + round(_START_S * SAMPLE_RATE)
    if all(len(repeat) < start + frames // 2 for layer in strokes for repeat in layer.repeats):
        return None
    spectra = [[_spectrum(repeat, start, frames, size) for repeat in layer.repeats] for layer in strokes]
    power = np.mean([_normalised(layer) for layer in spectra], axis=0)
    bins_hz: Float = np.arange(len(power), dtype=np.float64) * (SAMPLE_RATE / size)
    chosen, above_db = _peaks(power, bins_hz, form)
    if not len(chosen):
        return None
    decay = _decays(strokes, bins_hz[chosen], start, frames)
    poles = Poles(bins_hz[chosen], decay)
    # A peak includes noise; the level of the surrounding noise is subtracted.
    clean = np.sqrt(np.maximum(1.0 - 10.0 ** (-above_db / 10.0), 0.1)) / _whole(decay, frames)
    sure = np.zeros(len(chosen))
    stroke_amplitudes = [
        Amplitudes(layer.velocity, np.stack(spectrum)[:, :, chosen] * clean, sure)
        for layer, spectrum in zip(strokes, spectra, strict=True)
    ]
    levels_and_errors = (
        np.array([levels_db(amplitudes) for amplitudes in stroke_amplitudes]),
        np.array([errors_db(amplitudes) for amplitudes in stroke_amplitudes]),
    )
    levels = level_law([amplitudes.velocity for amplitudes in stroke_amplitudes], *levels_and_errors)
    power = [(np.abs(amplitudes.values) ** 2).mean(axis=0) for amplitudes in stroke_amplitudes]
    shape = np.sqrt(np.mean([velocity_power / velocity_power.mean() for velocity_power in power], axis=0)).T.astype(
        np.complex128
    )
    table = mode_table(poles, levels, shape, np.zeros((0, 0)), Law(poles, onset_s=form.mode_onset_s))
    return table.model_copy(update={"phase_turns": None, "channel_phase_turns": None})


def _spectrum(sound: Float, start: int, frames: int, size: int) -> Complex:
    """Return (2, bins) of a window of a stroke."""
    part = np.zeros((frames, 2))
    segment = sound[start : start + frames]
    part[: len(segment)] = segment
    return np.asarray(scipy.fft.rfft(part * np.hanning(frames)[:, None], size, axis=0).T)


def _normalised(layer: Sequence[Complex]) -> Float:
    """Return the mean power spectrum of repeats, its mean 1."""
    power = np.mean([(np.abs(spectrum) ** 2).sum(axis=0) for spectrum in layer], axis=0)
    return np.asarray(power / (power.mean() + 1e-30))


def _whole(decay: Float, frames: int) -> Float:
    """Return the magnitude in the window of a mode of amplitude 1 at the attack, shape (K,)."""
    times_s = np.arange(frames) / SAMPLE_RATE
    ringing = np.exp(-np.outer(decay, times_s + _START_S))
    return np.asarray(ringing @ np.hanning(frames) / 2.0)


def _peaks(power: Float, bins_hz: Float, form: Form) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Float]:
    """Return the bins of the most prominent peaks, and their prominence in dB."""
    level = 10.0 * np.log10(power + 1e-14)
    grid = np.geomspace(_LOWEST_HZ, form.highest_mode_hz, _GRID_POINTS)
    coarse = uniform_filter1d(np.interp(grid, bins_hz, uniform_filter1d(level, 2 * _PAD + 1)), _SMOOTH_POINTS)
    around = np.interp(np.maximum(bins_hz, _LOWEST_HZ), grid, coarse)
    inner = np.flatnonzero((bins_hz > _LOWEST_HZ) & (bins_hz < form.highest_mode_hz))
    top = inner[(level[inner] > level[inner - 1]) & (level[inner] >= level[inner + 1])]
    above = level[top] - around[top]
    rank = np.argsort(-(above + 0.25 * around[top]), kind="stable")
    picked: list[int] = []
    for index in rank:
        if above[index] >= _LEAST_DB and all(
            abs(bins_hz[top[index]] - bins_hz[selected]) > _APART_HZ for selected in picked
        ):
            picked.append(int(top[index]))
        if len(picked) >= form.body_modes:
            break
    chosen = np.sort(np.array(picked, np.intp))
    return chosen, level[chosen] - around[chosen]


def _decays(strokes: Sequence[Strokes], frequencies_hz: Float, start: int, frames: int) -> Float:
    """Return (K,) decays, from straight lines through the levels of each peak in successive windows."""
    hop = round(_HOP_S * SAMPLE_RATE)
    up = np.zeros(len(frequencies_hz))
    down = np.zeros(len(frequencies_hz))
    window = np.hanning(frames)
    turn = np.exp(-2j * np.pi * np.outer(frequencies_hz, np.arange(frames) / SAMPLE_RATE)) * window
    for layer in strokes:
        length = min(len(repeat) for repeat in layer.repeats)
        count = min(_WINDOWS, 1 + max(0, length - start - frames) // hop)
        if count < 2:
            continue
        power = np.zeros((count, len(frequencies_hz)))
        for repeat in layer.repeats:
            for index in range(count):
                part = repeat[start + index * hop : start + index * hop + frames]
                power[index] += (np.abs(turn @ part) ** 2).sum(axis=1)
        times_s = np.arange(count) * _HOP_S
        away = times_s - times_s.mean()
        up += -(away[:, None] * np.log(power + 1e-20)).sum(axis=0) / 2.0
        down += (away**2).sum()
    usual = 3.0
    decay = np.where(down > 0.0, up / np.maximum(down, 1e-12), usual)
    return np.clip(decay, *_DECAYS)
