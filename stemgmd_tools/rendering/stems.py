"""Stems of one rendered performance: nine integer tracks whose sum is the mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.errors import RenderError
from stemgmd_tools.pieces import PIECES, PIECES_OF_GROUP, Group, Piece

Pcm: TypeAlias = NDArray[np.int16] | NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Stems:
    """Nine isolated stems of one performance through one kit, on the output grid.

    :raises RenderError: if the array does not have nine pieces and two channels.
    """

    pcm: Pcm
    """Shape (9, 2, frames): piece in canonical order, channel, frame. int16 at 16 bits, int32 at 24."""
    sample_rate: int
    bit_depth: int
    """16 or 24."""
    gain_db: float = 0.0
    """Headroom gain in dB, applied to all stems to avoid clipping."""

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.pcm.ndim != 3 or self.pcm.shape[:2] != (len(PIECES), 2):
            raise RenderError(f"stems have shape {self.pcm.shape}; expected (9, 2, frames)")

    def __getitem__(self, piece: Piece | str) -> Pcm:
        """Return one stem, shape (2, frames)."""
        stem: Pcm = self.pcm[Piece(piece).axis]
        return stem

    @property
    def frames(self) -> int:
        """Length in frames, equal for all stems."""
        return int(self.pcm.shape[2])

    @property
    def mixture(self) -> Pcm:
        """The sum of the nine stems, shape (2, frames), in the stems' own integer type."""
        total: Pcm = self.pcm.sum(axis=0, dtype=self.pcm.dtype)
        return total

    def group(self, group: Group | str) -> Pcm:
        """Return the sum of the stems of one LarsNet group, shape (2, frames)."""
        axes = [piece.axis for piece in PIECES_OF_GROUP[Group(group)]]
        total: Pcm = self.pcm[axes].sum(axis=0, dtype=self.pcm.dtype)
        return total

    def as_float(self) -> NDArray[np.float32]:
        """Return the stems as float32 in -1..1, shape (9, 2, frames); exact, since integers of up to 24 bits fit."""
        return self.pcm.astype(np.float32) / np.float32(units.full_scale(self.bit_depth))
