"""Read GMD's ``info.csv`` as validated, typed rows."""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from dataclasses import asdict, dataclass, fields
from typing import Final

from stemgmd_tools.errors import PerformanceError, StemgmdWarning
from stemgmd_tools.storage.paths import id_problem

SPLITS: Final = ("train", "validation", "test")
BEAT_TYPES: Final = ("beat", "fill")
_TIME_SIGNATURE: Final = re.compile(r"[1-9]\d?-[1-9]\d?")


@dataclass(frozen=True, slots=True)
class InfoRow:
    """One performance, with GMD's column names."""

    drummer: str
    session: str
    id: str
    style: str
    """``primary`` or ``primary/secondary``."""
    bpm: float
    beat_type: str
    """``beat`` or ``fill``; ``""`` if unknown."""
    time_signature: str
    """As in ``4-4``."""
    midi_filename: str
    """POSIX path relative to the csv."""
    audio_filename: str
    """POSIX path relative to the csv; ``""`` without a recording."""
    duration: float
    """Seconds."""
    split: str
    """``train``, ``validation`` or ``test``; ``""`` if unknown."""

    def metadata(self) -> dict[str, str | int | float | bool | None]:
        """Return the row by column name."""
        return asdict(self)


COLUMNS: Final = tuple(field.name for field in fields(InfoRow))
EGMD_KIT: Final = "kit_name"
"""E-GMD's additional column: the kit of the drum module. E-GMD has one row per performance and kit."""
_SHOWN: Final = 60
"""Maximum number of characters of a value in a message."""


def read_info(data: bytes, where: str) -> list[InfoRow]:
    """Return the rows of an ``info.csv``, in file order.

    :param where: name of the file in messages.
    :raises PerformanceError: for other columns than GMD's, an invalid value, a duplicate id or file, or a table without
        rows; the message names the line and the column.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PerformanceError(f"{where}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if sorted(header) not in (sorted(COLUMNS), sorted((*COLUMNS, EGMD_KIT))):
            missing = ", ".join(column for column in COLUMNS if column not in header)
            unknown = ", ".join(column for column in header if column not in COLUMNS)
            raise PerformanceError(
                f"{where}: its columns do not fit (missing: {_shown(missing)}, others: {_shown(unknown)}); GMD's are "
                f"{','.join(COLUMNS)}"
            )
        rows = [_row(header, cells, f"{where}, line {reader.line_num}") for cells in reader if cells]
    except csv.Error as error:
        raise PerformanceError(f"{where}, line {reader.line_num}: not CSV ({error})") from error
    if not rows:
        raise PerformanceError(f"{where}: no rows below the header")
    if EGMD_KIT in header:
        rows = _first_kits(rows, where)
    for column in ("id", "midi_filename"):
        _require_unique([getattr(row, column) for row in rows], column, where)
    return rows


def _first_kits(rows: list[InfoRow], where: str) -> list[InfoRow]:
    """Return the first row of each performance of E-GMD."""
    first: dict[str, InfoRow] = {}
    for row in rows:
        first.setdefault(row.id, row)
    warnings.warn(
        f"{where}: is E-GMD's; of its {len(rows):,} rows, the first of each of {len(first):,} performances is read",
        StemgmdWarning,
        stacklevel=4,
    )
    return list(first.values())


def _shown(value: str) -> str:
    """Return a value for a message, shortened if it is long."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")


def _row(header: list[str], cells: list[str], where: str) -> InfoRow:
    if len(cells) != len(header):
        raise PerformanceError(f"{where}: {len(cells)} values for {len(header)} columns")
    cell = dict(zip(header, cells, strict=True))
    for column in COLUMNS:
        if not cell[column] and column != "audio_filename":
            raise PerformanceError(f"{where}: {column} is empty")
        if not cell[column].isprintable():
            raise PerformanceError(f"{where}: {column} is {_shown(cell[column])}; control characters are not allowed")
    _require_plain_id(cell["id"], where)
    _require_allowed(cell["beat_type"], BEAT_TYPES, "beat_type", where)
    _require_allowed(cell["split"], SPLITS, "split", where)
    if not _TIME_SIGNATURE.fullmatch(cell["time_signature"]):
        raise PerformanceError(f"{where}: time_signature is {_shown(cell['time_signature'])}; it must look like 4-4")
    return InfoRow(
        drummer=cell["drummer"],
        session=cell["session"],
        id=cell["id"],
        style=cell["style"],
        bpm=_positive(cell["bpm"], "bpm", where),
        beat_type=cell["beat_type"],
        time_signature=cell["time_signature"],
        midi_filename=cell["midi_filename"],
        audio_filename=cell["audio_filename"],
        duration=_positive(cell["duration"], "duration", where),
        split=cell["split"],
    )


def _positive(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0.0):
        raise PerformanceError(f"{where}: {column} is {_shown(text)}; it must be a number above 0")
    return value


def _require_plain_id(id_: str, where: str) -> None:
    """Check that an id is a valid path inside a corpus."""
    problem = id_problem(id_)
    if problem:
        raise PerformanceError(f"{where}: id is {_shown(id_)}; it must look like drummer1/session1/3 (it {problem})")


def _require_allowed(value: str, allowed: tuple[str, ...], column: str, where: str) -> None:
    if value not in allowed:
        raise PerformanceError(f"{where}: {column} is {_shown(value)}; allowed are {', '.join(allowed)}")


def _require_unique(values: list[str], column: str, where: str) -> None:
    if len(set(values)) != len(values):
        twice = sorted({value for value in values if values.count(value) > 1})
        raise PerformanceError(f"{where}: {column} {_shown(twice[0])} occurs on more than one line")
