"""Train a model step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from stemgmd_tools.augment.dataset import Batch
from stemgmd_tools.errors import UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.networks.registry import ModelSpec
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.optimization.ema import Ema
from stemgmd_tools.separation.training.optimization.losses import Loss, Targets
from stemgmd_tools.separation.training.optimization.optimizers import optimizer_of
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.weights.file import load_weights

Make = Callable[[ModelSpec], Separator]

_DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


class _LossOf(nn.Module):
    """Computes estimate and loss in one call, as DistributedDataParallel requires."""

    def __init__(self, model: Separator, loss: Loss, precision: str) -> None:
        super().__init__()
        self.model, self.loss, self.precision = model, loss, precision

    def forward(self, mixture: Tensor, stems: Tensor, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        with autocast(mixture.device, self.precision):
            estimate = self.model.estimate(mixture)
        terms = self.loss(estimate, Targets(stems, mixture), progress)
        return terms["loss"], {name: term.detach() for name, term in terms.items()}


class StepResult(NamedTuple):
    """Result of a step, on the device: reading it waits for the step."""

    terms: dict[str, Tensor]
    """``loss`` and its terms."""
    norm: Tensor
    """Norm of the gradient before clipping; if not finite, training ends (fp16: the step was skipped)."""


class Trainer:
    """Trains one model.

    :param config: of the run.
    :param ranks: the processes of the run.
    :param make: builds the model.
    :raises UsageError: if the model cannot be built or ``model.weights`` does not fit it.
    """

    def __init__(self, config: TrainConfig, ranks: Ranks, make: Make) -> None:
        """Build model, average and optimizer."""
        self.config, self.ranks = config, ranks
        self.spec = ModelSpec(config.model.name, config.model.stem_names, dict(config.model.options))
        self.precision = precision_of(config, ranks.device)
        torch.manual_seed(_number(config.seed, "weights"))
        model = make(self.spec)
        _start_from(model, self.spec, config.model.weights, make)
        if ranks.count > 1 and ranks.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        self.model: Separator = model.to(ranks.device)
        if config.channels_last:
            self.model.to(memory_format=self.model.memory_format)  # type: ignore[call-overload]
        self.ema = None if config.ema is None else Ema(self.model, config.ema)
        self.optimizer = optimizer_of(config.optimizer, self.model)
        self.scaler = torch.amp.GradScaler(ranks.device.type, enabled=self.precision == "fp16")
        loss = Loss(config.loss, config.model.stem_names, config.data.target).to(ranks.device)
        self._whole: nn.Module = _LossOf(self.model, loss, self.precision)
        if ranks.count > 1:
            # With a target, layers of the other stems get no gradient.
            self._whole = DistributedDataParallel(self._whole, find_unused_parameters=bool(config.data.target))

    @property
    def averaged(self) -> Separator:
        """The model that is validated and saved as weights; in evaluation mode if it is an average."""
        model = self.model if self.ema is None else self.ema.model
        if not isinstance(model, Separator):
            raise TypeError("the average of a separator is one")
        return model

    def step(self, batches: Iterator[Batch], step: int, learning_rate: float, progress: float) -> StepResult:
        """Accumulate the parts of one step and update the weights.

        Dropout is determined by seed, step, part and rank.

        :param step: number of the step, from 0.
        """
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        parts = self.config.optimizer.accumulate
        all_terms = []
        for part in range(parts):
            with torch.no_grad():
                batch = next(batches).augmented(self.ranks.device, overwrite=True)
            torch.manual_seed(_number(self.config.seed, "step", step, part, self.ranks.rank))
            with self._alone(part < parts - 1):
                loss, terms = self._whole(batch.mixture, batch.stems, progress)
                self.scaler.scale(loss / parts).backward()
            all_terms.append(terms)
        norm = self._change()
        means = {name: torch.stack([terms[name] for terms in all_terms]).mean() for name in all_terms[0]}
        return StepResult(self.ranks.mean(means), norm)

    def _change(self) -> Tensor:
        self.scaler.unscale_(self.optimizer)
        limit = self.config.optimizer.clip_norm
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), float("inf") if limit is None else limit)
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        skipped = self.scaler.get_scale() < scale  # fp16: a non-finite gradient only changes the scale
        if self.ema is not None and not skipped:
            self.ema.update(self.model)
        return norm.detach()

    def _alone(self, alone: bool) -> AbstractContextManager[None]:
        """Do not synchronise gradients before the last part."""
        if alone and isinstance(self._whole, DistributedDataParallel):
            held: AbstractContextManager[None] = self._whole.no_sync()
            return held
        return nullcontext()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the autocast context of a precision: ``fp32``, ``bf16`` or ``fp16``."""
    return torch.autocast(device.type, _DTYPES.get(precision, torch.bfloat16), enabled=precision in _DTYPES)


def precision_of(config: TrainConfig, device: torch.device) -> str:
    """Return the precision of the network on a device."""
    if config.precision != "auto":
        return config.precision
    return "bf16" if device.type == "cuda" else "fp32"


def _number(seed: int, *names: str | int) -> int:
    return int(stream(seed, "training", *names).integers(1 << 62))


def _start_from(model: Separator, spec: ModelSpec, weights: str | None, make: Make) -> None:
    if weights is None:
        return
    loaded = load_weights(Path(weights), make=make)
    if (loaded.spec.model, tuple(loaded.spec.stems)) != (spec.model, spec.stems):
        raise UsageError(
            f"{weights}: is a {loaded.spec.model} of {', '.join(loaded.spec.stems)}; this run trains a {spec.model} of "
            f"{', '.join(spec.stems)}"
        )
    try:
        model.load_state_dict(loaded.model.state_dict())
    except RuntimeError as error:
        raise UsageError(f"{weights}: has other options than this run's model: {dict(loaded.spec.options)}") from error
