"""A pool and an example that tests of draws share."""

from __future__ import annotations

from stemgmd_tools.augment.chain.rows import Example
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance
from stemgmd_tools.pieces import GROUPS, PIECES

TRAIN = ("cedar", "birch", "maple", "oak")
HELDOUT = ("steel", "glass")
GROUP_STEMS = tuple(group.value for group in GROUPS)
PIECE_STEMS = tuple(piece.value for piece in PIECES)
BPM = {"d/1": 100.0, "d/2": 102.0, "d/3": 140.0, "d/4": None, "e/1": 100.0}


def pool() -> Pool:
    kits = [PoolKit(name, "train") for name in TRAIN] + [PoolKit(name, "heldout") for name in HELDOUT]
    performances = [
        PoolPerformance(name, "test" if name.startswith("e") else "train", bpm, "rock", 30.0)
        for name, bpm in BPM.items()
    ]
    return Pool(tuple(kits), tuple(performances), 44_100)


def example(copy: int = 1, stems: tuple[str, ...] = GROUP_STEMS, target: tuple[str, ...] = (), **changed) -> Example:
    plain = Example(f"d/1+cedar+{copy}", "d/1", "cedar", copy, 0, 441_000, stems, target)
    return plain._replace(**changed)
