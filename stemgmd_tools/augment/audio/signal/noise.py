"""Noise as a function of seed and position, equal on every device and in any batch.

The counter is mixed with the finaliser of MurmurHash3 (Appleby, public domain) in integers, and four 16-bit numbers are
summed, so the values are integers until they are scaled: near to normal (excess kurtosis -0.3) without a logarithm or a
sine, whose last bit differs between devices.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.lti import apply_responses, pink

CHUNK = 1 << 20
_FIRST, _SECOND = -2048144789, -1028477387  # 0x85EBCA6B and 0xC2B2AE35 as signed 32-bit integers
_GOLDEN = -1640531527  # 0x9E3779B9
SEEDS_APART = 0x1E3779B1
"""Seeds this far apart belong to the stems of one example."""
_SUM_OF_FOUR_SD = 65536 * math.sqrt(4 / 12)


def _mixed(words: Tensor) -> Tensor:
    """Mix int32 words; multiplication wraps, shifts are made logical by a mask."""
    words = words ^ ((words >> 16) & 0xFFFF)
    words = words * _FIRST
    words = words ^ ((words >> 13) & 0x7FFFF)
    words = words * _SECOND
    return words ^ ((words >> 16) & 0xFFFF)


def _signed(word: int) -> int:
    return (word + (1 << 31)) % (1 << 32) - (1 << 31)


def noise(seed: int, channels: int, start: int, frames: int, device: torch.device | str = "cpu") -> Tensor:
    """Return noise of standard deviation 1, white and nearly normal: (channel, frame) float32.

    :param seed: 0 .. 2**31 - 1.
    :param start: first frame; noise from 0 and noise from 100 agree where they overlap.
    """
    out = torch.empty(channels, frames, device=device)
    for first in range(0, frames, CHUNK):
        part = out[:, first : first + CHUNK]
        counter = torch.arange(start + first, start + first + part.shape[1], dtype=torch.int32, device=device)
        for channel, line in enumerate(part):
            key = torch.full((1,), _signed(seed * 2 + channel + 1), dtype=torch.int32, device=device)
            line.copy_(_sums(_mixed(counter ^ _mixed(key))))
    return out.mul_(1 / _SUM_OF_FOUR_SD)


def _sums(first: Tensor) -> Tensor:
    """Return sums of four 16-bit numbers about 0 for words that are mixed already."""
    second = _mixed(first + _GOLDEN)
    total = (first & 0xFFFF) + ((first >> 16) & 0xFFFF) + (second & 0xFFFF) + ((second >> 16) & 0xFFFF)
    return total - 131070


def pink_noise(seed: int, like: Tensor, sample_rate: int) -> Tensor:
    """Return pink noise of standard deviation 1 in the shape of a line, stationary from its start."""
    shape = pink(sample_rate)
    before = shape.tail
    return apply_responses(noise(seed, like.shape[0], 0, like.shape[1] + before, like.device), [shape])[:, before:]
