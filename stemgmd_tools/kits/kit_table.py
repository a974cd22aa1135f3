"""Read the table of the shipped modelled kits, ``manifests/kits.csv``."""

from __future__ import annotations

import csv
from typing import Final, NamedTuple

from stemgmd_tools import data
from stemgmd_tools.errors import KitError

KIT_TABLE: Final = "kits.csv"
"""File name in ``manifests/``."""
TABLE_RATE: Final = 44_100
"""Sample rate in Hz of the recorded banks: the rate of the synthesis, so nothing is resampled."""


class KitRow(NamedTuple):
    """One row of the kit table."""

    name: str
    split: str
    """``train`` or ``heldout``."""
    bank_sha256: str
    """SHA-256 of the PCM of the kit's bank at :data:`TABLE_RATE`; empty if it was not recorded yet."""


def kit_table() -> tuple[KitRow, ...]:
    """Return the rows of ``manifests/kits.csv`` in file order.

    :raises KitError: if the table is missing or has other columns.
    """
    path = data.shipped("manifests") / KIT_TABLE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(KitRow(*(row[column] for column in KitRow._fields)) for row in csv.DictReader(file))
    except OSError as error:
        raise KitError(f"{path}: cannot be read ({error.strerror}); reinstall stemgmd-tools") from error
    except KeyError as error:
        raise KitError(f"{path}: has no column {error}; needed: {', '.join(KitRow._fields)}") from error
