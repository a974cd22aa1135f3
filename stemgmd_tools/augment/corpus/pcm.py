"""Quantise augmented stems to integers with one headroom gain for all tracks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools import units
from stemgmd_tools.augment.audio.sounds import Float, Sounds
from stemgmd_tools.errors import RenderError
from stemgmd_tools.rendering.mix import GAIN_STEP_DB, GROUP_AXES, ROUNDING_MARGIN
from stemgmd_tools.rendering.stems import Pcm

_BLOCK_FRAMES: Final = 1 << 18


class QuantisedStems(NamedTuple):
    """Tracks as integers, rounded on demand, since those of a long performance take gigabytes."""

    sound: Sounds
    """Stems before rounding, full scale 1."""
    finished: Float | None
    """The mixture, shape (2, frames), if effects were applied to it; None if it is the sum of the integer stems."""
    gain_db: float
    """Headroom gain of all tracks; 0 unless something would clip."""
    bit_depth: int

    @property
    def frames(self) -> int:
        """Length of all tracks."""
        return self.sound.frames

    @property
    def silent(self) -> frozenset[int]:
        """Axes of the stems that are all zero."""
        return frozenset(axis for axis in range(self.sound.count) if not self._sounds(axis))

    def _sounds(self, axis: int) -> bool:
        return any(
            bool(_rounded(self.sound.stem(axis, *part), self._scale, self.bit_depth).any())
            for part in _parts(self.frames)
        )

    @property
    def _scale(self) -> np.float32:
        gain = units.gain_of_db(self.gain_db) if self.gain_db else 1.0
        return np.float32(units.full_scale(self.bit_depth) * gain)

    def part(self, start: int, stop: int) -> tuple[Pcm, Pcm]:
        """Return stems (9, frames, 2) and mixture (frames, 2) between two frames."""
        stems = _rounded(self.sound.part(start, stop), self._scale, self.bit_depth)
        if self.finished is None:
            return stems, stems.sum(axis=0, dtype=stems.dtype)
        return stems, _rounded(self.finished[:, start:stop], self._scale, self.bit_depth)

    def blocks(self, frames: int) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield stems and mixture in blocks of ``frames``."""
        for start in range(0, self.frames, frames):
            yield self.part(start, min(start + frames, self.frames))


def quantise_stems(stems: Sounds, mixture: Float | None, bit_depth: int) -> QuantisedStems:
    """Round augmented stems to integers at one gain.

    :param stems: nine, full scale 1.
    :param mixture: shape (2, frames) if effects were applied to it; None if it is the sum of the stems.
    :raises RenderError: if a value is not finite.
    """
    return QuantisedStems(stems, mixture, headroom_db(stems, mixture, bit_depth), bit_depth)


def headroom_db(stems: Sounds, mixture: Float | None, bit_depth: int) -> float:
    """Return the gain in dB, 0 or less, at which neither a stem, nor a group of them, nor the mixture can clip.

    0 unless the sound would leave the integer range, as :meth:`stemgmd_tools.rendering.mix.Mixer.headroom_db`.
    """
    full = float(units.full_scale(bit_depth))
    peak = 0.0
    for start, stop in _parts(stems.frames):
        block = stems.part(start, stop)
        total = block.sum(axis=0) if mixture is None else mixture[:, start:stop]
        sums = (total, *(block[axes].sum(axis=0) for axes in GROUP_AXES))
        peak = max(peak, float(np.abs(block).max()), *(float(np.abs(sound).max()) for sound in sums))
        if not math.isfinite(peak) or np.isnan(block).any() or np.isnan(total).any():
            raise RenderError("augmented sound is not finite; the chain drives it beyond what floats hold")
    ratio_db = units.db_of_gain((full - ROUNDING_MARGIN) / (peak * full)) if peak else 0.0
    return min(0.0, round(math.floor(ratio_db / GAIN_STEP_DB) * GAIN_STEP_DB, 2))


def _parts(frames: int) -> Iterator[tuple[int, int]]:
    """Yield first frame and last + 1 of parts of a sound."""
    for start in range(0, frames, _BLOCK_FRAMES):
        yield start, min(start + _BLOCK_FRAMES, frames)


def _rounded(sound: Float, scale: np.float32, bit_depth: int) -> Pcm:
    """Return (..., 2, frames) floats as integers (..., frames, 2), each rounded to the nearest, ties to even."""
    block = np.ascontiguousarray(np.swapaxes(sound, -1, -2))
    out: Pcm = np.empty(block.shape, np.int16 if bit_depth == 16 else np.int32)
    units.quantise(block, scale, np.empty_like(block), out)
    return out
