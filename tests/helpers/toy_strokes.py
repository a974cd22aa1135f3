"""Drum-like strokes on known frames, and an onset detector that shares nothing with what is tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
ONSETS = np.array([3_000, 14_000, 21_500, 24_000, 40_000, 52_345, 53_900, 70_001])

Sound = NDArray[np.float32]


def strokes(
    hz: float = 180.0,
    onsets: NDArray[np.int64] = ONSETS,
    frames: int = 88_200,
    decay_s: float = 0.1,
    channels: int = 2,
) -> Sound:
    """Return strokes (channel, frame): a struck tone and a noise, loudest in their first millisecond, on their frames.

    A stroke cuts the one before it off, as on one drum.
    """
    rng = np.random.default_rng(1)
    time_s = np.arange(frames) / RATE
    out = np.zeros((channels, frames))
    for number, onset in enumerate(onsets[onsets < frames].tolist()):
        t = time_s[: frames - onset]
        tone = np.sin(2 * np.pi * hz * t + 1.0) * np.exp(-t / decay_s)
        noise = rng.normal(size=(channels, len(t))) * np.exp(-t / (decay_s / 3))
        stroke = (0.5 + 0.1 * (number % 3)) * (tone + 0.4 * noise) * (1 + 3 * np.exp(-t / 0.001))
        out[:, onset:] = 0.05 * out[:, onset:] + stroke
    return (out * 0.2).astype(np.float32)


def measured_onset(sound: Sound, near: int, reach: int = 700, window: int = 66) -> int:
    """Return the frame within ``reach`` of ``near`` at which energy rises most from one window to the next."""
    first = max(0, near - reach - window)
    mono = sound[:, first : near + reach + 2 * window].astype(np.float64).mean(0)
    mono = np.pad(mono, (first - (near - reach - window), 2 * window))
    energy = np.concatenate([[0.0], np.cumsum(mono**2)])
    frames = np.arange(2 * reach + 1) + window
    after = energy[frames + window] - energy[frames]
    before = energy[frames] - energy[frames - window]
    return int(near - reach + np.argmax(after - 2 * before))


def frequency_hz(sound: NDArray[np.float64]) -> float:
    """Return the frequency of the strongest tone, well within a bin (Hann window, parabola through three bins)."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    peak = int(spectrum.argmax())
    low, middle, high = np.log(spectrum[peak - 1 : peak + 2] + 1e-30)
    return float((peak + 0.5 * (low - high) / (low - 2 * middle + high)) * RATE / (8 * len(sound)))


def rise(sound: Sound, near: int, share: float = 0.1, before: int = 441, after: int = 662) -> int | None:
    """Return the first frame about ``near`` that reaches ``share`` of the peak there; None if it rang louder before."""
    part = np.abs(sound[:, max(0, near - before) : near + after].astype(np.float64)).max(0)
    peak = part.max(initial=0.0)
    if near < before or peak < 1e-4 or part[: before - 66].max(initial=0.0) > share * peak / 2:
        return None
    return int(near - before + np.argmax(part > share * peak))
