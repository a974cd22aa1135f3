"""Distances between one-shots, used to evaluate fitted voices.

Every distance compares two sounds whose attacks are aligned (shifted by at most 4 ms) and whose levels are equalised:
loudness never counts. Interpret a distance relative to the distance between repeated strokes of the same kit, not by
its size: two strokes of one drummer on one drum, as equal as possible, already differ by 1.5 to 3.5 dB in most of the
distances. :class:`Distance` documents what each distance measures and what it ignores.

A sound is analysed once, as :class:`AnalysedSound`; comparing a pair then takes a few milliseconds.
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
"""Largest shift that aligns two attacks."""

_ALIGNED_FRAMES: Final = int(0.12 * SAMPLE_RATE)
_SHIFT_STEP: Final = 8
_SHIFTS: Final = int(LARGEST_SHIFT_S * SAMPLE_RATE) // _SHIFT_STEP
_ATTACK_COLUMNS: Final = 16
"""Columns of the short grid that cover the attack: 16 x 128 frames, 46 ms."""
_LOUD: Final = 1e-3
_LOUD_OTHER: Final = 1e-5
_GAIN_REACH_DB: Final = 3.0
_TINY: Final = 1e-20
_STEREO_HOPS: Final = 2
_WIDEST_DB: Final = 40.0
_STEREO_EXPONENT: Final = 0.3


class Distance(NamedTuple):
    """Distances between two sounds; all 0 for a sound and itself."""

    mel_db: float
    """Mean absolute level difference over the cells of a mel spectrogram within 60 dB of the loudest, averaged over a
    grid that is fine in time (512 frames, 48 bands) and one that is fine in frequency (2048 frames, 64 bands); 30 Hz to
    20 kHz. Ignores partials and phase; independent draws of one noise already differ by 2.3 to 2.6 dB."""
    attack_db: float
    """The same on the 512-frame grid alone, over the first 46 ms."""
    envelope_db: float
    """Mean absolute difference of the broadband envelopes, in windows of 1 ms that grow to 6 % of the time."""
    fine_db: float
    """RMS difference of the spectra in 1/48 octaves, 60 Hz to 6 kHz, 60 to 800 ms after the attack, each minus its
    1/2-octave average: measures partials only."""
    level_difference_db: float
    """Mean absolute difference of the inter-channel level differences, over mel bands."""
    coherence: float
    """Mean absolute difference of the inter-channel coherence, over mel bands; 0 to 2."""
    centroid_octaves: float
    """Absolute difference of the spectral centroids of the long-term mel spectra."""
    decay_octaves: float
    """Absolute log2 ratio of the times after which 1/1000 of the energy is left (-30 dB)."""


def distance(reference: Float | AnalysedSound, candidate: Float | AnalysedSound) -> Distance:
    """Return the distances between two one-shots.

    Not quite symmetric: levels are equalised where ``reference`` is loud, and stereo distances are weighted by its
    bands. The effect is a few hundredths for repeats and up to a decibel for sounds of different decay; pass the
    recording as ``reference``.

    :param reference: shape (frames, 2) at 44.1 kHz, or such a sound already analysed.
    :param candidate: the sound to compare, in the same form.
    :raises KitError: if a sound is silent or not stereo.
    """
    first = reference if isinstance(reference, AnalysedSound) else AnalysedSound(reference)
    second = candidate if isinstance(candidate, AnalysedSound) else AnalysedSound(candidate)
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
    """A sound whose analysis is cached; its attack is placed 2 ms after the start."""

    __slots__ = ("_sound", "_views", "attack")

    def __init__(self, sound: Float) -> None:
        """Locate the attack and store the placed sound.

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
        """Amplitude of the first 120 ms, of unit norm, used to align attacks."""

    def view(self, start: int) -> View:
        """Return the analysis of the sound from frame ``start`` on."""
        if start not in self._views:
            self._views[start] = view(self._sound[start:])
        return self._views[start]


def _shift(reference: Float, candidate: Float) -> int:
    """Return the number of frames by which the attack of ``reference`` comes later, -176 to 176."""
    reach = _SHIFTS * _SHIFT_STEP
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(reference, reach), _ALIGNED_FRAMES)[::_SHIFT_STEP]
    return (int(np.argmax(windows @ candidate)) - _SHIFTS) * _SHIFT_STEP


def _columns(cells: Float, frames: int, hop: int) -> Float:
    """Return a spectrogram cut or padded to the number of columns of a sound of ``frames`` frames."""
    columns = 1 + max(0, frames - 1) // hop
    if len(cells) >= columns:
        return cells[:columns]
    return np.concatenate([cells, np.zeros((columns - len(cells), cells.shape[1]))])


def _gain_db(a: View, b: View) -> float:
    """Return the gain of ``b`` in dB that equalises the energies, then the mean levels of the loud cells."""
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
    """Return the mean level difference in dB of all cells within the range, and of those in the attack's columns."""
    a = _columns(ours, frames, grid.hop)
    b = _columns(theirs, frames, grid.hop) * 10.0 ** (gain_db / 10.0)
    floor = max(a.max(), b.max()) * 10.0 ** (-RANGE_DB / 10.0)
    audible = np.maximum(a, b) > floor
    difference = np.abs(10.0 * np.log10(np.maximum(a, floor) / np.maximum(b, floor)))
    early = slice(0, _ATTACK_COLUMNS)
    return float(difference[audible].mean()), float(difference[early][audible[early]].mean())


def _masked_difference(ours: Float, theirs: Float) -> float:
    """Return the mean level difference in dB where at least one of two powers is within the range."""
    floor = max(ours.max(), theirs.max()) * 10.0 ** (-RANGE_DB / 10.0)
    audible = np.maximum(ours, theirs) > floor
    return float(np.abs(10.0 * np.log10(np.maximum(ours, floor) / np.maximum(theirs, floor)))[audible].mean())


def _centroid_hz(view: View, compared: View) -> float:
    mel = mel_bands(LONG)
    centres_hz = (mel * scipy.fft.rfftfreq(LONG.window, 1 / SAMPLE_RATE)[:, None]).sum(axis=0)
    spectrum = _columns(view.long[0], max(view.frames, compared.frames), LONG.hop).sum(axis=0)
    return float((spectrum * centres_hz).sum() / spectrum.sum())


def _stereo(view: View, frames: int) -> Float:
    """Return (3, bands): power of the left and of the right channel and the cross-power, over the whole sound."""
    summed = [_columns(cells, frames, LONG.hop)[::_STEREO_HOPS].sum(axis=0) for cells in view.long[1:]]
    return np.asarray(np.stack(summed) + np.array([_TINY, _TINY, 0.0])[:, None])


def _stereo_difference(a: View, b: View) -> tuple[float, float]:
    """Return the mean differences of the level difference (dB, at most 40) and the coherence, weighted by ``a``."""
    frames = max(a.frames, b.frames)
    ours, theirs = _stereo(a, frames), _stereo(b, frames)
    weight = (ours[0] + ours[1]) ** _STEREO_EXPONENT
    weight /= weight.sum()
    level_db = np.abs(10.0 * np.log10(ours[0] / ours[1] * theirs[1] / theirs[0]))
    coherence = np.abs(ours[2] / np.sqrt(ours[0] * ours[1]) - theirs[2] / np.sqrt(theirs[0] * theirs[1]))
    return float((np.minimum(level_db, _WIDEST_DB) * weight).sum()), float((coherence * weight).sum())
