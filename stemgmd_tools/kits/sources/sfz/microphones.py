"""Name the microphones of layers that sound at once.

Libraries say which microphone a sample was taken with in one of several ways: a controller of its own for the level, an
output, a folder, a header's label, an included file or a part of the file's name. The first of these that tells all
layers of (nearly) every stroke apart gives the names.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument
from stemgmd_tools.kits.sources.sfz.layers import Layer
from stemgmd_tools.kits.sources.sfz.strokes import Stroke

_ENOUGH: Final = 0.95
"""Share of strokes whose layers a way of naming has to tell apart."""
_LONGEST: Final = 40
_MARKS: Final = ("-", " ", "_")
"""Marks before the microphone at the end of a file's name."""
_TOKENS: Final = re.compile(r"[^_\-\s.#]+")
_NOISE: Final = re.compile(r"\b(?:vol(?:ume)?|level|on/off|mics?|microphones?|mix)\b|_mics?$", re.IGNORECASE)

T = TypeVar("T")
Namer = Callable[[Layer], str]


class Microphones:
    """The names of the microphones of all strokes."""

    def __init__(self, instrument: Instrument, strokes: Sequence[Stroke]) -> None:
        """Find names for the layers of strokes."""
        layered = [layers for stroke in strokes if len(layers := sounding(stroke)) > 1]
        self._namer: Namer | None = None
        self._names: dict[str, str] = {}
        if layered:
            self._namer = _best(instrument, layered, strokes)
            self._names = _clean({self._namer(layer): None for stroke in strokes for layer in sounding(stroke)})
        self._taken = set(self._names.values())

    def of(self, stroke: Stroke) -> list[tuple[str, Layer, float]]:
        """Return the microphone, the layer and its pitch for each sound of a stroke."""
        rows = [(layer, pitch) for layer, pitch in zip(stroke.layers, stroke.pitches, strict=True) if layer.sound]
        if self._namer is None:
            return [(ONLY_MICROPHONE, *row) for row in rows]
        taken: Counter[str] = Counter()
        named = []
        for layer, pitch in rows:
            name = self._names[self._namer(layer)]
            taken[name] += 1
            named.append((name if taken[name] == 1 else f"{name}_{taken[name]}", layer, pitch))
        return named

    def is_one(self, name: str) -> bool:
        """Return whether a folder or file is named as a microphone."""
        return _short(name) in self._taken


def sounding(stroke: Stroke) -> list[Layer]:
    """Return the layers of a stroke that are not silent."""
    return [layer for layer in stroke.layers if layer.sound is not None]


def _best(instrument: Instrument, layered: Sequence[list[Layer]], strokes: Sequence[Stroke]) -> Namer:
    """Return the way of naming that tells the layers of most strokes apart; of equal ones, the first."""
    ways = (_by_controller(instrument, layered, strokes), _by_output(instrument), _by_folder(layered), _by_label,
            _by_file, *(_by_ending(mark) for mark in _MARKS), _by_token(layered))  # fmt: skip
    best, most = ways[0], -1.0
    for way in ways:
        apart = sum(len({way(layer) for layer in layers}) == len(layers) for layers in layered) / len(layered)
        if apart >= _ENOUGH:
            return way
        if apart > most:
            best, most = way, apart
    return best


def _by_controller(instrument: Instrument, layered: Sequence[list[Layer]], strokes: Sequence[Stroke]) -> Namer:
    """Name layers by the controller of their level that not all layers of a stroke have, the one of most keys."""
    reach: dict[int, set[int]] = defaultdict(set)
    for stroke in strokes:
        for layer in sounding(stroke):
            for index in layer.levels:
                reach[index].update(stroke.keys)
    apart: set[int] = set()
    for layers in layered:
        apart |= _differing([set(layer.levels) for layer in layers])

    def name(layer: Layer) -> str:
        own = sorted(apart.intersection(layer.levels), key=lambda index: (-len(reach[index]), index))
        names = (instrument.controller_names.get(index, "") for index in own)
        return next((name for name in names if name), "")

    return name


def _by_output(instrument: Instrument) -> Namer:
    def name(layer: Layer) -> str:
        output = layer.written.opcodes.get("output", "").strip()
        named = instrument.output_names.get(int(output), "") if output.isdecimal() and len(output) < 6 else ""
        return named or (f"output {output}" if output else "")

    return name


def _by_folder(layered: Sequence[list[Layer]]) -> Namer:
    """Name layers by the folder, counted from the file up, that differs most often within a stroke."""
    levels: Counter[int] = Counter()
    for layers in layered:
        folders = [_folders(layer) for layer in layers]
        for level in range(max(map(len, folders))):
            levels[level] += len({row[level] if level < len(row) else "" for row in folders}) - 1
    level = max(levels, key=lambda level: (levels[level], -level)) if levels else 0

    def name(layer: Layer) -> str:
        folders = _folders(layer)
        return folders[level] if level < len(folders) else ""

    return name


def _folders(layer: Layer) -> list[str]:
    """Return the folders of a sample, the innermost first."""
    path = (layer.written.default_path + layer.written.opcodes["sample"]).replace("\\", "/")
    return [part for part in path.split("/")[:-1] if part not in {"", ".", ".."}][::-1]


def _by_label(layer: Layer) -> str:
    return next(
        (text for level in ("master", "group", "region") if (text := layer.written.opcodes.get(f"{level}_label", ""))),
        "",
    )


def _by_file(layer: Layer) -> str:
    return layer.written.file.rpartition("/")[2].rpartition(".")[0]


def _by_ending(mark: str) -> Namer:
    """Name layers by what follows the last ``mark`` in the file's name, as in ``1-Tom1-Snare_top.wav``."""

    def name(layer: Layer) -> str:
        stem = layer.written.opcodes["sample"].replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        _, marked, ending = stem.rpartition(mark)
        return ending if marked else ""

    return name


def _by_token(layered: Sequence[list[Layer]]) -> Namer:
    """Name layers by the words of file names that other layers of the same stroke do not have."""
    words: Counter[str] = Counter()
    for layers in layered:
        words.update(_differing([set(_tokens(layer)) for layer in layers]))

    def name(layer: Layer) -> str:
        own = [token for token in _tokens(layer) if words[token]]
        return max(own, key=lambda token: words[token]) if own else ""

    return name


def _tokens(layer: Layer) -> list[str]:
    return _TOKENS.findall(layer.written.opcodes["sample"].replace("\\", "/").rpartition("/")[2])[:20]


def _clean(names: Iterable[str]) -> dict[str, str]:
    """Return short and different names of small letters, digits and underscores."""
    result: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short = _short(name) or "main"
        unique, number = short, 1
        while unique in taken:
            number += 1
            unique = f"{short}_{number}"
        taken.add(unique)
        result[name] = unique
    return result


def _short(name: str) -> str:
    return _plain(_NOISE.sub(" ", name)) or _plain(name)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())[:_LONGEST].strip("_")


def _differing(sets: Sequence[set[T]]) -> set[T]:
    """Return what is in some of the sets and not in all."""
    return set[T]().union(*sets) - sets[0].intersection(*sets[1:])
