"""Summarise an evaluation table: means with intervals by stem, kit and style, for present and absent stems."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pandas as pd

from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.separation.evaluation.bootstrap import Interval, mean_interval, paired_interval
from stemgmd_tools.separation.evaluation.metric import Metric
from stemgmd_tools.separation.evaluation.metric_table import (
    MAIN,
    metric_table,
    metrics_of_absent,
    metrics_of_present,
    stem_mean_title,
)
from stemgmd_tools.separation.evaluation.table import STEMS, KitSet

NOTHING: Final = "–"

EXPLANATION: Final = """All figures but those of absent stems are of present stems: those with any sample that is not
zero. Pooled is the mean over all clips and stems, stem mean the mean over stems of their means. Brackets hold 95 %
intervals of a percentile bootstrap over performances: all kits and stems of one are drawn together; kits stay as they
are, and others may lie outside. The last table defines the metrics."""


class Section(NamedTuple):
    """A part of a report: one table."""

    title: str
    note: str
    """Explanation of the table; may be empty."""
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self, level: int) -> str:
        """Return heading, note and table.

        :param level: of the heading, from 1.
        """
        parts = (f"{'#' * level} {self.title}", self.note, markdown_table(self.header, self.rows))
        return "\n\n".join(part for part in parts if part)


class Slice(NamedTuple):
    """Rows of one method on one set of kits."""

    method: str
    kit_set: str
    rows: pd.DataFrame


def summary(table: pd.DataFrame, methods: Sequence[str]) -> list[Section]:
    """Return the sections of a report on an evaluation table.

    :param methods: the methods to report, in this order; the last is compared with each of the others.
    """
    slices = list(slices_of(table, methods))
    sections = [
        _overview(slices),
        _stems(table, slices),
        *(_medians(table, slices, metric) for metric in metrics_of_present() if metric.of_medians),
        _absent(table, slices),
        _kits(table, methods),
        _styles(table, methods),
    ]
    if len(methods) > 1:
        sections.insert(1, _differences(table, methods))
    return sections


def slices_of(table: pd.DataFrame, methods: Sequence[str]) -> Iterator[Slice]:
    """Yield the rows of each method on each set of kits, in order."""
    for method in methods:
        for kit_set in KitSet:
            rows = table[(table["method"] == method) & (table["kit_set"] == kit_set.value)]
            if len(rows):
                yield Slice(method, kit_set.value, rows)


def stems_in(table: pd.DataFrame) -> list[str]:
    """Return the stems of a table in canonical order."""
    there = set(table["stem"])
    return [stem for stem in STEMS if stem in there]


def interval_of(rows: pd.DataFrame, column: str, *, by_stem: bool, over: str | None = None) -> Interval:
    """Return the mean of a column, or of its difference to another column, over present stems.

    :param by_stem: average over stems; else pool all rows.
    :param over: column to subtract, row by row.
    """
    present = rows[rows["present"]]
    performances = present["performance"].tolist()
    groups = present["stem"].tolist() if by_stem else None
    if over is None:
        return mean_interval(present[column].to_numpy(), performances, groups)
    return paired_interval(present[column].to_numpy(), present[over].to_numpy(), performances, groups)


def text_of(interval: Interval, digits: int = 2) -> str:
    """Return a mean and its interval as text."""
    if not interval.values:
        return NOTHING
    mean = f"{interval.mean:.{digits}f}"
    if math.isnan(interval.low):
        return mean
    return f"{mean} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def metrics_section() -> Section:
    """Return the section of a report that defines the metrics."""
    return Section("Metrics", "", *metric_table())


def _overview(slices: Sequence[Slice]) -> Section:
    main, *others = metrics_of_present()
    header = (
        "method",
        "kits",
        "clips",
        f"{main.title} pooled, {main.unit}",
        "by kit",
        stem_mean_title(main),
        "of medians",
        f"over mixture, pooled, {main.unit}",
        *(stem_mean_title(metric) + (" (of the true stems)" if metric.of_reference else "") for metric in others),
    )
    note = (
        "By kit: the lowest and the highest of the kits' own means. Of medians: the mean over stems of their medians "
        "over clips."
    )
    return Section("Overview", note, header, [_overview_row(part, others) for part in slices])


def _overview_row(part: Slice, others: Sequence[Metric[Any]]) -> tuple[str, ...]:
    rows, main = part.rows, MAIN.name
    return (
        part.method,
        part.kit_set,
        str(len(rows.drop_duplicates(["performance", "kit"]))),
        text_of(interval_of(rows, main, by_stem=False)),
        _by_kit(rows, main),
        text_of(interval_of(rows, main, by_stem=True)),
        _number(rows[rows["present"]].groupby("stem")[main].median().mean()),
        text_of(interval_of(rows, main, by_stem=False, over=f"mixture_{main}")),
        *(_stem_mean(rows, metric) for metric in others),
    )


def _stem_mean(rows: pd.DataFrame, metric: Metric[Any]) -> str:
    """Return a metric's mean over stems, with that of the true stems if it is measured."""
    mean = text_of(interval_of(rows, metric.name, by_stem=True))
    if not metric.of_reference:
        return mean
    return f"{mean} ({interval_of(rows, f'reference_{metric.name}', by_stem=True).mean:.2f})"


def _by_kit(rows: pd.DataFrame, column: str) -> str:
    """Return the range of the kits' means over present stems: how much hangs on the kit, which intervals leave out."""
    means = rows[rows["present"]].groupby("kit")[column].mean()
    return f"{_number(means.min())} to {_number(means.max())}"


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.2f}"


