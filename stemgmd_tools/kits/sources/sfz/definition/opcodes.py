"""Names and values of opcodes: which are used, which controller they name, and numbers that may be wrong."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from stemgmd_tools.errors import shown

_SHAPES: Final = tuple(
    (re.compile(shape), role)
    for shape, role in (
        (r"set_cc(\d+)", "set"),
        (r"set_(?:hd|real)cc(\d+)", "sethd"),
        (r"label_cc(\d+)", "label_cc"),
        (r"label_key(\d+)", "label_key"),
        (r"label_output(\d+)", "label_output"),
        (r"(?:on|start)_(?:lo|hi)(?:hd)?cc(\d+)", "on_cc"),
        (r"(lo|hi|lohd|hihd)cc(\d+)", "if_cc"),
        (r"(xfin_lo|xfin_hi|xfout_lo|xfout_hi)cc(\d+)", "fade_cc"),
        (r"(.+)_(?:on)?cc(\d+)", "mod"),
        (r"(.+)_curvecc(\d+)", "curve"),
        (r"amp_velcurve_(\d+)", "velcurve"),
        (r"v(\d{1,3})", "point"),
    )
)
STAGES: Final = ("delay", "attack", "hold", "decay", "sustain")
"""Stages of the amplitude envelope that shape a drum, which is not let go."""
MODULATED: Final = {
    "volume": "volume",
    "gain": "volume",
    "amplitude": "amplitude",
    "pan": "pan",
    "position": "position",
    "width": "width",
    "tune": "tune",
    "pitch": "tune",
    "offset": "offset",
    "delay": "delay",
    "amp_veltrack": "amp_veltrack",
    "cutoff": "cutoff",
    "resonance": "resonance",
    **{f"ampeg_{stage}": f"ampeg_{stage}" for stage in (*STAGES, "release")},
}
"""Opcodes that controllers can change, with their aliases -> the opcode that is changed."""
LEVEL_PREFIXES: Final = ("", "global_", "master_", "group_")
# fmt: off
PLAIN: Final = frozenset((
    "sample", "key", "lokey", "hikey", "lovel", "hivel", "xfin_lovel", "xfin_hivel", "xfout_lovel", "xfout_hivel",
    "seq_length", "seq_position", "lorand", "hirand", "group", "polyphony_group", "off_by", "offby", "off_mode",
    "off_time", "polyphony", "loop_mode", "loopmode", "offset", "end", "delay", "pan", "position", "width",
    "pitch", "transpose", "pitch_keycenter", "pitch_keytrack", "amp_veltrack", "cutoff", "resonance",
    "fil_type", "fil_veltrack", "ampeg_release", "trigger", "sw_last",
    "sw_default", "sw_lolast", "sw_hilast",
    "sw_down", "sw_previous", "sw_label", "output", "global_label", "master_label", "group_label", "region_label",
    "default_path", "note_offset", "octave_offset", "curve_index", "lobend", "hibend", "lochanaft", "hichanaft",
    "lopolyaft", "hipolyaft",
    *(prefix + stage for prefix in ("ampeg_", "ampeg_vel2") for stage in STAGES),
    *(prefix + name for prefix in LEVEL_PREFIXES for name in ("volume", "amplitude", "tune")),
))
# fmt: on
"""Opcodes without a number in their name that have an influence here."""
_NOTE: Final = re.compile(r"([a-g])([#b♯♭]?)(-?\d{1,2})")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_NUMBERED: Final = re.compile(r"(cc|^eg|^eq|^lfo|^var)\d+")
_SEMITONES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_HIGHEST_CONTROLLER: Final = 1_023
LARGEST: Final = 1e9
"""Numbers beyond this are faults."""


class Parsed(NamedTuple):
    """What an opcode's name says: its role, what it changes, and the controller or point."""

    role: str
    target: str
    number: int


class Problems:
    """What was corrected or left out: one notice for each kind, with the first place."""

    def __init__(self) -> None:
        """Start without problems."""
        self._count: Counter[str] = Counter()
        self._place: dict[str, str] = {}

    def add(self, what: str, place: str, count: int = 1) -> None:
        """Note a problem; the text is a whole clause."""
        self._count[what] += count
        self._place.setdefault(what, place)

    def notices(self) -> tuple[str, ...]:
        """Return one line for each kind of problem, in the order of occurrence."""
        return tuple(
            f"{self._place[what]}: {what}" + (f" ({count} times in all)" if count > 1 else "")
            for what, count in self._count.items()
        )


@lru_cache(maxsize=1 << 14)
def parsed(name: str) -> Parsed:
    """Return what an opcode's name says; the role is empty for a name without a number that matters."""
    for shape, role in _SHAPES:
        match = shape.fullmatch(name)
        if match is not None:
            value = int(match[match.re.groups][:6])
            target = match[1] if match.re.groups > 1 else ""
            return Parsed(role, target, value) if value <= _HIGHEST_CONTROLLER else Parsed("", "", 0)
    return Parsed("", "", 0)


def is_used(name: str) -> bool:
    """Return whether an opcode has an influence here."""
    known = parsed(name)
    if known.role in {"mod", "curve"}:
        return known.target in MODULATED
    return name in PLAIN or known.role not in {"", "point"}


def ignored(occurrences: Mapping[str, int]) -> dict[str, int]:
    """Return how often opcodes without influence occur, the most frequent first; numbers of controllers become N."""
    counts: Counter[str] = Counter()
    for name, count in occurrences.items():
        if parsed(name).role != "point" and not is_used(name):
            counts[_NUMBERED.sub(r"\1N", shown(name[:60]))] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def number(
    text: str, name: str, place: str, problems: Problems, *, low: float = -LARGEST, high: float = LARGEST
) -> float | None:
    """Return the number that a value is, brought into a range, or None, with a notice, if it is none."""
    match = _NUMBER.match(text)
    value = float(match[0]) if match else math.nan
    if not math.isfinite(value):
        problems.add(f"{shown(name[:60])} is not a number ({shown(text[:40])!r}) and was left out", place)
        return None
    if match and match.end() < len(text):
        problems.add(f"{shown(name[:60])} is {shown(text[:40])!r}; what follows the number was left out", place)
    if not low <= value <= high:
        problems.add(f"{shown(name[:60])} is {value:g}, outside {low:g} .. {high:g}; the nearest is used", place)
    return min(max(value, low), high)


def note(text: str, name: str, place: str, problems: Problems) -> int | None:
    """Return a MIDI note written as a number or as a name (c4 is 60); -1 is none."""
    match = _NOTE.fullmatch(text.strip().lower())
    if match is not None:
        sharp = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(match[2], 0)
        return max(-1, min(127, 12 * (int(match[3]) + 1) + _SEMITONES[match[1]] + sharp))
    value = number(text, name, place, problems, low=-1, high=127)
    return None if value is None else int(value)


def controller(value: float) -> float:
    """Bring a controller's value into 0..1."""
    return min(max(value, 0.0), 1.0)
