"""How far apart two one-shots sound: distances that a fit is judged by.

Every distance compares two sounds after their attacks were laid over each other (at most 4 ms apart) and their levels
made equal, so loudness never counts. None is of any use by its size alone: two strokes of one drummer on one drum, as
loud as he could repeat them, already lie 1.5 to 3.5 dB apart in most of them. Only the ratio to that natural floor of
the same kit says something (:class:`Distance` gives what each of them hears and what it is deaf to).

A sound is analysed once, as :class:`AnalysedSound`; a pair then costs a few milliseconds.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import scipy.fft
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.similarity.features import FADE_FRAMES, LONG, RANGE_DB, SHORT, Grid, View, mel_bands, placed, view

LARGEST_SHIFT_S: Final = 0.004
"""Attacks are moved over each other by at most this much."""

_ALIGNED_FRAMES: Final = int(0.12 * SAMPLE_RATE)
_SHIFT_STEP: Final = 8
_SHIFTS: Final = int(LARGEST_SHIFT_S * SAMPLE_RATE) // _SHIFT_STEP
_ATTACK_COLUMNS: Final = 16
"""Columns of the short window that are the attack: 16 x 128 frames, 46 ms."""
_LOUD: Final = 1e-3
_LOUD_OTHER: Final = 1e-5
_GAIN_REACH_DB: Final = 3.0
_TINY: Final = 1e-20
_STEREO_HOPS: Final = 2
_WIDEST_DB: Final = 40.0
_STEREO_EXPONENT: Final = 0.3


class Distance(NamedTuple):
    """How far two sounds lie apart; 0 everywhere for a sound and itself."""

    mel_db: float
    """Mean magnitude of the level difference over the cells of a mel spectrogram within 60 dB of the loudest, mean of
    a fine grid in time (512 frames, 48 bands) and a fine grid in frequency (2048 frames, 64 bands); 30 Hz to 20 kHz.
    Deaf to partials and to phase; independent draws of one noise already differ by 2.3 to 2.6 dB."""
    attack_db: float
    """The same on the 512-frame grid alone, first 46 ms."""
    envelope_db: float
    """Mean magnitude of the difference of the broadband envelopes, in windows of 1 ms that grow to 6 % of the time."""
    fine_db: float
    """RMS difference of the spectra in 1/48 octaves, 60 Hz to 6 kHz, 60 to 800 ms after the attack, each without its
    1/2-octave smooth: partials and nothing else."""
    level_difference_db: float
    """Mean magnitude of the difference between the level differences of the channels, over mel bands."""
    coherence: float
    """Mean magnitude of the difference of the channels' correlation, over mel bands; 0 to 2."""
    centroid_octaves: float
    """Distance of the spectral centroids (mean of the long-term mel spectrum)."""
    decay_octaves: float
    """Distance of the times at which all but 1/1000 of the energy is over (-30 dB), as log2 of their ratio."""


def distance(one: Float | AnalysedSound, other: Float | AnalysedSound) -> Distance:
    """Return how far apart two one-shots lie.

    Symmetric but for two choices: levels are made equal where ``one`` is loud, stereo is weighted by its bands. That
    moves repeats by a few hundredths, sounds of other decay by up to a decibel: let ``one`` be the recording.

    :param one: shape (frames, 2) at 44.1 kHz, or such a sound already analysed.
    :raises KitError: if a sound is silent or not stereo.
    """
    first = one if isinstance(one, AnalysedSound) else AnalysedSound(one)
    second = other if isinstance(other, AnalysedSound) else AnalysedSound(other)
    shift = _shift(first.attack, second.attack)
    a, b = first.view(max(shift, 0)), second.view(max(-shift, 0))
    gain_db = _gain_db(a, b)
    short, attack = _cell_difference(a.short, b.short, gain_db, max(a.frames, b.frames), SHORT)
    long, _ = _cell_difference(a.long[0], b.long[0], gain_db, max(a.frames, b.frames), LONG)
    level_difference_db, coherence = _stereo_difference(a, b)
    return Distance(
        mel_db=(short + long) / 2,
        attack_db=attack,
        envelope_db=_masked_difference(a.envelope, b.envelope * 10.0 ** (gain_db / 10.0)),
        fine_db=float(np.sqrt(np.mean((a.fine_db - b.fine_db) ** 2))),
        level_difference_db=level_difference_db,
        coherence=coherence,
        centroid_octaves=abs(float(np.log2(_centroid_hz(a, b) / _centroid_hz(b, a)))),
        decay_octaves=abs(float(np.log2(a.decay_s / b.decay_s))),
    )


