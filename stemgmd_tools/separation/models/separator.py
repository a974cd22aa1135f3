"""What every model is: a mixture in, stems out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.models.stft import Spectrogram


class Masked(NamedTuple):
    """Spectra times masks, the product not yet taken."""

    masks: Tensor
    """(item, stem, channel, bin, spectrum), real (float32) or complex."""
    mixture: Tensor
    """Complex (item, channel, bin, spectrum)."""
    transform: Spectrogram
    """What the spectra were made with."""


class Estimate:
    """What a model says of a batch of mixtures: sound, spectra or masked spectra, and what follows on demand.

    Losses take what they need, so a loss on spectra or masks pays for no inverse transform.

    :param frames: length of the mixtures.
    :param sound: (item, stem, channel, frame).
    :param spectra: complex (item, stem, channel, bin, spectrum), given with their ``transform``.
    :param masked: masks and what they belong to. One of the three is given.
    :raises ValueError: if not just one is given.
    """

    def __init__(
        self,
        frames: int,
        *,
        sound: Tensor | None = None,
        spectra: Tensor | None = None,
        transform: Spectrogram | None = None,
        masked: Masked | None = None,
    ) -> None:
        """Keep what the model made."""
        count = (sound is not None) + (spectra is not None) + (masked is not None)
        if count != 1 or (spectra is None) != (transform is None):
            raise ValueError("an estimate holds just one of sound, spectra with their transform, and masked spectra")
        self.masked, self._sound, self._spectra, self._frames = masked, sound, spectra, frames
        self.transform = transform if masked is None else masked.transform
        """The model's own transform; None for models without one."""

    @cached_property
    def spectra(self) -> Tensor | None:
        """Complex (item, stem, channel, bin, spectrum) in the model's own transform; None for models without one."""
        return self._spectra if self.masked is None else self.masked.masks * self.masked.mixture[:, None]

    @cached_property
    def sound(self) -> Tensor:
        """(item, stem, channel, frame) float32."""
        if self._sound is not None:
            return self._sound
        if self.spectra is None or self.transform is None:
            raise ValueError("an estimate without sound has spectra")
        return self.transform.inverse(self.spectra, self._frames)


class Separator(nn.Module, ABC):
    """A model that separates a stereo mixture into stems.

    Its weights and ``stems``, ``sample_rate`` and its own options (see :mod:`stemgmd_tools.separation.models.registry`)
    are all there is to it; every layer is a registered submodule.

    :param stems: names of the stems, in the order of the output.
    :param sample_rate: frames per second of the sound that it understands.
    """

    channels = 2
    segment = 511 * 1024
    """Frames of a chunk of a long sound (see :mod:`stemgmd_tools.separation.inference.overlap`): a patch of LarsNet."""
    memory_format = torch.channels_last
    """The layout of four-dimensional weights with which it is fastest; layers follow that of their weights."""

    def __init__(self, stems: Sequence[str], sample_rate: int = 44_100) -> None:
        """Keep what the output means."""
        super().__init__()
        self.stems = tuple(stems)
        self.sample_rate = sample_rate

    @abstractmethod
    def estimate(self, mixture: Tensor) -> Estimate:
        """Return what the model makes of mixtures (item, 2, frame) of any length from 1 frame on."""

    def forward(self, mixture: Tensor) -> Tensor:
        """Return stems (item, stem, 2, frame) of mixtures (item, 2, frame), float32, as long as the mixtures."""
        return self.estimate(mixture).sound


class MaskSeparator(Separator):
    """A model that multiplies the mixture's spectra with masks.

    :param transform: of the mixture.
    """

    def __init__(self, stems: Sequence[str], transform: Spectrogram, sample_rate: int = 44_100) -> None:
        """Keep the transform."""
        super().__init__(stems, sample_rate)
        self.transform = transform

    @abstractmethod
    def masks(self, spectra: Tensor) -> Tensor:
        """Return masks (item, stem, 2, bin, spectrum), real or complex, of complex spectra (item, 2, bin, spectrum)."""

    def estimate(self, mixture: Tensor) -> Estimate:
        """Return masked spectra of mixtures (item, 2, frame)."""
        spectra = self.transform(mixture)
        masks = self.masks(spectra)
        exact = masks if masks.is_complex() else masks.float()
        return Estimate(mixture.shape[-1], masked=Masked(exact, spectra, self.transform))


def parameter_count(model: nn.Module) -> int:
    """Return how many figures training may change."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
