"""Read what a pattern such as ``{piece}/{layer}_{take}`` says about the names of files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.recognition.vocabulary import DYNAMICS
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE
from stemgmd_tools.kits.sources.folder.strokes import MAIN_MICROPHONE, Stroke

FIELDS: Final = {
    "piece": "what is struck: any name, such as `Snare`",
    "articulation": "how it is struck: any name, such as `rim`",
    "layer": "number, softest first, or a dynamics word such as `pp` or `hard`",
    "velocity": "highest MIDI velocity of the layer, 1..127",
    "take": "number of the take",
    "mic": "microphone",
    "note": "MIDI note, 0..127",
    "any": "anything, of no meaning",
}
"""Placeholders of a pattern -> what they stand for."""

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_NUMBERS: Final = frozenset({"velocity", "take", "note"})
_LONGEST: Final = 200
_MOST_PLACEHOLDERS: Final = 12
_LONGEST_NAME: Final = 1_000


class _Piece(NamedTuple):
    """A placeholder and the text that follows it."""

    name: str
    literal: str


class Pattern:
    """A pattern of paths relative to the folder, without their suffixes; capitals make no difference.

    :raises UsageError: for an unknown or repeated placeholder, or none of ``piece`` and ``articulation``.
    """

    def __init__(self, text: str) -> None:
        """Read the pattern."""
        if len(text) > _LONGEST:
            raise UsageError(f"--pattern has {len(text)} characters; at most {_LONGEST} are allowed")
        parts = _PLACEHOLDER.split(text)
        names = parts[1::2]
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        for name in names:
            if name not in FIELDS:
                raise UsageError(f"--pattern {text}: unknown placeholder {{{name}}}; known: {known}")
            if name != "any" and names.count(name) > 1:
                raise UsageError(f"--pattern {text}: {{{name}}} stands in it twice; give each once")
        if not {"piece", "articulation"} & set(names) or len(names) > _MOST_PLACEHOLDERS:
            raise UsageError(
                f"--pattern {text}: needs {{piece}} or {{articulation}}, and at most {_MOST_PLACEHOLDERS} placeholders"
            )
        self.text = text
        self._start = parts[0].lower()
        self._pieces = tuple(_Piece(name, after.lower()) for name, after in zip(names, parts[2::2], strict=True))

    def match(self, name: str) -> dict[str, str] | None:
        """Return the text of each placeholder, or None if a name does not follow the pattern.

        >>> Pattern("{piece}_{layer}_{take}").match("floor_tom_2_01")
        {'piece': 'floor_tom', 'layer': '2', 'take': '01'}
        """
        name = name[-_LONGEST_NAME:]
        if not name.lower().startswith(self._start):
            return None
        ends = self._match(name, len(self._start), 0, set())
        if ends is None:
            return None
        values = {piece.name: text for piece, text in zip(self._pieces, ends, strict=True)}
        values.pop("any", None)
        return values

    def _match(self, name: str, start: int, number: int, failed: set[tuple[int, int]]) -> list[str] | None:
        """Match the placeholders from one on; the first of them takes as little as possible.

        :param failed: positions and placeholders from which there is no match, so that none is tried twice.
        """
        if number == len(self._pieces):
            return [] if start == len(name) else None
        if (start, number) in failed:
            return None
        piece = self._pieces[number]
        for end in range(start + 1, len(name) + 1):
            text = name[start:end]
            if "/" in text:
                break
            after = end + len(piece.literal)
            if _fits(piece.name, text) and name[end:after].lower() == piece.literal:
                rest = self._match(name, after, number + 1, failed)
                if rest is not None:
                    return [text, *rest]
        failed.add((start, number))
        return None


def _fits(name: str, text: str) -> bool:
    if name in _NUMBERS:
        return text.isascii() and text.isdigit() and len(text) <= 6
    if name == "layer":
        return (text.isascii() and text.isdigit() and len(text) <= 6) or text.lower() in DYNAMICS
    return True


def strokes_of_pattern(pattern: Pattern, paths: Iterable[str]) -> tuple[list[Stroke], list[str]]:
    """Return the strokes of the files whose names follow a pattern, and the names of the others.

    :raises KitError: if no name follows it, or a MIDI note lies outside 0..127.
    """
    strokes: dict[tuple[object, ...], Stroke] = {}
    others = []
    paths = list(paths)
    has_microphones = "{mic}" in pattern.text
    for path in paths:
        values = pattern.match(path.rpartition(".")[0] or path)
        if values is None:
            others.append(path)
            continue
        stroke = _stroke(path, values)
        microphone = (values.get("mic") or MAIN_MICROPHONE) if has_microphones else ONLY_MICROPHONE
        same: tuple[object, ...] = (stroke.voice, stroke.key, stroke.layer, stroke.take)
        if not has_microphones or microphone in strokes.get(same, stroke).files:
            same = (path,)
        strokes.setdefault(same, stroke).files[microphone] = path
    if not strokes:
        raise KitError(f'no file follows the pattern "{pattern.text}", such as "{paths[0]}"; correct the pattern')
    return list(strokes.values()), others


def _stroke(path: str, values: dict[str, str]) -> Stroke:
    voice = "/".join(values[name] for name in ("piece", "articulation") if name in values)
    layer = values.get("velocity", values.get("layer"))
    number = None if layer is None else DYNAMICS.get(layer.lower()) or (int(layer) if layer.isdigit() else None)
    key = int(values["note"]) if "note" in values else None
    if key is not None and key > 127:
        raise KitError(f'"{path}": the MIDI note {key} is not in 0..127; correct the pattern')
    return Stroke(voice, {}, number, "velocity" in values, int(values["take"]) if "take" in values else None, key)
