"""Models of the format of chains: steps, probabilities and parameter distributions.

The parameters of each effect are declared in the catalogue; rules beyond types are checked in
:mod:`stemgmd_tools.augment.chain.validation`.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, WithJsonSchema, model_validator

from stemgmd_tools.augment.chain.catalogue import EFFECT_OF_NAME, find_effect
from stemgmd_tools.augment.chain.effect import DRAWN, Scope, Value
from stemgmd_tools.strict_yaml.model import Strict

SCHEMA_ID: Final = "stemgmd-chain/1"


DRAWS_VERSION: Final = 2
"""Part of every chain's hash. Raise it whenever an unchanged chain draws other rows."""


_PROSE: Final = frozenset({"name", "description", "source"})


_KINDS: Final = ("uniform", "log_uniform", "normal", "choice")


EffectName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(EFFECT_OF_NAME)})]


ScopeName = Annotated[Scope, WithJsonSchema({"type": "string", "enum": list(Scope)})]


Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Distribution(Strict):
    """Distribution of a parameter: exactly one of `uniform`, `log_uniform`, `normal`, `choice`."""

    uniform: tuple[float, float] | None = Field(default=None, description="uniform between two bounds")
    log_uniform: tuple[float, float] | None = Field(
        default=None, description="uniform in the logarithm between two bounds above 0"
    )
    normal: tuple[float, float] | None = Field(default=None, description="mean and standard deviation")
    within: tuple[float, float] | None = Field(
        default=None, description="bounds to which a `normal` is clipped; default: the parameter's range"
    )
    choice: tuple[float | str, ...] | None = Field(
        default=None, min_length=1, description="one of these values, with equal probability"
    )

    @model_validator(mode="after")
    def _check_kinds(self) -> Distribution:
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"found {' and '.join(kinds) or 'none'}; give exactly one of {', '.join(_KINDS)}")
        if self.within is not None and self.normal is None:
            raise ValueError(f"found within beside {kinds[0]}; it bounds a normal only")
        return self


def _setting_tag(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return "drawn" if isinstance(value, dict | Distribution) else "number"


Setting: TypeAlias = Annotated[
    Annotated[float, Tag("number")] | Annotated[str, Tag("text")] | Annotated[Distribution, Tag("drawn")],
    Discriminator(_setting_tag),
]
"""A fixed value, or the distribution of a parameter."""


class Step(Strict):
    """One step: an effect, its probability, its stems and its parameters."""

    effect: EffectName = Field(description="name of the effect")
    scope: ScopeName = Field(
        description="`example`: one draw for all selected stems; `stem`: one draw for each selected stem; "
        "`target`: as `stem`, for the training target only; `song`: one draw for all stems of a song; "
        "`mixture`: one draw for the mixture, after the stems are summed"
    )
    probability: Probability = Field(default=1.0, description="probability that the effect is applied, per draw")
    joint: bool = Field(
        default=False,
        description="one draw decides for all selected stems, then each draws its values (scope `stem` or `target`)",
    )
    stems: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="stems to apply the effect to: pieces, or groups for all their pieces; default: all",
    )
    except_target: bool = Field(default=False, description="leave out the target stems of training")
    parameters: dict[str, Setting] = Field(
        default={}, description="parameters of the effect: a value or a distribution for each"
    )


class Chain(Strict):
    """A whole chain."""

    format: Literal["stemgmd-chain/1"] = Field(alias="schema", description="format and its version")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="name of the chain, equal to the file name")
    description: str = Field(description="description for readers")
    source: str = Field(default="", description="source of the chain")
    probability: Probability = Field(default=1.0, description="probability that an example is augmented at all")
    steps: tuple[Step, ...] = Field(description="steps in order of application")

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of everything that determines the draws: probabilities, steps and parameters with defaults."""
        content = self.model_dump(mode="json", by_alias=True, exclude=set(_PROSE))
        for step, dumped in zip(self.steps, content["steps"], strict=True):
            dumped["parameters"] = {name: _plain(setting) for name, setting in settings_of(step).items()}
        text = json.dumps([DRAWS_VERSION, content], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def settings_of(step: Step) -> dict[str, Value | Distribution | None]:
    """Return every parameter of a step in the catalogue's order, defaults filled in; None for those always drawn."""
    return {
        parameter.name: None if parameter.kind in DRAWN else step.parameters.get(parameter.name, parameter.default)
        for parameter in find_effect(step.effect).parameters
    }


def _plain(setting: Value | Distribution | None) -> Any:
    return setting.model_dump(mode="json", exclude_none=True) if isinstance(setting, Distribution) else setting
