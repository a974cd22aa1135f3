"""Trained weights as a method to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stemgmd_tools.audio import file_sha256
from stemgmd_tools.augment.stems import pieces_of_stem
from stemgmd_tools.baseline.memory import keep_freed_memory
from stemgmd_tools.baseline.method import Clip, Frames, Method
from stemgmd_tools.baseline.models.registry import ModelSpec, build
from stemgmd_tools.baseline.models.separator import Separator
from stemgmd_tools.baseline.overlap import OVERLAP, Stream
from stemgmd_tools.baseline.weights import Heard, Weights, kits_heard, load_weights
from stemgmd_tools.errors import UsageError


class TrainedModel(Method):
    """A model with the weights of a file. Its name is the file's, its kits of training are what the file tells.

    Stems of groups that the model does not have are the sums of its pieces.

    :param path: safetensors of this toolkit.
    :param device: where to compute.
    :param name: another name than the file's.
    :param make: builds the model of a spec.
    :raises UsageError: if the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        device: str = "cpu",
        *,
        name: str | None = None,
        make: Callable[[ModelSpec], Separator] = build,
    ) -> None:
        """Read the weights."""
        self._path, self._device, self._make = path, device, make
        self._sha256 = file_sha256(path)
        self._weights: Weights | None = None
        self.name = name or path.stem
        self._about = self._loaded().about

    def __getstate__(self) -> dict[str, Any]:
        """Leave the weights behind: each process reads them."""
        return {**self.__dict__, "_weights": None}

    @property
    def about(self) -> Mapping[str, Any]:
        """The file's hash, and how it is applied."""
        return {"name": self.name, "sha256": self._sha256, "segment": self._loaded().model.segment, "overlap": OVERLAP}

    @property
    def heard(self) -> Heard | None:
        """The kits that it was trained on; None if the file does not tell."""
        return kits_heard(self._about)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems of the model."""
        return self._loaded().model.stems

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield estimates piece by piece.

        :raises UsageError: if the model understands another sample rate, or lacks a stem.
        """
        model = self._loaded().model
        if clip.sample_rate != model.sample_rate:
            raise UsageError(f"{self._path}: understands {model.sample_rate} Hz, the clips have {clip.sample_rate} Hz")
        places = [self._places(stem) for stem in clip.stems]
        stream = Stream(model, segment=model.segment, device=self._device)
        for start, frames in clip.blocks():
            yield _chosen(stream.push(torch.from_numpy(clip.mixture(start, frames))), places)
        yield _chosen(stream.finish(), places)

    def _places(self, stem: str) -> list[int]:
        """Return which of the model's stems add up to a stem."""
        if stem in self.stems:
            return [self.stems.index(stem)]
        pieces = pieces_of_stem(stem)
        if not all(piece in self.stems for piece in pieces):
            raise UsageError(f"{self._path}: has no stem {stem}; its stems are {', '.join(self.stems)}")
        return [self.stems.index(piece) for piece in pieces]

    def _loaded(self) -> Weights:
        if self._weights is None:
            keep_freed_memory()  # here, since each process comes here once
            self._weights = load_weights(self._path, self._device, self._make)
        return self._weights


def _chosen(stems: Tensor, places: Sequence[Sequence[int]]) -> Frames:
    """Return sums of a model's stems (stem, 2, frame)."""
    found: Frames = torch.stack([stems[list(chosen)].sum(0) for chosen in places]).numpy()
    return found
