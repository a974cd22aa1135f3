"""Synthesise noise shaped in bands: the attack from band-filtered noise, the rest from a coloured pool in the STFT
domain.

The attack is filtered first and multiplied by its envelope afterwards, so nothing sounds before the stroke. Every band
fades in over 0.4 of its period, so a steep envelope does not spread a low band over its neighbours. An STFT would smear
the attack over its window; it is used only after 46 ms, where envelopes are slow, with an equal-power cross-fade.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.kits.synthesis.bands import (
    BANDS,
    CENTRES_HZ,
    DENSITY,
    SAMPLE_RATE,
    Float,
    band_masks,
    band_places,
    stereo_in_bands,
)
from stemgmd_tools.kits.synthesis.colour import colour_gains
from stemgmd_tools.kits.synthesis.envelopes import NoiseShape
from stemgmd_tools.kits.synthesis.grain import grain_gains
from stemgmd_tools.kits.synthesis.parameters import Noise
from stemgmd_tools.numerics import transforms
from stemgmd_tools.numerics.elementary import exp10, power, sin, turn
from stemgmd_tools.numerics.products import scaled
from stemgmd_tools.seeds import standard_normal, stream

_STEP: Final = 8
"""Frames over which an attack envelope is held; 0.18 ms."""
_EARLY_STEPS: Final = 448
_EARLY_FRAMES: Final = _STEP * _EARLY_STEPS
_POOL_FRAMES: Final = 1 << 16
_STEADYING_FRAMES: Final = 220
_STEADYING_EXPONENT: Final = 0.35
_STEADYING_FLOOR: Final = 0.05
_ONSET_PERIODS: Final = 0.4
_ONSET_FRAMES: Final = 512

_FFT: Final = 1024
_HOP: Final = 512
_FIRST: Final = 4
"""First frame of the STFT that is used; its hop starts where the cross-fade does."""
_FADE_START: Final = _FIRST * _HOP
_WINDOW: Final = np.sqrt(0.5 - 0.5 * turn(np.arange(_FFT) / _FFT)[0])
_WINDOW_32: Final = _WINDOW.astype(np.float32)
_QUIET_DB: Final = -140.0
_SHARED_PLACE: Final = 0.381966
"""Where the noise lies that strokes share."""

_Places: TypeAlias = list[tuple[float, float]]
"""Places in the noise, 0 to 1, and the weights of what is cut from them; the squares of the weights sum to 1."""


@lru_cache(maxsize=2)
def early_pool(kit: str) -> Float:
    """Return (2, steps, _STEP, BANDS) band-filtered white noise of unit variance before filtering, for one kit.

    Chance swings of each band's energy within a few milliseconds are partly levelled out: a recorded attack varies
    less from hit to hit than free noise does.
    """
    draw = stream(0, "voice", kit, "attack noise")
    masks = band_masks(_POOL_FRAMES)
    mean_power = (masks**2).mean(axis=1, keepdims=True)
    pool = np.empty((2, _POOL_FRAMES, BANDS))
    for channel in range(2):
        spectrum = transforms.spectrum(standard_normal(draw, _POOL_FRAMES))
        bands = transforms.sound_of(scaled(spectrum, masks), _POOL_FRAMES, axis=1)
        energy = uniform_filter1d(bands**2, _STEADYING_FRAMES, axis=1, mode="wrap")
        bands *= power(mean_power / np.maximum(energy, _STEADYING_FLOOR * mean_power), _STEADYING_EXPONENT)
        bands *= np.sqrt(mean_power / (bands**2).mean(axis=1, keepdims=True))
        pool[channel] = bands.T
    return pool.reshape(2, _POOL_FRAMES // _STEP, _STEP, BANDS)


def _onset_ramps() -> Float:
    """Return (_ONSET_FRAMES, BANDS) gains: a quarter sine over 0.4 periods of each band, not 0 on the first frame."""
    progress = np.arange(1, _ONSET_FRAMES + 1)[:, None] * (CENTRES_HZ / _ONSET_PERIODS / SAMPLE_RATE)
    return np.asarray(sin(np.pi / 2 * np.minimum(1.0, progress)))


_ONSET: Final = _onset_ramps()
_FADE_OUT, _FADE_IN = turn(np.linspace(0.0, 0.25, _EARLY_FRAMES - _FADE_START))


class NoiseSource:
    """Stereo noise for the strokes of one articulation, with the colour of its voice.

    The sustained part is computed in single precision, which is accurate to 140 dB and twice as fast.
    """

    def __init__(self, noise: Noise, kit: str, articulation: str, longest_s: float) -> None:
        """Fill the pool of the sustained part, which covers ``longest_s`` seconds before it repeats."""
        self._early = early_pool(kit)
        left, right, coherence = stereo_in_bands(noise.stereo)
        own = np.sqrt(1.0 - coherence**2)
        # Gains of one noise in the left channel, of the same in the right, and of an independent one in the right.
        self._mix = np.stack([left, right * coherence, right * own])
        self._below, *shares = band_places(_FFT)
        self._shares = [share.astype(np.float32) for share in shares]
        frames = transforms.length_for(math.ceil(longest_s * SAMPLE_RATE / _HOP + 8))
        draw = stream(0, "voice", kit, articulation, "noise")
        gain = _fine_gains(noise, kit, articulation, frames * _HOP)
        self._pool = np.stack([self._coloured_stft(gain, frames, draw) for _ in range(2)])

    @staticmethod
    def _coloured_stft(gain: Float | None, frames: int, draw: np.random.Generator) -> NDArray[np.complex64]:
        """Return (frames, bins) of the windowed STFT of periodic noise."""
        period = frames * _HOP
        sound = standard_normal(draw, period)
        if gain is not None:
            sound = transforms.sound_of(scaled(transforms.spectrum(sound), gain), period)
        padded = np.concatenate([sound, sound[: _FFT - _HOP]])
        windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
        return transforms.spectrum((windows * _WINDOW).astype(np.float32))

    def strike(
        self, shape: NoiseShape, velocity: float, frames: int, band_db: Float, place: float, shared: float = 0.0
    ) -> Float:
        """Return (frames, 2) samples of one stroke.

        :param band_db: (BANDS,) this stroke's own deviation of level.
        :param place: where in the pools its noise is cut from, 0 to 1; strokes with equal places are alike.
        :param shared: correlation of its noise with that of any other stroke, 0 to 1.
        """
        places = [(place, math.sqrt(1.0 - shared))] if shared < 1.0 else []
        places += [(_SHARED_PLACE, math.sqrt(shared))] if shared > 0.0 else []
        sound = np.zeros((max(frames, _EARLY_FRAMES), 2))
        sound[:_EARLY_FRAMES] = self._attack(shape, velocity, band_db, places)
        if frames > _FADE_START:
            sustained = self._sustain(shape, velocity, band_db, len(sound), places)
            fading = slice(_FADE_START, _EARLY_FRAMES)
            sound[fading] *= _FADE_OUT[:, None]
            sustained[fading] *= _FADE_IN[:, None]
            sound[_FADE_START:] += sustained[_FADE_START:]
        return sound[:frames]

    def _attack(self, shape: NoiseShape, velocity: float, band_db: Float, places: _Places) -> Float:
        """Return (_EARLY_FRAMES, 2) of band-filtered noise times the envelope."""
        times_s = np.linspace(0.5, _EARLY_STEPS - 0.5, _EARLY_STEPS) * (_STEP / SAMPLE_RATE)
        gain = _amplitudes(shape.at(velocity, times_s) + band_db[:, None]).T * DENSITY
        sources = [self._early_noise(channel, places) for channel in range(2)]
        sound = np.empty((_EARLY_FRAMES, 2))
        parts = [
            self._enveloped(source, gain * weight)
            for source, weight in zip((sources[0], sources[0], sources[1]), self._mix, strict=True)
        ]
        sound[:, 0] = parts[0]
        sound[:, 1] = parts[1] + parts[2]
        return sound

    def _early_noise(self, channel: int, places: _Places) -> Float:
        """Return (_EARLY_STEPS, _STEP, BANDS) of the sum of the noises at some places."""
        steps = self._early.shape[1] - _EARLY_STEPS
        parts = []
        for place, weight in places:
            start = int((place + channel / 2) % 1.0 * steps)
            part = self._early[channel, start : start + _EARLY_STEPS]
            parts.append(part if weight == 1.0 else part * weight)
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    @staticmethod
    def _enveloped(source: Float, gain: Float) -> Float:
        """Return the sum over bands of ``source`` (steps, _STEP, BANDS) times ``gain`` (steps, BANDS)."""
        steps = _ONSET_FRAMES // _STEP
        onset = (source[:steps] * gain[:steps, None, :]).reshape(_ONSET_FRAMES, BANDS)
        rest = (source[steps:] * gain[steps:, None, :]).sum(axis=2)
        return np.concatenate([(onset * _ONSET).sum(axis=1), rest.reshape(-1)])

    def _sustain(self, shape: NoiseShape, velocity: float, band_db: Float, frames: int, places: _Places) -> Float:
        """Return (frames, 2) of pool noise shaped frame by frame; silent before the cross-fade."""
        count = -(-frames // _HOP) + 1 - _FIRST
        times_s = np.arange(_FIRST, _FIRST + count, dtype=np.float64) * (_HOP / SAMPLE_RATE)
        gain = _amplitudes(shape.at(velocity, times_s) + band_db[:, None]).T * DENSITY
        common, independent = self._sustained_noise(count, places)
        first, shared, own = (self._over_bins((gain * weight).astype(np.float32)) for weight in self._mix)
        left = scaled(common, first)
        right = scaled(common, shared) + scaled(independent, own)
        out = np.zeros((frames + 2 * _HOP, 2))
        start = (_FIRST - 1) * _HOP
        for channel, spectrum in enumerate((left, right)):
            windows = transforms.sound_of(spectrum, _FFT) * _WINDOW_32
            out[start : start + count * _HOP, channel] += windows[:, :_HOP].reshape(-1)
            out[start + _HOP : start + _HOP + count * _HOP, channel] += windows[:, _HOP:].reshape(-1)
        return out[:frames]

    def _over_bins(self, gain: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return gains (count, BANDS) at the bins of a spectrum: those of the two nearest bands, weighted."""
        low, high = self._shares
        return gain[:, self._below] * low + gain[:, self._below + 1] * high

    def _sustained_noise(self, count: int, places: _Places) -> NDArray[np.complex64]:
        """Return (2, count, bins) of the sum of the noises at some places."""
        period = self._pool.shape[1]
        parts = []
        for place, weight in places:
            part = self._pool[:, (np.arange(count) + int(place * period)) % period]
            parts.append(part if weight == 1.0 else scaled(part, np.array(weight, np.float32)))
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _fine_gains(noise: Noise, kit: str, articulation: str, period: int) -> Float | None:
    """Return the gains of colour and grain at each bin of a spectrum over ``period`` frames; None without either."""
    if noise.colour is None and noise.grain_db is None:
        return None
    frequencies_hz = np.linspace(0.0, SAMPLE_RATE / 2, period // 2 + 1)
    gain = np.ones(len(frequencies_hz))
    if noise.colour is not None:
        gain = colour_gains(noise.colour, kit, frequencies_hz)
    if noise.grain_db is not None:
        gain = gain * grain_gains(noise.grain_db, kit, articulation, frequencies_hz)
    return gain


def _amplitudes(level_db: Float) -> Float:
    """Return amplitude ratios, nothing below -140 dB."""
    return np.asarray(exp10(np.maximum(level_db, _QUIET_DB) / 20.0))
