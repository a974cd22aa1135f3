"""Baselines that factorise the magnitudes of the mixture with templates of single hits.

NMFD keeps spectrogram patches fixed (Smaragdis 2004; drums: Dittmar & Müller 2016); semi-adaptive NMF lets single
spectra drift from their templates as it iterates (Dittmar & Gärtner 2014). Both minimise the Kullback-Leibler
divergence by torchnmf's multiplicative updates, from equal activations: nothing is drawn. Estimates are the mixture
through soft masks, each stem's share of the model, with the mixture's phase; one mask serves both channels. Long clips
are factorised in pieces of 24 s, each by itself.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import kit_names, kits_named, load_kit
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method, in_pieces
from stemgmd_tools.separation.evaluation.methods.templates import Grid, Templates, templates_of
from stemgmd_tools.separation.networks.stft import Spectrogram

TemplateSource: TypeAlias = Literal["training", "own"]

WINDOW: Final = 2048
HOP: Final = 512
PATCH_SPECTRA: Final = 8
"""Spectra of NMFD's templates: 93 ms, as in the NMF toolbox (López-Serrano et al. 2019)."""
NMFD_ITERATIONS: Final = 30
ADAPTIVE_ITERATIONS: Final = 25
ADAPT_EXPONENT: Final = 4.0
"""Iteration k of K moves templates (k/K)^4 of the way to what was learnt: the default of Dittmar & Gärtner 2014."""
_PIECE: Final = 2048 * HOP
_MARGIN: Final = 64 * HOP
"""Context on both sides of a piece, 0.7 s: as long as most drums ring."""
_LEAST: Final = 1e-7
"""Added to magnitudes, whose divergence from zero is infinite."""


@dataclass(frozen=True)
class TemplateKits:
    """Where templates come from.

    :param kind: ``training``: the kits of training, whatever kit a clip is played through; ``own``: the clip's kit,
        which a separator of recordings does not know.
    :param kits: for ``training``: names of kits.
    :param kit_path: where kits are looked for.
    """

    kind: TemplateSource = "training"
    kits: tuple[str, ...] = ("train",)
    kit_path: tuple[Path, ...] = ()

    def templates(self, clip: Clip, grid: Grid) -> Templates:
        """Return the templates for a clip; a process keeps those of a few kits."""
        if self.kind == "training":
            return _of_kits(self.kits, self.kit_path, clip.sample_rate, grid)
        if isinstance(clip.source, VirtualCorpus):
            return _own(clip.source.bank(clip.kit), grid)
        return _own(_bank(clip.kit, self.kit_path, clip.sample_rate), grid)


@lru_cache(maxsize=4)
def _of_kits(kits: tuple[str, ...], kit_path: tuple[Path, ...], sample_rate: int, grid: Grid) -> Templates:
    return templates_of((open_bank(kit, sample_rate) for kit in kits_named(kits, kit_path)), grid)


@lru_cache(maxsize=16)
def _bank(kit: str, kit_path: tuple[Path, ...], sample_rate: int) -> Bank:
    return open_bank(load_kit(kit, kit_path), sample_rate)


@lru_cache(maxsize=16)
def _own(bank: Bank, grid: Grid) -> Templates:
    return templates_of([bank], grid)


