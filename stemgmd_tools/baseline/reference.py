"""Bounds without learning: the mixture as its own estimate from below, the ideal ratio mask from above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from stemgmd_tools.baseline.method import Clip, Frames, Method, in_pieces
from stemgmd_tools.baseline.stft import Spectrogram
from stemgmd_tools.errors import UsageError

MASK_SIZES: Final = ((1024, 256), (2048, 512), (4096, 1024))
"""Window and hop of the oracles."""
_PIECE_SPECTRA: Final = 512


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
    """The oracle: each stem's share of the magnitudes, from the true stems, on the mixture's phase.

    What a method that masks spectra could reach if its masks were right. The mask of a stem is
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
        sounds = torch.cat([stems, (mixture - stems.sum(0))[None]])
        with torch.inference_mode():
            weights = self._transform(sounds).abs() ** self._exponent
            shares = weights[:-1] / weights.sum(0).clamp_min(torch.finfo(torch.float32).tiny)
            found: Frames = self._transform.inverse(shares * self._transform(mixture), frames).numpy()
        return found
