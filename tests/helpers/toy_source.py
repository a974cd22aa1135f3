"""A source of stems in memory: two performances through three hand-made banks, all of one split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from toys import RATE, toy_bank

from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row
from stemgmd_tools.corpus.sources.base import axes_of, silence, span_of
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.tables import Hit, PedalMove
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings

KITS = ("tin", "wood", "brass")
NOTES = (36, 38, 42, 46, 49, 43, 51, 48, 45, 22)
PIECE_STEMS = tuple(piece.value for piece in PIECES)


def toy_performance(name: str = "d/1", count: int = 24, gap_s: float = 0.21) -> Performance:
    hits = [
        Hit(0.05 + gap_s * i, NOTES[(i * 7) % len(NOTES)], 40 + (i * 29) % 80, 0.6 if i % 3 else 0.0)
        for i in range(count)
    ]
    return Performance(
        name, hits, 0.3 + gap_s * count, pedal=[PedalMove(1.0, 0.9), PedalMove(1.4, 0.0)], metadata={"bpm": 120.0}
    )


@dataclass(frozen=True)
class ToySource:
    """Renders with the package's own mixer, so what it holds is what a corpus would."""

    banks: dict[str, Bank]
    played_by_name: dict[str, Performance] = field(
        default_factory=lambda: {"d/1": toy_performance(), "d/2": toy_performance("d/2", 31, 0.17)}
    )
    settings: RenderSettings = field(default_factory=lambda: RenderSettings(sample_rate=RATE))
    reads: list[tuple[str, str, int]] = field(default_factory=list)

    sample_rate = RATE
    bit_depth = 16

    def bank(self, kit: str) -> Bank:
        return self.banks[kit]

    def _stems(self, performance: str, kit: str):
        decided = plan(self.played_by_name[performance], self.banks[kit], self.settings)
        return mix(decided, self.banks[kit])

    @property
    def performances(self) -> pd.DataFrame:
        rows = [(p.id, "train", 120.0, "rock", p.duration_s) for p in self.played_by_name.values()]
        return pd.DataFrame(rows, columns=["performance", "gmd_split", "bpm", "style", "duration_s"])

    @property
    def kits(self) -> pd.DataFrame:
        return pd.DataFrame({"kit": list(self.banks), "kit_split": "train"})

    @property
    def kit_splits(self) -> dict[str, str]:
        return dict.fromkeys(sorted(self.banks), "train")

    def kits_of(self, performance: str) -> tuple[str, ...]:
        return tuple(sorted(self.banks))

    @property
    def hits(self) -> pd.DataFrame:
        raise NotImplementedError

    @property
    def tracks(self) -> pd.DataFrame:
        return pd.DataFrame({"performance": [], "kit": [], "gain_db": []})

    def length(self, performance: str, kit: str) -> int:
        return self._stems(performance, kit).frames

    def stems(self, performance, kit, start=0, frames=None, pieces=None):
        self.reads.append((performance, kit, start))
        whole = self._stems(performance, kit).pcm
        axes = axes_of(pieces)
        span = span_of(whole.shape[2], start, frames)
        out = silence((len(axes), 2, span.frames), 16)
        out[:, :, : span.sounding] = whole[list(axes), :, span.start : span.start + span.sounding]
        return out

    def played(self, performance: str) -> Performance:
        return self.played_by_name[performance]


class ToyMicrophones(ToySource):
    """A source of two microphones: one gets half of every stem, the other the rest."""

    hears_microphones = True

    def microphone_names(self, kit: str) -> tuple[str, ...]:
        return "close", "room"

    def microphone_stems(self, performance: str, kit: str, start=0, frames=None, pieces=None, microphones=None):
        stems = self.stems(performance, kit, start, frames, pieces)
        half = stems // 2
        return np.stack([half, stems - half])


def toy_source(**bank) -> ToySource:
    base = toy_bank(**{"onset": 30, **bank})
    sounds = {"tin": base.pcm, "wood": base.pcm[::-1] // 8 - base.pcm // 2, "brass": base.pcm // 3}
    banks = {name: replace(base, kit=name, pcm=sounds[name]) for name in KITS}
    return ToySource(banks)


def toy_example(frames: int | None = 60_000, start: int = 20_000, stems=PIECE_STEMS, **changed) -> Example:
    return Example("d/1+tin+1", "d/1", "tin", 1, start, frames, stems)._replace(**changed)


def row(effect: str, stem: int = ALL_STEMS, step: int = 0, **parameters) -> Row:
    return Row("d/1+tin+1", step, effect, "example" if stem == ALL_STEMS else "stem", stem, parameters)
