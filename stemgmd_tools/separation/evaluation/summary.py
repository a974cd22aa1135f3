"""Summarise an evaluation table: means with intervals by stem, kit and style, for present and absent stems."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import pandas as pd

from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.separation.evaluation.bootstrap import Interval, mean_interval, paired_interval
from stemgmd_tools.separation.evaluation.table import STEMS, KitSet

MAIN: Final = "nsdr_larsnet_db"
"""The metric in the tables by stem, kit and style."""
NOTHING: Final = "–"

EXPLANATION: Final = """All figures but those of absent stems are of present stems: those with any sample that is not
zero. Pooled is the mean over all clips and stems, stem mean the mean over stems of their means. nSDR is LarsNet's
(nsdr_larsnet): the ratio in dB of the mean powers of stem and error, each plus 1e-7. Brackets hold 95 % intervals of a
percentile bootstrap over performances: all kits and stems of one are drawn together; kits stay as they are, and others
may lie outside. Onset F1 compares onsets found in the estimate (spectral flux) with the strokes that were played,
within 50 ms."""


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


def _overview(slices: Sequence[Slice]) -> Section:
    header = (
        "method",
        "kits",
        "clips",
        "nSDR pooled, dB",
        "by kit",
        "nSDR stem mean, dB",
        "of medians",
        "over mixture, pooled, dB",
        "SI-SDR stem mean, dB",
        "uSDR stem mean, dB",
        "SDR of BSS eval v4 stem mean, dB",
        "onset F1 stem mean (of the true stems)",
    )
    note = (
        "By kit: the lowest and the highest of the kits' own means. Of medians: the mean over stems of their medians "
        "over clips."
    )
    return Section("Overview", note, header, [_overview_row(part) for part in slices])


def _overview_row(part: Slice) -> tuple[str, ...]:
    rows = part.rows
    ceiling = interval_of(rows, "reference_onset_f1", by_stem=True)
    return (
        part.method,
        part.kit_set,
        str(len(rows.drop_duplicates(["performance", "kit"]))),
        text_of(interval_of(rows, MAIN, by_stem=False)),
        _by_kit(rows, MAIN),
        text_of(interval_of(rows, MAIN, by_stem=True)),
        _number(rows[rows["present"]].groupby("stem")[MAIN].median().mean()),
        text_of(interval_of(rows, MAIN, by_stem=False, over=f"mixture_{MAIN}")),
        text_of(interval_of(rows, "si_sdr_db", by_stem=True)),
        text_of(interval_of(rows, "usdr_db", by_stem=True)),
        text_of(interval_of(rows, "sdr_bss_eval_db", by_stem=True)),
        f"{text_of(interval_of(rows, 'onset_f1', by_stem=True))} ({ceiling.mean:.2f})",
    )


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
            *(text_of(interval_of(part.rows[part.rows["stem"] == stem], MAIN, by_stem=False)) for stem in stems),
        )
        for part in slices
    ]
    present = table[table["present"]].drop_duplicates(["performance", "stem"])
    counts = present.groupby("stem")["strokes"].agg(["size", "sum"])
    played = [
        f"{stem} {size:,} ({strokes:,})" for stem, size, strokes in counts.reindex(stems, fill_value=0).itertuples()
    ]
    note = f"Performances in which a stem is present, and its strokes in them: {', '.join(played)}."
    return Section("nSDR by stem, dB", note, ("method", "kits", *stems), rows)


def _absent(table: pd.DataFrame, slices: Sequence[Slice]) -> Section:
    absent_somewhere = set(table.loc[~table["present"], "stem"])
    stems = [stem for stem in stems_in(table) if stem in absent_somewhere]
    note = (
        "On an absent stem nSDR is 0 for silence and falls with what was predicted. False strokes are onsets found "
        "where nothing was played. Predicted energy at silence is the mean level of windows of 46 ms in which the stem "
        "is silent, -100 dB at least, so that windows without anything weigh most; it is told of pauses of present "
        "stems, too."
    )
    header = (
        "method",
        "kits",
        "absent stems",
        "nSDR, dB",
        *(f"{stem}, dB" for stem in stems),
        "false strokes/min",
        "energy, dBFS",
        "energy, all, dBFS",
    )
    return Section("Absent stems and silence", note, header, [_absent_row(part, stems) for part in slices])


def _absent_row(part: Slice, stems: Sequence[str]) -> tuple[str, ...]:
    absent = part.rows[~part.rows["present"]]
    names = absent["performance"].tolist()
    of_stem = absent.groupby("stem")[MAIN].mean()
    per_minute = 60.0 * absent["onsets_found"].to_numpy(float) / absent["duration_s"].to_numpy(float)
    everywhere = mean_interval(part.rows["silence_energy_db"].to_numpy(), part.rows["performance"].tolist())
    return (
        part.method,
        part.kit_set,
        str(len(absent)),
        text_of(mean_interval(absent[MAIN].to_numpy(), names)),
        *(_number(of_stem.get(stem, math.nan)) for stem in stems),
        text_of(mean_interval(per_minute, names), 1),
        text_of(mean_interval(absent["silence_energy_db"].to_numpy(), names), 1),
        text_of(everywhere, 1),
    )


def _kits(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    stems = stems_in(table)
    rows = []
    for method in methods:
        of_method = table[table["method"] == method]
        for kit_set in KitSet:
            for kit in sorted(of_method.loc[of_method["kit_set"] == kit_set.value, "kit"].unique()):
                own = of_method[of_method["kit"] == kit]
                figures = (text_of(interval_of(own, MAIN, by_stem=by_stem)) for by_stem in (False, True))
                of_stem = own[own["present"]].groupby("stem")[MAIN].mean()
                means = (_number(of_stem.get(stem, math.nan)) for stem in stems)
                rows.append((method, kit_set.value, str(kit), *figures, *means))
    return Section("nSDR by kit, dB", "", ("method", "kits", "kit", "pooled", "stem mean", *stems), rows)


def _styles(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    rows = []
    for kit_set in KitSet:
        of_set = table[table["kit_set"] == kit_set.value]
        for style in sorted(of_set["style"].dropna().unique()):
            own = of_set[of_set["style"] == style]
            means = (text_of(interval_of(own[own["method"] == method], MAIN, by_stem=False)) for method in methods)
            rows.append((kit_set.value, str(style), str(own["performance"].nunique()), *means))
    return Section("nSDR by style, pooled, dB", "", ("kits", "style", "performances", *methods), rows)


def _differences(table: pd.DataFrame, methods: Sequence[str]) -> Section:
    """Compare the last method with every other, on the clips that both have."""
    keys = ["performance", "kit", "stem"]
    *other_methods, last = methods
    own = table[table["method"] == last]
    rows = []
    for other_method in other_methods:
        other_rows = table.loc[table["method"] == other_method, [*keys, MAIN]]
        both = own.merge(other_rows, on=keys, suffixes=("", "_other"))
        for kit_set in KitSet:
            same = both[both["kit_set"] == kit_set.value]
            if len(same):
                pooled, stem_mean = (
                    text_of(interval_of(same, MAIN, by_stem=by, over=f"{MAIN}_other")) for by in (False, True)
                )
                by_kit = _by_kit(same.assign(gain=same[MAIN] - same[f"{MAIN}_other"]), "gain")
                rows.append((other_method, kit_set.value, pooled, by_kit, stem_mean))
    note = "The same clips and stems, pair by pair."
    header = ("above", "kits", "pooled", "by kit", "stem mean")
    return Section(f"nSDR of {last} above others, dB", note, header, rows)
