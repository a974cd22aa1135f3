"""Weights with all that is needed to use them: one safetensors file, readable without running code from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from stemgmd_tools.audio import write_bytes
from stemgmd_tools.baseline.models.registry import ModelSpec, build
from stemgmd_tools.baseline.models.separator import Separator
from stemgmd_tools.errors import UsageError

FORMAT: Final = "stemgmd-separator/1"
REFERENCE: Final = Path(__file__).parent / "reference" / "larsnet-s.safetensors"
"""The weights that ship; their model card lies beside them."""


class Weights(NamedTuple):
    """A model as it was saved."""

    spec: ModelSpec
    model: Separator
    about: dict[str, Any]
    """What it was trained with, JSON-able: command, corpus hash, licence, version, step."""


def shipped_weights() -> Path:
    """Return the file of the reference weights that came with this installation.

    :raises UsageError: if it has none.
    """
    if not REFERENCE.is_file():
        raise UsageError(
            "no weights came with this installation; give --weights FILE, as `stemgmd baseline-train` writes it"
        )
    return REFERENCE


def save_weights(path: Path, spec: ModelSpec, model: Separator, about: Mapping[str, Any]) -> None:
    """Write a model's weights; the file appears whole or not at all.

    :raises AudioError: if it cannot be written.
    """
    told = {"format": FORMAT, "spec": json.dumps(spec._asdict()), "about": json.dumps(dict(about), sort_keys=True)}
    write_bytes(path, save({name: one.contiguous() for name, one in model.state_dict().items()}, told))


def load_weights(path: Path, device: str = "cpu", make: Callable[[ModelSpec], Separator] = build) -> Weights:
    """Read a model, in evaluation mode.

    :param make: builds the model of a spec.
    :raises UsageError: if the file is missing, is not of this format, or does not fit the model it names.
    """
    try:
        with safe_open(path, "pt", device=device) as file:
            told = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{path}: cannot be read as weights ({error}); give a .safetensors file of this toolkit"
        ) from error
    if told.get("format") != FORMAT:
        raise UsageError(f"{path}: format is {told.get('format')!r}; this version reads {FORMAT!r}")
    spec = _spec(json.loads(told["spec"]))
    model = make(spec).to(device)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UsageError(f"{path}: does not fit model {spec.model}: {first}") from error
    return Weights(spec, model.eval(), json.loads(told["about"]))


def _spec(told: Mapping[str, Any]) -> ModelSpec:
    return ModelSpec(told["model"], tuple(told["stems"]), dict(told["options"]))
