"""Compute the compared features of a one-shot: mel spectrograms, envelope, fine spectrum, decay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.onsets import sound_start

LONGEST_S: Final = 3.0
"""Longest part of a sound that is compared."""
RANGE_DB: Final = 60.0
"""Cells this far below the loudest of both sounds count as silence."""


class Grid(NamedTuple):
    """Resolution of a mel spectrogram."""

    window: int
    """Frames of the Hann window."""
    hop: int
    """Frames from one column to the next."""
    bands: int
    """Mel bands from 30 Hz to 20 kHz."""


SHORT: Final = Grid(512, 128, 48)
LONG: Final = Grid(2048, 512, 64)

LEAD_FRAMES: Final = 88
"""Frames before the attack of a placed sound; 2 ms."""
_ONSET_SHARE: Final = 0.04
_ATTACK_S: Final = 0.15
FADE_FRAMES: Final = 44
"""Length of the fade-in of a placed sound; 1 ms."""
_MEL_HZ: Final = (30.0, 20_000.0)
_FINE_HZ: Final = (60.0, 6000.0)
_FINE_S: Final = (0.06, 0.8)
_FINE_PER_OCTAVE: Final = 48
_FINE_SMOOTH: Final = 24
_DECAY_DB: Final = 30.0
_TINY: Final = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The features of one sound; spectrograms include every window that overlaps the sound."""

    frames: int
    power: float
    """Sum of squares."""
    short: Float
    """(times, 48) power in mel bands, mean of the channels."""
    long: tuple[Float, Float, Float, Float]
    """(times, 64) each: mean of the channels, left, right, their cross-spectrum."""
    envelope: Float
    fine_db: Float
    decay_s: float


def placed(sound: Float) -> Float:
    """Return the sound with its attack 88 frames after the start, faded in over 44, its peak 1."""
    amplitude = np.abs(sound).max(axis=1)
    start = sound_start(amplitude, SAMPLE_RATE) or 0
    peak = amplitude[start : start + int(_ATTACK_S * SAMPLE_RATE)].max()
    first = int(np.argmax(amplitude > _ONSET_SHARE * peak)) - LEAD_FRAMES
    frames = int(LONGEST_S * SAMPLE_RATE)
    lead = np.zeros((max(0, -first), 2))
    cut = np.concatenate([lead, sound[max(0, first) : max(0, first) + frames]])[:frames].astype(np.float64)
    cut[:FADE_FRAMES] *= np.linspace(0.0, 1.0, FADE_FRAMES)[: len(cut), None]
    return np.asarray(cut / np.abs(cut).max())


def view(sound: Float) -> View:
    """Return the features of a placed sound, whose start may be cut to align it with another one."""
    left, right = _spectra(sound, LONG)
    mel = mel_bands(LONG)
    ours, theirs = _square(left) @ mel, _square(right) @ mel
    power = (sound**2).sum(axis=1)
    remaining_energy = np.cumsum(power[::-1])[::-1]
    early = np.argmax(remaining_energy < remaining_energy[0] * 10.0 ** (-_DECAY_DB / 10.0)) or len(sound)
    short = np.mean([_square(spectrum) for spectrum in _spectra(sound, SHORT)], axis=0) @ mel_bands(SHORT)
    return View(
        frames=len(sound),
        power=float(power.sum()),
        short=short,
        long=((ours + theirs) / 2, ours, theirs, (left * right.conj()).real @ mel),
        envelope=_envelope(power / 2),
        fine_db=_fine_db(sound),
        decay_s=float(early) / SAMPLE_RATE,
    )


def _square(spectrum: NDArray[np.complex128]) -> Float:
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def _spectra(sound: Float, grid: Grid) -> NDArray[np.complex128]:
    """Return the spectra of Hann windows centred on every hop, shape (2, times, bins)."""
    window, hop, _ = grid
    columns = -(-(len(sound) + window // 2) // hop)
    padded = np.zeros((2, (columns - 1) * hop + window))
    padded[:, window // 2 : window // 2 + len(sound)] = sound.T[:, : padded.shape[1] - window // 2]
    frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
    return np.asarray(scipy.fft.rfft(frames * np.hanning(window + 1)[:-1], axis=2))


@lru_cache(maxsize=2)
def mel_bands(grid: Grid) -> Float:
    """Return triangular mel filters of unit sum, shape (bins, bands); bands without a bin are left out."""
    edges_mel = 2595.0 * np.log10(1.0 + np.array(_MEL_HZ) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(edges_mel[0], edges_mel[1], grid.bands + 2) / 2595.0) - 1.0)
    hertz = scipy.fft.rfftfreq(grid.window, 1 / SAMPLE_RATE)
    rise = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rise, fall))
    triangles = triangles[triangles.sum(axis=1) > 0]
    return np.asarray((triangles / triangles.sum(axis=1, keepdims=True)).T)


@lru_cache(maxsize=1)
def _envelope_edges() -> Float:
    """Return the borders of the envelope's windows in frames: 1 ms each, later 6 % of the time."""
    times_s = [0.0]
    while times_s[-1] < LONGEST_S:
        times_s.append(times_s[-1] + max(0.001, 0.06 * times_s[-1]))
    return np.array(times_s) * SAMPLE_RATE


def _envelope(power: Float) -> Float:
    """Return the mean power in each window."""
    edges = _envelope_edges().astype(np.intp)
    total = np.concatenate([[0.0], np.cumsum(power)])[np.minimum(edges, len(power))]
    return np.asarray(np.diff(total) / np.maximum(1, np.diff(edges)))


@lru_cache(maxsize=1)
def _fine_bins() -> tuple[int, Float]:
    """Return the window's length and the first bin of each 1/48 octave."""
    window = int((_FINE_S[1] - _FINE_S[0]) * SAMPLE_RATE)
    steps = int(_FINE_PER_OCTAVE * np.log2(_FINE_HZ[1] / _FINE_HZ[0])) + 1
    edges_hz = _FINE_HZ[0] * 2.0 ** (np.arange(steps) / _FINE_PER_OCTAVE)
    return window, np.searchsorted(scipy.fft.rfftfreq(window, 1 / SAMPLE_RATE), edges_hz).astype(np.float64)


def _fine_db(sound: Float) -> Float:
    """Return the spectrum in 1/48 octaves minus its 1/2-octave average, in dB."""
    window, edges = _fine_bins()
    start = int(_FINE_S[0] * SAMPLE_RATE)
    piece = np.zeros((window, 2))
    segment = sound[start : start + window]
    piece[: len(segment)] = segment
    power = _square(scipy.fft.rfft(piece * np.hanning(window)[:, None], axis=0)).sum(axis=1)
    low = edges.astype(np.intp)
    high = np.maximum(low[1:], low[:-1] + 1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    mean = (total[high] - total[low[:-1]]) / (high - low[:-1])
    level_db = 10.0 * np.log10(np.maximum(mean, mean.max() * 10.0 ** (-RANGE_DB / 10.0) + _TINY))
    return np.asarray(level_db - uniform_filter1d(level_db, _FINE_SMOOTH))
