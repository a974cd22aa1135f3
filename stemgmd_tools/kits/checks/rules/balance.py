"""Faults of a kit as a whole: what is missing, and what is out of balance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stemgmd_tools.kits.checks.base import Finding, Rule, Severity
from stemgmd_tools.kits.checks.measures import MeasuredKit
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION, PIECES

LEVELS_DB: Final[dict[str, tuple[float, float]]] = {
    "kick": (-6, 9),
    "snare_rimshot": (-8, 6),
    "snare_cross_stick": (-22, 0),
    "hi_tom_head": (-12, 9),
    "mid_tom_head": (-12, 9),
    "low_tom_head": (-10, 9),
    "hihat_closed_bow": (-28, 0),
    "hihat_pedal": (-33, 0),
    "hihat_open_bow": (-18, 2),
    "ride_bow": (-24, 0),
    "ride_bell": (-22, 3),
    "crash1_edge": (-14, 9),
    "crash2_edge": (-15, 9),
}
"""Level of the loudest layer re the snare drum's: the range of ten recorded kits, widened by about 2 dB."""
RING_S: Final = 0.6
"""A closed hi-hat rings for at most 0.55 s in ten recorded kits."""


def _missing(kit: MeasuredKit) -> Iterator[Finding]:
    articulations = kit.kit.map.articulations
    for piece in PIECES:
        own = [name for name, note in NOTE_OF_ARTICULATION.items() if note.piece is piece]
        lenders = [None if one is None else one.articulation for one in (articulations[name].fallback for name in own)]
        if None not in lenders:
            foreign = next(lender for lender in lenders if lender not in own)
            yield Finding(piece.value, f"is not in the kit; {foreign} stands in")


def _balance(kit: MeasuredKit) -> Iterator[Finding]:
    loudest = {name: max(take.level_db for take in layers[-1]) for name, _, layers in kit.layers()}
    snare = loudest.get("snare_head")
    if snare is None:
        return
    for name, (low, high) in LEVELS_DB.items():
        level = loudest.get(name, snare) - snare
        if name in loudest and not low <= level <= high:
            what, amount = ("soft", low - level) if level < low else ("loud", level - high)
            yield Finding(
                name,
                f"is {level:+.1f} dB re the snare drum, {amount:.1f} dB too {what} beside other kits "
                f"({low:g} to {high:g} dB); correct its gain_db",
                level,
            )


def _ringing(kit: MeasuredKit) -> Iterator[Finding]:
    for name, _, layers in kit.layers():
        if name.startswith("hihat_closed"):
            longest = max((take for row in layers for take in row), key=lambda take: take.ring_s)
            if longest.ring_s > RING_S:
                yield Finding(
                    longest.place,
                    f"rings for {longest.ring_s:.2f} s; a closed hi-hat does so for at most {RING_S:g} s, is it open?",
                    longest.ring_s,
                )


RULES: Final = (
    Rule("missing-piece", "one of the nine pieces has no recording", Severity.ADVICE, _missing),
    Rule("balance", "levels re the snare drum outside the range of ten recorded kits", Severity.WARNING, _balance),
    Rule("ringing-hihat", "a closed hi-hat that takes more than 0.6 s to fall by 30 dB", Severity.WARNING, _ringing),
)
