"""Find the controllers that say how far the hi-hat is open, and read the openness of regions from them.

A hi-hat with several degrees of openness on one note has a range of a controller (``locc4``, ``hicc4``) for each,
mostly of CC4: the pedal of electronic kits, 127 when the foot is down. Others work the other way round; names such as
"closed" and "open" tell.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from stemgmd_tools.kits.sources.sfz.controllers import Controllers
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument, Written
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems, number, parsed

Span = tuple[float, float]
"""Lowest value and the first above the highest, on the scale 0 .. 128 of a controller."""
WHOLE: Final = (0.0, 128.0)
PEDAL: Final = 4
_HAT: Final = re.compile(r"hi.?hat|(?:^|[^a-z])h(?:h|c|o|l|t)(?:[^a-z]|$)|hat")
_LEVEL: Final = re.compile(r"vol|mix|level|gain|tun|pan|width|mute|on/off|select")
_PARTLY: Final = re.compile(r"half|semi|loose|quarter|slosh|swish|3/4|1/2|1/4|hh_?34")
_OPEN: Final = re.compile(r"open|(?:^|[^a-z])ho(?:[^a-z]|$)")
_SHUT: Final = re.compile(r"clos|shut|tight|(?:^|[^a-z])h[ct](?:[^a-z]|$)")


class HatController(NamedTuple):
    """A controller that opens or shuts the hi-hat."""

    number: int
    open_at_top: bool


def words_of(written: Written) -> str:
    """Return the words that say what a region is, in lower case."""
    labels = (written.opcodes.get(f"{level}_label", "") for level in ("master", "group", "region"))
    sample = written.opcodes.get("sample", "").replace("\\", "/")
    return " ".join((*labels, sample, written.file.rpartition("/")[2])).lower()


def span_of(written: Written, index: int, problems: Problems) -> Span | None:
    """Return the range of a controller that lets a region sound; None if it does not ask for one."""
    ends: list[float | None] = []
    for end in ("lo", "hi"):
        fine, coarse = (written.opcodes.get(f"{end}{kind}cc{index}") for kind in ("hd", ""))
        text = coarse if fine is None else fine
        value = None if text is None else number(text, f"{end}cc{index}", written.place, problems, low=0, high=127)
        ends.append(value * 127.0 if fine is not None and value is not None else value)
    if ends[0] is None and ends[1] is None:
        return None
    low, high = ends
    return (0.0 if low is None else low, WHOLE[1] if high is None else high + 1.0)


def hat_controllers(instrument: Instrument, controllers: Controllers, problems: Problems) -> list[HatController]:
    """Return the controllers that divide the hi-hat into degrees of openness."""
    spans: dict[int, list[tuple[Span, str]]] = defaultdict(list)
    for written in instrument.regions:
        for index in conditions(written.opcodes):
            span = span_of(written, index, problems)
            if span is not None:
                spans[index].append((span, words_of(written)))
    return [
        HatController(index, _open_at_top(index, rows))
        for index, rows in sorted(spans.items())
        if _is_hat(index, controllers.name(index).lower(), rows)
    ]


def conditions(names: Iterable[str]) -> set[int]:
    """Return the controllers whose ranges are among opcodes."""
    return {parsed(name).number for name in names if "cc" in name and parsed(name).role == "if_cc"}


def openness(span: Span, hat: HatController, words: str) -> float:
    """Return the openness, 0 shut .. 1 open, that a range of the controller stands for.

    The middle of the range; of the outermost ranges the end, if words say that it is open or shut.
    """
    low, high = span[0] / 127.0, (span[1] - 1.0) / 127.0
    middle = min(max((low + high) / 2.0, 0.0), 1.0)
    if not hat.open_at_top:
        low, high, middle = 1.0 - high, 1.0 - low, 1.0 - middle
    if not _PARTLY.search(words):
        if high >= 1.0 and _OPEN.search(words):
            return 1.0
        if low <= 0.0 and _SHUT.search(words):
            return 0.0
    return middle


def _is_hat(index: int, name: str, rows: list[tuple[Span, str]]) -> bool:
    ordered = sorted({span for span, _ in rows})
    if len(ordered) < 2 or ordered[-1][0] < min(high for _, high in ordered) or _LEVEL.search(name):
        return False
    return index == PEDAL or all(_HAT.search(words) for _, words in rows)


def _open_at_top(index: int, rows: list[tuple[Span, str]]) -> bool:
    """Return whether the highest value is the open hi-hat, from the words of the ranges."""
    score = 0.0
    for (low, high), words in rows:
        place = (low + high) / 2.0 - 64.0
        if _PARTLY.search(words):
            continue
        score += place * (bool(_OPEN.search(words)) - bool(_SHUT.search(words)))
    return score > 0.0 if score else index != PEDAL
