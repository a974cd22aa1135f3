"""Columns of the evaluation table: one row per method, performance, kit and stem."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

from stemgmd_tools.manifest.columns.common import GMD_SPLITS
from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.evaluation.metric import all_metrics


class KitSet(StrEnum):
    """Relation of a kit to the training kits of the evaluated method."""

    SEEN = "seen"
    """A training kit."""
    RELATED = "related"
    """Not a training kit, but related to one: one was derived from or fitted to the other, or both to one recording."""
    HELDOUT = "heldout"
    """A modelled kit that is held out from training."""
    RECORDED = "recorded"
    """A recorded kit, used neither for training nor for fitting."""
    OTHER = "other"
    """A kit in no split."""


STEMS: Final = tuple(dict.fromkeys((*(group.value for group in GROUPS), *(piece.value for piece in PIECES))))
"""All possible stems: groups, then pieces."""


@cache
def evaluation_table() -> Table:
    """Return the table with the columns of all metrics."""
    return Table(
        "evaluation",
        "How well methods separate: one row per method, performance, kit and stem.",
        (
            Column("method", Dtype.TEXT, "what separated"),
            Column("performance", Dtype.TEXT, "performance, named as in GMD"),
            Column("kit", Dtype.TEXT, "kit it was played through"),
            Column("kit_set", Dtype.TEXT, "what the kit is to the method", allowed=tuple(KitSet)),
            Column(
                "split",
                Dtype.TEXT,
                "GMD's own split of the performance; missing outside GMD",
                nullable=True,
                allowed=GMD_SPLITS,
            ),
            Column("style", Dtype.TEXT, "primary style of the performance", nullable=True),
            Column("stem", Dtype.TEXT, "a group or a piece", allowed=STEMS),
            Column("present", Dtype.FLAG, "whether any sample of the stem is not zero"),
            Column("strokes", Dtype.INTEGER, "strokes of the stem in what was measured", low=0),
            Column("duration_s", Dtype.REAL, "length of what was measured, tails included", "s", low=0),
            *(column for metric in all_metrics() for column in metric.columns),
        ),
        key=("method", "performance", "kit", "stem"),
    )
