"""A smaller network per stem, for comparison with :mod:`stemgmd_tools.separation.models.larsnet_s`.

In training of equal length it took fewer steps and reached 0.8 to 1.2 dB less (``docs/baseline.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.models.larsnet_s import MODEL as SHARED
from stemgmd_tools.separation.models.larsnet_s import LarsNetSmall
from stemgmd_tools.separation.networks.registry import Model
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.networks.stft import Spectrogram


class LarsNetSmallEach(MaskSeparator):
    """A compact network for every stem, as in LarsNet; also 1.6 million weights for five stems.

    Each network has the options of :class:`LarsNetSmall`.
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


MODEL: Final = Model(
    LarsNetSmallEach, "as larsnet-s, but with a smaller network per stem", SHARED.source, SHARED.options
)
