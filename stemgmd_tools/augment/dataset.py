"""PyTorch dataset, sampler and loader of augmented segments.

An item depends only on (seed, epoch, index), not on workers, ranks, batch size or where a run was resumed. Loaders
fetch stems; audio effects are applied afterwards, in batches, on the device of the model:

    dataset = SegmentDataset(source, frames=522_585, length=4_800, chain=load_chain("larsnet"))
    for batch in segment_loader(dataset, batch_size=24, num_workers=2):
        augmented = batch.augmented("cuda")  # .stems (item, stem, 2, frame), .mixture (item, 2, frame)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from stemgmd_tools.augment.audio.apply import Applied, apply
from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.chain.rows import Example, Row, example_name
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.augment.sampling.draw import counts_hits, draw
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.augment.sampling.pool import pool_of
from stemgmd_tools.augment.sampling.random_mixing import draw_mix, mix_rows
from stemgmd_tools.augment.sampling.segments import SegmentDraw
from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.augment.symbolic.renderer import Renderer
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.errors import UsageError
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.runtime.workers import end_with_parent

GROUP_STEMS: Final = tuple(group.value for group in GROUPS)
"""The five stems of LarsNet."""


class Item(NamedTuple):
    """One segment, before its audio effects."""

    example: Example
    rows: tuple[Row, ...]
    stems: Tensor
    """(stem, channel, frame) float32, full scale 1."""
    labels: NDArray[np.void]
    """Every hit, :data:`stemgmd_tools.augment.symbolic.examples.LABEL_DTYPE`."""


class Batch(NamedTuple):
    """Segments of equal length."""

    examples: tuple[Example, ...]
    rows: tuple[tuple[Row, ...], ...]
    stems: Tensor
    """(item, stem, channel, frame) float32."""
    labels: tuple[NDArray[np.void], ...]
    sample_rate: int

    def pin_memory(self) -> Batch:
        """Return the batch in pinned memory (``DataLoader(pin_memory=True)``)."""
        return self._replace(stems=self.stems.pin_memory())

    def augmented(
        self,
        device: torch.device | str = "cpu",
        *,
        impulse_responses: ImpulseResponses | None = None,
        overwrite: bool = False,
    ) -> Applied:
        """Apply the audio effects; stems and mixture are as long as the segments.

        If effects change the length, longer stems are cut and shorter ones are padded with silence. Move labels with
        :attr:`~stemgmd_tools.augment.audio.apply.Applied.warps`.

        :param impulse_responses: by the names that the chain uses: (1 or channel, frame) at ``sample_rate``.
        :param overwrite: overwrite the batch's ``stems`` if they are on the device already, which saves a copy.
        :raises StemgmdError: if a row cannot be applied.
        """
        frames = self.stems.shape[-1]
        count = self.stems.shape[1]
        onsets = [[labels["frame"][labels["stem"] == stem] for stem in range(count)] for labels in self.labels]
        stems = self.stems.to(device, non_blocking=True)
        applied = apply(
            self.rows,
            stems,
            sample_rate=self.sample_rate,
            names=self.examples[0].stems,
            onsets=onsets,
            impulse_responses=impulse_responses,
            overwrite=overwrite or stems is not self.stems,
        )
        return applied._replace(stems=_fitted(applied.stems, frames), mixture=_fitted(applied.mixture, frames))


def _fitted(sound: Tensor, frames: int) -> Tensor:
    return torch.nn.functional.pad(sound, (0, max(frames - sound.shape[-1], 0)))[..., :frames]


class SegmentDataset(Dataset[Item]):
    """Segments of a source, drawn anew each epoch, with a chain and random mixing.

    :param source: stems by performance and kit.
    :param frames: length of a segment.
    :param length: items in an epoch.
    :param stems: the five groups, or the nine pieces.
    :param target: the target stems of training, which chains may treat differently.
    :param chain: chain of effects; None for no effects.
    :param mix: random mixing instead of segments as they were played.
    :param min_active: piece or group -> share of the items that hold at least one of its hits, see
        :class:`~stemgmd_tools.augment.sampling.segments.SegmentDraw`; random mixing has ``min_hits`` instead.
    :param seed: seed of all draws.
    :raises UsageError: for a value that is not allowed.
    """

    def __init__(
        self,
        source: StemSource,
        frames: int,
        length: int,
        *,
        stems: Sequence[str] = GROUP_STEMS,
        target: Sequence[str] = (),
        chain: Chain | None = None,
        mix: RandomMix | None = None,
        min_active: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        """Index the source."""
        if length < 1:
            raise UsageError(f"length is {length}; an epoch has at least 1 item")
        if mix is not None and min_active:
            raise UsageError("min_active and mix cannot be used together; give mix its min_hits instead")
        self.source = source
        self._frames = frames
        self._length = length
        self._stems, self._target = tuple(stems), tuple(target)
        self._min_active = dict(min_active or {})
        self._chain, self._mix, self._seed = chain, mix, seed
        self._wants_hits = (chain is not None and counts_hits(chain)) or (mix is not None and mix.min_hits > 0)
        self._pool = pool_of(source, activity=self._wants_hits)
        self._segments = SegmentDraw(source, frames, min_active=min_active, seed=seed)
        self._renderer = Renderer(source)

    def join_kits(self, weights: Mapping[str, int] | None = None) -> None:
        """Draw from all kits of the source, in effects that swap kits too, whatever their split or without one.

        :param weights: how many kits a kit counts as, by its name; default: 1.
        """
        self._pool = pool_of(self.source, activity=self._wants_hits, splits=False, weights=weights)
        self._segments.weigh_kits(weights or {})

    def set_grid(self, grid: int) -> None:
        """Restrict segment starts to multiples of ``grid`` frames of their performance, as in LarsNet.

        :raises UsageError: if the grid is invalid, or combined with ``min_active`` or ``mix``.
        """
        if self._mix is not None or self._min_active:
            raise UsageError("a grid goes neither with min_active nor with mix, which place segments otherwise")
        self._segments.set_grid(grid)

    def __len__(self) -> int:
        """Return the number of items in an epoch."""
        return self._length

    def __getitem__(self, key: int | tuple[int, int]) -> Item:
        """Return an item: ``dataset[epoch, index]``; a single index is of epoch 0."""
        example, rows = self.drawn(key)
        rendered = render_example(self.source, example, rows, self._renderer)
        return Item(example, rows, torch.from_numpy(rendered.stems), rendered.labels)

    def drawn(self, key: int | tuple[int, int]) -> tuple[Example, tuple[Row, ...]]:
        """Return the example and the rows of an item without rendering it.

        :raises StemgmdError: if the source has nothing to draw from.
        """
        epoch, index = (0, key) if isinstance(key, int) else key
        if not 0 <= index < self._length:
            raise IndexError(f"index is {index}; an epoch has {self._length} items")
        example, rows = self._segment_or_mix(epoch, index)
        if self._chain is not None:
            first_step = max((row.step for row in rows), default=-1) + 1
            drawn = draw(self._chain, example, self._pool, self._seed)
            rows += tuple(row._replace(step=row.step + first_step) for row in drawn)
        return example, rows

    def _segment_or_mix(self, epoch: int, index: int) -> tuple[Example, tuple[Row, ...]]:
        """Draw a segment as it was played, or a random mix with the rows that make it."""
        number = epoch * self._length + index
        if self._mix is None:
            segment = self._segments.segment(epoch, index)
            return self._example(segment.performance, segment.kit, segment.start, number), ()
        parts = draw_mix(self._mix, number, self._stems, self._frames, self._pool, self._seed, self._pool.activity)
        example = self._example(parts[0].performance, parts[0].kit, parts[0].start, number)
        return example, mix_rows(parts, example, self._mix, self.source.sample_rate)

    def _example(self, performance: str, kit: str, start: int, number: int) -> Example:
        name = example_name(performance, kit, number + 1)
        return Example(name, performance, kit, number + 1, start, self._frames, self._stems, self._target)


class SegmentSampler(Sampler[tuple[int, int]]):
    """Resumable sampler of the keys of one epoch for one of several ranks.

    Set ``epoch`` before each epoch (and ``position`` to 0); otherwise every epoch repeats the first.

    :param length: items in an epoch, of all ranks together.
    :param rank: this process's number, from 0.
    :param ranks: number of processes that share an epoch; each takes every ``ranks``-th item, and the last items are
        left out if their number is not divisible.
    :raises UsageError: if a rank would have no item.
    """

    def __init__(self, length: int, *, rank: int = 0, ranks: int = 1) -> None:
        """Start at the first item of epoch 0."""
        if not 0 <= rank < ranks <= length:
            raise UsageError(f"rank {rank} of {ranks} with {length} items: each rank needs at least one")
        self._length, self._rank, self._ranks = length, rank, ranks
        self.epoch = 0
        self.position = 0
        """Number of items of this rank used in the epoch."""

    def __len__(self) -> int:
        """Return the number of remaining items of this rank in the epoch."""
        return self._length // self._ranks - self.position

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the remaining keys of the epoch, from ``position`` on."""
        for number in range(self.position, self._length // self._ranks):
            yield self.epoch, number * self._ranks + self._rank

    def state_dict(self) -> dict[str, int]:
        """Return epoch and position; the caller sets them as batches are used, since loaders read ahead."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Restore epoch and position."""
        self.epoch, self.position = int(state["epoch"]), int(state["position"])


class Collate:
    """Combines items to batches; the ``collate_fn`` of a loader."""

    def __init__(self, sample_rate: int) -> None:
        """Take the rate of the source."""
        self._sample_rate = sample_rate

    def __call__(self, items: Sequence[Item]) -> Batch:
        """Return the items as one batch."""
        examples, rows, stems, labels = zip(*items, strict=True)
        return Batch(examples, rows, torch.stack(list(stems)), labels, self._sample_rate)


def segment_loader(dataset: SegmentDataset, batch_size: int, **options: Any) -> torch.utils.data.DataLoader[Any]:
    """Return a loader of batches of a dataset, in the order of a :class:`SegmentSampler` unless one is given.

    Its sampler starts with epoch 0; before the next, set ``loader.sampler.epoch``.

    :param options: of ``DataLoader``: ``num_workers``, ``sampler``, ``pin_memory``, ``drop_last``, ...
    """
    options = {"sampler": SegmentSampler(len(dataset)), "worker_init_fn": _begin_worker, **options}
    collate = Collate(dataset.source.sample_rate)
    return torch.utils.data.DataLoader(dataset, batch_size, collate_fn=collate, **options)


def _begin_worker(worker: int) -> None:  # noqa: ARG001
    """End a worker of a loader when its parent process ends."""
    end_with_parent()
