"""Ten seconds of playing, and what they sound like through a kit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import GROUPS, NOTE_OF_NUMBER, PIECES
from stemgmd_tools.rendering.mix import Mixer
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.seeds import stream

LENGTH_S: Final = 10.0
FEWEST_HITS: Final = 12
"""An excerpt with fewer strokes is not taken."""

_GROUP_OF_PIECE: Final = np.array([GROUPS.index(piece.group) for piece in PIECES])


def excerpts(gmd: Path | None, split: str, count: int, seed: int) -> list[Performance]:
    """Return excerpts of different performances of one split, drawn by chance.

    A small collection is drawn from again and again, other stretches of it.
    """
    known = [one for one in find_source(gmd=gmd).read() if one.metadata.get("split") == split]
    long_enough = [one for one in known if one.duration_s >= LENGTH_S]
    draw = stream(seed, "realism", "excerpts", split)
    chosen: list[Performance] = []
    while len(chosen) < count:
        for index in draw.permutation(len(long_enough)).tolist():
            performance = long_enough[index]
            start_s = draw.uniform(0.0, performance.duration_s - LENGTH_S)
            cut = excerpt(performance, start_s)
            if len(cut.hits) >= FEWEST_HITS and len(chosen) < count:
                chosen.append(cut)
    return chosen


def fullest(performances: Sequence[Performance], count: int) -> list[Performance]:
    """Return the excerpts in which most of the five groups are played, in the order they were in."""
    groups = [len({NOTE_OF_NUMBER[int(note)].piece.group for note in one.hits["note"]}) for one in performances]
    chosen = sorted(np.argsort([-number for number in groups], kind="stable")[:count].tolist())
    return [performances[index] for index in chosen]


def excerpt(performance: Performance, start_s: float) -> Performance:
    """Return :data:`LENGTH_S` of a performance, what the pedal did before included."""
    tables = []
    for table in (performance.hits, performance.pedal, performance.chokes):
        inside = (table["time_s"] >= start_s) & (table["time_s"] < start_s + LENGTH_S)
        cut = table[inside].copy()
        cut["time_s"] -= start_s
        tables.append(cut)
    hits, pedal, chokes = tables
    return Performance(f"{performance.id}@{start_s:.3f}", hits, LENGTH_S, pedal, chokes)


def articulations(performances: Sequence[Performance]) -> frozenset[str]:
    """Return the articulations that are played."""
    notes = {int(note) for one in performances for note in np.unique(one.hits["note"])}
    return frozenset(NOTE_OF_NUMBER[note].articulation for note in notes)


def render_groups(performance: Performance, bank: Bank) -> NDArray[np.float32]:
    """Return the five group stems of an excerpt, mono (mean of the channels), shape (5, frames), full scale 1."""
    settings = RenderSettings(sample_rate=bank.sample_rate, tail="cut")
    mixer = Mixer(plan(performance, bank, settings), bank)
    groups = np.zeros((len(GROUPS), mixer.frames), np.float32)
    start = 0
    for block in mixer.float_blocks(scale=0.5):
        frames = block.shape[1] // 2
        for piece, stem in enumerate(block):
            groups[_GROUP_OF_PIECE[piece], start : start + frames] += stem[0::2] + stem[1::2]
        start += frames
    return groups
