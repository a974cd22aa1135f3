"""Measure the pitch of struck drums, recorded or synthesised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float

_FROM_S: Final = 0.06
_UNTIL_S: Final = 0.8
_LOWEST_HZ: Final = 35.0
_HIGHEST_HZ: Final = 400.0
_FFT: Final = 1 << 16


def recorded_pitch_hz(sounds: Sequence[Float]) -> float | None:
    """Return the pitch of strokes of one drum: the strongest peak of their mean spectrum after 60 ms.

    :param sounds: each (frames, 2) at 44.1 kHz, the attack at frame 44.
    :return: None if they are too short or have no peak from 35 to 400 Hz.
    """
    first = ONSET_FRAMES + round(_FROM_S * SAMPLE_RATE)
    late = [sound[first : ONSET_FRAMES + round(_UNTIL_S * SAMPLE_RATE)].mean(axis=1) for sound in sounds]
    late = [sound for sound in late if len(sound) > first]
    if not late:
        return None
    fading = [sound * np.hanning(2 * len(sound))[len(sound) :] for sound in late]
    power = np.mean([np.abs(np.fft.rfft(sound, _FFT)) ** 2 for sound in fading], axis=0)
    step_hz = SAMPLE_RATE / _FFT
    part = power[round(_LOWEST_HZ / step_hz) : round(_HIGHEST_HZ / step_hz)]
    peaks = np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:])) + 1
    strongest = peaks[np.argmax(part[peaks])] if len(peaks) else None
    return None if strongest is None else float((strongest + round(_LOWEST_HZ / step_hz)) * step_hz)
