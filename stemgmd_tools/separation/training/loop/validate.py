"""Validate weights on a fixed set of segments during training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import torch
from torch import Tensor

from stemgmd_tools.augment.dataset import Collate, SegmentDataset
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.trainer import autocast
from stemgmd_tools.separation.training.optimization.losses import EPS, nsdr

FULL_SCALE: Final = 32768.0
"""Steps of 16-bit audio up to full scale."""


class ValidationResult(NamedTuple):
    """Result of a validation."""

    stems_db: dict[str, float]
    """Mean nSDR (LarsNet's) of each stem over segments where it is present; NaN if it never is."""
    pooled_db: float
    """Mean over all present stems."""
    silence_db: float
    """Mean level of the estimates of absent stems, in dB of full scale; NaN if none is absent."""

    target: tuple[str, ...] = ()
    """The target stems; empty: all."""

    @property
    def score_db(self) -> float:
        """Mean over the target stems, each with equal weight.

        The best weights are selected by this score.
        """
        wanted = (value for name, value in self.stems_db.items() if not self.target or name in self.target)
        known = [value for value in wanted if not math.isnan(value)]
        return sum(known) / len(known) if known else math.nan


class Validation:
    """A fixed set of segments, in memory as 16-bit integers if they are exact as such.

    :param dataset: the segments; its chain and mixes, if any, are applied.
    :param items: segments per batch.
    :param target: the target stems; empty: all.
    """

    def __init__(self, dataset: SegmentDataset, items: int, ranks: Ranks, target: tuple[str, ...] = ()) -> None:
        """Segments are rendered at the first use."""
        self._dataset, self._items, self._ranks, self._target = dataset, items, ranks, target
        self._segments: list[Tensor] = []

    def __call__(self, model: Separator, precision: str) -> ValidationResult:
        """Separate and score every segment; the model's mode is restored afterwards."""
        was_training = model.training
        model.eval()
        sums = torch.zeros(2, len(model.stems), dtype=torch.float64, device=self._ranks.device)
        silence = torch.zeros(2, dtype=torch.float64, device=self._ranks.device)
        with torch.inference_mode():
            for stems in self._batches():
                with autocast(self._ranks.device, precision):
                    estimate = model.estimate(stems.sum(1))
                _add(sums, silence, estimate.sound.float(), stems)
        model.train(was_training)
        result = _validated(model.stems, self._ranks.total(sums), self._ranks.total(silence))
        return result._replace(target=self._target)

    def render(self) -> None:
        """Render this process's share of the segments, if not done yet."""
        for _ in self._batches():
            break

    def first(self) -> Tensor:
        """Return the stems (stem, 2, frame) of the first segment of this process."""
        return next(self._batches())[0]

    def _batches(self) -> Iterator[Tensor]:
        if not self._segments:
            numbers = range(self._ranks.rank, len(self._dataset), self._ranks.count)
            collate = Collate(self._dataset.source.sample_rate)
            for first in range(0, len(numbers), self._items):
                batch = collate([self._dataset[number] for number in numbers[first : first + self._items]])
                self._segments.append(_compact(batch.augmented().stems))
        for segments in self._segments:
            stems = segments.to(self._ranks.device)
            yield stems if stems.is_floating_point() else stems.float() / FULL_SCALE


def _compact(stems: Tensor) -> Tensor:
    """Return stems as 16-bit integers if that changes none of them."""
    integers = (stems * FULL_SCALE).to(torch.int16)
    return integers if torch.equal(integers.float() / FULL_SCALE, stems) else stems


def _add(sums: Tensor, silence: Tensor, estimate: Tensor, stems: Tensor) -> None:
    present = stems.abs().amax((-1, -2)) > 0
    sums[0] += torch.where(present, nsdr(estimate, stems), 0.0).sum(0)
    sums[1] += present.sum(0)
    levels = 10.0 * torch.log10(estimate.square().mean((-1, -2)) + EPS)
    silence[0] += levels[~present].sum()
    silence[1] += (~present).sum()


def _validated(names: tuple[str, ...], sums: Tensor, silence: Tensor) -> ValidationResult:
    totals, counts = sums[0].tolist(), sums[1].tolist()
    each = {name: _mean(total, count) for name, total, count in zip(names, totals, counts, strict=True)}
    return ValidationResult(each, _mean(sum(totals), sum(counts)), _mean(float(silence[0]), float(silence[1])))


def _mean(total: float, count: float) -> float:
    return total / count if count else math.nan
