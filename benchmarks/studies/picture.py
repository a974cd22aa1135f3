"""Draw the picture of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.studies.study import Chart, Series
from stemgmd_tools.storage.figures import empty_figure, save_figure

DPI = 120
WIDTH = 7.0
BAR_HEIGHT = 0.22


def draw(chart: Chart, path: Path) -> None:
    """Write a picture.

    :raises StemgmdError: if it cannot be written, or matplotlib is missing.
    """
    rows = len(chart.ticks) * len(chart.series)
    figure = empty_figure(WIDTH, 3.6 if chart.lines else max(2.0, 1.1 + BAR_HEIGHT * rows))
    axes = figure.subplots()
    for number, series in enumerate(chart.series):
        (_line if chart.lines else _bars)(axes, chart, number, series)
    if any(series.name for series in chart.series):
        axes.legend(fontsize="small")
    axes.grid(axis="y" if chart.lines else "x", alpha=0.4)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figure(figure, path, dpi=DPI)


def _line(axes: Any, chart: Chart, number: int, series: Series) -> None:
    places = range(len(chart.ticks))
    axes.errorbar(places, series.values, _spread(series), label=series.name or None, marker="o", capsize=3)
    if number == 0:
        axes.set_xticks(list(places), chart.ticks)
        axes.set_xlabel(chart.x)
        axes.set_ylabel(chart.y)


def _bars(axes: Any, chart: Chart, number: int, series: Series) -> None:
    height = 0.8 / len(chart.series)
    places = [place + height * (number - (len(chart.series) - 1) / 2.0) for place in range(len(chart.ticks))]
    axes.barh(places, series.values, height, xerr=_spread(series), label=series.name or None, capsize=2)
    if number == 0:
        axes.set_yticks(range(len(chart.ticks)), chart.ticks)
        axes.invert_yaxis()
        axes.set_ylabel(chart.x)
        axes.set_xlabel(chart.y)


def _spread(series: Series) -> Any:
    """Return the distances to the ends of the intervals; None without intervals."""
    if not series.low:
        return None
    below = [value - low for value, low in zip(series.values, series.low, strict=True)]
    above = [high - value for value, high in zip(series.values, series.high, strict=True)]
    return [below, above]
