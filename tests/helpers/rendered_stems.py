"""Stems of a real performance through a kit that ships, with the frames of their strokes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import stemgmd_tools as stemgmd
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.pieces import Piece
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import Plan, plan
from stemgmd_tools.rendering.stems import Stems

PERFORMANCE = "drummer9/session1/3"
"""50 s of a test groove in which every piece is played."""


@cache
def _rendered(gmd: Path, kit: str) -> tuple[Stems, Plan]:
    performance = stemgmd.load_performances(gmd, ids=(PERFORMANCE,))[0]
    bank = open_bank(stemgmd.load_kits(kit)[0])
    planned = plan(performance, bank)
    return mix(planned, bank), planned


def rendered_stem(gmd: Path, piece: str, kit: str = "cedar_hall") -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return one stem (channel, frame) and the frames of its strokes, rising."""
    stems, planned = _rendered(gmd, kit)
    own = planned.strikes[planned.strikes["piece"] == Piece(piece).axis]
    return stems[piece].astype(np.float32) / 2**15, np.unique(own["frame"])
