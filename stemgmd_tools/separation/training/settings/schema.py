"""Schema and defaults of the settings of a training run.

Does not import torch, so that settings are checked quickly.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.networks.registry import DEFAULT_MODEL, model_names
from stemgmd_tools.strict_yaml.model import Strict

SCHEMA_ID: Final = "stemgmd-training/1"
SAMPLE_RATE: Final = 44_100
"""Sample rate of all models, Hz."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]

LossName: TypeAlias = Literal[
    "nsdr",
    "nsdr_spectrum",
    "l1_magnitude",
    "l1_spectrum",
    "l1_waveform",
    "mse",
    "masked_mse",
    "multi_resolution",
    "silence",
]


def _names_of_models(schema: dict[str, Any]) -> None:
    schema["enum"] = list(model_names())


class ModelConfig(Strict):
    """The network."""

    name: str = Field(default=DEFAULT_MODEL, description="name of a model", json_schema_extra=_names_of_models)
    stems: Literal["five", "nine"] | tuple[str, ...] = Field(
        default="five", description="`five` groups, all `nine` pieces, or a list of them"
    )
    options: dict[str, bool | int | float | str] = Field(default={}, description="options of the model")
    weights: str | None = Field(
        default=None, description="a .safetensors file with initial weights; default: random weights"
    )

    @property
    def stem_names(self) -> tuple[str, ...]:
        """The stems in the order of the output."""
        if isinstance(self.stems, tuple):
            return self.stems
        return tuple(str(piece.value) for piece in (GROUPS if self.stems == "five" else PIECES))


class DataConfig(Strict):
    """The training data."""

    corpus: str | None = Field(default=None, description="folder of a rendered corpus; default: rendered on the fly")
    gmd: str | None = Field(default=None, description="without a corpus: GMD, folder or zip; default: as for `render`")
    kits: tuple[str, ...] = Field(default=("train",), min_length=1, description="training kits, named as in `render`")
    kit_weights: dict[str, Annotated[int, Field(ge=1, le=1_000)]] = Field(
        default={}, description="how many kits a kit counts as when kits are drawn, by its name; default: 1"
    )
    test_kits: tuple[str, ...] = Field(
        default=("heldout",), description="test kits: training kits must not be, or be derived from, these"
    )
    validation_kits: tuple[str, ...] = Field(
        default=(), description="kits of the validation segments; default: the training kits"
    )
    kit_path: tuple[str, ...] = Field(default=(), description="folders with sample maps and samples")
    keep: str | None = Field(
        default=None,
        description="list of the clips to train and validate on, as `stemgmd curate` writes it; default: all",
    )
    limit: Count | None = Field(default=None, description="maximum number of training performances, evenly spaced")
    segment_s: Positive = Field(default=6.0, le=600, description="length of a segment in seconds")
    grid_s: Positive | None = Field(
        default=None, description="segments start at multiples of this many seconds; default: anywhere"
    )
    min_active: dict[str, Share] = Field(
        default={}, description="minimum share of segments with a hit of a piece or group, by its name"
    )
    chain: str = Field(default="larsnet", description="augmentation chain: a shipped chain, a file, or `none`")
    mix: RandomMix | None = Field(default=None, description="random mixing; default: original mixes only")
    target: tuple[str, ...] = Field(default=(), description="stems in the loss; default: all")
    workers: int | None = Field(
        default=None, ge=0, description="data loading processes; default: 1; for a GPU all cores but one"
    )

    @model_validator(mode="after")
    def _one_way(self) -> DataConfig:
        if self.mix is not None and self.min_active:
            raise ValueError("min_active and mix cannot be used together; give mix its min_hits instead")
        if self.grid_s is not None and (self.mix is not None or self.min_active):
            raise ValueError("grid_s cannot be used with min_active or mix, which place segments differently")
        if self.corpus is not None and self.gmd is not None:
            raise ValueError("corpus and gmd cannot be used together; leave one out")
        return self


class LossConfig(Strict):
    """The loss, a weighted sum of terms."""

    terms: dict[LossName, Positive] = Field(default={"nsdr": 1.0}, min_length=1, description="weight of each term")
    stem_weights: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default={}, description="weight of each stem; default: 1"
    )
    floor: tuple[Positive, Positive] = Field(
        default=(1e-4, 1e-7),
        description="`nsdr`, `nsdr_spectrum`: energy added to signal and error, at the start and at the end",
    )
    keep: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.9,
        description="`masked_mse`: share of the stems of a batch that are used, those with the smallest error",
    )
    windows: tuple[Annotated[int, Field(ge=16)], ...] = Field(
        default=(512, 1024, 2048, 4096), min_length=1, description="`multi_resolution`: window lengths in frames"
    )
    silence_ratio: Positive = Field(default=1e-4, description="`silence`: share of the mixture's energy added")


