"""The donors: kits fitted to recordings, from which instruments of modelled and random kits are taken.

``sample_maps/donors.yaml`` says for each recording who made it and whether it is for training, validation or testing;
no maker is in two of these. ``sample_maps/donors/NAME.yaml`` is its fitted kit, an ordinary sample map under the
licence that its recording asks for. A donor need not have every instrument: those it lacks fall back on others in its
map.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, model_validator

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.generate.instruments import INSTRUMENTS, MAIN
from stemgmd_tools.kits.generate.parents import own_groups
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.schema import ArticulationName, KitMap
from stemgmd_tools.storage.paths import KIT_NAME
from stemgmd_tools.strict_yaml.diagnostics import first_fault, translated
from stemgmd_tools.strict_yaml.model import Strict
from stemgmd_tools.strict_yaml.parse import parse_yaml

DONOR_TABLE: Final = "donors.yaml"
"""File name in the folder of sample maps."""
DONOR_FOLDER: Final = "donors"
"""Folder of the donors' maps, in the folder of sample maps."""
SUFFIX: Final = "_donor"
"""What the name of a donor has after that of its recording: both may be on the kit path."""


class Role(StrEnum):
    """What a recording may be used for."""

    TRAIN = "train"
    """Fitted; its instruments are in kits for training."""
    VALIDATION = "validation"
    """Fitted; results on it may decide settings, and no kit for training has anything of it."""
    TEST = "test"
    """Fitted; its instruments are in the held-out modelled kits."""
    UNTOUCHED = "untouched"
    """Never fitted and never tuned on: a recorded kit for a final test."""


class DonorEntry(Strict):
    """What is decided about a recording before anything is measured on it."""

    recording: str = Field(pattern=rf"^{KIT_NAME}$", description="name of the recorded kit's own sample map")
    maker: str = Field(min_length=1, description="who recorded it; the makers of two roles differ")
    role: Role = Field(description="what it may be used for")
    why: str = Field(default="", description="reason for the role, for recordings that are not for training")
    license: str = Field(default="", description="SPDX identifier, of a recording that is never fitted")
    least_instruments: int = Field(default=2, ge=1, le=9, description="with fewer good ones, the donor is refused")
    leave_out: dict[ArticulationName, str] = Field(
        default={}, description="recorded articulation that is not used -> reason; the gate finds the others"
    )
    dynamics_db: dict[str, Annotated[float, Field(gt=0, le=96)]] = Field(
        default={}, description="instrument -> level from velocity 1 to 127, for recordings with implausible dynamics"
    )

    @property
    def name(self) -> str:
        """Name of the donor."""
        return self.recording + SUFFIX


class DonorTable(Strict):
    """The table of all recordings."""

    donors: tuple[DonorEntry, ...]

    @model_validator(mode="after")
    def _apart(self) -> DonorTable:
        roles: dict[str, Role] = {}
        for entry in self.donors:
            if roles.setdefault(entry.maker, entry.role) is not entry.role:
                raise ValueError(
                    f"recordings by {entry.maker} are {roles[entry.maker]} and {entry.role}; choose one role"
                )
        names = [entry.recording for entry in self.donors]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice[0]} is listed twice; list it once")
        return self


@dataclass(frozen=True, slots=True)
class Donor:
    """A fitted recording."""

    entry: DonorEntry
    path: Path
    """Its sample map."""

    @property
    def name(self) -> str:
        """Name of the donor, which is that of its map."""
        return self.entry.name

    @property
    def map(self) -> KitMap:
        """Its sample map; what it lacks falls back on other articulations."""
        return _map(self.path)

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments it gives, see :data:`stemgmd_tools.kits.generate.instruments.INSTRUMENTS`."""
        articulations = self.map.articulations
        return tuple(name for name in INSTRUMENTS if articulations[MAIN[name]].model is not None)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of instruments of which it gives every member."""
        return own_groups(self.map)


@lru_cache(maxsize=32)
def _map(path: Path) -> KitMap:
    return load_map(path)


def donor_folder() -> Path:
    """Return the folder of the donors' maps."""
    return data.shipped("sample_maps") / DONOR_FOLDER


@lru_cache(maxsize=1)
def donor_table() -> tuple[DonorEntry, ...]:
    """Return the table of all recordings, those that were refused or are never fitted among them.

    :raises KitError: for the first fault, with file and line.
    """
    return load_donor_table(data.shipped("sample_maps") / DONOR_TABLE)


def load_donor_table(path: Path) -> tuple[DonorEntry, ...]:
    """Return the table in a file.

    :raises KitError: for the first fault, with file and line.
    """
    text = parse_yaml(path)
    try:
        return DonorTable.model_validate_json(json.dumps(text.data), strict=True).donors
    except ValidationError as error:
        schema = DonorTable.model_json_schema()
        raise KitError(first_fault(text, list(translated(error, text.data, schema)))) from error


def donors(role: Role | str = Role.TRAIN) -> tuple[Donor, ...]:
    """Return the donors of a role, in the order of the table; recordings that the quality gate refused have none.

    :raises KitError: if the table is invalid.
    """
    return tuple(donor for donor in _fitted(donor_table()) if donor.entry.role == role)


def _fitted(entries: Iterable[DonorEntry]) -> tuple[Donor, ...]:
    paths = ((entry, donor_folder() / f"{entry.name}.yaml") for entry in entries)
    return tuple(Donor(entry, path) for entry, path in paths if path.is_file())
