"""The headroom gain of a whole performance through a kit, without mixing all of it.

Absolute peaks of the one-shots, tile by tile, add up to a bound on every stem and on the mixture. Where the bound stays
inside the integer range nothing can clip. The few tiles in which it does not are mixed, and only if one of them does
clip are others, in the order of their bounds, until none that is left can hold the peak.
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
"""Samples, two per frame. Shorter tiles make tighter bounds, and more of them: at half of it bounding takes twice as
long and as many tiles have to be mixed."""
ROUNDING: Final = 2.0**-23
"""Bound on the relative error of one multiplication and one addition in float32."""


class Peaks:
    """Absolute peaks of a bank's one-shots by tile, taken when a one-shot is first asked for.

    :ivar bounds: for each one-shot, one after the other: the larger peak of each two neighbouring tiles, from the first
        tile alone to the last alone. A tile of the output lies across two of the one-shot's.
    """

    def __init__(self, bank: Bank) -> None:
        """Take none yet."""
        start, row = np.unique(bank.samples["start"], return_index=True)  # borrowed sounds share their PCM
        self.starts = start.astype(np.int64) * CHANNELS
        self._stops = self.starts + bank.samples["frames"][row].astype(np.int64) * CHANNELS
        counts = -(-(self._stops - self.starts) // TILE) + 1
        self.first = np.cumsum(counts) - counts
        self.bounds = np.zeros(int(counts.sum()), np.float32)
        self._counts = counts
        self._known = np.zeros(len(start), bool)

    def compute(self, bank: Bank, shots: NDArray[np.intp]) -> None:
        """Make sure that the bounds of some one-shots are known."""
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
    """What mixing one tile told."""

    overloads: bool
    """Whether a stem, a group of them or the mixture leaves the integer range at 0 dB."""
    peak: float
    """Of the floats, at full scale."""


def headroom_db(runs: Runs, bank: Bank, bit_depth: int, *, peaks: Peaks | None = None) -> float:
    """Return the gain in dB, 0 or less, that rendering all of ``runs`` ends up with; see ``Mixer.headroom_db``.

    :param bank: the bank the runs play.
    :param peaks: those of the bank, to be added to; taken anew if omitted.
    """
    full = units.full_scale(bit_depth)
    bound = _bounds(runs, bank, peaks or Peaks(bank)) * full * (1.0 + (len(runs) + 1) * ROUNDING)
    doubtful = np.flatnonzero(bound > full - 1 - ROUNDING_MARGIN)
    if not any(_tile(runs, bank, tile, full).overloads for tile in doubtful.tolist()):
        return 0.0
    peak = 0.0
    for tile in np.argsort(-bound, kind="stable").tolist():
        if bound[tile] <= peak:
            break
        peak = max(peak, _tile(runs, bank, tile, full).peak)
    return gain_of_peak(peak, bit_depth)


def _bounds(runs: Runs, bank: Bank, peaks: Peaks) -> NDArray[np.float64]:
    """Return a bound on what any stem and any sum of stems reaches in each tile of the output; full scale is 1."""
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
