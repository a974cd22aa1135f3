"""What networks on bands share: features of the mixture's bins, and gated masks of the stems.

Masks are real and unbounded: where sounds cancel, the best real mask (the phase-sensitive one, Erdogan et al. 2015)
lies outside 0..1. Each mask is multiplied by a gate in 0..1 that every band has for every stem: a linear layer alone
does not keep a thousand bins at zero while a drum is silent, as most drums are most of the time.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.bands import BandGroup, BandJoin, BandSplit, bins_of_bands
from stemgmd_tools.separation.networks.separator import MaskSeparator

FEATURES: Final = 2
"""Features per bin and channel: fourth root and logarithm of power."""
MASK_GAIN: Final = 0.3
"""Gain of the first weights of masks."""
_QUIETEST: Final = 1e-8
"""Minimum power, relative to the mean."""
_SILENCE: Final = 1e-5
"""Amplitude added to a mixture's mean, so that quieter mixtures stay quiet."""
_OPEN: Final = 1.0
"""Initial bias of the gates, before the sigmoid."""


class BandMaskSeparator(MaskSeparator):
    """Masks of all stems from features of bands; a subclass makes the three layers and the network between them.

    A mixture is first normalised by its mean amplitude, so that masks do not depend on loudness.
    """

    groups: tuple[BandGroup, ...]
    split: BandSplit
    """Features of bins to those of bands."""
    join: BandJoin
    """Features of bands to the masks of their bins."""
    gate: nn.Linear
    """Features of a band to its gates, before the sigmoid."""

    @abstractmethod
    def network(self, bands: Tensor, items: int) -> Tensor:
        """Return features (item x spectrum, band, feature) of such features.

        :param items: number of items, so that the spectra of each can be told.
        """

    def masks(self, spectra: Tensor) -> Tensor:
        """Return real masks (item, stem, 2, bin, spectrum) of complex spectra (item, 2, bin, spectrum)."""
        items, _, bins, count = spectra.shape
        rows = self.network(self.split(_features(spectra[:, :, :-1]).flatten(0, 1)), items)
        masks = self.join(rows).float().view(items * count, bins - 1, len(self.stems), 2)
        gates = bins_of_bands(self.gate(rows).float().sigmoid(), self.groups).unsqueeze(-1)
        return _with_top_bin((masks * gates).unflatten(0, (items, count))).permute(0, 3, 4, 2, 1)


def new_gate(features: int, stems: int) -> nn.Linear:
    """Return the layer of the gates, which begin rather open."""
    gate = nn.Linear(features, stems)
    nn.init.constant_(gate.bias, _OPEN)
    return gate


def _features(spectra: Tensor) -> Tensor:
    """Return (item, spectrum, bin, feature) of complex spectra (item, channel, bin, spectrum), normalised."""
    power = torch.view_as_real(spectra).detach().square().sum(-1).permute(0, 3, 2, 1)
    mean = power.mean((1, 2, 3), keepdim=True).sqrt() + _SILENCE
    relative = (power / mean.square()).clamp_min(_QUIETEST)
    return torch.cat([relative.log() / 4.0, relative.pow(0.25)], -1)


def _with_top_bin(masks: Tensor) -> Tensor:
    """Return masks (item, spectrum, bin, stem, channel) with one bin more, half the sample rate, like its neighbour."""
    return torch.cat([masks, masks[:, :, -1:]], 2)
