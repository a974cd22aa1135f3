"""Columns of the evaluation table: one row per method, performance, kit and stem."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from stemgmd_tools.manifest.columns import Column, Dtype, Table
from stemgmd_tools.manifest.tables import GMD_SPLITS
from stemgmd_tools.pieces import GROUPS, PIECES


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


def _figure(name: str, description: str, unit: str = "dB") -> Column:
    return Column(name, Dtype.REAL, description, unit, nullable=True)


FIGURES: Final[tuple[Column, ...]] = (
    _figure("nsdr_larsnet_db", "LarsNet's nSDR, of mean powers; on an absent stem it falls with what was predicted"),
    _figure("usdr_db", "uSDR of the MDX challenges, of energies; compare on present stems only"),
    _figure("si_sdr_db", "scale-invariant SDR, one scale over both channels; missing for absent stems"),
    _figure("onset_f1", "onsets found in the estimate against the strokes played, 50 ms; missing for absent stems", ""),
    _figure("sdr_bss_eval_db", "SDR of BSS eval v4 (images), median over seconds in which stem and estimate sound"),
)
"""What is measured of an estimate, and of the mixture as the estimate (``mixture_`` in front)."""

EVALUATION: Final = Table(
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
        *FIGURES,
        _figure("silence_energy_db", "mean level of the estimate in windows of 46 ms in which the stem is silent"),
        Column("onsets_found", Dtype.INTEGER, "onsets in the estimate; on absent stems all are wrong", low=0),
        *(
            _figure(f"mixture_{figure.name}", f"mixture as the estimate: {figure.name}", figure.unit)
            for figure in FIGURES
        ),
        _figure("reference_onset_f1", "the same of the true stem: what the detector can reach", ""),
    ),
    key=("method", "performance", "kit", "stem"),
)
