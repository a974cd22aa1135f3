"""Read the known errors of GMD from ``manifests/errata.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from stemgmd_tools.data import shipped
from stemgmd_tools.errors import PerformanceError

ERRATA_CSV: Final = "errata.csv"
KINDS: Final = ("misaligned_audio", "identical_notes")
REPAIRED: Final = "repaired_midi"
"""Kind of the repairs made while a file was read; not listed in the table."""


class Erratum(NamedTuple):
    """One row of the table."""

    id: str
    """The performance, as in ``info.csv``."""
    kind: str
    """One of :data:`KINDS`."""
    note: str
    source: str
    """Reference: an address, or how to reproduce the error."""


def read_errata(path: Path) -> list[Erratum]:
    """Return the rows of an errata table.

    :raises PerformanceError: if it cannot be read, has other columns or an unknown kind.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PerformanceError(f"{path}: not a readable errata table ({error}); reinstall stemgmd-tools") from error
    if tuple(header) != Erratum._fields:
        raise PerformanceError(f"{path}: columns are {','.join(header)!r}, must be {','.join(Erratum._fields)!r}")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(Erratum._fields) or row[1] not in KINDS:
            raise PerformanceError(f"{path}, line {line}: needs id, kind ({', '.join(KINDS)}), note, source; has {row}")
    return [Erratum(*row) for row in rows]


@cache
def errata_by_id() -> Mapping[str, str]:
    """Return the errata of each performance that has some: ``kind: note``, separated by ``; ``."""
    texts: dict[str, list[str]] = {}
    for erratum in read_errata(shipped("manifests") / ERRATA_CSV):
        texts.setdefault(erratum.id, []).append(f"{erratum.kind}: {erratum.note}")
    return MappingProxyType({id_: "; ".join(parts) for id_, parts in texts.items()})


def errata_of(performance_id: str) -> str:
    """Return the errata of one performance as text, ``""`` where none are known."""
    return errata_by_id().get(performance_id, "")


def with_repairs(errata: str, repairs: str) -> str:
    """Return errata together with the repairs of a performance's MIDI file; each may be empty."""
    return "; ".join(text for text in (errata, repairs and f"{REPAIRED}: {repairs}") if text)
