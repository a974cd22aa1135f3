"""A studio: renders what no file holds, changed performances and reshaped strokes, at the levels of its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.kit_domain import StrokeShapes, reshape_strokes, sounding, stroke_shapes
from stemgmd_tools.augment.rows import Row
from stemgmd_tools.corpus.reader import Corpus
from stemgmd_tools.corpus.source import StemSource
from stemgmd_tools.corpus.virtual import VirtualCorpus
from stemgmd_tools.errors import AugmentError, UsageError
from stemgmd_tools.kits.bank import CHANNELS, Bank
from stemgmd_tools.kits.library import load_kit, search_path
from stemgmd_tools.kits.store import open_bank
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.headroom import headroom_db
from stemgmd_tools.rendering.plan import Plan, plan, strike_ends
from stemgmd_tools.rendering.runs import add_up, runs_of
from stemgmd_tools.rendering.settings import RenderSettings

OPEN_BANKS: Final = 16
"""Banks a process keeps mapped; a chain may draw any kit of the pool."""


@runtime_checkable
class PlaysKits(Protocol):
    """A source that renders, and so has banks and settings of its own."""

    @property
    def settings(self) -> RenderSettings:
        """What its stems are rendered with."""
        ...

    def bank(self, kit: str) -> Bank:
        """Return the bank of one of its kits."""
        ...


@dataclass(frozen=True)
class Studio:
    """Renders performances through the kits of a source, as the source itself would.

    :param source: files of a corpus (its kits must then be found here, by name and hash) or a source that renders.
    :param kit_path: where kits of a corpus's files are looked for, beside the usual places.
    """

    source: StemSource
    kit_path: tuple[Path, ...] = ()
    _gains: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def settings(self) -> RenderSettings:
        """What the source's stems were rendered with.

        :raises UsageError: if it cannot be told.
        """
        if isinstance(self.source, PlaysKits):
            return self.source.settings
        if isinstance(self.source, Corpus):
            return self.source.identity.settings
        raise UsageError(f"{self.source}: has neither settings nor a corpus to read them from; use virtual_corpus")

    def bank(self, kit: str) -> Bank:
        """Return a kit's bank.

        :raises AugmentError: if the kit that is found here by that name is not the one the source was made with.
        """
        if isinstance(self.source, PlaysKits):
            return self.source.bank(kit)
        kits = self.source.kits
        row = kits[kits["kit"] == kit]
        if row.empty:
            raise AugmentError(f"{self.source}: has no kit {kit}; its kits: {', '.join(kits['kit'])}")
        origin = row["origin"].iloc[0]
        name = kit if pd.isna(origin) else str(origin)
        return _bank(name, self.kit_path, str(row["kit_hash"].iloc[0]), self.source.sample_rate)

    def plan(self, performance: Performance, kit: str) -> Plan:
        """Decide the strokes of a performance, the source's or a changed one."""
        return plan(performance, self.bank(kit), self.settings)

    def length(self, decided: Plan, rows: Sequence[Row] = ()) -> int:
        """Return how long strokes last once they are reshaped by the rows, in frames."""
        bank = self.bank(decided.kit)
        if self.settings.tail == "cut" or not len(decided.strikes):
            return decided.frames
        longest = 2.0 ** (-stroke_shapes(decided, rows).cents / units.CENTS_PER_OCTAVE)
        strikes = decided.strikes
        rings = np.ceil((strike_ends(strikes, bank) - strikes["frame"]) * longest).astype(np.int64)
        return max(decided.frames, int((strikes["frame"] + rings).max()))

    def stem(self, decided: Plan, pieces: Sequence[int], span: range, rows: Sequence[Row] = ()) -> NDArray[np.float32]:
        """Render the sum of some pieces, shape (2, frames), in floats: nothing is rounded, nothing can clip.

        :param decided: the strokes, see :meth:`plan`.
        :param pieces: axes of the nine stems.
        :param span: frames of the performance; none before 0.
        :param rows: reshape its strokes; rows of other effects are passed over.
        """
        bank = self.bank(decided.kit)
        gain = np.float32(units.gain_of_db(self.gain_db(decided.performance, decided.kit)))
        decided, shapes = sounding(decided, bank, stroke_shapes(decided, rows), pieces, span)
        if not _is_plain(shapes):
            decided, bank = reshape_strokes(decided, bank, shapes)
        # What is asked for decides where it ends, not the length that the unchanged strokes have.
        if self.settings.tail == "natural":
            decided = replace(decided, frames=max(decided.frames, span.stop))
        total = np.zeros(len(span) * CHANNELS, np.float32)
        part, scratch = np.empty_like(total), np.empty_like(total)
        origin = span.start * CHANNELS
        for cuts in runs_of(decided, bank).cut(origin, origin + len(total), gain, pieces):
            covered = add_up(np.asarray(bank.pcm), cuts, part, scratch)
            total[:covered] += part[:covered]
        return np.ascontiguousarray(total.reshape(-1, CHANNELS).T)

    def gain_db(self, performance: str, kit: str) -> float:
        """Return the headroom gain that the source gives a performance through a kit; changed ones keep it."""
        if not self._gains and not isinstance(self.source, PlaysKits):
            self._gains.update(_written_gains(self.source.tracks))
        key = (performance, kit)
        if key not in self._gains:
            self._gains[key] = self._found_gain(performance, kit)
        return self._gains[key]

    def _found_gain(self, performance: str, kit: str) -> float:
        if isinstance(self.source, VirtualCorpus):
            return self.source.gain_db(performance, kit)
        bank = self.bank(kit)
        return headroom_db(runs_of(self.plan(self.source.played(performance), kit), bank), bank, self.source.bit_depth)


def _written_gains(tracks: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the gains that a manifest of tracks states, by performance and kit."""
    stated = tracks[["performance", "kit", "gain_db"]].dropna().drop_duplicates(["performance", "kit"])
    return {(str(one), str(kit)): float(gain) for one, kit, gain in stated.itertuples(index=False)}


def _is_plain(shapes: StrokeShapes) -> bool:
    return bool((shapes.cents == 0.0).all() and (shapes.decay == 1.0).all())


@lru_cache(maxsize=OPEN_BANKS)
def _bank(name: str, kit_path: tuple[Path, ...], kit_hash: str, sample_rate: int) -> Bank:
    kit = load_kit(name, search_path(kit_path))
    if kit.key != kit_hash:
        raise AugmentError(
            f"kit {name}: found here with content {kit.key[:12]}, the corpus was made with {kit_hash[:12]}; "
            "install the version that made it, or augment without performance and stroke effects"
        )
    return open_bank(kit, sample_rate)
