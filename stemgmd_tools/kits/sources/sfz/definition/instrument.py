"""Collect the regions of a definition with everything they inherit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources.sfz.definition.limits import REGIONS
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems, controller, note, number, parsed
from stemgmd_tools.kits.sources.sfz.definition.scan import Token

LEVELS: Final = ("global", "master", "group", "region")
"""Headers from the outermost to the innermost; a new one ends all that are inside it."""
OTHER_HEADERS: Final = frozenset({"curve", "effect", "midi", "sample"})
START_CONTROLLERS: Final = {7: 100 / 127, 10: 64 / 127, 11: 1.0}
"""Values of volume, pan and expression before the definition sets any; those of the others are 0."""


@dataclass(frozen=True, slots=True)
class Written:
    """A region as written, with inherited opcodes."""

    opcodes: dict[str, str]
    place: str
    file: str
    """The file that it stands in, included or not."""
    default_path: str
    note_offset: int
    """Added to every key."""


@dataclass(slots=True)
class Instrument:
    """All that a definition says."""

    regions: list[Written] = field(default_factory=list)
    controllers: dict[int, float] = field(default_factory=lambda: dict(START_CONTROLLERS))
    """Values of MIDI controllers, 0..1, when the instrument is loaded."""
    controller_names: dict[int, str] = field(default_factory=dict)
    key_names: dict[int, str] = field(default_factory=dict)
    output_names: dict[int, str] = field(default_factory=dict)
    curves: dict[int, dict[int, float]] = field(default_factory=dict)
    opcodes: Counter[str] = field(default_factory=Counter)
    """How often each opcode occurs, not counting inheritance."""
    headers: Counter[str] = field(default_factory=Counter)


def collect(tokens: Iterable[Token], problems: Problems) -> Instrument:
    """Return the instrument that headers and opcodes describe.

    :raises KitError: if it has too many regions.
    """
    return _Collector(problems).run(tokens)


class _Collector:
    """The state while a definition is read from top to bottom."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._instrument = Instrument()
        self._levels: dict[str, dict[str, str]] = {name: {} for name in LEVELS}
        self._header = ""
        self._region: Token | None = None
        self._default_path = ""
        self._offsets = {"note_offset": 0, "octave_offset": 0}
        self._curve: dict[int, float] = {}
        self._inherited: dict[str, str] | None = None

    def run(self, tokens: Iterable[Token]) -> Instrument:
        for token in tokens:
            if token.value is None:
                self._instrument.headers[token.name] += 1
                self._end_region()
                self._begin(token)
            else:
                self._instrument.opcodes[token.name] += 1
                self._opcode(token, token.value)
        self._end_region()
        return self._instrument

    def _begin(self, token: Token) -> None:
        self._header = token.name
        if token.name in LEVELS:
            for name in LEVELS[LEVELS.index(token.name) :]:
                self._levels[name] = {}
            if token.name == "region":
                self._region = token
            else:
                self._inherited = None
        elif token.name == "control":
            self._default_path = ""
        elif token.name == "curve":
            self._curve = {}
        elif token.name not in OTHER_HEADERS:
            self._problems.add(f"header <{token.name[:40]}> is unknown and was left out", token.place)

    def _opcode(self, token: Token, value: str) -> None:
        name = token.name
        if self._control(name, value, token.place):
            return
        if self._header == "curve":
            self._curve_point(name, value, token.place)
        elif self._header in LEVELS:
            level = self._levels[self._header]
            if name == "key":  # in place of both ends of the range, until a later opcode sets one
                level["lokey"] = level["hikey"] = value
            level[name] = value
        elif self._header not in OTHER_HEADERS:
            self._problems.add("opcodes before the first header were left out", token.place)

    def _control(self, name: str, value: str, place: str) -> bool:
        """Take a setting of the whole instrument, under whichever header it stands."""
        if name == "default_path":
            self._default_path = value
        elif name in self._offsets:
            self._offsets[name] = int(number(value, name, place, self._problems, low=-127, high=127) or 0)
        elif name.startswith(("set_", "label_")):
            self._setting(name, value, place)
        else:
            return False
        return True

    def _setting(self, name: str, value: str, place: str) -> None:
        known = parsed(name)
        if known.role in {"set", "sethd"}:
            scale = 127.0 if known.role == "set" else 1.0
            level = number(value, name, place, self._problems)
            if level is not None:
                self._instrument.controllers[known.number] = controller(level / scale)
        elif known.role == "label_cc":
            self._instrument.controller_names[known.number] = value
        elif known.role == "label_key":
            self._instrument.key_names[known.number] = value
        elif known.role == "label_output":
            self._instrument.output_names[known.number] = value

    def _curve_point(self, name: str, value: str, place: str) -> None:
        if name == "curve_index":
            index = number(value, name, place, self._problems, low=0, high=255)
            if index is not None:
                self._instrument.curves[int(index)] = self._curve
        elif parsed(name).role == "point":
            level = number(value, name, place, self._problems)
            if level is not None:
                self._curve[parsed(name).number] = level

    def _end_region(self) -> None:
        if self._region is None:
            return
        if len(self._instrument.regions) >= REGIONS:
            raise KitError(f"{self._region.place}: more than {REGIONS} regions, which no drum library needs")
        if self._inherited is None:
            outer = LEVELS[:-1]
            self._inherited = {key: value for name in outer for key, value in self._levels[name].items()}
        shift = self._offsets["note_offset"] + 12 * self._offsets["octave_offset"]
        token, self._region = self._region, None
        opcodes = self._inherited | self._levels["region"]
        self._instrument.regions.append(Written(opcodes, token.place, token.file, self._default_path, shift))


def keys_of(written: Written, problems: Problems) -> range | None:
    """Return the keys, before the note offset, that play a region; None if it has no key opcodes.

    Empty for a range that is turned off (``lokey=-1``) or has no key.
    """
    opcodes = written.opcodes
    if "lokey" not in opcodes and "hikey" not in opcodes:
        return None
    low = note(opcodes.get("lokey", "0"), "lokey", written.place, problems)
    high = note(opcodes.get("hikey", "127"), "hikey", written.place, problems)
    if low is None or high is None:
        return range(0)
    if low < 0 and high < 0:
        return range(0)
    return range(max(low, 0), min(high, 127) + 1)
