"""From augmented floats to the integers of a corpus: one gain for all tracks, the mixture the sum of its stems."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.errors import RenderError
from stemgmd_tools.rendering.mix import GAIN_STEP_DB, ROUNDING_MARGIN
from stemgmd_tools.rendering.stems import Pcm

Float = NDArray[np.float32]

_BLOCK_FRAMES: Final = 1 << 20


class Quantised(NamedTuple):
    """Tracks as integers."""

    stems: Pcm
    """Shape (9, frames, 2)."""
    mixture: Pcm
    """Shape (frames, 2)."""
    gain_db: float
    """The headroom gain that all of them have: 0 unless something would clip."""

    def blocks(self, frames: int) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield stems and mixture in blocks of ``frames``."""
        for start in range(0, len(self.mixture), frames):
            yield self.stems[:, start : start + frames], self.mixture[start : start + frames]


def quantised(stems: Float, mixture: Float | None, bit_depth: int) -> Quantised:
    """Round augmented stems to integers.

    :param stems: (9, 2, frames), full scale 1.
    :param mixture: (2, frames) if effects followed on it; None if it is the sum of the stems: then it is the sum of the
        very integers.
    :raises RenderError: if a value is not finite.
    """
    gain_db = headroom_db(stems, mixture, bit_depth)
    scale = np.float32(units.full_scale(bit_depth) * (units.gain_of_db(gain_db) if gain_db else 1.0))
    integers = _rounded(stems, scale, bit_depth)
    total = integers.sum(axis=0, dtype=integers.dtype) if mixture is None else _rounded(mixture, scale, bit_depth)
    return Quantised(integers, total, gain_db)


def headroom_db(stems: Float, mixture: Float | None, bit_depth: int) -> float:
    """Return the gain in dB, 0 or less, at which neither a stem nor the mixture can clip.

    0 unless the sound would leave the integer range, as :meth:`stemgmd_tools.rendering.mix.Mixer.headroom_db`.
    """
    full = float(units.full_scale(bit_depth))
    peak = 0.0
    for start in range(0, stems.shape[2], _BLOCK_FRAMES):
        block = stems[:, :, start : start + _BLOCK_FRAMES]
        total = block.sum(axis=0) if mixture is None else mixture[:, start : start + _BLOCK_FRAMES]
        peak = max(peak, float(np.abs(block).max()), float(np.abs(total).max()))
        if not math.isfinite(peak) or np.isnan(block).any() or np.isnan(total).any():
            raise RenderError("augmented sound is not finite; the chain drives it beyond what floats hold")
    ratio_db = units.db_of_gain((full - ROUNDING_MARGIN) / (peak * full)) if peak else 0.0
    return min(0.0, round(math.floor(ratio_db / GAIN_STEP_DB) * GAIN_STEP_DB, 2))


def _rounded(sound: Float, scale: np.float32, bit_depth: int) -> Pcm:
    """Return (..., 2, frames) floats as integers (..., frames, 2), each rounded to the nearest, ties to even."""
    shape = (*sound.shape[:-2], sound.shape[-1], sound.shape[-2])
    out: Pcm = np.empty(shape, np.int16 if bit_depth == 16 else np.int32)
    for start in range(0, sound.shape[-1], _BLOCK_FRAMES):
        block = np.ascontiguousarray(np.swapaxes(sound[..., start : start + _BLOCK_FRAMES], -1, -2))
        units.quantise(block, scale, np.empty_like(block), out[..., start : start + block.shape[-2], :])
    return out
