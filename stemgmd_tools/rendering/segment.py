"""A part of the stems, without the rest: only strikes that sound in it are added up, to the same integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank import CHANNELS, Bank
from stemgmd_tools.rendering.headroom import Peaks, headroom_db
from stemgmd_tools.rendering.mix import integer_scale, round_into
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.rendering.runs import Runs, add_up, runs_of
from stemgmd_tools.rendering.stems import Pcm

SEGMENT_FRAMES: Final = 1 << 18
"""Frames mixed at a time; a training segment is a few of them."""


@dataclass(slots=True)
class Buffers:
    """Room for the floats of one stem, used again for every stem of every segment; for one thread at a time."""

    sound: NDArray[np.float32] = field(default_factory=lambda: np.empty(SEGMENT_FRAMES * CHANNELS, np.float32))
    scratch: NDArray[np.float32] = field(default_factory=lambda: np.empty(SEGMENT_FRAMES * CHANNELS, np.float32))


@dataclass(frozen=True, slots=True)
class Score:
    """Everything decided about one performance through one kit, headroom included: what segments are mixed from."""

    runs: Runs
    bit_depth: int
    gain_db: float
    """The headroom gain of the whole, see :meth:`stemgmd_tools.rendering.mix.Mixer.headroom_db`."""

    @classmethod
    def of(cls, plan: Plan, bank: Bank, bit_depth: int, *, peaks: Peaks | None = None) -> Score:
        """Return the score of a plan; of the whole only the few parts that might clip are mixed.

        :param peaks: peaks of the bank's one-shots that may be known already.
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
    """Add a part of some stems to silence.

    :param bank: the bank the score was made from.
    :param start: first frame, 0 or more.
    :param out: silence of shape (len(axes), frames, 2) in the integer type of the score's bit depth; filled with
        exactly what :func:`stemgmd_tools.rendering.mix.mix` would give there. What lies beyond the end stays silent.
    :param axes: which stems, in which order.
    """
    buffers = buffers or Buffers()
    pcm = np.asarray(bank.pcm)
    scale = integer_scale(score.bit_depth, score.gain_db)
    flat = out.reshape(len(axes), out.shape[1] * CHANNELS)
    width = len(buffers.sound)
    for begin in range(0, flat.shape[1], width):
        block = flat[:, begin : begin + width]
        origin = start * CHANNELS + begin
        for stem, cuts in zip(block, score.runs.cut(origin, origin + block.shape[1], scale, axes), strict=True):
            covered = add_up(pcm, cuts, buffers.sound, buffers.scratch)
            round_into(buffers.sound[:covered], stem)
