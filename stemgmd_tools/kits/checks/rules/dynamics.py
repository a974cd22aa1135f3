"""Faults of velocity layers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from stemgmd_tools.kits.bank.compile import APART_DB
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB
from stemgmd_tools.kits.checks.base import Finding, Rule, Severity
from stemgmd_tools.kits.checks.measures import MeasuredKit, TakeMeasures

GAP_DB: Final = 15.0
"""Level between neighbouring layers from which one of them is heard as another drum."""
_MANY_TAKES: Final = 2


def _falling(kit: MeasuredKit) -> Iterator[Finding]:
    smooth = kit.kit.map.velocity_curve == "smooth"
    remedy = "the bank evens levels out" if smooth else "it is played as recorded; velocity_curve: smooth evens it out"
    for name, openness, layers in kit.layers():
        levels = [_level_db(row) for row in layers]
        for index, (softer, harder) in enumerate(pairwise(levels)):
            if harder < softer - UNEVEN_DB:
                yield Finding(
                    _layer(name, openness, index + 1),
                    f"is {softer - harder:.1f} dB softer than the layer below; {remedy}",
                    softer - harder,
                )


def _gaps(kit: MeasuredKit) -> Iterator[Finding]:
    for name, openness, layers in kit.layers():
        for index, (softer, harder) in enumerate(pairwise(layers)):
            step = _level_db(harder) - _level_db(softer)
            if step > GAP_DB:
                yield Finding(
                    _layer(name, openness, index + 1),
                    f"is {step:.1f} dB louder than the layer below; a layer between them is missing",
                    step,
                )


def _single(kit: MeasuredKit) -> Iterator[Finding]:
    for name, openness, layers in kit.layers():
        if len(layers) == 1:
            yield Finding(
                _articulation(name, openness),
                "has one velocity layer; soft and loud strokes differ in level alone",
                1.0,
            )


def _unlike(kit: MeasuredKit) -> Iterator[Finding]:
    for name, openness, layers in kit.layers():
        for index, row in enumerate(layers):
            levels = [take.level_db for take in row]
            if len(row) >= _MANY_TAKES and max(levels) - min(levels) > APART_DB:
                apart = max(levels) - min(levels)
                yield Finding(
                    _layer(name, openness, index),
                    f"has takes that differ by {apart:.1f} dB; they are strokes of different strengths",
                    apart,
                )


def _level_db(takes: Sequence[TakeMeasures]) -> float:
    return sum(take.level_db for take in takes) / len(takes)


def _articulation(name: str, openness: float) -> str:
    return name if math.isnan(openness) else f"{name} at openness {openness:g}"


def _layer(name: str, openness: float, index: int) -> str:
    return f"{_articulation(name, openness)}, layer {index + 1}"


RULES: Final = (
    Rule("falling", "a layer more than 0.5 dB softer than the one below", Severity.WARNING, _falling),
    Rule("gap", "neighbouring layers more than 15 dB apart", Severity.ADVICE, _gaps),
    Rule("single-layer", "articulations with one velocity layer", Severity.ADVICE, _single),
    Rule("unlike-takes", "takes of one layer more than 3 dB apart", Severity.ADVICE, _unlike),
)
