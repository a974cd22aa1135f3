"""Write the results of an evaluation: the table, a Markdown report, and an HTML page with charts and audio examples."""

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
    example_sounds,
    examples_of,
    gain_for,
    picture_uris,
    sound_uri,
)
from stemgmd_tools.separation.evaluation.methods.base import Method
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.metric_table import MAIN, metrics_of_present, stem_mean_title
from stemgmd_tools.separation.evaluation.run import EvaluationClip, Measures
from stemgmd_tools.separation.evaluation.summary import (
    EXPLANATION,
    Section,
    Slice,
    interval_of,
    metrics_section,
    slices_of,
    stems_in,
    summary,
)
from stemgmd_tools.separation.evaluation.table import evaluation_table
from stemgmd_tools.storage.files import write_bytes

REPORT: Final = "report.md"
PAGE: Final = "index.html"
_EXCERPT_NOTE: Final = "Where the stem is loudest, both channels mixed to one; all sounds of an example at one level."
STYLE: Final = """.wide { overflow-x: auto; } .wide th, .wide td { white-space: nowrap; font-size: .85rem; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; }
.sounds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: .8rem; }
.sounds div { min-width: 0; } h3 { margin-bottom: .3rem; overflow-wrap: anywhere; }"""


class EvaluationResult(NamedTuple):
    """A finished evaluation."""

    title: str
    about: str
    """One line that describes the evaluation: sources, kits, settings."""
    table: pd.DataFrame
    methods: Sequence[Method]
    """In the order of the report; the last is compared with each of the others."""
    clips: Sequence[EvaluationClip]
    measures: Measures

    @property
    def names(self) -> list[str]:
        """Names of the methods, in their order."""
        return [method.name for method in self.methods]


def write_table(out: Path, table: pd.DataFrame) -> Path:
    """Write the rows as Parquet and CSV; return the path of the Parquet file."""
    return write_manifest(out, evaluation_table(), table)[0]


def markdown(result: EvaluationResult) -> str:
    """Return the report."""
    parts = [
        f"# {result.title}",
        result.about,
        _training_overlap(result),
        EXPLANATION,
        *(section.markdown(2) for section in (*summary(result.table, result.names), metrics_section())),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _training_overlap(result: EvaluationResult) -> str:
    """Return a warning if weights may have been trained on some performances; empty if not."""
    if not any(isinstance(method, TrainedModel) for method in result.methods):
        return ""
    names = {clip.performance for clip in result.clips}
    training_names = {clip.performance for clip in result.clips if clip.split in {None, "train"}}
    if not training_names:
        return ""
    return (
        f"No test: {len(training_names)} of {len(names)} performances are of GMD's training split or of none, "
        "and weights may have been trained on them."
    )


def write_report(out: Path, result: EvaluationResult) -> Path:
    """Write the report in Markdown; return its path."""
    write_bytes(out / REPORT, markdown(result).encode())
    return out / REPORT


def write_page(
    out: Path, result: EvaluationResult, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Path:
    """Write the self-contained HTML page; return its path.

    Examples are chosen by the last method, and shown with the estimates of every method.

    :param progress: called with examples done and examples in all.
    :raises UsageError: if matplotlib is not installed.
    """
    sections = (*summary(result.table, result.names), metrics_section())
    paragraphs = "".join(
        f"<p>{html.escape(text)}</p>\n" for text in (result.about, _training_overlap(result), EXPLANATION) if text
    )
    body = [paragraphs, _charts(result.table, result.names), *(section_html(section) for section in sections)]
    examples = examples_of(result.table, result.names[-1], result.clips)
    body.append(
        f"<h2>Best, median and worst of {html.escape(result.names[-1])}, by stem</h2>\n<p>{_EXCERPT_NOTE}</p>\n"
    )
    for number, example in enumerate(examples, start=1):
        body.append(_example(example, example_sounds(example, result.methods, result.measures)))
        progress(number, len(examples))
    write_bytes(out / PAGE, page(result.title, "".join(body), STYLE))
    return out / PAGE


def section_html(section: Section) -> str:
    """Return heading, note and table of a section as HTML."""
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
    """Return a chart of every metric over all stems, and one of the main metric for each stem."""
    slices = list(slices_of(table, methods))

    def drawn(title: str, column: str, stem: str | None = None, *, by_stem: bool = False) -> str:
        dots = []
        for part in slices:
            rows = part.rows if stem is None else part.rows[part.rows["stem"] == stem]
            dots.append(Dot(_label(part), interval_of(rows, column, by_stem=by_stem), methods.index(part.method)))
        return chart(title, dots)

    charts = [drawn(f"{MAIN.title}, pooled, {MAIN.unit}", MAIN.name)]
    charts += [drawn(stem_mean_title(metric), metric.name, by_stem=True) for metric in metrics_of_present()]
    charts += [drawn(f"{MAIN.title}, {stem}, {MAIN.unit}", MAIN.name, stem) for stem in stems_in(table)]
    return "".join(charts)


def _label(part: Slice) -> str:
    return f"{part.method}, {part.kit_set}"


def _example(example: Example, sounds: Sequence[ExampleSound]) -> str:
    """Return the part of the page about one example."""
    clip, rate, gain = example.clip, example.clip.source.sample_rate, gain_for(sounds)
    captions = []
    for item in sounds:
        figure = example.figures.get(item.title)
        known = figure is not None and item.title != "true stem"
        captions.append(f"{item.title}: {figure:.1f} dB" if known else item.title)
    title = f"{example.stem}, {example.rank}: {clip.performance} through {clip.kit} ({clip.kit_set.value})"
    return f"<h3>{html.escape(title)}</h3>\n{sounds_html(sounds, captions, gain, rate)}"


def sounds_html(sounds: Sequence[ExampleSound], captions: Sequence[str], gain: float, sample_rate: int) -> str:
    """Return players with spectrograms of sounds beside each other.

    :param gain: see :func:`~stemgmd_tools.separation.evaluation.examples.sound_uri`.
    """
    cells = [
        f"<div><span>{html.escape(caption)}</span>"
        f'<img src="{picture}" alt="Spectrogram: {html.escape(item.title)}">'
        f'<audio controls preload="none" src="{sound_uri(item.sound, gain, sample_rate)}"></audio></div>'
        for item, caption, picture in zip(sounds, captions, picture_uris(sounds, sample_rate), strict=True)
    ]
    return f'<div class="sounds">{"".join(cells)}</div>\n'
