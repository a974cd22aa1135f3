"""Base classes of models, which map a mixture to stems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.stft import Spectrogram


class Masked(NamedTuple):
    """Masks and the spectra to multiply them with."""

    masks: Tensor
    """(item, stem, channel, bin, spectrum), real (float32) or complex."""
    mixture: Tensor
    """Complex (item, channel, bin, spectrum)."""
    transform: Spectrogram
    """Transform of the spectra."""


class Estimate:
    """Estimated stems of a batch of mixtures, as sound, spectra or masked spectra; converted on demand.

    A loss on spectra or masks therefore needs no inverse transform.

    :param frames: length of the mixtures.
    :param sound: (item, stem, channel, frame).
    :param spectra: complex (item, stem, channel, bin, spectrum), with their ``transform``.
    :param masked: masks and the mixture's spectra.
    :raises ValueError: unless exactly one of sound, spectra and masked is given.
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
        """Store the estimate."""
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

    It is fully described by its weights, ``stems``, ``sample_rate`` and options (see
    :mod:`stemgmd_tools.separation.networks.registry`); every layer is a registered submodule. A model with a separate
    network per stem keeps them in a ``ModuleDict`` named ``networks``, whose weights can be joined.

    :param stems: names of the stems, in the order of the output.
    :param sample_rate: of mixtures and stems, Hz.
    """

    channels = 2
    segment = 511 * 1024
    """Frames of a chunk of a long sound (see :mod:`stemgmd_tools.separation.inference.overlap`): a patch of LarsNet."""
    memory_format = torch.channels_last
    """Fastest memory format of four-dimensional weights; layers use that of their weights."""

    def __init__(self, stems: Sequence[str], sample_rate: int = 44_100) -> None:
        """Store the names of the stems."""
        super().__init__()
        self.stems = tuple(stems)
        self.sample_rate = sample_rate

    @abstractmethod
    def estimate(self, mixture: Tensor) -> Estimate:
        """Return the estimate for mixtures, shape (item, 2, frame), of at least one frame."""

    def forward(self, mixture: Tensor) -> Tensor:
        """Return the stems of mixtures (item, 2, frame), shape (item, stem, 2, frame), float32."""
        return self.estimate(mixture).sound


class MaskSeparator(Separator):
    """A model that predicts masks for the mixture's spectra.

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
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
