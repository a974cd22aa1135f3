"""What is augmented: the five groups of starter-set performances through one kit, in segments of LarsNet's length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from benchmarks.run import DEFAULT_KIT
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.rows import Example, Row
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import kit_names, load_kit
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.pieces import GROUPS, PIECES_OF_GROUP
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan

RATE = 44_100
SEGMENT_S = 11.85
FRAMES = round(SEGMENT_S * RATE)
SEED = 0


class Batch(NamedTuple):
    """Stems (item, stem, channel, frame), their strokes, and the rows of the ``larsnet`` chain that are on sound."""

    stems: torch.Tensor
    onsets: list[list[np.ndarray]]
    rows: list[list[Row]]


def batch(items: int) -> Batch:
    """Return segments from the longest performances of the starter set, and what the chain draws for them."""
    bank = open_bank(load_kit(DEFAULT_KIT))
    performances = sorted(find_source(gmd=None).read(), key=lambda one: -one.duration_s)[:items]
    stems = torch.zeros(items, len(GROUPS), 2, FRAMES)
    onsets = []
    for item in range(items):
        planned = plan(performances[item % len(performances)], bank)
        rendered = mix(planned, bank)
        strikes = planned.strikes
        own = []
        for axis, group in enumerate(GROUPS):
            sound = np.tile(rendered.group(group).astype(np.float32) / 2**15, 1 + FRAMES // rendered.frames)
            stems[item, axis] = torch.from_numpy(sound[:, :FRAMES])
            frames = strikes["frame"][np.isin(strikes["piece"], [piece.axis for piece in PIECES_OF_GROUP[group]])]
            turns = np.arange(1 + FRAMES // rendered.frames)[:, None] * rendered.frames
            every = np.unique(frames + turns)
            own.append(every[every < FRAMES])
        onsets.append(own)
    return Batch(stems, onsets, _rows(items))


def _rows(items: int) -> list[list[Row]]:
    """Return the rows of the chain that act on sound; which kits are swapped is no matter here."""
    chain, stems = load_chain("larsnet"), tuple(group.value for group in GROUPS)
    kits = tuple(PoolKit(name, "train") for name in kit_names(["train"]))
    pool = Pool(kits, (PoolPerformance("one", "train", 100.0, "rock", SEGMENT_S),), RATE)
    examples = (Example(f"one+{i}", "one", kits[0].name, i, 0, FRAMES, stems) for i in range(1, items + 1))
    drawn = [draw(chain, example, pool, SEED) for example in examples]
    return [[row for row in rows if row.effect not in ("kit_swap", "doubling")] for rows in drawn]
