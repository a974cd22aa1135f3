"""Files that are missing, damaged or no audio."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import OK, ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome:  # noqa: ARG001
    if not clip.unreadable:
        return OK
    where = next(iter(clip.unreadable))
    return Outcome(float(len(clip.unreadable)), 0.0, where, clip.unreadable[where])


RULE: Final = ClipRule("unreadable", "a file that is missing, damaged or no audio", Severity.ERROR, "files", _judge)
