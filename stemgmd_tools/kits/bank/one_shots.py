"""Read one-shot sample files of any rate, mono or stereo, as stereo floats at the bank's rate."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from stemgmd_tools.audio import read_audio
from stemgmd_tools.errors import AudioError, KitError
from stemgmd_tools.numerics.elementary import exp2
from stemgmd_tools.units import LOWEST_RATE

SEMITONES_PER_OCTAVE: Final = 12
_PADDING_FRAMES: Final = 64
"""Silence inserted before resampling, so that the filter's pre-ringing at an abrupt attack is not cut."""

LONGEST_S: Final = 600.0
"""Limit far beyond any one-shot: the longest cymbals ring for half a minute."""
MAX_PEAK: Final = 16.0
"""Largest peak (+24 dB): a float file above it was written for another full scale than 1.0, such as 32768."""

Stereo: TypeAlias = NDArray[np.float64]
"""Shape (frames, 2), full scale 1.0."""


class Treatment(NamedTuple):
    """Linear processing of a one-shot before it is stored in a bank; the order does not matter."""

    semitones: float = 0.0
    """Shift of pitch by resampling: a higher sound is also shorter."""
    left: float = 1.0
    """Amplitude ratio of the left channel."""
    right: float = 1.0

    def then(self, semitones: float, pan: float) -> Treatment:
        """Return this treatment followed by a shift and a balance of -1 (left) .. 1 (right)."""
        return Treatment(self.semitones + semitones, self.left * min(1.0, 1.0 - pan), self.right * min(1.0, 1.0 + pan))


def read_one_shot(path: Path) -> tuple[Stereo, int]:
    """Read a sample file.

    :return: stereo samples, a mono file on both channels, and the file's rate in Hz.
    :raises KitError: if the file cannot be read or was cut short, has more than two channels, a rate below 8,000 Hz, a
        peak above :data:`MAX_PEAK`, or holds values that are not finite.
    """
    try:
        samples, rate = read_audio(path, longest_s=LONGEST_S)
    except AudioError as error:
        raise KitError(str(error)) from error
    if samples.shape[1] > 2:
        raise KitError(f"{path}: has {samples.shape[1]} channels; mix it to mono or stereo")
    if rate < LOWEST_RATE:
        raise KitError(f"{path}: has a sample rate of {rate} Hz; {LOWEST_RATE} or more are needed, export it again")
    if not np.isfinite(samples).all():
        raise KitError(f"{path}: holds values that are not finite numbers; export it again")
    peak = float(np.abs(samples).max())
    if peak > MAX_PEAK:
        raise KitError(
            f"{path}: peaks at {peak:g} times full scale, at most {MAX_PEAK:g}; export it for full scale 1.0"
        )
    return np.repeat(samples, 2 // samples.shape[1], axis=1).astype(np.float64), rate


def treated(sound: Stereo, rate: int, sample_rate: int, treatment: Treatment) -> Stereo:
    """Return a one-shot resampled to ``sample_rate`` with pitch and balance applied; unchanged if all are neutral."""
    source_rate = rate * exp2(treatment.semitones / SEMITONES_PER_OCTAVE)
    if source_rate != sample_rate:
        padded = np.concatenate([np.zeros((_PADDING_FRAMES, 2)), sound])
        sound = soxr.resample(padded, source_rate, sample_rate, quality="HQ")
    if treatment.left == treatment.right == 1.0:
        return sound
    balanced: Stereo = sound * np.array([treatment.left, treatment.right])
    return balanced