class Factorisation(Method):
    """A method that explains magnitudes by templates.

    :param template_kits: where templates come from.
    """

    kind: str
    grid: Grid

    def __init__(self, template_kits: TemplateKits | None = None) -> None:
        """Take the templates' source.

        :raises UsageError: if torchnmf is not installed, or a kit is unknown.
        """
        _torchnmf()
        self._template_kits = template_kits or TemplateKits()
        if self._template_kits.kind == "training":
            kit_names(self._template_kits.kits, self._template_kits.kit_path)
        self.name = self.kind if self._template_kits.kind == "training" else f"{self.kind}-own"
        self._transform = Spectrogram(self.grid.window, self.grid.hop)

    @property
    def about(self) -> Mapping[str, Any]:
        """Templates and sizes."""
        return {
            "name": self.name,
            "templates": self._template_kits.kind,
            "kits": list(self._template_kits.kits) if self._template_kits.kind == "training" else None,
            "grid": self.grid._asdict(),
            "revision": 1,
        }

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield the masked mixture of one piece after the other."""
        templates = self._template_kits.templates(clip, self.grid)
        chosen = [_members(templates, stem) for stem in clip.stems]
        patches = torch.from_numpy(templates.patches)
        return in_pieces(
            clip, _PIECE, _MARGIN, lambda first, frames: self._masked(clip.mixture(first, frames), patches, chosen)
        )

    def _masked(self, mixture: Frames, patches: Tensor, chosen: Sequence[Tensor]) -> Frames:
        """Return the estimates (stem, 2, frame) of a part of a mixture."""
        frames = mixture.shape[1]
        if not mixture.any():
            return np.zeros((len(chosen), *mixture.shape), np.float32)
        spectra = self._transform(torch.from_numpy(mixture))
        model = self.explain(spectra.abs().mean(0) + _LEAST, patches)
        with torch.inference_mode():
            parts = torch.stack([model(members) for members in chosen])
            whole = model(torch.arange(patches.shape[1])) + _LEAST
            estimates: Frames = self._transform.inverse((parts / whole)[:, None] * spectra, frames).numpy()
        return estimates

    @abstractmethod
    def explain(self, magnitudes: Tensor, patches: Tensor) -> Callable[[Tensor], Tensor]:
        """Return a function of indices of templates that gives the part (bin, spectrum) of the model they make.

        :param magnitudes: (bin, spectrum), positive.
        :param patches: (bin, template, spectrum).
        """


class Nmfd(Factorisation):
    """Non-negative matrix factor deconvolution with fixed patches of single hits."""

    kind = "nmfd"
    grid = Grid(WINDOW, HOP, PATCH_SPECTRA)

    def explain(self, magnitudes: Tensor, patches: Tensor) -> Callable[[Tensor], Tensor]:
        """Find the activations of the patches."""
        # Strokes in the last spectra start patches that end beyond the piece.
        padded = torch.nn.functional.pad(magnitudes, (0, PATCH_SPECTRA - 1), value=_LEAST)[None]
        start = torch.ones(1, patches.shape[1], magnitudes.shape[1])
        model = _torchnmf().NMFD(W=patches, H=start * magnitudes.mean(), trainable_W=False)
        model.fit(padded, beta=1, tol=0.0, max_iter=NMFD_ITERATIONS)

        def part(members: Tensor) -> Tensor:
            part: Tensor = model.reconstruct(model.H[:, members], model.W[:, members])
            return part[0, :, : magnitudes.shape[1]]

        return part


class SemiAdaptive(Factorisation):
    """Semi-adaptive NMF: spectra of single hits that adapt to the mixture, the more the later the iteration."""

    kind = "sanmf"
    grid = Grid(WINDOW, HOP, 1)

    def explain(self, magnitudes: Tensor, patches: Tensor) -> Callable[[Tensor], Tensor]:
        """Find activations and adapted spectra."""
        start = patches[..., 0] / patches[..., 0].sum(0).clamp_min(_LEAST)
        activations = torch.ones(magnitudes.shape[1], start.shape[1]) * magnitudes.mean()
        model = _torchnmf().NMF(W=start, H=activations)
        for iteration in range(1, ADAPTIVE_ITERATIONS + 1):
            share = (iteration / ADAPTIVE_ITERATIONS) ** ADAPT_EXPONENT
            _update(model, magnitudes.T, "W")
            blended = (1.0 - share) * start + share * model.W.data
            model.W.data = blended / blended.sum(0).clamp_min(_LEAST)
            _update(model, magnitudes.T, "H")

        def part(members: Tensor) -> Tensor:
            part: Tensor = model.W[:, members] @ model.H[:, members].T
            return part

        return part


def _update(model: Any, magnitudes: Tensor, name: Literal["W", "H"]) -> None:
    """Do one multiplicative update of one of the two factors."""
    model.W.requires_grad_(name == "W")
    model.H.requires_grad_(name == "H")
    model.fit(magnitudes, beta=1, tol=0.0, max_iter=1)


def _members(templates: Templates, stem: str) -> Tensor:
    """Return the indices of the templates of a stem."""
    pieces = pieces_of_stem(stem)
    return torch.tensor([place for place, piece in enumerate(templates.pieces) if piece in pieces])


def _torchnmf() -> Any:
    try:
        return importlib.import_module("torchnmf.nmf")
    except ModuleNotFoundError:
        raise UsageError("factorisation needs the extra nmf: pip install 'stemgmd-tools[nmf]'") from None
