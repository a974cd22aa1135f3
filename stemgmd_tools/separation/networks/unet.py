"""The U-Net of LarsNet: magnitudes of a patch in, one stem's mask out (Mezza et al. 2024)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS: Final = 2
WIDTHS: Final = (16, 32, 64, 128, 256, 512)
"""Channels after each convolution of the encoder."""
DROPPED: Final = 3
"""Levels of the decoder, deepest first, that drop half of their channels in training."""
DROPOUT: Final = 0.5
SLOPE: Final = 0.2
"""Of the leaky rectifiers, below zero."""
KERNEL: Final = 5
STRIDE: Final = 2
FEW: Final = 4
"""Channels up to which a transposed convolution is done in phases."""


class Encoding(nn.Module):
    """A convolution that halves both axes; then batch norm and a leaky rectifier."""

    def __init__(self, before: int, after: int) -> None:
        """Draw weights as He et al. (2015) do."""
        super().__init__()
        self.convolution = nn.Conv2d(before, after, KERNEL, STRIDE, KERNEL // 2)
        self.norm = nn.BatchNorm2d(after)
        nn.init.kaiming_uniform_(self.convolution.weight, a=SLOPE, nonlinearity="leaky_relu")
        nn.init.zeros_(_bias(self.convolution))

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the next level gets, and what the decoder gets: the convolution's own output, not normalised."""
        skipped = self.convolution(sound)
        return functional.leaky_relu(self.norm(skipped), SLOPE, inplace=True), skipped


class Decoding(nn.Module):
    """A transposed convolution that doubles both axes; then a rectifier, batch norm, and dropout in training."""

    def __init__(self, before: int, after: int, dropout: float) -> None:
        """Draw weights as He et al. (2015) do."""
        super().__init__()
        self.convolution = nn.ConvTranspose2d(before, after, KERNEL, STRIDE, KERNEL // 2, output_padding=1)
        self.norm = nn.BatchNorm2d(after)
        self.dropout = nn.Dropout(dropout)
        nn.init.kaiming_uniform_(self.convolution.weight, nonlinearity="relu")
        nn.init.zeros_(_bias(self.convolution))

    def forward(self, sound: Tensor) -> Tensor:
        """Return the level above."""
        doubled = self._in_phases(sound) if self.convolution.out_channels <= FEW else self.convolution(sound)
        wider: Tensor = self.dropout(self.norm(functional.relu(doubled, inplace=True)))
        return wider

    def _in_phases(self, sound: Tensor) -> Tensor:
        """Return what the transposed convolution does, as a plain one that makes the four phases of both axes.

        Phase 0 of an axis is met by the taps 4, 2, 0 of the kernel, phase 1 by 5 (zero), 3, 1. Where there are few
        channels, vector units work on four times as many: twice as fast at the last level, which is the largest.
        """
        taps = functional.pad(self.convolution.weight, (0, 1, 0, 1))
        phases = taps.reshape(*taps.shape[:2], 3, 2, 3, 2).flip(2, 4).permute(1, 3, 5, 0, 2, 4).flatten(0, 2)
        bias = _bias(self.convolution).repeat_interleave(4)
        output = functional.conv2d(sound, phases.contiguous(memory_format=torch.channels_last), bias, padding=1)
        return functional.pixel_shuffle(output, 2)


class UNet(nn.Module):
    """Six levels down, six up, with skips; the last convolution is dilated and its sigmoid is the mask.

    The deepest level has a batch norm of 1,024 parameters as all levels have, and what it normalises goes nowhere: as
    in the published network, skips being taken before it. It is kept for its weights' sake and not trained.

    :param bins: frequencies of a patch, a multiple of 64; each has its own batch norm at the input.
    """

    def __init__(self, bins: int) -> None:
        """Make all layers, their weights in the layout in which convolutions are fastest."""
        super().__init__()
        self.norm = nn.BatchNorm2d(bins)
        narrow = (CHANNELS, *WIDTHS[:-1])
        encodings = [Encoding(before, after) for before, after in zip(narrow, WIDTHS, strict=True)]
        encodings[-1].norm.requires_grad_(False)
        self.encoder = nn.ModuleList(encodings)
        levels = list(enumerate(zip(WIDTHS, narrow, strict=True)))[::-1]
        self.decoder = nn.ModuleList(
            Decoding(
                before if deep == len(WIDTHS) - 1 else 2 * before,
                after,
                DROPOUT if deep >= len(WIDTHS) - DROPPED else 0.0,
            )
            for deep, (before, after) in levels
        )
        self.mask = nn.Conv2d(CHANNELS, CHANNELS, 4, padding=3, dilation=2)
        nn.init.kaiming_uniform_(self.mask.weight)
        nn.init.zeros_(_bias(self.mask))
        for parameter in self.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Return masks in 0..1 of magnitudes, both (item, 2, bin, spectrum); spectra are a multiple of 64."""
        level = self.norm(magnitudes.transpose(1, 2)).transpose(1, 2).contiguous(memory_format=torch.channels_last)
        skips: list[Tensor] = []
        for encoding in self.encoder:
            level, skipped = encoding(level)
            skips.append(skipped)
        level = skips.pop()
        for decoding in self.decoder[:-1]:
            level = torch.cat([skips.pop(), decoding(level)], 1)
        return torch.sigmoid(self.mask(self.decoder[-1](level)))


def _bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    if layer.bias is None:
        raise TypeError("a convolution of this network has a bias")
    return layer.bias