class OptimizerConfig(Strict):
    """The optimizer."""

    name: Literal["adam", "adamw", "muon"] = Field(
        default="adamw",
        description="`muon`: Jordan et al. 2024 for matrices and kernels, AdamW without decay for the rest",
    )
    learning_rate: Positive = Field(default=1e-3, description="maximum learning rate; see `schedule`")
    betas: tuple[Decay, Decay] = Field(
        default=(0.9, 0.999), description="decay of the averages of the gradient and its square"
    )
    weight_decay: float = Field(default=1e-2, ge=0.0, description="weight decay")
    clip_norm: Positive | None = Field(default=1.0, description="maximum norm of the gradient; null: no clipping")
    items: Count = Field(default=16, description="segments per step, over all processes")
    accumulate: Count = Field(default=1, description="parts of a step, for gradient accumulation")


class ScheduleConfig(Strict):
    """The learning rate schedule, over the spent share of the budget."""

    name: Literal["constant", "cosine", "one_cycle"] = Field(default="cosine", description="shape of the schedule")
    warm_up: Share = Field(
        default=0.02, description="share of the budget for warm-up from 0; always 0.3 for `one_cycle`"
    )
    final: Share = Field(default=0.01, description="final share of the learning rate; not used by `constant`")


class BudgetConfig(Strict):
    """The training budget: steps or wall-clock seconds, whichever is spent first."""

    steps: Count | None = Field(default=None, description="optimizer steps")
    time_s: Positive | None = Field(default=None, description="seconds, validation and saving included")


class ValidationConfig(Strict):
    """Validation of the averaged weights on a fixed set of segments."""

    items: int = Field(default=48, ge=0, description="number of segments; 0: no validation")
    every_steps: Count | None = Field(default=None, description="default: by time")
    every_s: Positive = Field(
        default=300.0,
        description="seconds between validations, unless `every_steps` is given; more if they would take over a "
        "twentieth of the time",
    )


class SavingConfig(Strict):
    """How often the state is saved, from which an interrupted run resumes."""

    every_steps: Count | None = Field(default=None, description="default: by time")
    every_s: Positive = Field(default=120.0, description="seconds between saves, unless `every_steps` is given")


class TrainConfig(Strict):
    """All settings of a run."""

    format: Literal["stemgmd-training/1"] = Field(default=SCHEMA_ID, alias="schema", description="format and version")
    model: ModelConfig = Field(default=ModelConfig(), description="the network")
    data: DataConfig = Field(default=DataConfig(), description="the training data")
    loss: LossConfig = Field(default=LossConfig(), description="the loss")
    optimizer: OptimizerConfig = Field(default=OptimizerConfig(), description="the optimizer")
    schedule: ScheduleConfig = Field(default=ScheduleConfig(), description="the learning rate schedule")
    budget: BudgetConfig = Field(default=BudgetConfig(), description="the training budget")
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] | None = Field(
        default=0.999, description="decay of the averaged weights per step; null: no averaging"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto",
        description="precision of the network; spectra and losses are fp32. auto: bf16 on a GPU, else fp32",
    )
    channels_last: bool = Field(default=True, description="use the channels-last memory format if the model prefers it")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="device to train on")
    seed: int = Field(default=0, ge=0, description="seed of weights, segments, augmentations and dropout")
    validation: ValidationConfig = Field(default=ValidationConfig(), description="the validation")
    saving: SavingConfig = Field(default=SavingConfig(), description="how often the state is saved")

    @model_validator(mode="after")
    def _fits(self) -> TrainConfig:
        stems = self.model.stem_names
        try:
            pieces = [piece for stem in stems for piece in pieces_of_stem(stem)]
        except AugmentError as error:
            raise ValueError(f"model.stems: {error}") from error
        if sorted(pieces) != sorted(PIECES):
            raise ValueError(
                f"model.stems {', '.join(stems)}: together they must contain all nine pieces, each once, since a "
                "mixture is the sum of its stems; to train only some stems, name them in data.target"
            )
        for where, names in (("data.target", self.data.target), ("loss.stem_weights", tuple(self.loss.stem_weights))):
            unknown = [name for name in names if name not in stems]
            if unknown:
                raise ValueError(f'{where} names "{unknown[0]}"; the model\'s stems are {", ".join(stems)}')
        if self.optimizer.items % self.optimizer.accumulate:
            raise ValueError(f"optimizer.items is {self.optimizer.items}; it must be a multiple of accumulate")
        return self

    @property
    def segment_frames(self) -> int:
        """Length of a segment in frames at 44.1 kHz."""
        return round(self.data.segment_s * SAMPLE_RATE)

    @property
    def grid_frames(self) -> int | None:
        """Segments start at multiples of this many frames at 44.1 kHz; None: anywhere."""
        return None if self.data.grid_s is None else max(round(self.data.grid_s * SAMPLE_RATE), 1)

    @property
    def identity(self) -> str:
        """SHA-256 (hex) of all settings that determine the result; a run resumes only if it is equal.

        Excludes what may change: paths, number of data loading processes, budget, and intervals of saving and
        validation.
        """
        content = self.model_dump(mode="json", by_alias=True)
        for key in ("budget", "saving", "device"):
            del content[key]
        for key in ("every_steps", "every_s"):
            del content["validation"][key]
        for key in ("corpus", "gmd", "kit_path", "workers"):
            del content["data"][key]
        if self.data.keep is None:
            del content["data"]["keep"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
