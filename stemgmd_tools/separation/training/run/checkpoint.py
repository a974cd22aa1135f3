"""Save and restore the full state of a run as one safetensors file, with JSON in its header.

A single file is replaced atomically, however the process ends. Random generators need no state: random numbers of a
step are determined by the seed and the number of the step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from stemgmd_tools.errors import TrainingError
from stemgmd_tools.separation.training.loop.trainer import Trainer
from stemgmd_tools.separation.weights.tensor_bytes import tensor_bytes
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.json_text import parse_json

FORMAT: Final = "stemgmd-training-state/1"


class State(BaseModel):
    """State of a run, without its tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity: str
    """Of the settings, see :attr:`~stemgmd_tools.separation.training.settings.schema.TrainConfig.identity`."""
    data: str
    """Fingerprint of the training data."""
    step: int = 0
    """Steps done."""
    items: int = 0
    """Number of segments used, which is the position of the sampler."""
    spent_s: float = 0.0
    """By the clock, this step included."""
    began_s: float = 0.0
    """Time spent before the first step."""
    validated_step: int = -1
    """Step of the last validation."""
    validated_s: float = 0.0
    """Time spent when the last validation ended."""
    validation_s: float = 0.0
    """How long it took."""
    best_db: float | None = None
    best_step: int = 0


class SavedState(NamedTuple):
    """Content of a state file."""

    state: State
    tensors: dict[str, Tensor]
    rest: dict[str, Any]


def save_state(path: Path, state: State, trainer: Trainer) -> None:
    """Write the state of a run atomically, with a readable JSON copy beside it.

    :raises AudioError: if it cannot be written.
    """
    optimizer = trainer.optimizer.state_dict()
    tensors = {f"model/{name}": tensor for name, tensor in trainer.model.state_dict().items()}
    if trainer.ema is not None:
        tensors |= {f"ema/{name}": tensor for name, tensor in trainer.ema.state_dict().items()}
    for number, parameter_state in optimizer["state"].items():
        tensors |= {
            f"optimizer/{number}/{name}": tensor
            for name, tensor in parameter_state.items()
            if isinstance(tensor, Tensor)
        }
    rest = {
        "groups": optimizer["param_groups"],
        "scaler": trainer.scaler.state_dict(),
        "ema_updates": 0 if trainer.ema is None else trainer.ema.updates,
    }
    metadata = {"format": FORMAT, "state": state.model_dump_json(), "rest": json.dumps(rest)}
    write_bytes(path, tensor_bytes(tensors, metadata))
    write_bytes(path.with_suffix(".json"), (state.model_dump_json(indent=1) + "\n").encode())


def read_state(path: Path) -> SavedState | None:
    """Read the state of a run; None if there is no such file.

    :raises TrainingError: if it is damaged or of another format.
    """
    if not path.exists():
        return None
    with _opened(path) as (file, metadata):
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return SavedState(State.model_validate_json(metadata["state"]), tensors, parse_json(metadata["rest"]))


def read_progress(path: Path) -> State | None:
    """Read the state of a run, without its tensors; None if there is no such file.

    :raises TrainingError: as :func:`read_state`.
    """
    if not path.exists():
        return None
    with _opened(path) as (_, metadata):
        return State.model_validate_json(metadata["state"])


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """Open a state of this format, and its header."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise TrainingError(f"{path}: format is {metadata.get('format')!r}; this version reads {FORMAT!r}")
            yield file, metadata
    except (OSError, SafetensorError, ValidationError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: damaged ({error}); remove it to start again") from error


def restore(saved: SavedState, trainer: Trainer) -> None:
    """Put weights, average, optimizer and scaler back.

    :raises TrainingError: if they do not fit the model.
    """
    try:
        trainer.model.load_state_dict(_under(saved.tensors, "model/"))
        if trainer.ema is not None:
            trainer.ema.load_state_dict(_under(saved.tensors, "ema/"), saved.rest["ema_updates"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(saved.tensors, "optimizer/").items():
            number, key = name.split("/", 1)
            state.setdefault(int(number), {})[key] = tensor
        trainer.optimizer.load_state_dict({"state": state, "param_groups": saved.rest["groups"]})
        if saved.rest["scaler"]:
            trainer.scaler.load_state_dict(saved.rest["scaler"])
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise TrainingError(f"the saved run does not fit model {trainer.spec.model}: {first}") from error


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
