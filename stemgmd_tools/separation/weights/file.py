"""Save and load weights with their model description as one safetensors file, which contains no code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from safetensors import SafetensorError, safe_open

from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.weights.shapes import shapes_of
from stemgmd_tools.separation.weights.tensor_bytes import tensor_bytes
from stemgmd_tools.storage.files import remove_abandoned, write_bytes
from stemgmd_tools.storage.json_text import parse_json

FORMAT: Final = "stemgmd-separator/1"
MOST_STEMS: Final = 64
"""Upper limit for the stems in a file, far above the nine pieces."""
REFERENCE: Final = Path(__file__).parent / "reference" / "larsnet-s.safetensors"
"""The shipped weights; their model card is in the same folder."""


class TrainingKits(NamedTuple):
    """Kits that weights were trained on."""

    kits: tuple[str, ...]
    """Named as in ``render``."""
    related: tuple[str, ...] = ()
    """Kits that these were derived from, and recordings that they were fitted to."""


class Weights(NamedTuple):
    """A saved model."""

    spec: ModelSpec
    model: Separator
    about: dict[str, Any]
    """Description of the training as JSON data: settings, data fingerprint, licence, version, step."""


def shipped_weights() -> Path:
    """Return the path of the shipped reference weights.

    :raises UsageError: if this installation has none.
    """
    if not REFERENCE.is_file():
        raise UsageError(
            "no weights came with this installation; give --weights FILE, as `stemgmd baseline-train` writes it"
        )
    return REFERENCE


def save_weights(path: Path, spec: ModelSpec, model: Separator, about: Mapping[str, Any]) -> None:
    """Write a model's weights atomically; equal weights give equal bytes.

    :raises AudioError: if it cannot be written.
    """
    metadata = {"format": FORMAT, "spec": json.dumps(spec._asdict()), "about": json.dumps(dict(about), sort_keys=True)}
    remove_abandoned(path)
    write_bytes(path, tensor_bytes(model.state_dict(), metadata))


def about_weights(path: Path) -> dict[str, Any]:
    """Return the description in a weights file, without reading the weights.

    :raises UsageError: if the file is missing or is not of this format.
    """
    with _opened(path) as file:
        return _about(path, file.metadata())


def training_kits_of(about: Mapping[str, Any]) -> TrainingKits | None:
    """Return the training kits of weights, including those of the weights they started from; None if not recorded."""
    kits = names_within(about, "kits") or names_within(about, "config", "data", "kits")
    return TrainingKits(kits, names_within(about, "related")) if kits else None


def names_within(about: Any, *keys: str) -> tuple[str, ...]:
    """Return the list of names under nested keys of a description; empty if there is none."""
    for key in keys:
        about = about.get(key) if isinstance(about, Mapping) else None
    return tuple(str(name) for name in about) if isinstance(about, list | tuple) else ()


def load_weights(path: Path, device: str = "cpu", make: Callable[[ModelSpec], Separator] = build) -> Weights:
    """Read a model, in evaluation mode.

    :param make: builds the model of a spec.
    :raises UsageError: if the file is missing, is not of this format, or does not fit the model it names.
    """
    with _opened(path, device) as file:
        metadata = file.metadata()
        spec, about = _spec(path, metadata), _about(path, metadata)
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - not a dict
        _require_shapes(path, spec, shapes, make)
        state = {name: file.get_tensor(name) for name in shapes}
    model = make(spec).to(device)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise UsageError(f"{path}: does not fit model {spec.model}: {first}") from error
    return Weights(spec, model.eval(), about)


def _require_shapes(
    path: Path, spec: ModelSpec, shapes: Mapping[str, tuple[int, ...]], make: Callable[[ModelSpec], Separator]
) -> None:
    """Compare the tensor shapes of a file with its model's, without building the model, which may be of any size.

    :raises UsageError: if they differ.
    """
    try:
        needed = shapes_of(spec, make)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: its model cannot be made ({error})") from error
    for name in sorted({*needed, *shapes}):
        if shapes.get(name) != needed.get(name):
            actual, expected = (
                "no such tensor" if shape is None else f"shape {list(shape)}"
                for shape in (shapes.get(name), needed.get(name))
            )
            raise UsageError(f"{path}: does not fit model {spec.model}: {name}: found {actual}, expected {expected}")


@contextmanager
def _opened(path: Path, device: str = "cpu") -> Iterator[Any]:
    """Open a weights file of this format."""
    try:
        with safe_open(path, "pt", device=device) as file:
            format_name = (file.metadata() or {}).get("format")
            if format_name != FORMAT:
                raise UsageError(f"{path}: format is {format_name!r}; this version reads {FORMAT!r}")
            yield file
    except (OSError, SafetensorError, MemoryError) as error:
        raise UsageError(
            f"{path}: cannot be read as weights ({error}); give a .safetensors file of this toolkit"
        ) from error


def _about(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    return _object(path, metadata, "about")


def _spec(path: Path, metadata: Mapping[str, str]) -> ModelSpec:
    """Return the model description in a file's header."""
    spec = _object(path, metadata, "spec")
    model, stems, options = (spec.get(key) for key in ModelSpec._fields)
    if not isinstance(model, str) or not isinstance(options, dict) or not isinstance(stems, list):
        raise _damaged(path, "spec needs a model (text), stems (a list) and options (an object)")
    names = tuple(stem for stem in stems if isinstance(stem, str) and stem)
    if not 1 <= len(stems) <= MOST_STEMS or len(set(names)) < len(stems):
        raise _damaged(path, f"spec has {counted(len(stems), 'stem')}; they are 1 to {MOST_STEMS} different names")
    return ModelSpec(model, names, options)


def _object(path: Path, metadata: Mapping[str, str], key: str) -> dict[str, Any]:
    """Return an entry of a file's header that is a JSON object."""
    try:
        value = parse_json(metadata[key])
    except KeyError:
        raise _damaged(path, f"{key} is missing") from None
    except ValueError as error:
        raise _damaged(path, f"{key} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise _damaged(path, f"{key} is not an object")
    return value


def _damaged(path: Path, what: str) -> UsageError:
    return UsageError(f"{path}: its header is damaged ({what}); give a .safetensors file of this toolkit, unchanged")
