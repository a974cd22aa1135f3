"""Loudness after ITU-R BS.1770-4 on any device: K-weighting, gated blocks of 0.4 s.

Filters and gates are those of :mod:`stemgmd_tools.loudness`. The gating is computed here anew, since the bytes of
augmented sound depend on its last bit: ``portable.total`` sums alike on every device and processor. The levels of
written tracks are rounded to 0.01 LU.
"""

from __future__ import annotations

import math

from torch import Tensor

from stemgmd_tools.augment.audio.signal.lti import Response, Section, apply_responses, sections
from stemgmd_tools.augment.audio.signal.portable import log10, total, windowed_sum
from stemgmd_tools.loudness import (
    ABSOLUTE_GATE_LUFS,
    HIGH_PASS_HZ,
    HIGH_PASS_Q,
    HOPS_PER_BLOCK,
    OFFSET_LUFS,
    RELATIVE_GATE_LU,
    SHELF_GAIN,
    SHELF_HZ,
    SHELF_MIDDLE,
    SHELF_Q,
)

BLOCK_S = 0.4


def k_weighting(sample_rate: int) -> tuple[Response, ...]:
    """Return the two filters of BS.1770, a shelf and a high pass."""
    shelf = Section((1.0, SHELF_MIDDLE / SHELF_Q, SHELF_GAIN), (1.0, 1 / SHELF_Q, 1.0))
    high_pass = Section((0.0, 0.0, 1.0), (1.0, 1 / HIGH_PASS_Q, 1.0))
    return sections([shelf], SHELF_HZ, sample_rate), sections([high_pass], HIGH_PASS_HZ, sample_rate)


def loudness(line: Tensor, sample_rate: int) -> float:
    """Return the integrated loudness of a line (channel, frame) in LUFS; ``-inf`` for silence.

    A line shorter than a block counts as one block.
    """
    weighted = apply_responses(line, k_weighting(sample_rate))
    hop = max(1, round(BLOCK_S * sample_rate) // HOPS_PER_BLOCK)
    frames = weighted.shape[1]
    parts = max(1, frames // hop)
    energy = weighted.square_()
    if frames < HOPS_PER_BLOCK * hop:
        return _gated(total(energy.flatten())[None].double() / frames)
    by_channel = total(energy[:, : parts * hop].unfold(1, hop, hop)).double()
    by_hop = total(by_channel.T)
    return _gated(windowed_sum(by_hop, HOPS_PER_BLOCK) / (HOPS_PER_BLOCK * hop))


def _gated(blocks: Tensor) -> float:
    """Return the loudness of the blocks that pass both gates, from their mean squares (summed over channels)."""
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -math.inf
    loud = loud[_lufs(loud) > float(_lufs(_mean(loud))) + RELATIVE_GATE_LU]
    return float(_lufs(_mean(loud)))


def _mean(values: Tensor) -> Tensor:
    return total(values) / len(values)


def _lufs(mean_square: Tensor) -> Tensor:
    return OFFSET_LUFS + 10 * log10(mean_square)
