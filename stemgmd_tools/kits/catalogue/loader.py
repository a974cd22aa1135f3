"""Load entries of the catalogue and their tables of files."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.catalogue.schema import MAX_BYTES, Entry
from stemgmd_tools.storage.paths import is_relative_path
from stemgmd_tools.strict_yaml.diagnostics import first_fault, shown, translated
from stemgmd_tools.strict_yaml.parse import parse_yaml
from stemgmd_tools.strict_yaml.problem import Problem

CATALOGUE: Final = "recorded"
"""Folder of the entries, in the folder of sample maps."""
COLUMNS: Final = ("path", "bytes", "sha256", "subset")
Subset = Literal["light", "full"]
SUBSETS: Final[tuple[Subset, ...]] = ("light", "full")


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of a library."""

    path: str
    """Relative to the library's folder."""
    bytes: int
    sha256: str
    in_light: bool
    """Whether the light subset has it."""


@dataclass(frozen=True, slots=True)
class CatalogueKit:
    """An entry and its table of files."""

    entry: Entry
    files: tuple[PinnedFile, ...]
    """Empty for an archive whose content was never seen."""

    @property
    def name(self) -> str:
        """The kit's name."""
        return self.entry.name

    @property
    def has_light(self) -> bool:
        """Whether the light subset is smaller than the full one."""
        return self.entry.source.archive is None and not all(file.in_light for file in self.files)

    def chosen(self, subset: Subset) -> tuple[PinnedFile, ...]:
        """Return the files of a subset."""
        return tuple(file for file in self.files if subset == "full" or file.in_light or not self.has_light)

    def download_bytes(self, subset: Subset) -> int | None:
        """Return how much is downloaded; None if it is unknown."""
        if self.entry.source.archive is not None:
            return self.entry.source.bytes
        return sum(file.bytes for file in self.chosen(subset)) if self.files else None


def catalogue_kit(name: str) -> CatalogueKit:
    """Return the entry of a name of the catalogue, with its files.

    :raises KitError: if it is invalid.
    """
    return load_entry(data.shipped("sample_maps") / CATALOGUE / f"{name}.yaml")


def load_entry(path: Path) -> CatalogueKit:
    """Load an entry and the table of its files beside it, ``NAME.csv``.

    :raises KitError: for the first fault, with file and line.
    """
    entry = parse_entry(path)
    table = path.with_suffix(".csv")
    if table.is_file():
        return CatalogueKit(entry, read_table(table))
    if entry.verified or entry.source.archive is None:
        raise KitError(f"{table}: is missing; the files of a verified entry or of a repository are listed in it")
    return CatalogueKit(entry, ())


def parse_entry(path: Path) -> Entry:
    """Load an entry without its files.

    :raises KitError: for the first fault, with file and line.
    """
    text = parse_yaml(path)
    if not isinstance(text.data, dict):
        raise KitError(f"{path}:1: found {shown(text.data)}; an entry is a mapping of keys to values")
    try:
        entry = Entry.model_validate_json(json.dumps(text.data), strict=True)
    except ValidationError as error:
        raise KitError(first_fault(text, list(translated(error, text.data, json_schema())))) from error
    if entry.name != path.stem:
        fault = Problem(("name",), f'found "{entry.name}"; it must be the file\'s name, "{path.stem}"')
        raise KitError(first_fault(text, [fault]))
    return entry


def read_table(path: Path) -> tuple[PinnedFile, ...]:
    """Read a table of files.

    :raises KitError: for the first invalid row.
    """
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    if tuple(next(rows, ())) != COLUMNS:
        raise KitError(f"{path}:1: must be {','.join(COLUMNS)}")
    files: dict[str, PinnedFile] = {}
    for number, row in enumerate(rows, 2):
        if not _is_valid(row) or row[0] in files:
            shown_row = ",".join(row)[:60]
            raise KitError(f"{path}:{number}: found {shown_row!r}; a row is {','.join(COLUMNS)}, each path once")
        files[row[0]] = PinnedFile(row[0], int(row[1]), row[2], row[3] == "light")
    if not files:
        raise KitError(f"{path}: lists no file")
    return tuple(files.values())


def _is_valid(row: list[str]) -> bool:
    return (
        len(row) == len(COLUMNS)
        and is_relative_path(row[0])
        and re.fullmatch("[0-9]{1,10}", row[1]) is not None
        and int(row[1]) <= MAX_BYTES
        and re.fullmatch("[0-9a-f]{64}", row[2]) is not None
        and row[3] in SUBSETS
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an entry, for editors."""
    schema = Entry.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Entry of the catalogue of recorded kits"
    return schema


def schema_text() -> str:
    """Return the JSON Schema as the text of the file ``sample_maps/recorded.schema.json``."""
    return json.dumps(json_schema(), indent=2) + "\n"
