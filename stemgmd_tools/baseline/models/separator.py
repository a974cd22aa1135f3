"""What every model is: a mixture in, stems out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

from torch import Tensor, nn

from stemgmd_tools.baseline.stft import Spectrogram


class Estimate:
    """What a model says of a batch of mixtures; as spectra or as sound, whichever it made, and the other on demand.

    Losses take what they need, so a loss on spectra pays for no inverse transform.

    :param sound: (item, stem, channel, frame), or None for what is given as spectra.
    :param spectra: complex (item, stem, channel, bin, spectrum) in the model's own transform, or None.
    :param transform: the model's own; None for models without one.
    :param frames: length of the mixtures.
    """

    def __init__(
        self,
        frames: int,
        *,
        sound: Tensor | None = None,
        spectra: Tensor | None = None,
        transform: Spectrogram | None = None,
    ) -> None:
        """Keep what the model made."""
        self._sound, self.spectra, self.transform, self._frames = sound, spectra, transform, frames

    @cached_property
    def sound(self) -> Tensor:
        """(item, stem, channel, frame)."""
        if self._sound is not None:
            return self._sound
        if self.spectra is None or self.transform is None:
            raise ValueError("an estimate holds sound, or spectra with their transform")
        return self.transform.inverse(self.spectra, self._frames)


class Separator(nn.Module, ABC):
    """A model that separates a stereo mixture into stems.

    Its weights and ``stems``, ``sample_rate`` and its own options (see :mod:`stemgmd_tools.baseline.models.registry`)
    are all there is to it; every layer is a registered submodule.

    :param stems: names of the stems, in the order of the output.
    :param sample_rate: frames per second of the sound that it understands.
    """

    channels = 2

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
        masked = (masks if masks.is_complex() else masks.float()) * spectra[:, None]
        return Estimate(mixture.shape[-1], spectra=masked, transform=self.transform)


def parameter_count(model: nn.Module) -> int:
    """Return how many figures training may change."""
    return sum(one.numel() for one in model.parameters() if one.requires_grad)
