"""Convert separated stems to integers, optionally so that they sum exactly to the mixture.

Models return stems that sum approximately to the mixture. The residual is distributed in proportion to the current
energy of the stems (Wisdom et al. 2019, "Differentiable consistency constraints", with energy weights), so that silent
stems stay silent. Then every stem is rounded, and the rounding residual is added to the loudest stem: the integers of
the stems sum to the integers of the mixture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from stemgmd_tools import units

Floats = NDArray[np.float32]
"""Stems (stem, frame, channel) or a mixture (frame, channel), full scale 1."""
Integers = NDArray[np.int32]

MEMORY_S: Final = 0.010
"""Time constant of the energy envelope that determines the shares."""
SILENCE: Final = np.float32(1e-20)
"""Minimum energy of a stem (-200 dB): where all are silent, shares are equal."""
_AT_ONCE: Final = 1 << 13
"""Frames per block, chosen to fit in the CPU caches."""
_DEPTH: Final = {"int16": 16, "int24": 24, "float32": 24}
_ROOM: Final = {"int16": 1 << 15, "int24": 1 << 23, "float32": 1 << 27}
"""One more than the largest integer of a format. Floats represent the 24-bit grid exactly up to twice full scale, and
coarser values beyond; 16 times full scale is enough, and sums of nine stems stay within 32 bits."""


class Sharing:
    """Converts consecutive blocks of stems to integers; the result does not depend on the block size.

    :param stems: number of stems.
    :param sample_format: of the files, ``int16``, ``int24`` or ``float32`` (integers on the 24-bit grid).
    :param consistent: whether the integers of the stems sum to those of the mixture.
    """

    def __init__(self, stems: int, sample_rate: int, sample_format: str, *, consistent: bool) -> None:
        """Start with silence."""
        self._scale = np.float32(units.full_scale(_DEPTH[sample_format]))
        self._room = _ROOM[sample_format]
        self._consistent = consistent
        decay = math.exp(-1.0 / (MEMORY_S * sample_rate))
        self._filter = np.array([1.0 - decay], np.float32), np.array([1.0, -decay], np.float32)
        self._loudness = np.zeros((stems, 1), np.float32)
        self._clipped = np.zeros(stems + 1, np.int64)
        """Number of clipped samples of each stem, and of the mixture."""

    def clipped(self, stems: Sequence[int]) -> int:
        """Return the number of clipped samples of these stems, and of a mixture they must sum to, so far."""
        return int(self._clipped[[*stems, -1]].sum())

    def integers(self, stems: Floats, mixture: Floats) -> Integers:
        """Return the integers (stem, frame, channel) of a block of stems.

        :param mixture: (frame, channel). Ignored without ``consistent``.
        """
        integers = np.empty(stems.shape, np.int32)
        for start in range(0, stems.shape[1], _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            integers[:, part] = (
                self._shared(stems[:, part], mixture[part]) if self._consistent else self._rounded(stems[:, part])
            )
        return integers

    def _shared(self, stems: Floats, mixture: Floats) -> Integers:
        whole = self._rounded(mixture)
        shares = self._shares(stems)
        missing = mixture - stems.sum(axis=0)
        integers = self._rounded(stems + shares[:, :, None] * missing)
        return self._settled(integers, whole, shares.argmax(axis=0))

    def _rounded(self, sound: Floats) -> Integers:
        """Return integers, rounded half to even and clipped to the range of the format."""
        grid = np.rint(sound * self._scale)
        outside = (grid < -self._room) | (grid >= self._room)
        if outside.any():
            if sound.ndim == 3:
                self._clipped[:-1] += outside.sum(axis=(1, 2))
            else:
                self._clipped[-1] += outside.sum()
            # float64 represents the largest integer exactly.
            clipped: Integers = np.clip(grid.astype(np.float64), -self._room, self._room - 1).astype(np.int32)
            return clipped
        integers: Integers = grid.astype(np.int32)
        return integers

    def _shares(self, stems: Floats) -> Floats:
        """Return the share of each stem at each frame, shape (stem, frame), from its smoothed energy."""
        energy = np.einsum("sfc,sfc->sf", stems, stems) + SILENCE
        smooth, self._loudness = lfilter(*self._filter, energy, axis=1, zi=self._loudness)
        shares: Floats = smooth / smooth.sum(axis=0)
        return shares

    def _settled(self, integers: Integers, whole: Integers, loudest: NDArray[np.intp]) -> Integers:
        """Return the integers with what is missing to the mixture's given to the loudest stem, if it has room for it.

        Otherwise the other stems take the rest, in their order.
        """
        missing = whole - integers.sum(axis=0, dtype=np.int32)
        chosen = loudest[None, :, None]
        before = np.take_along_axis(integers, chosen, axis=0)
        after = self._within(before + missing)
        np.put_along_axis(integers, chosen, after, axis=0)
        missing -= (after - before)[0]
        for place in range(len(integers)):
            if not missing.any():
                break
            taken = self._within(integers[place] + missing) - integers[place]
            integers[place] += taken
            missing -= taken
        return integers

    def _within(self, integers: Integers) -> Integers:
        return np.clip(integers, -self._room, self._room - 1)
