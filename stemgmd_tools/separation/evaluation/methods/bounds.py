"""Bounds without training: the mixture as a lower bound, ideal masks as upper bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method, in_pieces
from stemgmd_tools.separation.networks.stft import Spectrogram

MASK_SIZES: Final = ((1024, 256), (2048, 512), (4096, 1024))
"""Window and hop of the oracles."""
_PIECE_SPECTRA: Final = 256
_TINY: Final = torch.finfo(torch.float32).tiny


class Mixture(Method):
    """The mixture as the estimate of every stem."""

    name = "mixture"

    @property
    def about(self) -> Mapping[str, Any]:
        """Nothing but its name."""
        return {"name": self.name}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield the mixture for each stem."""
        for start, frames in clip.blocks():
            yield np.broadcast_to(clip.mixture(start, frames), (len(clip.stems), 2, frames))


class IdealRatioMask(Method):
    """The ideal ratio mask: each true stem's share of the magnitudes, with the phase of the mixture.

    An upper bound for methods that mask magnitudes. The mask of a stem is
    ``|S|^exponent / sum over stems and the rest of |S|^exponent``; the rest is what no stem of the clip plays.

    :param window: of the transform, in frames.
    :param hop: frames from one spectrum to the next.
    :param exponent: 1 for shares of magnitude, 2 for shares of power, which reach 1 dB more on drums.
    :raises UsageError: if the sizes cannot be inverted or the exponent is not positive.
    """

    def __init__(self, window: int = 4096, hop: int = 1024, exponent: float = 2.0) -> None:
        """Make the transform."""
        if not exponent > 0.0:
            raise UsageError(f"exponent is {exponent}; it must be above 0: 1 for magnitude, 2 for power")
        self.name = f"irm-{window}-{hop}"
        self._exponent = exponent
        self._transform = Spectrogram(window, hop)

    @property
    def about(self) -> Mapping[str, Any]:
        """Sizes and exponent."""
        return {"name": self.name, "exponent": self._exponent}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield masked mixtures."""
        hop, window = self._transform.hop, self._transform.window
        return in_pieces(
            clip, _PIECE_SPECTRA * hop, 2 * window, lambda first, frames: self._masked(clip, first, frames)
        )

    def _masked(self, clip: Clip, first: int, frames: int) -> Frames:
        mixture, stems = (torch.from_numpy(sound) for sound in clip.both(first, frames))
        with torch.inference_mode():
            spectra = self._transform(mixture)
            rest = (mixture - stems.sum(0))[None]
            masks = self._masks(self._transform(torch.cat([stems, rest])), spectra)
            estimates: Frames = self._transform.inverse(masks[:-1] * spectra, frames).numpy()
        return estimates

    def _masks(self, parts: Tensor, mixture: Tensor) -> Tensor:  # noqa: ARG002 - what other masks need
        """Return the masks of the mixture's parts (part, 2, bin, spectrum), in 0..1."""
        weights = parts.abs() ** self._exponent
        return weights / weights.sum(0).clamp_min(_TINY)


class PhaseSensitiveMask(IdealRatioMask):
    """The phase-sensitive mask, the optimal mask between 0 and 1 for each bin of a stem.

    ``Re(S / X)``, held within 0..1 (Erdogan et al. 2015): it knows the phase, which shares of magnitude do not, and so
    bounds networks that end in a sigmoid and reuse the mixture's phase.
    """

    def __init__(self, window: int = 4096, hop: int = 1024) -> None:
        """Make the transform."""
        super().__init__(window, hop)
        self.name = f"psm-{window}-{hop}"

    def _masks(self, parts: Tensor, mixture: Tensor) -> Tensor:
        """Return the masks of the mixture's parts (part, 2, bin, spectrum), in 0..1."""
        return ((parts * mixture.conj()).real / (mixture.abs() ** 2).clamp_min(_TINY)).clamp(0.0, 1.0)
