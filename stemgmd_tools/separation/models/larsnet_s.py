"""The compact separator: one small network for all stems, for training and use without a GPU.

Spectra become some 70 bands (:mod:`stemgmd_tools.separation.networks.bands`); a U-Net over bands and time and dilated
convolutions over time at its bottom process them; each band then predicts gated masks of its bins for both channels of
every stem (:mod:`stemgmd_tools.separation.networks.band_masks`). In trainings of equal length gates brought 0.6 dB on
present stems and 3.5 dB on absent ones.

A hop of half a window, instead of the usual quarter, halves all costs; it took 0.3 dB from the best masks in 0..1
(twelve clips of random kits, window 2048).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.band_masks import FEATURES, MASK_GAIN, BandMaskSeparator, new_gate
from stemgmd_tools.separation.networks.bands import BandJoin, BandSplit, band_count, band_groups
from stemgmd_tools.separation.networks.registry import Model, ModelOption
from stemgmd_tools.separation.networks.stft import Spectrogram

_DEPTHS: Final = (2, 2, 3)
"""Convolutions per block, by level."""


class LarsNetSmall(BandMaskSeparator):
    """Masks of all stems from magnitudes, 1.6 million weights for five stems, 1.9 million for nine.

    For the options see :data:`MODEL`.
    """

    def __init__(
        self, stems: Sequence[str], *, window: int = 2048, hop: int = 1024, width: int = 32, temporal: int = 144
    ) -> None:
        """Draw the weights."""
        super().__init__(stems, Spectrogram(window, hop))
        groups = band_groups(window // 2, 32, 8)
        bands = band_count(groups)
        widths = (width, 2 * width, 3 * width)
        self.groups = groups
        self.split = BandSplit(groups, 2 * FEATURES, width)
        self.scale = nn.BatchNorm2d(width)
        levels = list(zip(widths[:-1], _DEPTHS, strict=False))
        self.down = nn.ModuleList(_Block(channels, depth) for channels, depth in levels)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, (2, 1), (2, 1)) for a, b in pairwise(widths))
        self.bottom = _Block(widths[-1], _DEPTHS[-1], dilated=True)
        self.temporal = _Temporal(widths[-1] * bands // 4, temporal)
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, (2, 1), (2, 1)) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_Block(channels, depth) for channels, depth in levels)
        self.join = BandJoin(groups, width, 2 * len(self.stems), gain=MASK_GAIN)
        self.gate = new_gate(width, len(self.stems))

    def network(self, bands: Tensor, items: int) -> Tensor:
        """Return features (item x spectrum, band, channel) of such features."""
        features = bands.reshape(items, -1, *bands.shape[1:]).permute(0, 3, 2, 1)
        features_out = self._network(features.contiguous(memory_format=torch.channels_last))
        return features_out.permute(0, 3, 2, 1).flatten(0, 1)

    def _network(self, bands: Tensor) -> Tensor:
        """Return features (item, channel, band, spectrum) of such features."""
        features: Tensor = self.scale(bands)
        skips = []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            skips.append(block(features))
            features = shrink(skips[-1])
        features = self.temporal(self.bottom(features))
        for block, grow in zip(reversed(self.up), reversed(self.grow), strict=True):
            features = block(grow(features) + skips.pop())
        return features


class _Block(nn.Module):
    """Convolutions with batch norm and a residual connection.

    :param dilated: each convolution reaches twice as far in time as the one before.
    """

    def __init__(self, channels: int, depth: int, *, dilated: bool = False) -> None:
        super().__init__()
        reach = [2**index if dilated else 1 for index in range(depth)]
        self.layers = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(channels, channels, 3, padding=(1, far), dilation=(1, far), bias=False),
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                )
                for far in reach
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        changes: Tensor = self.layers(features)
        return features + changes


class _Temporal(nn.Module):
    """All bands of a spectrum at once, along time, reaching some 15 spectra to both sides."""

    def __init__(self, features: int, channels: int, depth: int = 3) -> None:
        super().__init__()
        self.enter = nn.Linear(features, channels)
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=2**index, dilation=2**index) for index in range(depth)
        )
        self.leave = nn.Linear(channels, features)

    def forward(self, features: Tensor) -> Tensor:
        items, channels, bands, count = features.shape
        changes = self.enter(features.permute(0, 3, 2, 1).reshape(items, count, -1)).transpose(1, 2)
        for layer in self.layers:
            changes = changes + torch.relu(layer(changes))
        back: Tensor = self.leave(changes.transpose(1, 2))
        return features + back.view(items, count, bands, channels).permute(0, 3, 2, 1)


MODEL: Final = Model(
    LarsNetSmall,
    "one small band-split U-Net for all stems; gated real masks that are not limited to 0..1; the default",
    "after Mezza et al. 2024 (LarsNet) and Luo and Yu 2023 (band split)",
    (
        ModelOption("window", "window of the transform in frames, a power of two"),
        ModelOption("hop", "hop of the transform in frames"),
        ModelOption("width", "channels of the first level; the others have two and three times as many"),
        ModelOption("temporal", "channels of the convolutions over time"),
    ),
)
