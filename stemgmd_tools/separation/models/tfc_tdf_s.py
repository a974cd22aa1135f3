"""TFC-TDF-UNet v3 in a compact size (Kim, Lee and Jung 2023, report on the Sound Demixing Challenge)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.networks.complex import PARTS, as_parts, from_parts
from stemgmd_tools.separation.networks.registry import LARGEST_COUNT, Model, ModelOption
from stemgmd_tools.separation.networks.separator import Estimate, Separator
from stemgmd_tools.separation.networks.stft import Spectrogram

SUBBANDS: Final = 4
"""Bands of neighbouring frequencies that become channels: a quarter of the positions, each with its own features."""
BLOCKS: Final = 2
"""Of a scale."""
BOTTLENECK: Final = 4
"""Factor by which the middle of a block reduces frequencies."""


def _normal(width: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(width, affine=True), nn.GELU()]


class Block(nn.Module):
    """Two time-frequency convolutions, between them layers over all frequencies of one time; residual twice over.

    Works on (item, channel, spectrum, frequency): frequency last, where linear layers want it.
    """

    def __init__(self, before: int, after: int, frequencies: int) -> None:
        """Make the layers."""
        super().__init__()
        narrow = frequencies // BOTTLENECK
        self.first = nn.Sequential(*_normal(before), nn.Conv2d(before, after, 3, padding=1, bias=False))
        self.across = nn.Sequential(
            *_normal(after),
            nn.Linear(frequencies, narrow, bias=False),
            *_normal(after),
            nn.Linear(narrow, frequencies, bias=False),
        )
        self.second = nn.Sequential(*_normal(after), nn.Conv2d(after, after, 3, padding=1, bias=False))
        self.shortcut = nn.Conv2d(before, after, 1, bias=False)

    def forward(self, sound: Tensor) -> Tensor:
        """Return features of the same positions."""
        changed = self.first(sound)
        changed = self.second(changed + self.across(changed))
        output: Tensor = changed + self.shortcut(sound)
        return output


class Scale(nn.Sequential):
    """The blocks of one resolution."""

    def __init__(self, before: int, after: int, frequencies: int) -> None:
        """Make the blocks."""
        super().__init__(*(Block(after if n else before, after, frequencies) for n in range(BLOCKS)))


class TfcTdf(Separator):
    """One U-Net that predicts the complex spectra of all stems, with complex parts as channels.

    For the options see :data:`MODEL`. The published networks for four stems have window 8192, hop 2048 or 1024, width
    64 to 256, growth 64 and scales 5.

    :raises UsageError: if the frequencies cannot be halved that often.
    """

    memory_format = torch.contiguous_format

    def __init__(
        self,
        stems: Sequence[str],
        width: int = 32,
        growth: int = 32,
        scales: int = 4,
        *,
        window: int = 4096,
        hop: int = 1024,
    ) -> None:
        """Make all layers."""
        super().__init__(stems)
        self.transform = Spectrogram(window, hop)
        self._bins = window // 2  # the highest of the transform is silent in every stem
        frequencies = self._bins // SUBBANDS
        if self._bins % SUBBANDS or frequencies % BOTTLENECK or frequencies % 2**scales:
            step = 2 * SUBBANDS * max(BOTTLENECK, 2**scales)
            raise UsageError(f"tfc-tdf: window {window}; with scales {scales} it must be a multiple of {step}")
        most = (frequencies // BOTTLENECK).bit_length() - 1
        if not 1 <= scales <= most or width < 1 or growth < 0:
            raise UsageError(f"tfc-tdf: width {width}, growth {growth}, scales {scales}; scales go from 1 to {most}")
        self.multiple = 2**scales
        lines = self.channels * PARTS * SUBBANDS
        self.entry = nn.Conv2d(lines, width, 1, bias=False)
        widths = [width + growth * scale for scale in range(scales + 1)]
        sizes = [frequencies >> scale for scale in range(scales + 1)]
        steps = list(zip(widths, widths[1:], sizes, strict=False))
        self.encoder = nn.ModuleList(Scale(wide, wide, size) for wide, _, size in steps)
        self.down = nn.ModuleList(
            nn.Sequential(*_normal(wide), nn.Conv2d(wide, wider, 2, 2, bias=False)) for wide, wider, _ in steps
        )
        self.middle = Scale(widths[-1], widths[-1], sizes[-1])
        self.up = nn.ModuleList(
            nn.Sequential(*_normal(wider), nn.ConvTranspose2d(wider, wide, 2, 2, bias=False))
            for wide, wider, _ in reversed(steps)
        )
        self.decoder = nn.ModuleList(Scale(2 * wide, wide, size) for wide, _, size in reversed(steps))
        self.exit = nn.Sequential(
            nn.Conv2d(width + lines, width, 1, bias=False),
            nn.GELU(),
            nn.Conv2d(width, len(self.stems) * lines, 1, bias=False),
        )

    def estimate(self, mixture: Tensor) -> Estimate:
        """Return the spectra of the stems; see :class:`Separator`."""
        spectra = self.transform(mixture)
        stem_parts = self.parts(as_parts(spectra, self._bins))
        whole = from_parts(stem_parts, len(self.stems), self.channels)
        return Estimate(mixture.shape[-1], spectra=whole, transform=self.transform)

    def parts(self, parts: Tensor) -> Tensor:
        """Return parts of the stems (item, stem x 4, bin, spectrum) of parts of the mixture (item, 4, bin, spectrum).

        Any number of spectra will do; they are filled up with silence for the halvings.
        """
        count = parts.shape[-1]
        filled = functional.pad(parts, (0, -count % self.multiple))
        bands = filled.reshape(len(filled), -1, self._bins // SUBBANDS, filled.shape[-1])
        entered = self.entry(bands)
        features = self._network(entered.transpose(-1, -2)).transpose(-1, -2) * entered
        outputs: Tensor = self.exit(torch.cat([bands, features], 1))
        return outputs.reshape(len(outputs), -1, self._bins, outputs.shape[-1])[..., :count]

    def _network(self, level: Tensor) -> Tensor:
        """Return features (item, width, spectrum, frequency) of features of the same shape."""
        skips: list[Tensor] = []
        for scale, down in zip(self.encoder, self.down, strict=True):
            level = scale(level)
            skips.append(level)
            level = down(level)
        level = self.middle(level)
        for up, scale in zip(self.up, self.decoder, strict=True):
            level = scale(torch.cat([up(level), skips.pop()], 1))
        return level


MODEL: Final = Model(
    TfcTdf,
    "TFC-TDF-UNet v3, compact",
    "Kim et al. 2023, arXiv:2306.09382",
    (
        ModelOption("width", "channels at the full resolution"),
        ModelOption("growth", "channels added at each halving of both axes"),
        ModelOption("scales", "number of halvings of both axes", LARGEST_COUNT),
        ModelOption("window", "window of the transform in frames"),
        ModelOption("hop", "hop of the transform in frames"),
    ),
)
