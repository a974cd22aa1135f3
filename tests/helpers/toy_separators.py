"""Separators small enough for tests, and how to make the registry know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.separation.networks import registry
from stemgmd_tools.separation.networks.separator import Estimate, MaskSeparator, Separator
from stemgmd_tools.separation.networks.stft import Spectrogram


class Gains(Separator):
    """Each stem is the mixture times a number: stem n is ``(n + 1) * gain`` of it."""

    def __init__(self, stems: Sequence[str] = GROUPS, gain: float = 0.25, offset: float = 0.0) -> None:
        super().__init__(stems)
        self.register_buffer("gains", gain * torch.arange(1, len(self.stems) + 1, dtype=torch.float32))
        self.offset = offset
        self.lengths: list[tuple[int, ...]] = []

    def estimate(self, mixture: Tensor) -> Estimate:
        self.lengths.append(tuple(mixture[:, 0].shape))
        return Estimate(mixture.shape[-1], sound=mixture[:, None] * self.gains[:, None, None] + self.offset)


class TinyMasks(MaskSeparator):
    """One small convolution over bins and spectra, a sigmoid mask for each stem and channel."""

    def __init__(self, stems: Sequence[str] = GROUPS, window: int = 512, hop: int = 128, width: int = 4) -> None:
        super().__init__(stems, Spectrogram(window, hop))
        self.enter = nn.Conv2d(2, width, 3, padding=1)
        self.leave = nn.Conv2d(width, 2 * len(self.stems), 3, padding=1)

    def masks(self, spectra: Tensor) -> Tensor:
        values = torch.sigmoid(self.leave(torch.relu(self.enter(torch.log1p(spectra.abs())))))
        return values.unflatten(1, (len(self.stems), 2))


class ComplexMasks(TinyMasks):
    """The same with complex masks."""

    def masks(self, spectra: Tensor) -> Tensor:
        real = super().masks(spectra)
        return torch.complex(real, 0.5 * real.flip(1))


class TinyMasksEach(MaskSeparator):
    """A small network per stem, whose weights can be joined."""

    def __init__(self, stems: Sequence[str] = GROUPS, width: int = 4) -> None:
        super().__init__(stems, Spectrogram(512, 128))
        self.networks = nn.ModuleDict({stem: TinyMasks((stem,), width=width) for stem in self.stems})

    def masks(self, spectra: Tensor) -> Tensor:
        return torch.cat([network.masks(spectra) for network in self.networks.values()], 1)


TOYS = {"gains": Gains, "tiny-masks": TinyMasks, "complex-masks": ComplexMasks, "tiny-masks-each": TinyMasksEach}


def register(monkeypatch: pytest.MonkeyPatch, **networks: Callable[..., Separator]) -> None:
    """Let the registry know networks; underscores of their names become hyphens."""
    models = {name.replace("_", "-"): registry.Model(network, "A toy", "none") for name, network in networks.items()}
    real = registry.model_named
    monkeypatch.setattr(registry, "model_named", lambda name: models[name] if name in models else real(name))


def register_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the registry know the models above as ``gains``, ``tiny-masks``, ``complex-masks``, ``tiny-masks-each``."""
    register(monkeypatch, **TOYS)
