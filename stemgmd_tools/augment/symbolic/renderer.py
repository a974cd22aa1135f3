"""Render changed performances and reshaped strokes at the levels of their source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.chain.rows import Row
from stemgmd_tools.augment.symbolic.kit_effects import (
    StrokeShapes,
    longer,
    reshape_strokes,
    reshaped_frames,
    sounding,
    stroke_shapes,
)
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import AugmentError, UsageError
from stemgmd_tools.kits.bank.bank import CHANNELS, Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import load_kit, search_path
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.headroom import headroom_db
from stemgmd_tools.rendering.plan import Plan, plan, strike_ends
from stemgmd_tools.rendering.runs import add_up, runs_of
from stemgmd_tools.rendering.settings import RenderSettings

OPEN_BANKS: Final = 16
"""Maximum number of open banks per process; a chain may draw any kit of the pool."""
AT_ONCE_FRAMES: Final = 1 << 21
"""Frames mixed at a time: 48 s at 44.1 kHz."""
MOST_RESHAPED_FRAMES: Final = 1 << 25
"""Maximum frames of reshaped one-shots in memory (134 MB); longer renders are split into parts."""
FEWEST_FRAMES: Final = 1 << 18
"""Minimum length of such a part in frames."""


@runtime_checkable
class PlaysKits(Protocol):
    """A source that renders its stems from banks."""

    @property
    def settings(self) -> RenderSettings:
        """Render settings of its stems."""
        ...

    def bank(self, kit: str) -> Bank:
        """Return the bank of one of its kits."""
        ...


@dataclass(frozen=True)
class Renderer:
    """Renders performances through the kits of a source, with the settings of the source.

    :param source: a corpus on disk, whose kits must be installed with equal hashes, or a source that renders.
    :param kit_path: additional folders of kits.
    """

    source: StemSource
    kit_path: tuple[Path, ...] = ()
    _gains: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def settings(self) -> RenderSettings:
        """Render settings of the source's stems.

        :raises UsageError: if the source has no settings.
        """
        if isinstance(self.source, PlaysKits):
            return self.source.settings
        if isinstance(self.source, Corpus):
            return self.source.identity.settings
        raise UsageError(f"{self.source}: has neither settings nor a corpus to read them from; use virtual_corpus")

    def bank(self, kit: str) -> Bank:
        """Return a kit's bank.

        :raises AugmentError: if the installed kit has another hash than the source's.
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
        """Return the plan of a performance, original or changed."""
        return plan(performance, self.bank(kit), self.settings)

    def length(self, decided: Plan, rows: Sequence[Row] = ()) -> int:
        """Return the length in frames of a plan after its strokes are reshaped by the rows."""
        bank = self.bank(decided.kit)
        if self.settings.tail == "cut" or not len(decided.strikes):
            return decided.frames
        longest = longer(stroke_shapes(decided, rows).cents)
        strikes = decided.strikes
        rings = np.ceil((strike_ends(strikes, bank) - strikes["frame"]) * longest).astype(np.int64)
        return max(decided.frames, int((strikes["frame"] + rings).max()))

    def add_stem(
        self,
        out: NDArray[np.float32],
        decided: Plan,
        pieces: Sequence[int],
        start: int,
        rows: Sequence[Row] = (),
        weight: float = 1.0,
    ) -> None:
        """Render the sum of some pieces and add it to ``out`` in floats, without rounding or clipping.

        Additional memory: some seconds of sound and :data:`MOST_RESHAPED_FRAMES`.

        :param out: shape (2, frames), from frame ``start`` of the performance on, which is 0 or more.
        :param decided: the plan, see :meth:`plan`.
        :param pieces: axes of the nine stems.
        :param rows: rows that reshape its strokes; other rows are ignored.
        :param weight: factor on the added sound.
        """
        bank = self.bank(decided.kit)
        gain = np.float32(units.gain_of_db(self.gain_db(decided.performance, decided.kit)))
        shapes = stroke_shapes(decided, rows)
        for span, audible, shots in _reshaped(decided, bank, shapes, pieces, range(start, start + out.shape[1])):
            # What is asked for decides where it ends, not the length that the unchanged strokes have.
            natural = self.settings.tail == "natural"
            runs = runs_of(replace(audible, frames=max(audible.frames, span.stop)) if natural else audible, shots)
            pcm = shots.sound
            scratch = np.empty((3, min(len(span), AT_ONCE_FRAMES) * CHANNELS), np.float32)
            for first in range(span.start, span.stop, AT_ONCE_FRAMES):
                last = min(first + AT_ONCE_FRAMES, span.stop)
                total, part, scaled = scratch[:, : (last - first) * CHANNELS]
                total[:] = 0.0
                for cuts in runs.cut(first * CHANNELS, last * CHANNELS, gain, pieces):
                    covered = add_up(pcm, cuts, part, scaled)
                    total[:covered] += part[:covered]
                total *= np.float32(weight)
                out[:, first - start : last - start] += total.reshape(-1, CHANNELS).T

    def gain_db(self, performance: str, kit: str) -> float:
        """Return the source's headroom gain of a performance through a kit; changed performances keep it."""
        if not self._gains and not isinstance(self.source, PlaysKits):
            self._gains.update(_written_gains(self.source.tracks))
        key = (performance, kit)
        if key not in self._gains:
            self._gains[key] = self._compute_gain(performance, kit)
        return self._gains[key]

    def _compute_gain(self, performance: str, kit: str) -> float:
        if isinstance(self.source, VirtualCorpus):
            return self.source.gain_db(performance, kit)
        bank = self.bank(kit)
        return headroom_db(runs_of(self.plan(self.source.played(performance), kit), bank), bank, self.source.bit_depth)


def _reshaped(
    decided: Plan, bank: Bank, shapes: StrokeShapes, pieces: Sequence[int], span: range
) -> Iterator[tuple[range, Plan, Bank]]:
    """Yield parts of a span, each with the plan of its audible strokes and their bank."""
    audible, audible_shapes = sounding(decided, bank, shapes, pieces, span)
    if _is_plain(audible_shapes):
        yield span, audible, bank
    elif len(span) > FEWEST_FRAMES and reshaped_frames(audible, bank, audible_shapes) > MOST_RESHAPED_FRAMES:
        middle = span.start + len(span) // 2
        yield from _reshaped(decided, bank, shapes, pieces, range(span.start, middle))
        yield from _reshaped(decided, bank, shapes, pieces, range(middle, span.stop))
    else:
        yield span, *reshape_strokes(audible, bank, audible_shapes)


def _written_gains(tracks: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the gains of a manifest of tracks by performance and kit."""
    stated = tracks[["performance", "kit", "gain_db"]].dropna().drop_duplicates(["performance", "kit"])
    return {(str(performance), str(kit)): float(gain) for performance, kit, gain in stated.itertuples(index=False)}


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
