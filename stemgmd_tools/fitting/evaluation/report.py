"""Write the report of a fit: distances to the recordings, corrected faults, borrowed strokes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.evaluation.fit_metrics import Judgement
from stemgmd_tools.fitting.recordings.families import Family, family_of
from stemgmd_tools.kits.sample_map.schema import KitMap, Recording
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.similarity.distance import Distance

if TYPE_CHECKING:
    from stemgmd_tools.fitting.estimation.recorded_kit import Fitted

MEASURES: Final = ("mel_db", "attack_db", "envelope_db", "fine_db")
_NAMES: Final = ("mel", "attack", "envelope", "fine")
_SAME_FLOOR: Final = {Family.CROSS_STICK: Family.SNARE, Family.BELL: Family.RIDE}
"""Families with few recordings use the natural floor of a similar family."""
_FLOOR_TEXT: Final = """Distances are in dB, medians over the recordings (definitions:
`stemgmd_tools.similarity.distance`). The natural floor is the median between two recordings of one layer of the same
kind of sound in this kit; ratios are the model's distance over it: 1 means as near as the drummer comes to himself. The
next layer is the distance between recordings of neighbouring velocities. Level is the model's minus the recordings',
lowest and highest of the layers."""


class FitFigures(NamedTuple):
    """The figures of a fit's report."""

    judgements: Mapping[str, Judgement]
    """Recorded articulation -> its judgement."""
    map_bytes: int
    pictures: Sequence[str]
    """Paths relative to the report's folder, with ``/``; empty without pictures."""
    no_pictures: str
    """Reason why there are no pictures; empty if there are some."""


def report_text(fitted: Fitted, kit_map: KitMap, figures: FitFigures) -> str:
    """Return the report as Markdown."""
    parts = [
        f"# {kit_map.title}",
        _origin(fitted, kit_map, figures),
        "## How near it comes",
        _FLOOR_TEXT,
        markdown_table(_HEADER, _distance_rows(figures.judgements)),
        "## Faults of the recordings, and what was done",
        _bullets(fitted.notes) or "None found.",
        "## Where the strokes come from",
        _bullets(_sources(fitted, kit_map)),
        "## Pictures",
        _pictures(figures),
    ]
    return "\n\n".join(parts) + "\n"


def _origin(fitted: Fitted, kit_map: KitMap, figures: FitFigures) -> str:
    recorded = fitted.kit.map
    lines = [
        f"Kit `{kit_map.name}`, fitted to the recordings of `{recorded.name}` ({recorded.title}).",
        f"licence of this kit: {kit_map.license}",
        f"attribution: {kit_map.attribution}",
        *(_recording(recording) for recording in kit_map.measured_on),
        f"size of the map: {figures.map_bytes / 1000:.0f} kB",
    ]
    return f"{lines[0]}\n\n{_bullets(lines[1:])}"


def _recording(recording: Recording) -> str:
    where = f", {recording.source_url}" if recording.source_url else ""
    return f"measured on: {recording.kit}, {recording.license}, {recording.attribution}{where}"


_HEADER: Final = (
    "stroke",
    "recordings",
    "floor, mel",
    "model, mel",
    *(f"{name} ratio" for name in _NAMES),
    "next layer, mel",
    "level, dB",
)


def _distance_rows(judgements: Mapping[str, Judgement]) -> list[tuple[str, ...]]:
    floors = natural_floors(judgements)
    rows = []
    for name, judgement in judgements.items():
        floor = floors.get(floor_family(name))
        medians = {measure: _median(judgement.model, measure) for measure in MEASURES}
        ratios = [f"{medians[m] / floor[m]:.2f}" if floor else "-" for m in MEASURES]
        levels = judgement.level_db
        rows.append(
            (
                name,
                str(judgement.recordings),
                f"{floor['mel_db']:.2f}" if floor else "-",
                f"{medians['mel_db']:.2f}",
                *ratios,
                f"{_median(judgement.neighbours, 'mel_db'):.2f}" if judgement.neighbours else "-",
                f"{min(levels):+.1f} .. {max(levels):+.1f}",
            )
        )
    return rows


def floor_family(articulation: str) -> Family:
    """Return the family whose natural floor is used for an articulation."""
    family = family_of(articulation)
    return _SAME_FLOOR.get(family, family)


def natural_floors(judgements: Mapping[str, Judgement]) -> dict[Family, dict[str, float]]:
    """Return the median distance between repeats by family and measure; families without repeats are missing."""
    pairs: dict[Family, list[Distance]] = {}
    for name, judgement in judgements.items():
        if judgement.repeats:
            pairs.setdefault(floor_family(name), []).extend(judgement.repeats)
    return {
        family: {measure: _median(distances, measure) for measure in MEASURES} for family, distances in pairs.items()
    }


def _median(distances: Iterable[Distance], measure: str) -> float:
    return float(np.median([getattr(distance, measure) for distance in distances]))


def _sources(fitted: Fitted, kit_map: KitMap) -> list[str]:
    """List the articulations that were recorded, derived from other strokes, or borrowed."""
    lines = []
    recorded = [name for name in ARTICULATIONS if name in fitted.voices]
    lines.append(f"recorded and fitted: {', '.join(recorded)}")
    for recording in kit_map.measured_on:
        resting = recording.articulations or ARTICULATIONS
        if recording.kit == fitted.kit.name:
            derived = [name for name in resting if name not in fitted.voices]
            lines += [f"made from other strokes of `{recording.kit}`: {', '.join(derived)}"] if derived else []
        else:
            lines.append(f"borrowed from `{recording.kit}` ({recording.license}): {', '.join(resting)}")
    return lines


def _pictures(figures: FitFigures) -> str:
    if figures.no_pictures:
        return f"None: {figures.no_pictures}"
    text = "Recording left, model in the middle, both envelopes and spectra laid over each other right."
    return "\n\n".join([text, *(f"![{path.rsplit('/', 1)[-1]}]({path})" for path in figures.pictures)])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
