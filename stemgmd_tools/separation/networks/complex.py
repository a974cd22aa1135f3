"""Convert complex spectra to real channels and back, for networks that predict spectra rather than masks."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

PARTS: Final = 2
"""Real and imaginary."""


def as_parts(spectra: Tensor, bins: int) -> Tensor:
    """Return (item, channel x part, bin, spectrum) of the lowest bins of spectra (item, channel, bin, spectrum)."""
    return torch.view_as_real(spectra[..., :bins, :]).movedim(-1, 2).flatten(1, 2)


def from_parts(parts: Tensor, stems: int, channels: int) -> Tensor:
    """Return complex spectra (item, stem, channel, bin + 1, spectrum), float32, whose topmost bin is silent.

    :param parts: (item, stem x channel x part, bin, spectrum).
    """
    separate = parts.float().reshape(len(parts), stems, channels, PARTS, *parts.shape[2:])
    return torch.view_as_complex(functional.pad(separate, (0, 0, 0, 1)).movedim(3, -1).contiguous())
