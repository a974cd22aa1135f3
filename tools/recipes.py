"""The recipes of the kits that ship: which recordings each is fitted to, and how it is moved away from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, model_validator

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENTS
from stemgmd_tools.kits.sample_map.schema import ArticulationName
from stemgmd_tools.kits.synthesis.parameters import RoomModel
from stemgmd_tools.strict_yaml.model import Strict
from stemgmd_tools.strict_yaml.parse import parse_yaml

RECIPES: Final = "recipes.yaml"
"""In the folder of sample maps."""

Share = Annotated[float, Field(ge=0, le=1)]
Pan = Annotated[float, Field(ge=-1, le=1)]


class Parent(Strict):
    """A recorded kit, made whole."""

    recorded: str
    """Name of the recorded kit."""
    donors: tuple[str, ...] = ()
    """Recorded kits that lend what it lacks, in this order."""
    leave_out: tuple[ArticulationName, ...] = ()
    """Recordings that are made from others all the same."""


class KitRecipe(Strict):
    """How one kit is made."""

    name: str
    title: str
    description: str
    parents: Annotated[tuple[Parent, ...], Field(min_length=1, max_length=2)]
    shares: dict[str, Share] = Field(default_factory=dict)
    """Group of instruments -> part of the second parent; groups that are not named are the first parent's."""
    figures: dict[str, float] = Field(default_factory=dict)
    """How it is moved: see :data:`stemgmd_tools.kits.generate.figures.FIGURES`."""
    seed: int = Field(default=0, ge=0)
    """Decides what scatter and grain are drawn."""
    room: RoomModel | None = None
    """Added to the room the recordings were made in."""
    pans: dict[str, Pan] = Field(default_factory=dict)
    """Instrument -> place between the channels, of what was recorded with one microphone."""
    dynamics_db: dict[str, Annotated[float, Field(gt=0, le=96)]] = Field(default_factory=dict)
    """Instrument -> level from velocity 1 to 127, of what was recorded with dynamics no drummer has."""
    gain_db: float = 0.0
    """Of the whole kit."""

    @model_validator(mode="after")
    def _known(self) -> KitRecipe:
        for names, known in ((self.shares, GROUPS), (self.pans, INSTRUMENTS), (self.dynamics_db, INSTRUMENTS)):
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(f'"{unknown[0]}" is not one of {", ".join(known)}')
        if self.shares and len(self.parents) != 2:
            raise ValueError("shares are parts of the second of two parents")
        return self

    @property
    def recordings(self) -> tuple[str, ...]:
        """Names of all recorded kits it needs, each once."""
        named = [name for parent in self.parents for name in (parent.recorded, *parent.donors)]
        return tuple(dict.fromkeys(named))


class _Recipes(Strict):
    kits: tuple[KitRecipe, ...]


def recipes_path() -> Path:
    """Return the file of the recipes."""
    return data.shipped("sample_maps") / RECIPES


def load_recipes(path: Path) -> dict[str, KitRecipe]:
    """Return the recipes of a file by the names of the kits.

    :raises KitError: if it cannot be read or one of them is faulty.
    """
    text = parse_yaml(path)
    try:
        found = _Recipes.model_validate_json(json.dumps(text.data), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        at = tuple(step for step in first["loc"] if not str(step).startswith("function"))
        place = ".".join(map(str, at))
        raise KitError(f"{path}:{text.line(at)}: {place}: {first['msg'].removeprefix('Value error, ')}") from error
    return {recipe.name: recipe for recipe in found.kits}