def _stems(table: pd.DataFrame, slices: Sequence[Slice]) -> Section:
    stems = stems_in(table)
    rows = [
        (
            part.method,
            part.kit_set,
            *(text_of(interval_of(part.rows[part.rows["stem"] == stem], MAIN.name, by_stem=False)) for stem in stems),
        )
        for part in slices
    ]
    present = table[table["present"]].drop_duplicates(["performance", "stem"])
    counts = present.groupby("stem")["strokes"].agg(["size", "sum"])
    played = [
        f"{stem} {size:,} ({strokes:,})" for stem, size, strokes in counts.reindex(stems, fill_value=0).itertuples()
    ]
    note = f"Performances in which a stem is present, and its strokes in them: {', '.join(played)}."
    return Section(f"{MAIN.title} by stem, {MAIN.unit}", note, ("method", "kits", *stems), rows)


def _medians(table: pd.DataFrame, slices: Sequence[Slice], metric: Metric[Any]) -> Section:
    """Return medians over clips: of a metric that is a median over seconds, the median of medians of SiSEC 2018."""
    stems = stems_in(table)
    rows = []
    for part in slices:
        medians = part.rows[part.rows["present"]].groupby("stem")[metric.name].median().reindex(stems)
        rows.append((part.method, part.kit_set, *map(_number, medians), _number(medians.mean())))
    note = f"{metric.definition[0].upper()}{metric.definition[1:]}; then the median over clips."
    title = f"{metric.title}, median of medians, {metric.unit}"
    return Section(title, note, ("method", "kits", *stems, "mean of stems"), rows)


def _absent(table: pd.DataFrame, slices: Sequence[Slice]) -> Section:
    absent_somewhere = set(table.loc[~table["present"], "stem"])
    stems = [stem for stem in stems_in(table) if stem in absent_somewhere]
    metrics = metrics_of_absent()
    note = f"On absent stems: {'; '.join(f'{metric.title}: {metric.absent}' for metric in metrics)}."
    header = (
        "method",
        "kits",
        "absent stems",
        *(metric.label for metric in metrics),
        *(f"{MAIN.title} of {stem}, {MAIN.unit}" for stem in stems),
    )
    rows = [_absent_row(part, metrics, stems) for part in slices]
    return Section("Absent stems and silence", note, header, rows)


def _absent_row(part: Slice, metrics: Sequence[Metric[Any]], stems: Sequence[str]) -> tuple[str, ...]:
    absent = part.rows[~part.rows["present"]]
    names = absent["performance"].tolist()
    of_stem = absent.groupby("stem")[MAIN.name].mean()
    return (
        part.method,
        part.kit_set,
        str(len(absent)),
        *(text_of(mean_interval(absent[metric.name].to_numpy(), names)) for metric in metrics),
        *(_number(of_stem.get(stem, math.nan)) for stem in stems),
    )


def _kits(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    stems = stems_in(table)
    rows = []
    for method in methods:
        of_method = table[table["method"] == method]
        for kit_set in KitSet:
            for kit in sorted(of_method.loc[of_method["kit_set"] == kit_set.value, "kit"].unique()):
                own = of_method[of_method["kit"] == kit]
                figures = (text_of(interval_of(own, MAIN.name, by_stem=by_stem)) for by_stem in (False, True))
                of_stem = own[own["present"]].groupby("stem")[MAIN.name].mean()
                means = (_number(of_stem.get(stem, math.nan)) for stem in stems)
                rows.append((method, kit_set.value, str(kit), *figures, *means))
    return Section(
        f"{MAIN.title} by kit, {MAIN.unit}", "", ("method", "kits", "kit", "pooled", "stem mean", *stems), rows
    )


def _styles(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    rows = []
    for kit_set in KitSet:
        of_set = table[table["kit_set"] == kit_set.value]
        for style in sorted(of_set["style"].dropna().unique()):
            own = of_set[of_set["style"] == style]
            means = (text_of(interval_of(own[own["method"] == method], MAIN.name, by_stem=False)) for method in methods)
            rows.append((kit_set.value, str(style), str(own["performance"].nunique()), *means))
    return Section(f"{MAIN.title} by style, pooled, {MAIN.unit}", "", ("kits", "style", "performances", *methods), rows)


def _differences(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    """Compare the last method with every other, on the clips that both have."""
    keys = ["performance", "kit", "stem"]
    *other_methods, last = methods
    other = f"{MAIN.name}_other"
    own = table[table["method"] == last]
    rows = []
    for other_method in other_methods:
        other_rows = table.loc[table["method"] == other_method, [*keys, MAIN.name]]
        both = own.merge(other_rows, on=keys, suffixes=("", "_other"))
        for kit_set in KitSet:
            same = both[both["kit_set"] == kit_set.value]
            if len(same):
                pooled, stem_mean = (
                    text_of(interval_of(same, MAIN.name, by_stem=by, over=other)) for by in (False, True)
                )
                by_kit = _by_kit(same.assign(gain=same[MAIN.name] - same[other]), "gain")
                rows.append((other_method, kit_set.value, pooled, by_kit, stem_mean))
    note = "The same clips and stems, pair by pair."
    header = ("above", "kits", "pooled", "by kit", "stem mean")
    return Section(f"{MAIN.title} of {last} above others, {MAIN.unit}", note, header, rows)
