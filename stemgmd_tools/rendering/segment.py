"""Mix a segment of the stems without the rest, to the same integers as a full render."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank.bank import CHANNELS, Bank
from stemgmd_tools.rendering.headroom import Peaks, headroom_db
from stemgmd_tools.rendering.mix import integer_scale, round_into
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.rendering.runs import Runs, add_stretches, runs_of
from stemgmd_tools.rendering.stems import Pcm

SEGMENT_FRAMES: Final = 1 << 18
"""Frames per block; a training segment has a few blocks."""


@dataclass(slots=True)
class Buffers:
    """Reusable float buffers for mixing one stem; not thread-safe."""

    sound: NDArray[np.float32] = field(default_factory=lambda: np.empty(SEGMENT_FRAMES * CHANNELS, np.float32))
    scratch: NDArray[np.float32] = field(default_factory=lambda: np.empty(SEGMENT_FRAMES * CHANNELS, np.float32))


@dataclass(frozen=True, slots=True)
class Score:
    """Runs and headroom gain of one performance through one kit, from which segments are mixed."""

    runs: Runs
    bit_depth: int
    gain_db: float
    """The headroom gain of the whole, see :meth:`stemgmd_tools.rendering.mix.Mixer.headroom_db`."""

    @classmethod
    def of(cls, plan: Plan, bank: Bank, bit_depth: int, *, peaks: Peaks | None = None) -> Score:
        """Return the score of a plan; only the few parts that might clip are mixed.

        :param peaks: cached peaks of the bank's one-shots.
        """
        runs = runs_of(plan, bank)
        return cls(runs, bit_depth, headroom_db(runs, bank, bit_depth, peaks=peaks))

    @property
    def frames(self) -> int:
        """Length of every stem."""
        return self.runs.frames


def mix_segment(
    score: Score, bank: Bank, start: int, out: Pcm, axes: Sequence[int], buffers: Buffers | None = None
) -> None:
    """Mix a segment of some stems into a silent array.

    :param bank: the bank the score was made from.
    :param start: first frame, 0 or more.
    :param out: silence of shape (len(axes), frames, 2) in the integer type of the score's bit depth; filled with
        the same values as :func:`stemgmd_tools.rendering.mix.mix` gives. The part beyond the end stays silent.
    :param axes: which stems, in which order.
    """
    frames = out.shape[1]
    flat = out.reshape(len(axes), frames * CHANNELS)
    for row, first, sound in _sounds(score, bank, start, frames, axes, buffers or Buffers()):
        round_into(sound, flat[row, first * CHANNELS :])


def mix_segment_as_float(
    score: Score,
    bank: Bank,
    start: int,
    out: NDArray[np.float32],
    axes: Sequence[int],
    buffers: Buffers | None = None,
) -> None:
    """Write the values of :func:`mix_segment` divided by full scale, in -1..1.

    :param out: shape (len(axes), 2, frames); overwritten.
    """
    unit = np.float32(1.0 / units.full_scale(score.bit_depth))
    written = [0] * len(axes)
    for row, first, sound in _sounds(score, bank, start, out.shape[2], axes, buffers or Buffers()):
        out[row, :, written[row] : first] = 0.0
        last = written[row] = first + len(sound) // CHANNELS
        for channel in range(CHANNELS):
            target = out[row, channel, first:last]
            np.rint(sound[channel::CHANNELS], target)  # strides cost a rounding less than a multiplication
            np.multiply(target, unit, target)
    for row, last in enumerate(written):
        out[row, :, last:] = 0.0


def _sounds(
    score: Score, bank: Bank, start: int, frames: int, axes: Sequence[int], buffers: Buffers
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Yield row, first frame and sound, in integer units, of each stretch of each stem; between them there is silence.

    Stretches of a row are in the order of time. The array is valid until the next one is requested.
    """
    pcm = bank.sound
    scale = integer_scale(score.bit_depth, score.gain_db)
    width = len(buffers.sound) // CHANNELS
    for first in range(0, frames, width):
        origin = (start + first) * CHANNELS
        end = origin + min(width, frames - first) * CHANNELS
        for row, cuts in enumerate(score.runs.cut(origin, end, scale, axes)):
            for begin, stop in add_stretches(pcm, cuts, buffers.sound, buffers.scratch):
                yield row, first + begin // CHANNELS, buffers.sound[begin:stop]
