"""Map spectra to bands and back: single bins at low frequencies, increasingly wide bands above.

This follows band-split networks (Luo and Yu, "Music source separation with band-split RNN", 2023): each band
has its own small linear maps, and the network between them works on tens of bands instead of thousands of bins.
Bands of equal width are computed in one matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from stemgmd_tools.errors import UsageError


class BandGroup(NamedTuple):
    """Neighbouring bands of equal width."""

    first: int
    """First bin."""
    bands: int
    """Number of bands."""
    width: int
    """Bins per band."""

    @property
    def bins(self) -> slice:
        """The bins of all of its bands."""
        return slice(self.first, self.first + self.bands * self.width)


def band_groups(bins: int, singles: int, per_octave: int) -> tuple[BandGroup, ...]:
    """Return bands that cover ``bins`` bins: ``singles`` bins alone, then ``per_octave`` equal bands an octave.

    :raises UsageError: if ``bins`` is not ``singles`` times a power of two, or an octave cannot be shared evenly.
    """
    octaves = (bins // singles).bit_length() - 1
    if singles << octaves != bins or singles % per_octave:
        raise UsageError(
            f"{bins} bins, {singles} of them alone, {per_octave} bands an octave: bins must be singles times a power "
            "of two, singles a multiple of the bands an octave"
        )
    starts = [singles << octave for octave in range(octaves)]
    return (BandGroup(0, singles, 1), *(BandGroup(start, per_octave, start // per_octave) for start in starts))


def band_count(groups: tuple[BandGroup, ...]) -> int:
    """Return the number of bands."""
    return sum(group.bands for group in groups)


def bins_of_bands(values: Tensor, groups: tuple[BandGroup, ...]) -> Tensor:
    """Return (row, bin, value), every bin with the values of its band, of (row, band, value)."""
    parts = torch.split(values, [group.bands for group in groups], 1)
    wide = [
        part.unsqueeze(2).expand(-1, -1, group.width, -1).flatten(1, 2)
        for part, group in zip(parts, groups, strict=True)
    ]
    return torch.cat(wide, 1)


class PerBand(nn.Module):
    """A linear map for each band of a group, ``(band, row, inputs)`` to ``(band, row, outputs)``."""

    def __init__(self, bands: int, inputs: int, outputs: int, gain: float) -> None:
        """Begin with noise whose size the inputs share."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(bands, inputs, outputs) * gain / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(bands, 1, outputs))

    def forward(self, rows: Tensor) -> Tensor:
        """Map every band's rows."""
        return torch.baddbmm(self.bias, rows, self.weight)


class BandSplit(nn.Module):
    """Features of bins to features of bands.

    :param groups: the bands.
    :param inputs: features of a bin.
    :param outputs: features of a band.
    """

    def __init__(self, groups: tuple[BandGroup, ...], inputs: int, outputs: int) -> None:
        """Draw the weights."""
        super().__init__()
        self._groups = groups
        self.maps = nn.ModuleList(PerBand(group.bands, group.width * inputs, outputs, 1.0) for group in groups)

    def forward(self, features: Tensor) -> Tensor:
        """Return (row, band, output) of features (row, bin, input)."""
        rows = features.shape[0]
        parts = [
            maps(features[:, group.bins].reshape(rows, group.bands, -1).transpose(0, 1)).transpose(0, 1)
            for group, maps in zip(self._groups, self.maps, strict=True)
        ]
        return torch.cat(parts, 1)


class BandJoin(nn.Module):
    """Features of bands to features of bins.

    :param groups: the bands.
    :param inputs: features of a band.
    :param outputs: features of a bin.
    :param gain: of the first weights.
    """

    def __init__(self, groups: tuple[BandGroup, ...], inputs: int, outputs: int, gain: float = 1.0) -> None:
        """Draw the weights."""
        super().__init__()
        self._groups, self._outputs = groups, outputs
        self.maps = nn.ModuleList(PerBand(group.bands, inputs, group.width * outputs, gain) for group in groups)

    def forward(self, features: Tensor) -> Tensor:
        """Return (row, bin, output) of features (row, band, input)."""
        rows = features.shape[0]
        parts = torch.split(features, [group.bands for group in self._groups], 1)
        outputs_by_group = [
            maps(part.transpose(0, 1)).transpose(0, 1) for part, maps in zip(parts, self.maps, strict=True)
        ]
        return torch.cat([part.reshape(rows, -1, self._outputs) for part in outputs_by_group], 1)
