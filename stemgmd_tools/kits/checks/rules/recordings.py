"""Faults of single recordings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from stemgmd_tools.kits.bank.dc_offset import LEAST_SHARE
from stemgmd_tools.kits.checks.base import Finding, Rule, Severity
from stemgmd_tools.kits.checks.measures import MeasuredKit, TakeMeasures

LATE_S: Final = 0.03
"""An attack later than this is heard as late by players that do not align sounds; this program does."""
NOISE_DB: Final = -40.0
"""Noise floor above this, re the peak, is audible behind a decay."""
STEADY_DB: Final = 1.5
"""A decaying sound falls by more than this from the third quarter of its length to the fourth."""
INVERTED: Final = -0.5
"""Correlation of left and right below this: channels in opposite phase cancel in mono."""


def _unreadable(kit: MeasuredKit) -> Iterator[Finding]:
    yield from (Finding("kit", message) for message in kit.unreadable)


def _silent(kit: MeasuredKit) -> Iterator[Finding]:
    yield from (Finding(take.place, "is silent; remove it") for take in kit.takes if take.peak == 0)


def _clipping(kit: MeasuredKit) -> Iterator[Finding]:
    yield from _together(
        (take for take in kit.takes if take.clipped), "is clipped or limited; its peak is not the drum's"
    )


def _offset(kit: MeasuredKit) -> Iterator[Finding]:
    for take in kit.takes:
        if take.offset_share >= LEAST_SHARE:
            share = take.offset_share
            yield Finding(
                take.place, f"has a DC offset of {share:.1%} of its peak; it is removed when the bank is built", share
            )


def _late(kit: MeasuredKit) -> Iterator[Finding]:
    for take in kit.takes:
        if take.onset_s > LATE_S:
            late_ms = 1000.0 * take.onset_s
            yield Finding(take.place, f"starts {late_ms:.0f} ms before its attack; what is too long is cut", late_ms)


def _noise(kit: MeasuredKit) -> Iterator[Finding]:
    for take in kit.takes:
        if take.peak > 0 and take.floor_db > NOISE_DB and abs(take.fall_db) < STEADY_DB:
            yield Finding(
                take.place,
                f"has a noise floor of {take.floor_db:.0f} dB re its peak; a gate or a fade would help",
                take.floor_db,
            )


def _phase(kit: MeasuredKit) -> Iterator[Finding]:
    for take in kit.takes:
        if take.correlation < INVERTED:
            yield Finding(
                take.place,
                f"has channels in opposite phase (correlation {take.correlation:.2f}); invert one of them",
                take.correlation,
            )


def _duplicates(kit: MeasuredKit) -> Iterator[Finding]:
    first: dict[str, TakeMeasures] = {}
    for take in kit.takes:
        other = first.setdefault(take.digest, take)
        if other is not take and other.articulation == take.articulation and not _same_file(other, take):
            yield Finding(take.place, f"is the same sound as {other.label}; remove one of them")


def _same_file(one: TakeMeasures, other: TakeMeasures) -> bool:
    return one.name == other.name


def _together(takes: Iterable[TakeMeasures], message: str) -> Iterator[Finding]:
    """Yield one finding for each layer, with its number of takes."""
    layers: dict[tuple[str, float, int], list[TakeMeasures]] = {}
    for take in takes:
        key = (take.articulation, -1.0 if math.isnan(take.openness) else take.openness, take.layer)
        layers.setdefault(key, []).append(take)
    for row in layers.values():
        more = f" (and {len(row) - 1} more of this layer)" if len(row) > 1 else ""
        yield Finding(f"{row[0].place}{more}", message, float(len(row)))


RULES: Final = (
    Rule("unreadable", "files that are missing or cannot be read", Severity.ERROR, _unreadable),
    Rule("silent", "takes without any sound", Severity.ERROR, _silent),
    Rule(
        "clipping", "takes that return to their peak and stay there for 3 frames or more", Severity.WARNING, _clipping
    ),
    Rule("offset", "a constant (DC) offset above 0.5 % of the peak", Severity.ADVICE, _offset),
    Rule("late", "an attack more than 30 ms after the start of a file", Severity.ADVICE, _late),
    Rule("noise", "a noise floor above -40 dB re the peak, in the decay", Severity.WARNING, _noise),
    Rule("phase", "left and right in opposite phase: correlation below -0.5", Severity.WARNING, _phase),
    Rule("duplicates", "the same sound twice in one articulation", Severity.ADVICE, _duplicates),
)
