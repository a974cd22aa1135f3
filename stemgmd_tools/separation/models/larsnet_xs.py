"""A smaller network per stem, for comparison with :mod:`stemgmd_tools.separation.models.larsnet_s`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.models.larsnet_s import LarsNetSmall
from stemgmd_tools.separation.models.separator import MaskSeparator
from stemgmd_tools.separation.models.stft import Spectrogram


class LarsNetSmallEach(MaskSeparator):
    """A compact network for every stem, as in LarsNet; also 1.6 million weights for five stems.

    :param window: of the transform, a power of two.
    :param hop: of the transform.
    :param width: channels of the first level of each; the others have twice and three times as many.
    :param temporal: channels of each one's convolutions over time.
    """

    def __init__(
        self, stems: Sequence[str], *, window: int = 2048, hop: int = 1024, width: int = 16, temporal: int = 48
    ) -> None:
        """Draw the weights."""
        super().__init__(stems, Spectrogram(window, hop))
        self.networks = nn.ModuleDict(
            {stem: LarsNetSmall((stem,), window=window, hop=hop, width=width, temporal=temporal) for stem in self.stems}
        )

    def masks(self, spectra: Tensor) -> Tensor:
        """Return real masks (item, stem, 2, bin, spectrum) of complex spectra (item, 2, bin, spectrum)."""
        return torch.cat([cast("LarsNetSmall", network).masks(spectra) for network in self.networks.values()], 1)
