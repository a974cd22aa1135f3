"""Read a table of one-shots, ``kit.csv``: one row for each file and microphone."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, Region, SoundFile
from stemgmd_tools.storage.paths import is_relative_path

FILE_NAME: Final = "kit.csv"
COLUMNS: Final = {
    "file": "path relative to the table, with `/`; required",
    "articulation": "one of the 22 articulations, or any name such as `snare rim`; required",
    "velocity_low": "lowest MIDI velocity, 1..127; with `velocity_high`",
    "velocity_high": "highest MIDI velocity, 1..127",
    "layer": "number of the layer, softest first, instead of velocities",
    "take": "number of the take; files of other microphones have the same",
    "openness": "of a hi-hat, 0 shut .. 1 open",
    "microphone": "name of the microphone",
    "gain_db": "gain in decibels, -60..60",
    "pan": "balance, -1 left .. 1 right",
    "pitch_semitones": "shift of pitch, -48..48",
    "choke_group": "group of sounds that can be silenced together",
    "chokes": "groups that a stroke silences, separated by spaces",
}
"""Columns -> what they hold; all but two may be missing or empty."""
REQUIRED: Final = ("file", "articulation")
_MOST_BYTES: Final = 16 << 20
_MOST_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with its place."""

    cells: Mapping[str, str]
    place: str

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a number of a column, None if the cell is empty.

        :raises KitError: if it is no number from ``low`` to ``high``.
        """
        text = self.text(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise KitError(f'{self.place}: {column} is "{text}"; allowed: numbers from {low:g} to {high:g}')
        return value

    def integer(self, column: str, low: int, high: int) -> int | None:
        """Return a whole number of a column, None if the cell is empty."""
        value = self.number(column, low, high)
        if value is not None and value != int(value):
            raise KitError(f'{self.place}: {column} is "{self.text(column)}"; allowed: whole numbers')
        return None if value is None else int(value)


def read_table(path: Path) -> list[Region]:
    """Return the regions of a table.

    :raises KitError: if it cannot be read, lacks a column, or a cell is not allowed.
    """
    regions: dict[tuple[object, ...], Region] = {}
    layers: dict[tuple[object, ...], int] = {}
    for row in _rows(path):
        region, key = _region(path.parent, row)
        layer = row.integer("layer", 0, HIGHEST_VELOCITY)
        key = (*key, layer)
        microphone = next(iter(region.sounds))
        known = regions.get(key)
        if known is None or microphone in known.sounds:
            key = key if known is None else (*key, row.place)
            regions[key] = region
        else:
            regions[key] = replace(known, sounds={**known.sounds, **region.sounds})
        if layer is not None and region.velocity is None:
            layers[key] = layer
    if not regions:
        raise KitError(f"{shown(path)}: holds no row; give one for each file")
    return _with_layers(regions, layers)


def _rows(path: Path) -> Iterator[_Row]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise KitError(f"{shown(path)}: is larger than {_MOST_BYTES >> 20} MiB; give a table of one kit")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise KitError(f"{shown(path)}: cannot be read as UTF-8 text ({error})") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(path, header)
        for number, cells in enumerate(reader):
            place = f"{shown(path)}:{reader.line_num}"
            if number >= _MOST_ROWS:
                raise KitError(f"{place}: a table has at most {_MOST_ROWS:,} rows")
            if len(cells) > len(header):
                raise KitError(
                    f"{place}: has {len(cells)} cells, the header {len(header)}; quote cells with {delimiter!r}"
                )
            if any(cell.strip() for cell in cells):
                yield _Row({name: cell.strip() for name, cell in zip(header, cells, strict=False)}, place)
    except csv.Error as error:
        raise KitError(f"{shown(path)}:{reader.line_num}: is not CSV ({error})") from error


def _check_header(path: Path, header: list[str]) -> None:
    problems = {
        "lacks the column": [name for name in REQUIRED if name not in header],
        "has the column twice:": [name for name in COLUMNS if header.count(name) > 1],
        "has an unknown column": [name for name in header if name not in COLUMNS],
    }
    for problem, names in problems.items():
        if names:
            raise KitError(f'{shown(path)}:1: {problem} "{names[0]}"; known: {", ".join(COLUMNS)}')


def _region(folder: Path, row: _Row) -> tuple[Region, tuple[object, ...]]:
    """Return the region of a row, and what rows of other microphones of the stroke share with it."""
    file, articulation = row.text("file"), row.text("articulation")
    if not is_relative_path(file):
        raise KitError(f'{row.place}: file is "{file}"; allowed: paths below the table, with / between their parts')
    if not articulation:
        raise KitError(f"{row.place}: articulation is empty; name what is struck")
    velocity = _velocity(row)
    take, openness = row.integer("take", 0, 1_000_000), row.number("openness", 0, 1)
    sound = SoundFile(
        path=inside_folder(folder, file, row.place),
        gain_db=row.number("gain_db", -60, 60) or 0.0,
        pan=row.number("pan", -1, 1) or 0.0,
        pitch_semitones=row.number("pitch_semitones", -48, 48) or 0.0,
    )
    region = Region(
        sounds={row.text("microphone") or ONLY_MICROPHONE: sound},
        place=row.place,
        names=(articulation,),
        velocity=velocity,
        round_robin=take,
        openness=openness,
        choke_group=row.text("choke_group") or None,
        chokes=tuple(row.text("chokes").split()),
    )
    has_microphone = bool(row.text("microphone"))
    return region, (articulation, velocity, take, openness) if has_microphone else (row.place,)


def inside_folder(folder: Path, name: str, place: str) -> Path:
    """Return the path of a file of the library.

    :raises KitError: if a link leads out of the folder.
    """
    path = folder / name
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise KitError(f'{place}: "{name}" cannot be looked up ({error})') from error
    if not is_inside:
        raise KitError(f'{place}: "{name}" is a link that leads out of {shown(folder)}; copy the file into it')
    return path


def _velocity(row: _Row) -> tuple[int, int] | None:
    low = row.integer("velocity_low", LOWEST_VELOCITY, HIGHEST_VELOCITY)
    high = row.integer("velocity_high", LOWEST_VELOCITY, HIGHEST_VELOCITY)
    if low is None and high is None:
        return None
    if low is None or high is None or low > high:
        raise KitError(
            f"{row.place}: velocities {low} to {high}; give velocity_low and velocity_high, the lower one first"
        )
    return low, high


def _with_layers(
    regions: Mapping[tuple[object, ...], Region], layers: Mapping[tuple[object, ...], int]
) -> list[Region]:
    """Return the regions, those with numbered layers with an even division of the velocities."""
    numbers: dict[tuple[object, ...], list[int]] = {}
    for key, layer in layers.items():
        region = regions[key]
        voice = (region.names, region.openness)
        numbers[voice] = sorted({*numbers.get(voice, []), layer})
    placed = []
    for key, region in regions.items():
        known = numbers.get((region.names, region.openness), [])
        if key in layers:
            place = known.index(layers[key])
            low = HIGHEST_VELOCITY * place // len(known) + 1
            region = replace(region, velocity=(low, HIGHEST_VELOCITY * (place + 1) // len(known)))  # noqa: PLW2901
        placed.append(region)
    return placed
