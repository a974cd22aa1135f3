"""Evaluate trained weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method
from stemgmd_tools.separation.evaluation.methods.onnx_masks import SUFFIX, OnnxMasks
from stemgmd_tools.separation.inference.allocator import keep_freed_memory
from stemgmd_tools.separation.inference.overlap import OVERLAP, Stream
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.weights.file import TrainingKits, load_weights, training_kits_of
from stemgmd_tools.storage.files import file_sha256

_RUN_FILES: Final = ("best", "last")
"""File names of the weights of every `baseline-train` run."""


class _Loaded(NamedTuple):
    """A model and the description of its training."""

    model: Separator
    about: Mapping[str, Any]


class TrainedModel(Method):
    """A model with the weights of a file; named after the file, with the training kits that the file records.

    Groups that the model does not separate are summed from its pieces.

    :param path: safetensors of this toolkit, or an ONNX file that it exported.
    :param device: device to compute on.
    :param name: default: the stem of the file name.
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
        self.name = name or path.stem
        self._about = self._loaded().about

    @property
    def about(self) -> Mapping[str, Any]:
        """The file's hash, and how it is applied."""
        return {"name": self.name, "sha256": self._sha256, "segment": self._loaded().model.segment, "overlap": OVERLAP}

    @property
    def training_kits(self) -> TrainingKits | None:
        """The training kits; None if the file does not record them."""
        return training_kits_of(self._about)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems of the model."""
        return self._loaded().model.stems

    def check(self, stems: Sequence[str], sample_rate: int) -> None:
        """Check that the model has this sample rate and separates these stems.

        :raises UsageError: if not.
        """
        known = self._loaded().model.sample_rate
        if sample_rate != known:
            raise UsageError(f"{self._path}: the model needs {known} Hz, the clips have {sample_rate} Hz")
        for stem in stems:
            self._places(stem)

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield estimates piece by piece.

        :raises UsageError: if the model understands another sample rate, or lacks a stem.
        """
        self.check(clip.stems, clip.sample_rate)
        model = self._loaded().model
        places = [self._places(stem) for stem in clip.stems]
        stream = Stream(model, segment=model.segment, device=self._device)
        for start, frames in clip.blocks():
            yield _chosen(stream.push(torch.from_numpy(clip.mixture(start, frames))), places)
        yield _chosen(stream.finish(), places)

    def _places(self, stem: str) -> list[int]:
        """Return the indices of the model's stems that sum to a stem."""
        if stem in self.stems:
            return [self.stems.index(stem)]
        pieces = pieces_of_stem(stem)
        if not all(piece in self.stems for piece in pieces):
            raise UsageError(
                f"{self._path}: has no stem {stem}; its stems are {', '.join(self.stems)}: measure these five or nine "
                "(--stems), or give other weights"
            )
        return [self.stems.index(piece) for piece in pieces]

    def _loaded(self) -> _Loaded:
        return _loaded(self._path, self._sha256, self._device, self._make)


@lru_cache(maxsize=2)
def _loaded(path: Path, sha256: str, device: str, make: Callable[[ModelSpec], Separator]) -> _Loaded:
    """Return weights, which every process reads once: a method is pickled for each clip anew.

    :raises UsageError: if the file is not what it was when the evaluation began.
    """
    keep_freed_memory()
    if path.suffix.lower() == SUFFIX:
        network = OnnxMasks(path)
        loaded = _Loaded(network, network.about)
    else:
        weights = load_weights(path, device, make)
        loaded = _Loaded(weights.model, weights.about)
    if file_sha256(path) != sha256:
        raise UsageError(
            f"{path}: changed while it was evaluated (by a training that still runs?); copy it, and evaluate the copy"
        )
    return loaded


def _chosen(stems: Tensor, places: Sequence[Sequence[int]]) -> Frames:
    """Return sums of a model's stems (stem, 2, frame)."""
    summed: Frames = torch.stack([stems[list(group)].sum(0) for group in places]).numpy()
    return summed


def trained_models(files: Sequence[Path], device: str = "cpu") -> list[TrainedModel]:
    """Return a method for each file of weights, each with a name of its own.

    :raises UsageError: if one file is given twice.
    """
    return [TrainedModel(path, device, name=name) for path, name in zip(files, _names(files), strict=True)]


def _names(weights: Sequence[Path]) -> list[str]:
    """Return a unique name for each weights file: its stem, preceded by as many parent folders as needed."""
    paths = [(*path.absolute().parent.parts[1:], path.stem) for path in weights]
    names: list[str] = []
    used = [2 if path[-1] in _RUN_FILES else 1 for path in paths]
    for _ in range(max(map(len, paths), default=0)):
        names = ["-".join(path[-count:]) for path, count in zip(paths, used, strict=True)]
        used = [count + (names.count(name) > 1) for name, count in zip(names, used, strict=True)]
    if len(set(names)) < len(names):
        raise UsageError(
            f"weights: two files have the same name: {', '.join(names)}; give each file once, or rename one"
        )
    return names
