"""Weights with all that is needed to use them: one safetensors file, readable without running code from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from stemgmd_tools.baseline.models.registry import ModelSpec, build
from stemgmd_tools.baseline.models.separator import Separator
from stemgmd_tools.errors import UsageError
from stemgmd_tools.files import write_bytes

FORMAT: Final = "stemgmd-separator/1"
REFERENCE: Final = Path(__file__).parent / "reference" / "larsnet-s.safetensors"
"""The weights that ship; their model card lies beside them."""


class Heard(NamedTuple):
    """Kits that were trained on."""

    kits: tuple[str, ...]
    """Named as in ``render``."""
    related: tuple[str, ...] = ()
    """Kits that these were made of, and recordings that they were measured on."""


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


def about_weights(path: Path) -> dict[str, Any]:
    """Return what a file of weights tells of itself, without reading the weights.

    :raises UsageError: if the file is missing or is not of this format.
    """
    with _opened(path) as file:
        return dict(json.loads(file.metadata()["about"]))


def kits_heard(about: Mapping[str, Any]) -> Heard | None:
    """Return the kits that weights heard in training and before it; None if they do not tell."""
    kits = about.get("kits") or about.get("config", {}).get("data", {}).get("kits")
    if kits is None:
        return None
    return Heard(tuple(str(kit) for kit in kits), tuple(str(kit) for kit in about.get("related", ())))


def load_weights(path: Path, device: str = "cpu", make: Callable[[ModelSpec], Separator] = build) -> Weights:
    """Read a model, in evaluation mode.

    :param make: builds the model of a spec.
    :raises UsageError: if the file is missing, is not of this format, or does not fit the model it names.
    """
    with _opened(path, device) as file:
        told = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    spec = _spec(json.loads(told["spec"]))
    model = make(spec).to(device)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UsageError(f"{path}: does not fit model {spec.model}: {first}") from error
    return Weights(spec, model.eval(), json.loads(told["about"]))


@contextmanager
def _opened(path: Path, device: str = "cpu") -> Iterator[Any]:
    """Open a file of weights of this format."""
    try:
        with safe_open(path, "pt", device=device) as file:
            found = (file.metadata() or {}).get("format")
            if found != FORMAT:
                raise UsageError(f"{path}: format is {found!r}; this version reads {FORMAT!r}")
            yield file
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{path}: cannot be read as weights ({error}); give a .safetensors file of this toolkit"
        ) from error


def _spec(told: Mapping[str, Any]) -> ModelSpec:
    return ModelSpec(told["model"], tuple(told["stems"]), dict(told["options"]))
