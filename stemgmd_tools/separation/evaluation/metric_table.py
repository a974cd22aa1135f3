"""Which metrics are reported where, and a table that defines them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stemgmd_tools.separation.evaluation.metric import Metric, Presence, all_metrics
from stemgmd_tools.separation.evaluation.metrics import nsdr_larsnet

MAIN: Final = nsdr_larsnet.METRIC
"""The metric in the tables by stem, kit and style."""


def metric_table() -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return header and rows of a table that defines the metrics."""
    rows: list[Sequence[str]] = [
        (
            f"`{metric.name}`",
            metric.title,
            metric.unit,
            metric.definition,
            "higher" if metric.higher_is_better else "lower",
            metric.absent,
            metric.source,
        )
        for metric in _ordered()
    ]
    return ("column", "metric", "unit", "definition", "better", "on an absent stem", "source"), rows


def _ordered(*presences: Presence) -> list[Metric[Any]]:
    """Return the metrics that are reported on present or absent stems, all by default; the main one first."""
    metrics = [metric for metric in all_metrics() if not presences or metric.reported in presences]
    return sorted(metrics, key=lambda metric: metric.name != MAIN.name)


def metrics_of_present() -> list[Metric[Any]]:
    """Return the metrics that are reported on present stems, the main one first."""
    return _ordered(Presence.PRESENT, Presence.BOTH)


def metrics_of_absent() -> list[Metric[Any]]:
    """Return the metrics that are reported on absent stems, the main one first."""
    return _ordered(Presence.ABSENT, Presence.BOTH)


def stem_mean_title(metric: Metric[Any]) -> str:
    """Return the heading of a mean over stems."""
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.title} stem mean{unit}"
