"""A chain: what may be done to an example, with which probability, parameters drawn from which ranges. One YAML file.

The models here are the only declaration of the format; what each effect takes is in the catalogue, and what types
cannot say is in :mod:`stemgmd_tools.augment.chain_checks`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, ValidationError, WithJsonSchema, model_validator

from stemgmd_tools.augment.catalogue import DRAWN, EFFECT_OF_NAME, Scope, effect_named
from stemgmd_tools.augment.chain_checks import problems
from stemgmd_tools.augment.rows import Value
from stemgmd_tools.errors import AugmentError, KitError, UsageError
from stemgmd_tools.kits.checks import Problem, nearest
from stemgmd_tools.kits.schema import Strict
from stemgmd_tools.kits.yaml_faults import first_fault, shown, translated
from stemgmd_tools.kits.yaml_text import parse_yaml, spell

SCHEMA_ID: Final = "stemgmd-chain/1"
DRAWS_VERSION: Final = 2
"""Part of every chain's hash. Raise it whenever an unchanged chain draws other rows."""

CHAINS: Final = Path(__file__).resolve().parent / "chains"
"""The folder of the ready chains."""

_SUFFIX: Final = ".yaml"
_PROSE: Final = frozenset({"name", "description", "source"})
_KINDS: Final = ("uniform", "log_uniform", "normal", "choice")

EffectName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(EFFECT_OF_NAME)})]
ScopeName = Annotated[Scope, WithJsonSchema({"type": "string", "enum": list(Scope)})]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Distribution(Strict):
    """What a parameter is drawn from: one of `uniform`, `log_uniform`, `normal`, `choice`."""

    uniform: tuple[float, float] | None = Field(default=None, description="evenly between two bounds")
    log_uniform: tuple[float, float] | None = Field(
        default=None, description="evenly in the logarithm between two bounds above 0"
    )
    normal: tuple[float, float] | None = Field(default=None, description="mean and standard deviation")
    within: tuple[float, float] | None = Field(
        default=None, description="bounds of a `normal`: what is drawn beyond is set to them; default: the parameter's"
    )
    choice: tuple[float | str, ...] | None = Field(default=None, min_length=1, description="one of these, all alike")

    @model_validator(mode="after")
    def _is_one(self) -> Distribution:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"found {' and '.join(given) or 'none'}; give exactly one of {', '.join(_KINDS)}")
        if self.within is not None and self.normal is None:
            raise ValueError(f"found within beside {given[0]}; it bounds a normal only")
        return self


def _sort_of(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return "drawn" if isinstance(value, dict | Distribution) else "number"


Setting: TypeAlias = Annotated[
    Annotated[float, Tag("number")] | Annotated[str, Tag("text")] | Annotated[Distribution, Tag("drawn")],
    Discriminator(_sort_of),
]
"""A fixed value, or what a parameter is drawn from."""


class Step(Strict):
    """One step: an effect, when and on which stems it acts, and what its parameters are."""

    effect: EffectName = Field(description="the effect, see below")
    scope: ScopeName = Field(
        description="`example`: drawn once, all selected stems alike; `stem`: every selected stem draws alone; "
        "`target`: as `stem`, the training target only; `song`: drawn once for all stems of a song; "
        "`mixture`: the mixture, after the stems were summed"
    )
    probability: Probability = Field(default=1.0, description="that it is applied, per draw")
    joint: bool = Field(
        default=False,
        description="one toss decides for all selected stems, each then draws its values (scope `stem` or `target`)",
    )
    stems: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="only these: pieces, or groups for all their pieces; default: all"
    )
    except_target: bool = Field(default=False, description="leave out the stems that training is for")
    parameters: dict[str, Setting] = Field(
        default={}, description="parameter of the effect to a value, or to what it is drawn from"
    )


class Chain(Strict):
    """A whole chain."""

    format: Literal["stemgmd-chain/1"] = Field(alias="schema", description="format and its version")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="the file's name")
    description: str = Field(description="what it does, for people")
    source: str = Field(default="", description="where it comes from")
    probability: Probability = Field(default=1.0, description="that an example is augmented at all")
    steps: tuple[Step, ...] = Field(description="in the order of their carrying out")

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of what decides the draws: probabilities, steps and their parameters, defaults included."""
        content = self.model_dump(mode="json", by_alias=True, exclude=set(_PROSE))
        for step, said in zip(self.steps, content["steps"], strict=True):
            said["parameters"] = {name: _plain(setting) for name, setting in settings_of(step).items()}
        text = json.dumps([DRAWS_VERSION, content], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def settings_of(step: Step) -> dict[str, Value | Distribution | None]:
    """Return every parameter of a step in the catalogue's order, defaults filled in; None for those always drawn."""
    return {
        parameter.name: None if parameter.kind in DRAWN else step.parameters.get(parameter.name, parameter.default)
        for parameter in effect_named(step.effect).parameters
    }


def chain_names() -> tuple[str, ...]:
    """Return the names of the ready chains."""
    return tuple(sorted(path.stem for path in CHAINS.glob(f"*{_SUFFIX}")))


def load_chain(name: str | Path) -> Chain:
    """Return a ready chain by name, or one of your own by the path of its file (ending in ``.yaml``).

    :raises UsageError: if there is no ready chain of that name.
    :raises AugmentError: if the file is faulty: one line with file, line and key.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith(_SUFFIX) or "/" in text:
        return read_chain(Path(text).expanduser())
    if text not in chain_names():
        known = chain_names()
        raise UsageError(
            f'no chain "{text}"{nearest(text, known)}; ready chains: {", ".join(known)}; '
            f"or give the path of a file ending in {_SUFFIX}"
        )
    return read_chain(CHAINS / f"{text}{_SUFFIX}")


def read_chain(path: Path) -> Chain:
    """Read and check a chain's file.

    :raises AugmentError: if it cannot be read or is faulty: one line about the fault that stands first.
    """
    try:
        text = parse_yaml(path)
    except KitError as error:
        raise AugmentError(str(error)) from error
    if not isinstance(text.data, dict):
        raise AugmentError(f"{path}:1: found {shown(text.data)}; a chain is a mapping of keys to values")
    chain, found = _checked(text.data)
    if chain is not None and chain.name != path.stem:
        found.append(Problem(("name",), f'found "{chain.name}"; it must be the file\'s name, "{path.stem}"'))
    if chain is None or found:
        raise AugmentError(first_fault(text, found))
    return chain


def make_chain(data: Mapping[str, Any]) -> Chain:
    """Return a chain from what its YAML would say.

    :raises AugmentError: if it is faulty: one line about the first fault.
    """
    content = {"schema": SCHEMA_ID, "name": "unnamed", "description": "", **data}
    chain, found = _checked(content)
    if chain is None or found:
        at = f"{spell(found[0].at)}: " if found[0].at else ""
        raise AugmentError(f"chain {content['name']}: {at}{found[0].text}")
    return chain


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a chain, for editors."""
    schema = Chain.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Chain of augmentations"
    return schema


def schema_text() -> str:
    """Return the JSON Schema as the file ``chain.schema.json`` beside the ready chains holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _checked(data: Mapping[str, Any]) -> tuple[Chain | None, list[Problem]]:
    try:
        # JSON is the one strict mode in which a list is a tuple and 1 is a float, but "1" is not a number.
        chain = Chain.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        return None, list(translated(error, data, json_schema()))
    return chain, list(problems(chain))


def _plain(setting: Value | Distribution | None) -> Any:
    return setting.model_dump(mode="json", exclude_none=True) if isinstance(setting, Distribution) else setting
