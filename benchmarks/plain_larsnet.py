"""LarsNet, plainly: what its authors' code does step by step, written anew, as the measure for ours.

Network after network, each with a transform of its own, magnitude and phase apart, all patches of the sound in one
batch, the tensors in PyTorch's default layout.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from stemgmd_tools.separation.models.larsnet import BINS, HOP, PATCH, WINDOW, LarsNet
from stemgmd_tools.separation.networks.unet import SLOPE, Decoding, Encoding, UNet


class PlainLarsNet:
    """The weights of a LarsNet, used plainly, in evaluation mode."""

    def __init__(self, model: LarsNet) -> None:
        """Copy the weights."""
        self.networks: dict[str, UNet] = {}
        for stem in model.stems:
            network = UNet(BINS)
            for parameter in network.parameters():
                parameter.data = parameter.data.contiguous()
            network.load_state_dict(model.networks[stem].state_dict())
            self.networks[stem] = network.eval()
        self.window = torch.hann_window(WINDOW)

    def __call__(self, mixture: Tensor) -> Tensor:
        """Return stems (stem, 2, frame) of a mixture (2, frame) longer than half a window."""
        return torch.stack([self.separated(network, mixture) for network in self.networks.values()])

    def separated(self, network: UNet, mixture: Tensor) -> Tensor:
        """Return one stem (2, frame)."""
        frames = mixture.shape[-1]
        whole = functional.pad(mixture, (0, -frames % HOP))
        spectra = torch.stft(whole, WINDOW, HOP, window=self.window, return_complex=True)
        magnitudes, phases = spectra.abs(), spectra.angle()
        count = magnitudes.shape[-1]
        patches = torch.stack(torch.split(functional.pad(magnitudes, (0, -count % PATCH)), PATCH, -1))
        masks = functional.pad(_masks(network, patches[:, :, :BINS]), (0, 0, 0, 1))
        masked = torch.cat(list(masks * patches), -1)[..., :count]
        return torch.istft(torch.polar(masked, phases), WINDOW, HOP, window=self.window, length=frames)


def _masks(network: UNet, magnitudes: Tensor) -> Tensor:
    """Return masks (patch, 2, bin, spectrum)."""
    level = network.norm(magnitudes.transpose(1, 2)).transpose(1, 2)
    skips: list[Tensor] = []
    for encoding in network.encoder:
        level, skipped = _encoded(cast("Encoding", encoding), level)
        skips.append(skipped)
    level = skips.pop()
    for decoding in network.decoder:
        level = _decoded(cast("Decoding", decoding), level)
        if skips:
            level = torch.cat([skips.pop(), level], 1)
    return torch.sigmoid(network.mask(level))


def _encoded(encoding: Encoding, level: Tensor) -> tuple[Tensor, Tensor]:
    skipped = encoding.convolution(level)
    return functional.leaky_relu(encoding.norm(skipped), SLOPE), skipped


def _decoded(decoding: Decoding, level: Tensor) -> Tensor:
    decoded: Tensor = decoding.norm(functional.relu(decoding.convolution(level)))
    return decoded
