"""A separator small enough to train in moments, and what runs it: in this process, or as a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.registry import ModelSpec
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.networks.stft import Spectrogram
from stemgmd_tools.separation.training.settings.files import load_config, read_config
from stemgmd_tools.separation.training.settings.schema import TrainConfig


class Tiny(MaskSeparator):
    """Masks from magnitudes, frequency by frequency, with all that resuming has to care about."""

    def __init__(self, stems, width: int = 8, dropout: float = 0.1, norm: bool = True) -> None:
        super().__init__(stems, Spectrogram(1024, 512))
        self.layers = nn.Sequential(
            nn.Conv2d(2, width, (5, 3), padding=(2, 1)),
            nn.BatchNorm2d(width) if norm else nn.Identity(),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Conv2d(width, 2 * len(self.stems), (5, 3), padding=(2, 1)),
        )

    def masks(self, spectra: Tensor) -> Tensor:
        values = torch.sigmoid(self.layers(torch.log1p(spectra.abs())))
        return values.reshape(len(spectra), len(self.stems), 2, *spectra.shape[-2:])


def make_tiny(spec: ModelSpec) -> Tiny:
    return Tiny(spec.stems, **spec.options)


def tiny_config(kits: tuple[str, ...], **changes: Any) -> TrainConfig:
    """Return settings of a run on the starter set; changes go on top, as nested as the file's keys."""
    base = {
        "model": {"name": "tiny"},
        "data": {
            "kits": list(kits),
            "test_kits": [],
            "limit": 6,
            "segment_s": 0.3,
            "workers": 0,
            "min_active": {},
            "chain": "none",
        },
        "optimizer": {"items": 4, "learning_rate": 3e-3},
        "ema": 0.9,
        "budget": {"steps": 8},
        "validation": {"items": 4, "every_steps": 1000},
        "saving": {"every_steps": 1000},
        "device": "cpu",
    }
    for key, value in changes.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) and key != "budget" else value
    return load_config(changes=base)


def main() -> None:
    """Train as the settings in a file say: ``tiny.py CONFIG OUT``."""
    from stemgmd_tools.runtime.progress import Lines
    from stemgmd_tools.separation.training.train import train

    torch.set_num_threads(1)
    train(read_config(Path(sys.argv[1])), Path(sys.argv[2]), progress=Lines(sys.stderr), make=make_tiny)


if __name__ == "__main__":
    main()
