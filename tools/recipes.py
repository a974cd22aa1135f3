"""Load the recipes of the shipped kits: the donors that lend the instruments, and the changes applied to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, model_validator

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENTS
from stemgmd_tools.kits.synthesis.parameters import RoomModel
from stemgmd_tools.strict_yaml.model import Strict
from stemgmd_tools.strict_yaml.parse import parse_yaml

RECIPES: Final = "recipes.yaml"
"""File name in the folder of sample maps."""

Share = Annotated[float, Field(ge=0, le=1)]
Pan = Annotated[float, Field(ge=-1, le=1)]


class Lent(Strict):
    """Where a group of instruments comes from: one donor, or a mixture of two."""

    donors: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    """Recordings whose donors lend it."""
    share: Share = 0.0
    """Share of the second."""

    @model_validator(mode="after")
    def _shared(self) -> Lent:
        if (len(self.donors) == 2) != (self.share > 0.0):
            raise ValueError("a share above 0 is part of the second of two donors")
        return self


class KitRecipe(Strict):
    """The recipe of one kit."""

    name: str
    title: str
    description: str
    instruments: dict[str, Lent]
    """Group of instruments -> where it comes from."""
    figures: dict[str, float] = Field(default_factory=dict)
    """Changes of the mixture, see :data:`stemgmd_tools.kits.generate.figures.FIGURES`."""
    seed: int = Field(default=0, ge=0)
    """Seed of scatter and grain."""
    room: RoomModel | None = None
    """Room that is added to the recordings' own."""
    pans: dict[str, Pan] = Field(default_factory=dict)
    """Instrument -> pan, for instruments recorded with one microphone."""
    dynamics_db: dict[str, Annotated[float, Field(gt=0, le=96)]] = Field(default_factory=dict)
    """Instrument -> level range from velocity 1 to 127, for recordings with implausible dynamics."""
    gain_db: float = 0.0
    """Gain of the whole kit."""

    @model_validator(mode="after")
    def _known(self) -> KitRecipe:
        for names, known in ((self.instruments, GROUPS), (self.pans, INSTRUMENTS), (self.dynamics_db, INSTRUMENTS)):
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(f'"{unknown[0]}" is not one of {", ".join(known)}')
        missing = [group for group in GROUPS if group not in self.instruments]
        if missing:
            raise ValueError(f"instruments: {missing[0]} is missing; needed: {', '.join(GROUPS)}")
        return self

    @property
    def recordings(self) -> tuple[str, ...]:
        """Names of the recordings whose donors lend something, each once."""
        return tuple(dict.fromkeys(name for lent in self.instruments.values() for name in lent.donors))


class _Recipes(Strict):
    kits: tuple[KitRecipe, ...]


def recipes_path() -> Path:
    """Return the path of the recipes."""
    return data.shipped("sample_maps") / RECIPES


def load_recipes(path: Path) -> dict[str, KitRecipe]:
    """Return the recipes of a file by kit name.

    :raises KitError: if the file cannot be read or a recipe is invalid.
    """
    text = parse_yaml(path)
    try:
        recipes = _Recipes.model_validate_json(json.dumps(text.data), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        at = tuple(step for step in first["loc"] if not str(step).startswith("function"))
        place = ".".join(map(str, at))
        raise KitError(f"{path}:{text.line(at)}: {place}: {first['msg'].removeprefix('Value error, ')}") from error
    return {recipe.name: recipe for recipe in recipes.kits}
