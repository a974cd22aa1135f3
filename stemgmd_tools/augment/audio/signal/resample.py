"""Resample lines by any ratio, block by block with two sizes of FFT.

Blocks of N samples are windowed, transformed, cut or padded in frequency and transformed back to M samples: time
shrinks by M / N. Windows overlap by an eighth and sum to one, so the sum of the resampled blocks is the resampled
whole. N and M are products of small primes whose quotient lies within ``CLOSE_CENTS`` of the ratio wanted, seldom up to
``WORST_CENTS``; positions are computed with the exact quotient, so nothing drifts.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.blocks import blocks_at_once, stretch
from stemgmd_tools.augment.audio.signal.gains import cosine_fade
from stemgmd_tools.augment.audio.signal.portable import irfft, rfft, scaled

CLOSE_CENTS = 0.3
WORST_CENTS = 0.4
SMALLEST, LARGEST = 768, 8192
"""Bounds of N / 8 and M / 8; the smaller ones stay in a core's cache."""
OVERLAP = 8
"""Neighbouring blocks share N / 8 samples."""
ROLL_OFF = 0.03
"""Share of the kept band over which the response falls to zero: keeps the ringing shorter than the overlap."""


class Sizes(NamedTuple):
    """Lengths of a block: ``source`` samples become ``target`` samples."""

    source: int
    target: int

    @property
    def ratio(self) -> float:
        """How much faster the sound runs: the factor on its frequencies."""
        return self.source / self.target


@cache
def _smooth_numbers() -> tuple[int, ...]:
    def is_smooth(number: int) -> bool:
        for prime in (2, 3, 5, 7, 11, 13):
            while number % prime == 0:
                number //= prime
        return number == 1

    return tuple(number for number in range(SMALLEST, LARGEST + 1) if is_smooth(number))


@cache
def sizes_of(ratio: float) -> Sizes:
    """Return the smallest pair of sizes close enough to ``ratio``, else the closest.

    :param ratio: factor on all frequencies, 1/8..8.
    """
    if ratio == 1:
        return Sizes(1, 1)
    numbers = _smooth_numbers()
    best, best_error = Sizes(OVERLAP, OVERLAP), float("inf")
    for number in numbers:
        ideal = number / ratio if ratio >= 1 else number * ratio
        at = bisect_left(numbers, ideal)
        for candidate in numbers[max(0, at - 1) : at + 1]:
            error = abs(candidate / ideal - 1)
            if error < best_error:
                source, target = (number, candidate) if ratio >= 1 else (candidate, number)
                best, best_error = Sizes(OVERLAP * source, OVERLAP * target), error
        if best_error < CLOSE_CENTS / 1731:  # 1200 / ln 2
            break
    return best


@cache
def _window(frames: int) -> Tensor:
    """Return the window of a block: silent ends, cosine flanks, flat between; shifted by 7/8 it sums to one."""
    overlap = frames // OVERLAP
    silent = frames // 64
    flank = overlap - 2 * silent
    rise = cosine_fade(flank)
    zeros, ones = torch.zeros(silent), torch.ones(frames - 2 * (silent + flank))
    return torch.cat([zeros, rise, ones, rise.flip(0), zeros])


@cache
def _roll_off(bins: int) -> Tensor:
    """Return the factors of the highest bins that are kept."""
    count = max(1, round(bins * ROLL_OFF))
    return cosine_fade(count).flip(0)


def resampled_frames(frames: int, sizes: Sizes) -> int:
    """Return how many samples a line of ``frames`` samples becomes."""
    return -(-frames * sizes.target // sizes.source)


def resample(line: Tensor, sizes: Sizes, spare: int = 0) -> Tensor:
    """Return one line with its frequencies multiplied by ``sizes.ratio``, shorter by the same factor.

    :param line: (channel, frame) float32.
    :param spare: number of silent samples after the end.
    :return: (channel, ``resampled_frames`` + spare).
    """
    channels, frames = line.shape
    if sizes.source == sizes.target:
        return stretch(line, 0, frames + spare)
    length = resampled_frames(frames, sizes)
    lap_in, lap_out = sizes.source // OVERLAP, sizes.target // OVERLAP
    hop_in, hop_out = sizes.source - lap_in, sizes.target - lap_out
    blocks = -(-(frames + lap_in) // hop_in)
    needed = lap_out + length + spare
    out = line.new_empty(channels, max(blocks * hop_out + lap_out, needed))
    out[:, blocks * hop_out :] = 0
    lap = line.new_zeros(channels, lap_out)
    at_once = blocks_at_once(channels * sizes.source, line.device)
    for first in range(0, blocks, at_once):
        count = min(at_once, blocks - first)
        part = stretch(line, first * hop_in - lap_in, (first + count) * hop_in)
        reshaped = _reshaped(part.unfold(1, sizes.source, hop_in), sizes)
        goal = out[:, first * hop_out : (first + count) * hop_out].unfold(1, hop_out, hop_out)
        goal.copy_(reshaped[:, :, :hop_out])
        goal[:, 0, :lap_out] += lap
        goal[:, 1:, :lap_out] += reshaped[:, :-1, hop_out:]
        lap = reshaped[:, -1, hop_out:]
    out[:, blocks * hop_out : blocks * hop_out + lap_out] += lap
    return out[:, lap_out:needed]


def _reshaped(blocks: Tensor, sizes: Sizes) -> Tensor:
    spectrum = rfft(blocks * _window(sizes.source).to(blocks.device))
    bins = min(sizes) // 2 + 1
    band = spectrum[..., :bins]
    taper = _roll_off(bins).to(blocks.device)
    scaled(band[..., bins - len(taper) :], taper)
    # irfft divides by its own length, the forward transform multiplied by the source's.
    blocks = irfft(band, sizes.target)
    return blocks.mul_(sizes.target / sizes.source)
