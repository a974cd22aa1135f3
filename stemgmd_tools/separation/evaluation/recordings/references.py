"""Compare estimates with the isolated stems of a multitrack, as they are and with their bleed reduced."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from stemgmd_tools.separation.evaluation.energies import decibels
from stemgmd_tools.separation.evaluation.measure import Figures
from stemgmd_tools.separation.evaluation.methods.base import Frames
from stemgmd_tools.separation.evaluation.metric import Meter, Metric, StemFacts, is_present
from stemgmd_tools.separation.evaluation.metrics import nsdr_larsnet, sdr_bss_eval, si_sdr
from stemgmd_tools.separation.evaluation.recordings.bleed import reduced_bleed

METRICS: Final[tuple[Metric[Any], ...]] = (nsdr_larsnet.METRIC, si_sdr.METRIC, sdr_bss_eval.METRIC)
LESS_BLEED: Final = "less_bleed_"
"""Prefix of the columns of metrics against stems with reduced bleed."""
BLEED: Final = "bleed_db"
COLUMNS: Final = (*(f"{prefix}{metric.name}" for prefix in ("", LESS_BLEED) for metric in METRICS), BLEED)


class References:
    """The isolated stems of a recording by name, shape (2, frame) each, and meters of their estimates."""

    def __init__(self, isolated: Mapping[str, Frames], sample_rate: int) -> None:
        """Reduce the bleed."""
        names = tuple(isolated)
        cleaned = dict(zip(names, reduced_bleed(np.stack(list(isolated.values()))), strict=True)) if names else {}
        self._stems = {name: (isolated[name], cleaned[name]) for name in names}
        self._meters = {name: (_meters(sample_rate), _meters(sample_rate)) for name in names}

    def push(self, stem: str, start: int, estimate: Frames) -> None:
        """Add the next block of an estimate, which begins at frame ``start``; ignored without a reference."""
        for sound, meters in zip(self._stems.get(stem, ()), self._meters.get(stem, ()), strict=True):
            block = sound[:, start : start + estimate.shape[1]]
            for meter in meters.values():
                meter.push(block, estimate)

    def figures(self, stem: str, duration_s: float) -> Figures:
        """Return the columns of a stem at the end of the recording; missing without a reference."""
        figures: Figures = dict.fromkeys(COLUMNS)
        for prefix, sound, meters in zip(
            ("", LESS_BLEED), self._stems.get(stem, ()), self._meters.get(stem, ()), strict=False
        ):
            facts = StemFacts(is_present(sound), np.empty(0), duration_s)
            for metric in METRICS:
                value = metric.value(meters[metric.meter], facts)
                figures[f"{prefix}{metric.name}"] = None if math.isnan(value) else value
        if stem in self._stems:
            as_recorded, cleaned = self._stems[stem]
            level = decibels(_energy(as_recorded - cleaned) / max(_energy(as_recorded), 1e-30))
            figures[BLEED] = level if math.isfinite(level) else None
        return figures


def _meters(sample_rate: int) -> dict[type[Meter], Meter]:
    return {metric.meter: metric.meter(sample_rate) for metric in METRICS}


def _energy(sound: Frames) -> float:
    return float(np.square(sound, dtype=np.float64).sum())
