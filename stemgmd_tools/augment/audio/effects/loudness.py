"""Loudness after ITU-R BS.1770-4: K-weighting, gated blocks of 0.4 s."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.lti import Response, Section, filtered, sections
from stemgmd_tools.augment.audio.signal.portable import log10, total, windowed_sum
from stemgmd_tools.numerics import elementary

BLOCK_S, HOPS = 0.4, 4
"""Blocks overlap by three quarters."""
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
OFFSET = -0.691
HEAD, HEAD_Q = elementary.exp10(3.999843853973347 / 20), 0.7071752369554196


def k_weighting(sample_rate: int) -> tuple[Response, ...]:
    """Return the two filters of BS.1770: a shelf for the head, a high pass.

    The standard gives coefficients for 48 kHz; these are the analogue prototypes that they come from (B. De Man,
    Evaluation of implementations of the EBU R128 loudness measurement, AES 145, 2018).
    """
    shelf = Section((1.0, elementary.power(HEAD, 0.4996667741545416) / HEAD_Q, HEAD), (1.0, 1 / HEAD_Q, 1.0))
    high_pass = Section((0.0, 0.0, 1.0), (1.0, 1 / 0.5003270373238773, 1.0))
    return (
        sections([shelf], 1681.974450955533, sample_rate),
        sections([high_pass], 38.13547087602444, sample_rate),
    )


def loudness(line: Tensor, sample_rate: int) -> float:
    """Return the integrated loudness of a line (channel, frame) in LUFS; ``-inf`` for silence.

    A line shorter than a block counts as one block.
    """
    weighted = filtered(line, k_weighting(sample_rate))
    hop = max(1, round(BLOCK_S * sample_rate) // HOPS)
    frames = weighted.shape[1]
    parts = max(1, frames // hop)
    energy = weighted.square_()
    if frames < HOPS * hop:
        return _gated(total(energy.flatten())[None].double() / frames)
    by_channel = total(energy[:, : parts * hop].unfold(1, hop, hop)).double()
    by_hop = total(by_channel.T)
    return _gated(windowed_sum(by_hop, HOPS) / (HOPS * hop))


def _gated(blocks: Tensor) -> float:
    """Return the loudness of the blocks that pass both gates, from their mean squares (summed over channels)."""
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if not len(loud):
        return -math.inf
    loud = loud[_lufs(loud) > float(_lufs(_mean(loud))) + RELATIVE_GATE]
    return float(_lufs(_mean(loud)))


def _mean(values: Tensor) -> Tensor:
    return total(values) / len(values)


def _lufs(mean_square: Tensor) -> Tensor:
    return OFFSET + 10 * log10(mean_square)


def loudness_normalization(audio: Tensor, lufs: Tensor, *, sample_rate: int, out: Tensor | None = None) -> Tensor:
    """Bring every line to a loudness by its gain alone; what is silent, or below the gate of -70 LUFS, stays.

    :param audio: (line, channel, frame) float32.
    :param lufs: (line,) integrated loudness afterwards.
    :param out: where the result goes; may be ``audio``.
    """
    out = torch.empty_like(audio).copy_(audio) if out is None else out.copy_(audio)
    for line, goal in zip(out, lufs.tolist(), strict=True):
        measured = loudness(line, sample_rate)
        if measured > -math.inf:
            line.mul_(elementary.exp10((goal - measured) / 20))
    return out
