"""Stems of digital silence although they have hits, and silent mixtures."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import OK, ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures
from stemgmd_tools.runtime.quantities import counted


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome:  # noqa: ARG001
    if clip.tracks and all(track.peak == 0 for track in clip.tracks.values()):
        return Outcome(0.0, 0.0, "mixture", "all is silent")
    for name, stem in clip.stems.items():
        hits = None if clip.hits is None else len(clip.hits.get(name, ()))
        if stem.peak == 0 and hits:
            return Outcome(0.0, 0.0, name, f"is silent; it has {counted(hits, 'hit')}")
        if stem.peak == 0 and hits is None:
            return Outcome(0.0, 0.0, name, "is silent", Severity.ADVICE)
    return OK


RULE: Final = ClipRule(
    "silence",
    "a stem of digital silence that has hits, or a clip in which all is silent; advice for a silent stem without known "
    "hits",
    Severity.ERROR,
    "peak",
    _judge,
)
