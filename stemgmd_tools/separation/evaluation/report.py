"""What an evaluation leaves behind: the table, a report in Markdown, and a page with charts and examples to hear."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from stemgmd_tools.html import page
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.separation.evaluation.chart import Dot, chart
from stemgmd_tools.separation.evaluation.examples import (
    Example,
    ExampleSound,
    examples_of,
    gain_for,
    heard,
    picture_uris,
    sound_uri,
)
from stemgmd_tools.separation.evaluation.methods.base import Method
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.run import EvaluationClip, Measures
from stemgmd_tools.separation.evaluation.summary import (
    EXPLANATION,
    MAIN,
    Section,
    Slice,
    interval_of,
    slices_of,
    stems_in,
    summary,
)
from stemgmd_tools.separation.evaluation.table import EVALUATION
from stemgmd_tools.storage.files import write_bytes

REPORT: Final = "report.md"
PAGE: Final = "index.html"
_HEARD: Final = "Where the stem is loudest, both channels mixed to one; all sounds of an example at one level."
_STYLE: Final = """.wide { overflow-x: auto; } .wide th, .wide td { white-space: nowrap; font-size: .85rem; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; }
.heard { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: .8rem; }
.heard div { min-width: 0; } h3 { margin-bottom: .3rem; overflow-wrap: anywhere; }"""


class Evaluated(NamedTuple):
    """A finished evaluation."""

    title: str
    about: str
    """One line on what was evaluated on what: sources, settings, command."""
    table: pd.DataFrame
    methods: Sequence[Method]
    """In the order in which they are told of; the last is the one that others are compared with."""
    takes: Sequence[EvaluationClip]
    measures: Measures

    @property
    def names(self) -> list[str]:
        """Names of the methods, in their order."""
        return [method.name for method in self.methods]


def write_table(out: Path, table: pd.DataFrame) -> Path:
    """Write the rows as Parquet and CSV; return the path of the Parquet file."""
    return write_manifest(out, EVALUATION, table)[0]


def markdown(done: Evaluated) -> str:
    """Return the report."""
    parts = [
        f"# {done.title}",
        done.about,
        _heard(done),
        EXPLANATION,
        *(section.markdown(2) for section in summary(done.table, done.names)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heard(done: Evaluated) -> str:
    """Return a sentence on performances that training may have heard; empty if there are none or nothing learnt."""
    if not any(isinstance(method, TrainedModel) for method in done.methods):
        return ""
    names = {take.performance for take in done.takes}
    heard = {take.performance for take in done.takes if take.split in {None, "train"}}
    if not heard:
        return ""
    return (
        f"No test: {len(heard)} of {len(names)} performances are of GMD's training split or of none, "
        "and weights may have been trained on them."
    )


def write_report(out: Path, done: Evaluated) -> Path:
    """Write the report in Markdown; return its path."""
    write_bytes(out / REPORT, markdown(done).encode())
    return out / REPORT


def write_page(out: Path, done: Evaluated, progress: Callable[[int, int], None] = lambda _done, _total: None) -> Path:
    """Write the page, which needs no other file; return its path.

    Examples are those of the last method; every method's estimate of them is there.

    :param progress: called with examples done and examples in all.
    :raises UsageError: if matplotlib is not installed.
    """
    sections = summary(done.table, done.names)
    paragraphs = "".join(f"<p>{html.escape(text)}</p>\n" for text in (done.about, _heard(done), EXPLANATION) if text)
    body = [paragraphs, _charts(done.table, done.names), *(_section(section) for section in sections)]
    examples = examples_of(done.table, done.names[-1], done.takes)
    body.append(f"<h2>Best, median and worst of {html.escape(done.names[-1])}, by stem</h2>\n<p>{_HEARD}</p>\n")
    for number, example in enumerate(examples, start=1):
        body.append(_example(example, heard(example, done.methods, done.measures)))
        progress(number, len(examples))
    write_bytes(out / PAGE, page(done.title, "".join(body), _STYLE))
    return out / PAGE


def _section(section: Section) -> str:
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in section.header)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in section.rows
    )
    note = f"<p>{html.escape(section.note)}</p>\n" if section.note else ""
    return (
        f"<h2>{html.escape(section.title)}</h2>\n{note}"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>\n'
    )


def _charts(table: pd.DataFrame, methods: Sequence[str]) -> str:
    """Return a chart of all stems, and one for each."""
    slices = list(slices_of(table, methods))

    def drawn(title: str, stem: str | None = None, *, by_stem: bool = False) -> str:
        dots = []
        for one in slices:
            rows = one.rows if stem is None else one.rows[one.rows["stem"] == stem]
            dots.append(Dot(_label(one), interval_of(rows, MAIN, by_stem=by_stem), methods.index(one.method)))
        return chart(title, dots)

    whole = drawn("nSDR, pooled, dB") + drawn("nSDR, stem mean, dB", by_stem=True)
    return whole + "".join(drawn(f"nSDR, {stem}, dB", stem) for stem in stems_in(table))


def _label(one: Slice) -> str:
    return f"{one.method}, {one.kit_set}"


def _example(example: Example, sounds: Sequence[ExampleSound]) -> str:
    """Return the part of the page about one example."""
    take, rate, gain = example.take, example.take.source.sample_rate, gain_for(sounds)
    cells = []
    for one, picture in zip(sounds, picture_uris(sounds, rate), strict=True):
        figure = example.figures.get(one.title)
        told = f"{one.title}: {figure:.1f} dB" if figure is not None and one.title != "true stem" else one.title
        cells.append(
            f'<div><span>{html.escape(told)}</span><img src="{picture}" alt="Spectrogram: {html.escape(one.title)}">'
            f'<audio controls preload="none" src="{sound_uri(one.sound, gain, rate)}"></audio></div>'
        )
    title = f"{example.stem}, {example.rank}: {take.performance} through {take.kit} ({take.kit_set.value})"
    return f'<h3>{html.escape(title)}</h3>\n<div class="heard">{"".join(cells)}</div>\n'
