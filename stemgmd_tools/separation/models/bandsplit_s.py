"""A second compact separator: a network for each band, and one across all bands.

Spectra become bands as in ``larsnet-s``. Each layer has two paths, as those of band-split networks (Luo and Yu 2023),
but no recurrence. The first goes along time within each band and has weights of the band's own: a convolution in as
many groups as there are bands, computed as one batched matrix product. The second goes across all bands, through a few
features of the whole spectrum, which are convolved along time. The convolutions of ``larsnet-s`` share their weights
between bands; here almost no weight is shared, so there are twice as many for less arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools.separation.networks.band_masks import FEATURES, MASK_GAIN, BandMaskSeparator, new_gate
from stemgmd_tools.separation.networks.bands import BandJoin, BandSplit, PerBand, band_count, band_groups
from stemgmd_tools.separation.networks.registry import LARGEST_COUNT, Model, ModelOption
from stemgmd_tools.separation.networks.stft import Spectrogram

_TAPS: Final = 3
"""Spectra that a convolution along time takes in."""
_WIDENING: Final = 2
"""Hidden features of a band's network, in multiples of its features."""
_SOFT: Final = 0.3
"""Gain of the first weights of what is added to the features."""
_CYCLE: Final = 4
"""Layers after which dilations begin anew: 1, 2, 4, 8 spectra."""


class BandSplitSmall(BandMaskSeparator):
    """Masks of all stems from magnitudes. For the options see :data:`MODEL`."""

    memory_format = torch.contiguous_format

    def __init__(
        self,
        stems: Sequence[str],
        *,
        window: int = 2048,
        hop: int = 1024,
        width: int = 32,
        across: int = 96,
        layers: int = 3,
    ) -> None:
        """Draw the weights."""
        super().__init__(stems, Spectrogram(window, hop))
        self.groups = band_groups(window // 2, 32, 8)
        bands = band_count(self.groups)
        self.split = BandSplit(self.groups, 2 * FEATURES, width)
        self.layers = nn.ModuleList(_Layer(bands, width, across, 2 ** (index % _CYCLE)) for index in range(layers))
        self.join = BandJoin(self.groups, width, 2 * len(self.stems), gain=MASK_GAIN)
        self.gate = new_gate(width, len(self.stems))

    def network(self, bands: Tensor, items: int) -> Tensor:
        """Return features (item x spectrum, band, feature) of such features."""
        features = bands.transpose(0, 1).reshape(bands.shape[1], items, -1, bands.shape[2])
        for layer in self.layers:
            features = layer(features)
        return _normalised(features).flatten(1, 2).transpose(0, 1)


class _Layer(nn.Module):
    """Both paths, each added to what came in.

    :param reach: spectra between the taps of the convolutions along time.
    """

    def __init__(self, bands: int, width: int, across: int, reach: int) -> None:
        super().__init__()
        self._reach = reach
        self.widen = PerBand(bands, _TAPS * width, _WIDENING * width, 1.0)
        self.narrow = PerBand(bands, _WIDENING * width, width, _SOFT)
        self.enter = nn.Linear(bands * width, across)
        self.along = nn.Conv1d(across, across, _TAPS, padding=reach, dilation=reach)
        self.leave = PerBand(bands, across, width, _SOFT)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (band, item, spectrum, feature) of such features."""
        shape = features.shape
        taps = _with_neighbours(_normalised(features), self._reach).flatten(1, 2)
        features = features + self.narrow(functional.relu(self.widen(taps))).view(shape)
        whole = self.enter(_normalised(features).permute(1, 2, 0, 3).flatten(2))
        whole = whole + functional.relu(self.along(whole.transpose(1, 2))).transpose(1, 2)
        everywhere = functional.relu(whole).flatten(0, 1).unsqueeze(0).expand(shape[0], -1, -1)
        changed: Tensor = features + self.leave(everywhere).view(shape)
        return changed


def _normalised(features: Tensor) -> Tensor:
    """Return the features of each band of each spectrum with mean 0 and deviation 1."""
    return functional.layer_norm(features, features.shape[-1:])


def _with_neighbours(features: Tensor, reach: int) -> Tensor:
    """Return features (band, item, spectrum, tap x feature): of the spectra ``reach`` before, at and behind each."""
    count = features.shape[2]
    padded = functional.pad(features, (0, 0, reach, reach))
    return torch.cat([padded[:, :, tap * reach : tap * reach + count] for tap in range(_TAPS)], -1)


MODEL: Final = Model(
    BandSplitSmall,
    "a network for each band along time, and one across all bands; gated masks as of `larsnet-s`",
    "after Luo and Yu 2023 (band-split RNN), arXiv:2209.15174",
    (
        ModelOption("window", "window of the transform in frames, a power of two"),
        ModelOption("hop", "hop of the transform in frames"),
        ModelOption("width", "features of a band"),
        ModelOption("across", "features of the whole spectrum"),
        ModelOption("layers", "layers of both paths", LARGEST_COUNT),
    ),
)
