"""LarsNet as published: one U-Net per stem, which predicts its mask (Mezza, Giampiccolo, Bernardini, Sarti 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.separation.networks.registry import Model
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.networks.stft import Spectrogram
from stemgmd_tools.separation.networks.unet import UNet

WINDOW: Final = 4096
HOP: Final = 1024
BINS: Final = WINDOW // 2
"""Number of masked bins; the highest, at half the sample rate, is silent in every stem."""
PATCH: Final = 512
"""Spectra per patch: 11.85 s at 44.1 kHz."""
PATCHES_AT_ONCE: Final = 16
"""Patches per batch on an accelerator. On a CPU it is one, which fits its caches best."""


class LarsNet(MaskSeparator):
    """Independent U-Nets, 9,828,680 parameters each, that share one transform of the mixture.

    Sounds are split into independent patches of 512 spectra; the last one is padded with silence. In training, all
    patches are one batch, for batch norm; in evaluation on a CPU, one patch at a time limits memory.

    :param stems: the five groups, in the order of the original; or any others.
    """

    def __init__(self, stems: Sequence[str] = GROUPS) -> None:
        """Make a network for every stem."""
        super().__init__(stems, Spectrogram(WINDOW, HOP, mirrored=True))
        self.networks = nn.ModuleDict({stem: UNet(BINS) for stem in self.stems})

    def magnitude_masks(self, magnitudes: Tensor) -> Tensor:
        """Return masks (item, stem, 2, 2048, spectrum) of magnitudes (item, 2, 2048, spectrum), whole patches."""
        return torch.stack([network(magnitudes) for network in self.networks.values()], 1)

    def masks(self, spectra: Tensor) -> Tensor:
        """Return masks of spectra of any length; see :class:`MaskSeparator`."""
        count = spectra.shape[-1]
        magnitudes = functional.pad(spectra[..., :BINS, :].abs(), (0, -count % PATCH))
        patches = torch.cat([torch.stack(torch.split(item, PATCH, -1)) for item in magnitudes])
        masks = torch.cat([self.magnitude_masks(batch) for batch in torch.split(patches, self._at_once(patches))])
        whole = torch.stack(
            [torch.cat(list(item_patches), -1) for item_patches in torch.split(masks, len(masks) // len(spectra))]
        )
        return functional.pad(whole[..., :count], (0, 0, 0, 1))

    def _at_once(self, patches: Tensor) -> int:
        if self.training:
            return len(patches)
        return 1 if patches.device.type == "cpu" else PATCHES_AT_ONCE


MODEL: Final = Model(LarsNet, "one U-Net per stem, as published", "Mezza et al. 2024, arXiv:2312.09663")
