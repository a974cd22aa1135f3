"""Find models by name and build them.

A model is named as its module in :mod:`stemgmd_tools.separation.models` or as its entry point, with hyphens. Names are
listed without importing the modules, and so without torch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.plugins import declared_in, module_names
from stemgmd_tools.strict_yaml.problem import nearest

if TYPE_CHECKING:
    from stemgmd_tools.separation.networks.separator import Separator

MODELS: Final = "stemgmd_tools.separation.models"
"""The package of the models, and the group of entry points that add others."""
DEFAULT_MODEL: Final = "larsnet-s"
CONSTANT: Final = "MODEL"
"""What a module of a model declares."""
LARGEST_SIZE: Final = 65_536
"""Maximum of integer options, far above any model that can be trained."""
LARGEST_COUNT: Final = 64
"""Maximum of options that count parts of a network, each of which takes time to build."""

Option: TypeAlias = int | float | str | bool


class ModelOption(NamedTuple):
    """An option of a model, a keyword argument of its network."""

    name: str
    description: str
    most: int = LARGEST_SIZE
    """Maximum of an integer."""
    least: int = 1
    """Minimum of an integer."""


@dataclass(frozen=True)
class Model:
    """What the module of a model declares."""

    network: Callable[..., Separator]
    """Class of the network: ``network(stems, **options)``; every option has a default."""
    description: str
    """What it is, in one line."""
    source: str
    """The paper."""
    options: tuple[ModelOption, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """The options and their defaults."""
        parameters = inspect.signature(self.network).parameters
        return {name: parameter.default for name, parameter in parameters.items() if name != "stems"}


class ModelSpec(NamedTuple):
    """Description of a model, without its weights."""

    model: str
    stems: tuple[str, ...]
    options: Mapping[str, Option] = {}


def model_names() -> tuple[str, ...]:
    """Return the names of all models."""
    return tuple(_modules())


def model_named(name: str) -> Model:
    """Return a model.

    :raises UsageError: if it is unknown.
    :raises PluginError: if its module cannot be imported or declares no model.
    """
    if name not in _modules():
        known = model_names()
        raise UsageError(f"model {name!r} is unknown{nearest(name, known)}; there are {', '.join(known)}")
    return declared_in(_modules()[name], CONSTANT, Model)


def build(spec: ModelSpec) -> Separator:
    """Return a model with fresh weights, drawn from torch's generator.

    :raises UsageError: if the model or one of its options is unknown, or has a value that is not allowed.
    """
    model = model_named(spec.model)
    defaults = model.defaults
    unknown = [name for name in spec.options if name not in defaults]
    if unknown:
        raise UsageError(
            f"model {spec.model} has no option {', '.join(unknown)}; it has {', '.join(defaults) or 'none'}"
        )
    limits = {option.name: (option.least, option.most) for option in model.options}
    for name, value in spec.options.items():
        kind = type(defaults[name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise UsageError(f"model {spec.model}: option {name} is {value!r}; it is of type {kind.__name__}")
        least, most = limits.get(name, (1, LARGEST_SIZE))
        if type(value) is int and kind is int and not least <= value <= most:
            raise UsageError(f"model {spec.model}: option {name} is {value}; allowed: {least} to {most}")
    return model.network(spec.stems, **spec.options)


@cache
def _modules() -> dict[str, str]:
    """Return the module of each model."""
    return {name.replace("_", "-"): module for name, module in module_names(MODELS).items()}
