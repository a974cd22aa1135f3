"""Schema and defaults of the settings of a training run.

Does not import torch, so that settings are checked quickly.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.augment.sampling.random_mixing import RandomMix
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.pieces import GROUPS, PIECES
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


class ModelConfig(Strict):
    """The network."""

    name: str = Field(default="larsnet-s", description="a model of the registry")
    stems: Literal["five", "nine"] | tuple[str, ...] = Field(
        default="five", description="`five` groups, all `nine` pieces, or a list of them"
    )
    options: dict[str, bool | int | float | str] = Field(default={}, description="of the model's class")
    weights: str | None = Field(default=None, description="a .safetensors file to start from; default: fresh weights")

    @property
    def stem_names(self) -> tuple[str, ...]:
        """The stems in the order of the output."""
        if isinstance(self.stems, tuple):
            return self.stems
        return tuple(str(one.value) for one in (GROUPS if self.stems == "five" else PIECES))


class DataConfig(Strict):
    """What is heard."""

    corpus: str | None = Field(default=None, description="folder of a rendered corpus; default: rendered as it is read")
    gmd: str | None = Field(default=None, description="without a corpus: GMD, folder or zip; default: as `render` does")
    kits: tuple[str, ...] = Field(default=("train",), min_length=1, description="kits to train on, as in `render`")
    test_kits: tuple[str, ...] = Field(
        default=("heldout",), description="kits kept for the test: what is trained on may not be, or be made of, these"
    )
    kit_path: tuple[str, ...] = Field(default=(), description="folders with sample maps and samples")
    limit: Count | None = Field(default=None, description="at most so many training performances, spread evenly")
    segment_s: Positive = Field(default=6.0, le=600, description="length of a segment in seconds")
    grid_s: Positive | None = Field(
        default=None, description="segments start at multiples of so many seconds of a performance; default: anywhere"
    )
    min_active: dict[str, Share] = Field(
        default={}, description="piece or group to the share of segments that hold one of its hits at least"
    )
    chain: str = Field(default="larsnet", description="a ready chain of augmentations or a file; `none` for none")
    mix: RandomMix | None = Field(default=None, description="random mixing; default: segments as they were played")
    target: tuple[str, ...] = Field(
        default=(), description="stems that training is for: the loss counts these alone; default: all"
    )
    workers: int | None = Field(
        default=None, ge=0, description="processes that load; default: 1, for a GPU one per core but one"
    )

    @model_validator(mode="after")
    def _one_way(self) -> DataConfig:
        if self.mix is not None and self.min_active:
            raise ValueError("min_active and mix cannot be used together; give mix its min_hits instead")
        if self.grid_s is not None and (self.mix is not None or self.min_active):
            raise ValueError("grid_s goes neither with min_active nor with mix, which place segments otherwise")
        if self.corpus is not None and self.gmd is not None:
            raise ValueError("corpus and gmd name two sources; give one")
        return self


class LossConfig(Strict):
    """What training makes small: a weighted sum of terms."""

    terms: dict[LossName, Positive] = Field(default={"nsdr": 1.0}, min_length=1, description="term to its weight")
    stem_weights: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default={}, description="stem to its weight; default: 1 each"
    )
    floor: tuple[Positive, Positive] = Field(
        default=(1e-4, 1e-7),
        description="`nsdr`, `nsdr_spectrum`: energy added to signal and error, at the start and at the end",
    )
    keep: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.9, description="`masked_mse`: share of stems of a batch that count, those with the least error"
    )
    windows: tuple[Annotated[int, Field(ge=16)], ...] = Field(
        default=(512, 1024, 2048, 4096), min_length=1, description="`multi_resolution`: in frames"
    )
    silence_ratio: Positive = Field(default=1e-4, description="`silence`: share of the mixture's energy added")


class OptimizerConfig(Strict):
    """How weights are changed."""

    name: Literal["adam", "adamw", "muon"] = Field(
        default="adamw",
        description="`muon`: Jordan et al. 2024 for matrices and kernels, AdamW without decay for the rest",
    )
    learning_rate: Positive = Field(default=1e-3, description="the greatest; `schedule` says when it is less")
    betas: tuple[Decay, Decay] = Field(default=(0.9, 0.999), description="decay of the means of gradient and square")
    weight_decay: float = Field(default=1e-2, ge=0.0, description="pull towards 0")
    clip_norm: Positive | None = Field(default=1.0, description="greatest norm of the gradient; null: not clipped")
    items: Count = Field(default=16, description="segments of a step, of all processes together")
    accumulate: Count = Field(default=1, description="parts that a step is computed in, one after the other")


class ScheduleConfig(Strict):
    """How the learning rate goes, over the share of the budget that is spent."""

    name: Literal["constant", "cosine", "one_cycle"] = Field(default="cosine", description="its shape")
    warm_up: Share = Field(default=0.02, description="share of the budget in which it rises from 0; `one_cycle`: 0.3")
    final: Share = Field(default=0.01, description="share of the learning rate at the end; not of `constant`")


class BudgetConfig(Strict):
    """How long to train: steps, or seconds by the clock, whichever is spent first."""

    steps: Count | None = Field(default=None, description="optimizer steps")
    time_s: Positive | None = Field(default=None, description="seconds, validation and saving included")


class ValidationConfig(Strict):
    """A fixed set of segments that the averaged weights are tried on."""

    items: int = Field(default=48, ge=0, description="segments; 0: no validation")
    every_steps: Count | None = Field(default=None, description="default: by time")
    every_s: Positive = Field(
        default=300.0,
        description="seconds between two, unless by steps; more where they take a twentieth of the time",
    )


class SavingConfig(Strict):
    """How often the run is saved; it goes on from there when it was killed."""

    every_steps: Count | None = Field(default=None, description="default: by time")
    every_s: Positive = Field(default=120.0, description="seconds between two, unless `every_steps` is given")


class TrainConfig(Strict):
    """A whole run."""

    format: Literal["stemgmd-training/1"] = Field(default=SCHEMA_ID, alias="schema", description="format and version")
    model: ModelConfig = Field(default=ModelConfig(), description="the network")
    data: DataConfig = Field(default=DataConfig(), description="what is heard")
    loss: LossConfig = Field(default=LossConfig(), description="what is made small")
    optimizer: OptimizerConfig = Field(default=OptimizerConfig(), description="how weights are changed")
    schedule: ScheduleConfig = Field(default=ScheduleConfig(), description="how the learning rate goes")
    budget: BudgetConfig = Field(default=BudgetConfig(), description="how long to train")
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] | None = Field(
        default=0.999, description="decay of the averaged weights, per step; null: no average"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="of the network; spectra and losses are fp32. auto: bf16 on a GPU, else fp32"
    )
    channels_last: bool = Field(default=True, description="channels last in memory, for networks that gain by it")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where to compute")
    seed: int = Field(default=0, ge=0, description="of weights, segments, augmentations and dropout")
    validation: ValidationConfig = Field(default=ValidationConfig(), description="what weights are tried on")
    saving: SavingConfig = Field(default=SavingConfig(), description="how often the run is saved")

    @model_validator(mode="after")
    def _fits(self) -> TrainConfig:
        stems = self.model.stem_names
        try:
            pieces = [piece for stem in stems for piece in pieces_of_stem(stem)]
        except AugmentError as error:
            raise ValueError(f"model.stems: {error}") from error
        if sorted(pieces) != sorted(PIECES):
            raise ValueError(
                f"model.stems {', '.join(stems)}: together they must be all nine pieces, each once, since a mixture is "
                "the sum of its stems; to train for some of them alone, name these in data.target"
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
        """Length of a segment at 44.1 kHz, which all models are for."""
        return round(self.data.segment_s * SAMPLE_RATE)

    @property
    def grid_frames(self) -> int | None:
        """Segments start at multiples of so many frames at 44.1 kHz; None: anywhere."""
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
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
