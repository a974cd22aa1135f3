"""Compute the headroom gain of a performance through a kit without mixing all of it.

The absolute peaks of the one-shots, tile by tile, add up to a bound on every stem and on the mixture. Tiles whose bound
is inside the integer range cannot clip. The few other tiles are mixed. Only if one of them clips, further tiles are
mixed in descending order of their bounds, until no remaining tile can contain the peak.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank.bank import CHANNELS, Bank
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.mix import ROUNDING_MARGIN, gain_of_peak, highest_of, peak_of
from stemgmd_tools.rendering.runs import Runs, add_up

TILE: Final = 2048
"""Samples of a tile, two per frame. Shorter tiles give tighter bounds but cost more: at half the length, bounding takes
twice as long and as many tiles have to be mixed."""
ROUNDING: Final = 2.0**-23
"""Bound on the relative error of one multiplication and one addition in float32."""


class Peaks:
    """Absolute peaks of a bank's one-shots by tile, computed on first use.

    :ivar bounds: for each one-shot in turn, the larger peak of every two neighbouring tiles, from the first tile alone
        to the last alone, since a tile of the output overlaps two tiles of the one-shot.
    """

    def __init__(self, bank: Bank) -> None:
        """Allocate the bounds; none is computed yet."""
        sounding = bank.samples[bank.samples["frames"] > 0]
        start, row = np.unique(sounding["start"], return_index=True)  # borrowed sounds share their PCM
        self.starts = start.astype(np.int64) * CHANNELS
        self._stops = self.starts + sounding["frames"][row].astype(np.int64) * CHANNELS
        counts = -(-(self._stops - self.starts) // TILE) + 1
        self.first = np.cumsum(counts) - counts
        self.bounds = np.zeros(int(counts.sum()), np.float32)
        self._counts = counts
        self._known = np.zeros(len(start), bool)

    def compute(self, bank: Bank, shots: NDArray[np.intp]) -> None:
        """Compute the missing bounds of some one-shots."""
        pcm = bank.sound
        for shot in np.unique(shots[~self._known[shots]]).tolist():
            sound = pcm[self.starts[shot] : self._stops[shot]]
            tiles = np.arange(0, len(sound), TILE)
            highest = np.maximum.reduceat(sound, tiles).astype(np.float32)
            lowest = np.minimum.reduceat(sound, tiles).astype(np.float32)
            peaks = np.maximum(highest, -lowest)
            first, last = self.first[shot], self.first[shot] + self._counts[shot]
            bounds = np.zeros(len(peaks) + 1, np.float32)
            bounds[:-1] = peaks
            np.maximum(bounds[1:], peaks, out=bounds[1:])
            self.bounds[first:last] = bounds
            self._known[shot] = True


class _Tile(NamedTuple):
    """Result of mixing one tile."""

    overloads: bool
    """Whether a stem, a group of them or the mixture leaves the integer range at 0 dB."""
    peak: float
    """Peak of the float stems, at full scale."""


def headroom_db(runs: Runs, bank: Bank, bit_depth: int, *, peaks: Peaks | None = None) -> float:
    """Return the gain in dB, 0 or less, that rendering all of ``runs`` needs; see ``Mixer.headroom_db``.

    :param bank: the bank the runs play.
    :param peaks: cached peaks of the bank, extended here; computed anew if omitted.
    """
    full = units.full_scale(bit_depth)
    bound = _scaled_bounds(runs, bank, bit_depth, peaks)
    doubtful = np.flatnonzero(bound > full - 1 - ROUNDING_MARGIN)
    if not any(_tile(runs, bank, tile, full).overloads for tile in doubtful.tolist()):
        return 0.0
    return gain_of_peak(_peak(runs, bank, full, bound), bit_depth)


def peak_headroom_db(runs: Runs, bank: Bank, bit_depth: int, margin: float, *, peaks: Peaks | None = None) -> float:
    """Return the gain in dB, 0 or less, at which every stem and every sum keeps a margin from full scale.

    :param margin: in integer units.
    :param peaks: as in :func:`headroom_db`.
    """
    full = units.full_scale(bit_depth)
    bound = _scaled_bounds(runs, bank, bit_depth, peaks)
    if not (bound > full - margin).any():
        return 0.0
    return gain_of_peak(_peak(runs, bank, full, bound), bit_depth, margin)


def _peak(runs: Runs, bank: Bank, full: int, bound: NDArray[np.float64]) -> float:
    """Return the float peak of any stem and any sum of stems, mixing tiles until none can exceed it."""
    peak = 0.0
    for tile in np.argsort(-bound, kind="stable").tolist():
        if bound[tile] <= peak:
            break
        peak = max(peak, _tile(runs, bank, tile, full).peak)
    return peak


def _scaled_bounds(runs: Runs, bank: Bank, bit_depth: int, peaks: Peaks | None) -> NDArray[np.float64]:
    """Return an upper bound of the peak in each output tile, in integer units."""
    rounding = 1.0 + (len(runs) + 1) * ROUNDING
    return _bounds(runs, bank, peaks or Peaks(bank)) * units.full_scale(bit_depth) * rounding


def _bounds(runs: Runs, bank: Bank, peaks: Peaks) -> NDArray[np.float64]:
    """Return an upper bound on the peak of any stem and any sum of stems in each output tile; full scale is 1."""
    shots = np.searchsorted(peaks.starts, runs.source, side="right") - 1
    peaks.compute(bank, shots)
    begins = runs.start - (runs.source - peaks.starts[shots])  # where the one-shot's own first sample would lie
    first, last = runs.start // TILE, (runs.stop - 1) // TILE
    counts = last - first + 1
    in_run = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    tiles = np.repeat(first, counts) + in_run
    place = np.repeat(peaks.first[shots] + first + 1 + (-begins) // TILE, counts) + in_run
    levels = peaks.bounds[place] * np.repeat(runs.gain.astype(np.float64), counts)
    bounds: NDArray[np.float64] = np.bincount(tiles, levels, -(-runs.frames * CHANNELS // TILE)).astype(np.float64)
    return bounds


def _tile(runs: Runs, bank: Bank, tile: int, full: int) -> _Tile:
    """Mix one tile of all stems."""
    origin = tile * TILE
    samples = min(TILE, runs.frames * CHANNELS - origin)
    stems = np.zeros((len(PIECES), samples), np.float32)
    scratch = np.empty(samples, np.float32)
    pcm = bank.sound
    for stem, cuts in zip(stems, runs.cut(origin, origin + samples, np.float32(full)), strict=True):
        add_up(pcm, cuts, stem, scratch)
    return _Tile(highest_of(np.rint(stems).astype(np.int32)) > full - 1, peak_of(stems))
