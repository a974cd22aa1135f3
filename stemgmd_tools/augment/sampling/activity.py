"""Count the hits of a stem in any part of a performance, without touching audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.stems import pieces_of_stem


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Onsets by performance and piece, independent of kits."""

    frames: Mapping[tuple[str, str], NDArray[np.int64]]
    """(performance, piece) -> frames of its hits, ascending; pieces without hits are left out."""

    @classmethod
    def of(cls, hits: pd.DataFrame) -> Activity:
        """Return the activity of a manifest ``hits``."""
        ordered = hits.sort_values(["performance", "piece", "frame"], kind="stable")
        grouped = ordered.groupby(["performance", "piece"], sort=False, observed=True)["frame"]
        return cls({(str(performance), str(piece)): part.to_numpy(np.int64) for (performance, piece), part in grouped})

    def hits(self, performance: str, stem: str, start: int, frames: int) -> int:
        """Return the number of hits of a stem, a piece or a group, in frames ``start`` .. ``start + frames`` - 1.

        :raises AugmentError: if there is no such stem.
        """
        count = 0
        for piece in pieces_of_stem(stem):
            onsets = self.frames.get((performance, piece))
            if onsets is not None:
                first, last = np.searchsorted(onsets, (start, start + frames))
                count += int(last - first)
        return count
