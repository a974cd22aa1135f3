"""Stems and mixture of different lengths, sample rates or numbers of channels."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures, StemMeasures


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome | None:  # noqa: ARG001
    if not clip.tracks:
        return None
    (first, expected), *others = clip.tracks.items()
    for name, track in others:
        if _form(track) != _form(expected):
            return Outcome(
                float(track.frames),
                float(expected.frames),
                name,
                f"has {_text(track)}; {first} has {_text(expected)}",
            )
    return Outcome(float(expected.frames), float(expected.frames))


def _form(track: StemMeasures) -> tuple[int, int, int]:
    return track.frames, track.sample_rate, track.channels


def _text(track: StemMeasures) -> str:
    return f"{track.frames:,} frames at {track.sample_rate} Hz, channels {track.channels}"


RULE: Final = ClipRule(
    "format", "stems and mixture differ in length, sample rate or channels", Severity.ERROR, "frames", _judge
)
