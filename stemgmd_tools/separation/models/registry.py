"""Registry of models by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeAlias

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.models.separator import Separator

Option: TypeAlias = int | float | str | bool


class Model(NamedTuple):
    """A kind of model that can be built."""

    name: str
    home: str
    """Module and class, ``module:Class``; imported when the model is built."""
    title: str
    """What it is, in one line."""
    source: str
    """The paper."""


class ModelSpec(NamedTuple):
    """Description of a model, without its weights."""

    model: str
    stems: tuple[str, ...]
    options: Mapping[str, Option] = {}
    """Keyword arguments of the model's class beyond ``stems``."""


MODELS: Final[tuple[Model, ...]] = (
    Model("larsnet", "larsnet:LarsNet", "one U-Net a stem, as published", "Mezza et al. 2024, arXiv:2312.09663"),
    Model("tfc-tdf-s", "tfc_tdf:TfcTdf", "TFC-TDF-UNet v3, compact", "Kim et al. 2023, arXiv:2306.09382"),
    Model(
        "htdemucs-s", "htdemucs:HtDemucs", "Hybrid Transformer Demucs, compact", "Rouard et al. 2023, arXiv:2211.08553"
    ),
    Model(
        "larsnet-s",
        "larsnet_s:LarsNetSmall",
        "one small band-split U-Net for all stems, real masks; the default",
        "after Mezza et al. 2024 (LarsNet) and Luo and Yu 2023 (band split)",
    ),
    Model("larsnet-xs", "larsnet_xs:LarsNetSmallEach", "as larsnet-s, but one yet smaller a stem", "as larsnet-s"),
)

LARGEST_SIZE: Final = 65_536
"""Maximum of integer options, far above any model that can be trained."""
COUNTS: Final = frozenset({"layers", "scales"})
"""Options that count parts of a network, each of which takes time to build."""
LARGEST_COUNT: Final = 64

MODEL_OF_NAME: Final = {model.name: model for model in MODELS}


def build(spec: ModelSpec) -> Separator:
    """Return a model with fresh weights, drawn from torch's generator.

    :raises UsageError: if the model or one of its options is unknown, or has a value that is not allowed.
    """
    if spec.model not in MODEL_OF_NAME:
        raise UsageError(f"model {spec.model!r} is unknown; there are {', '.join(MODEL_OF_NAME)}")
    model_class = _class_of(MODEL_OF_NAME[spec.model])
    allowed = options_of(spec.model)
    unknown = [name for name in spec.options if name not in allowed]
    if unknown:
        raise UsageError(
            f"model {spec.model} has no option {', '.join(unknown)}; it has {', '.join(allowed) or 'none'}"
        )
    for name, value in spec.options.items():
        kind = type(allowed[name])
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise UsageError(f"model {spec.model}: option {name} is {value!r}; it is of type {kind.__name__}")
        most = LARGEST_COUNT if name in COUNTS else LARGEST_SIZE
        if type(value) is int and not 1 <= value <= most:
            raise UsageError(f"model {spec.model}: option {name} is {value}; allowed: 1 to {most}")
    return model_class(spec.stems, **spec.options)


def options_of(model: str) -> dict[str, Any]:
    """Return the options of a model and their defaults."""
    parameters = inspect.signature(_class_of(MODEL_OF_NAME[model])).parameters
    return {name: parameter.default for name, parameter in parameters.items() if name != "stems"}


def _class_of(model: Model) -> Callable[..., Separator]:
    module, name = model.home.split(":")
    model_class: Callable[..., Separator] = getattr(import_module(f"stemgmd_tools.separation.models.{module}"), name)
    return model_class
