"""Join weights that were trained for single stems into one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.weights.file import Weights, load_weights, names_within, save_weights, training_kits_of
from stemgmd_tools.storage.files import file_sha256

_NETWORKS: Final = "networks"
"""Attribute of models with a separate network per stem."""


class _Part(NamedTuple):
    path: Path
    weights: Weights
    target: tuple[str, ...]
    """The stems it was trained for."""


def join_weights(paths: Sequence[Path], out: Path, make: Callable[[ModelSpec], Separator] = build) -> dict[str, Path]:
    """Write a model that takes each stem from the weights trained for it (``baseline-train --target``).

    :param paths: weights of one model with a separate network per stem.
    :param make: builds the model of a spec.
    :return: the source file of each stem.
    :raises UsageError: if a file is not suitable, two were trained for the same stem, or a stem has no file.
    """
    parts = [_part(path, make) for path in paths]
    first = parts[0]
    for part in parts[1:]:
        if part.weights.spec != first.weights.spec:
            raise UsageError(f"{part.path}: is another model than {first.path}; give weights of one kind of model")
    origin: dict[str, _Part] = {}
    for part in parts:
        for stem in part.target:
            if stem in origin:
                raise UsageError(f"{part.path}: was trained for {stem}, as {origin[stem].path} was; leave one out")
            origin[stem] = part
    missing = [stem for stem in first.weights.spec.stems if stem not in origin]
    if missing:
        raise UsageError(f"no file was trained for {', '.join(missing)}; give one for every stem")
    model = first.weights.model
    state = model.state_dict()
    for stem, part in origin.items():
        own = f"{_NETWORKS}.{stem}."
        state |= {name: tensor for name, tensor in part.weights.model.state_dict().items() if name.startswith(own)}
    model.load_state_dict(state)
    save_weights(out, first.weights.spec, model, _about(origin))
    return {stem: origin[stem].path for stem in first.weights.spec.stems}


def has_network_per_stem(model: Separator) -> bool:
    """Return whether weights of a model that were trained for single stems can be joined."""
    return set(getattr(model, _NETWORKS, {})) == set(model.stems)


def _part(path: Path, make: Callable[[ModelSpec], Separator]) -> _Part:
    weights = load_weights(path, make=make)
    if not has_network_per_stem(weights.model):
        raise UsageError(
            f"{path}: {weights.spec.model} has no separate network per stem; use such weights alone: "
            "`stemgmd separate --stem STEM`"
        )
    target = names_within(weights.about, "config", "data", "target")
    if not target:
        raise UsageError(f"{path}: does not record which stems it was trained for; train it with --target STEM")
    return _Part(path, weights, target)


def _about(origin: dict[str, _Part]) -> dict[str, Any]:
    """Return the description of the joined weights: the kits of all parts, and the description of each part."""
    abouts = [part.weights.about for part in origin.values()]
    training_kits = [kits for kits in map(training_kits_of, abouts) if kits is not None]
    about_joined: dict[str, Any] = {
        "joined": {
            stem: {"sha256": file_sha256(part.path), "about": part.weights.about} for stem, part in origin.items()
        }
    }
    if len(training_kits) == len(abouts):  # else unrecorded training kits would pass as unseen
        about_joined["kits"] = sorted({kit for kits in training_kits for kit in kits.kits})
        about_joined["related"] = sorted({name for kits in training_kits for name in kits.related})
    licences = {about.get("license") for about in abouts}
    return about_joined | ({"license": licences.pop()} if len(licences) == 1 and None not in licences else {})