class AnalysedSound:
    """One sound, its attack 2 ms after the start, analysed when first compared and never again."""

    __slots__ = ("_sound", "_views", "attack")

    def __init__(self, sound: Float) -> None:
        """Find the attack, and keep what is compared.

        :param sound: shape (frames, 2) at 44.1 kHz; silence before the attack does not matter.
        :raises KitError: if it is silent or not stereo.
        """
        if sound.ndim != 2 or sound.shape[1] != 2:
            raise KitError(f"a sound of shape {sound.shape} cannot be compared; (frames, 2) is needed")
        if not np.abs(sound).max(initial=0.0) > 0:
            raise KitError("a silent sound cannot be compared; leave it out")
        self._sound = placed(sound)
        self._views: dict[int, View] = {}
        amplitude = np.zeros(_ALIGNED_FRAMES)
        start = self._sound[:_ALIGNED_FRAMES]
        amplitude[: len(start)] = np.sqrt((start**2).sum(axis=1))
        smooth = uniform_filter1d(amplitude, FADE_FRAMES)
        self.attack: Float = smooth / (np.linalg.norm(smooth) + 1e-12)
        """Amplitude of the first 120 ms, of unit norm, by which attacks are laid over each other."""

    def view(self, start: int) -> View:
        """Return the analysis of the sound from frame ``start`` on."""
        if start not in self._views:
            self._views[start] = view(self._sound[start:])
        return self._views[start]


def _shift(one: Float, other: Float) -> int:
    """Return by how many frames the attack of ``one`` comes later, -176 to 176."""
    reach = _SHIFTS * _SHIFT_STEP
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(one, reach), _ALIGNED_FRAMES)[::_SHIFT_STEP]
    return (int(np.argmax(windows @ other)) - _SHIFTS) * _SHIFT_STEP


def _columns(cells: Float, frames: int, hop: int) -> Float:
    """Return a spectrogram with as many columns as a sound of ``frames`` has."""
    columns = 1 + max(0, frames - 1) // hop
    if len(cells) >= columns:
        return cells[:columns]
    return np.concatenate([cells, np.zeros((columns - len(cells), cells.shape[1]))])


def _gain_db(a: View, b: View) -> float:
    """Return the gain of ``b`` that makes both equally loud: equal energy, then equal mean level of the loud cells."""
    frames = max(a.frames, b.frames)
    equal = a.power / b.power
    ours, theirs = (_columns(view.long[0], frames, LONG.hop) for view in (a, b))
    theirs = theirs * equal
    loud = (ours > ours.max() * _LOUD) & (theirs > ours.max() * _LOUD_OTHER)
    refined = 0.0
    if loud.sum() > 10:
        refined = float(np.mean(10.0 * np.log10(ours[loud] / theirs[loud])))
    return 10.0 * float(np.log10(equal)) + float(np.clip(refined, -_GAIN_REACH_DB, _GAIN_REACH_DB))


def _cell_difference(ours: Float, theirs: Float, gain_db: float, frames: int, grid: Grid) -> tuple[float, float]:
    """Return the mean difference of all cells within the range, and of those of the first columns."""
    a = _columns(ours, frames, grid.hop)
    b = _columns(theirs, frames, grid.hop) * 10.0 ** (gain_db / 10.0)
    floor = max(a.max(), b.max()) * 10.0 ** (-RANGE_DB / 10.0)
    heard = np.maximum(a, b) > floor
    difference = np.abs(10.0 * np.log10(np.maximum(a, floor) / np.maximum(b, floor)))
    early = slice(0, _ATTACK_COLUMNS)
    return float(difference[heard].mean()), float(difference[early][heard[early]].mean())


def _masked_difference(ours: Float, theirs: Float) -> float:
    """Return the mean difference in dB where one of two powers is within the range."""
    floor = max(ours.max(), theirs.max()) * 10.0 ** (-RANGE_DB / 10.0)
    heard = np.maximum(ours, theirs) > floor
    return float(np.abs(10.0 * np.log10(np.maximum(ours, floor) / np.maximum(theirs, floor)))[heard].mean())


def _centroid_hz(view: View, other: View) -> float:
    mel = mel_bands(LONG)
    centres_hz = (mel * scipy.fft.rfftfreq(LONG.window, 1 / SAMPLE_RATE)[:, None]).sum(axis=0)
    spectrum = _columns(view.long[0], max(view.frames, other.frames), LONG.hop).sum(axis=0)
    return float((spectrum * centres_hz).sum() / spectrum.sum())


def _stereo(view: View, frames: int) -> Float:
    """Return (3, bands): power of the left and of the right channel and the cross-power, over the whole sound."""
    summed = [_columns(cells, frames, LONG.hop)[::_STEREO_HOPS].sum(axis=0) for cells in view.long[1:]]
    return np.asarray(np.stack(summed) + np.array([_TINY, _TINY, 0.0])[:, None])


def _stereo_difference(a: View, b: View) -> tuple[float, float]:
    """Return the mean difference of level difference (dB, at most 40) and of coherence, bands weighted by ``a``."""
    frames = max(a.frames, b.frames)
    ours, theirs = _stereo(a, frames), _stereo(b, frames)
    weight = (ours[0] + ours[1]) ** _STEREO_EXPONENT
    weight /= weight.sum()
    level_db = np.abs(10.0 * np.log10(ours[0] / ours[1] * theirs[1] / theirs[0]))
    coherence = np.abs(ours[2] / np.sqrt(ours[0] * ours[1]) - theirs[2] / np.sqrt(theirs[0] * theirs[1]))
    return float((np.minimum(level_db, _WIDEST_DB) * weight).sum()), float((coherence * weight).sum())
