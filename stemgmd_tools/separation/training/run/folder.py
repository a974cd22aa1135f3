"""The directory of a run: settings, splits, log, state and weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stemgmd_tools.errors import TrainingError, UsageError
from stemgmd_tools.separation.splits.roles import ROLES
from stemgmd_tools.separation.training.loop.data import TrainingData
from stemgmd_tools.separation.training.run.checkpoint import State, read_progress
from stemgmd_tools.separation.training.settings.files import config_text, read_config, with_changes
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.weights.file import about_weights
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.paths import inside


class RunFolder(NamedTuple):
    """Paths in a run directory."""

    root: Path

    @property
    def config(self) -> Path:
        """The resolved settings."""
        return self.root / "config.yaml"

    @property
    def splits(self) -> Path:
        """Performances by role, and kits."""
        return self.root / "splits.json"

    @property
    def log(self) -> Path:
        """One row per step."""
        return self.root / "log.csv"

    @property
    def board(self) -> Path:
        """TensorBoard's files."""
        return inside(self.root, "tensorboard", entered=True)

    @property
    def state(self) -> Path:
        """State from which the run resumes."""
        return self.root / "state.safetensors"

    @property
    def best(self) -> Path:
        """The weights with the best validation score, for `separate` and `evaluate`."""
        return self.root / "best.safetensors"

    @property
    def last(self) -> Path:
        """The weights of the last save."""
        return self.root / "last.safetensors"

    def check(self, config: TrainConfig, data: TrainingData) -> None:
        """Check that an existing run can resume here, or a new one can start; nothing is written.

        :raises TrainingError: if the run was started with other settings or data, or is damaged; or if a new run would
            overwrite a file.
        """
        state = read_progress(self.state)
        if state is None:
            for path in (self.config, self.log):
                if path.exists() and not self.splits.exists():
                    raise TrainingError(
                        f"{path}: would be written over, though no run was begun in this folder; move it, or give "
                        "another folder with --out"
                    )
            return
        for was in self._begun_with(state, config):
            if was.identity != config.identity:
                raise TrainingError(
                    f"{self.root}: was begun with other settings: {_differences(was, config)}; use those, or another "
                    "folder with --out"
                )
        if state.data != data.fingerprint:
            raise TrainingError(
                f"{self.root}: was begun with other performances or kits (splits.json), or other steps in its chain's "
                "file; give the same, or another folder with --out"
            )

    def _begun_with(self, state: State, config: TrainConfig) -> Iterator[TrainConfig]:
        """Yield the settings that the existing run was started with, from each file that records them."""
        if self.config.exists():
            yield read_config(self.config)
        if state.identity == config.identity:
            return
        # Another version hashes settings differently, or config.yaml was edited: the weights saved with the state
        # record its settings, except for paths.
        try:
            yield with_changes(config, about_weights(self.last)["config"])
        except (UsageError, KeyError, TypeError, AttributeError):
            raise TrainingError(
                f"{self.state}: was saved with other settings than these, and {self.last.name} does not tell which; "
                "use those, or another folder with --out"
            ) from None

    def best_known(self, state: State) -> State:
        """Return a state with the score of the best weights, which may have been saved after the state."""
        if state.best_db is None or not self.best.exists():
            return state
        about = about_weights(self.best)
        try:
            score_db, step = float(about["validation_db"]["score"]), int(about["step"])
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"{self.best}: does not tell its score and step ({error!r}); remove it to go on without it"
            ) from error
        return state if score_db <= state.best_db else state.model_copy(update={"best_db": score_db, "best_step": step})

    def begin(self, config: TrainConfig, data: TrainingData) -> None:
        """Write settings and splits; an existing run resumes only with the same settings and data.

        :raises TrainingError: as :meth:`check`; existing files are then not changed.
        """
        self.check(config, data)
        splits: dict[str, Any] = {role: sorted(data.splits.of(role)) for role in ROLES}
        splits |= {"left_out": dict(data.splits.left_out), "kits": data.kits, "fingerprint": data.fingerprint}
        write_bytes(self.splits, (json.dumps(splits, indent=1) + "\n").encode())
        write_bytes(self.config, config_text(config).encode())


def _differences(was: TrainConfig, now: TrainConfig) -> str:
    """Describe the settings that differ."""
    first, second = (_flat(config.model_dump(mode="json", by_alias=True)) for config in (was, now))
    differences = [
        f"{key} {first.get(key)!r} (now {second.get(key)!r})"
        for key in {**first, **second}
        if first.get(key) != second.get(key)
    ]
    return ", ".join(differences)


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else key
        flat |= _flat(value, name) if isinstance(value, dict) else {name: value}
    return flat
