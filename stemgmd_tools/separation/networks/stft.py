"""Short-time Fourier transform of all models, and its inverse."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stemgmd_tools.errors import UsageError


class Spectrogram(nn.Module):
    """Complex spectra with a periodic Hann window, computed in float32 even under autocast.

    The sound is padded by half a window at the start, and at the end so that the last frame is within the last
    spectrum: the inverse returns every frame.

    :param window: length of the window and of the transform, even, in frames.
    :param hop: frames from one spectrum to the next; divides ``window``, which is at least twice as long.
    :param mirrored: pad by reflection, as torch, librosa and LarsNet do, not with silence; sounds of at most half a
        window are padded with silence in any case.
    :raises UsageError: for sizes that cannot be inverted.
    """

    shape: Tensor
    """Values of the window, shape (window,); not saved with the weights."""

    def __init__(self, window: int, hop: int, *, mirrored: bool = False) -> None:
        """Make the window."""
        super().__init__()
        if window < 2 or window % 2 or hop < 1 or window % hop or hop > window // 2:
            raise UsageError(f"window {window} and hop {hop}: give an even window that the hop divides twice or more")
        self.window, self.hop, self.mirrored = window, hop, mirrored
        self.register_buffer("shape", torch.hann_window(window), persistent=False)

    @property
    def bins(self) -> int:
        """Frequencies of a spectrum, from 0 to half the sample rate."""
        return self.window // 2 + 1

    def count(self, frames: int) -> int:
        """Return the number of spectra of a sound of ``frames`` frames."""
        return -(-frames // self.hop) + 1

    def forward(self, sound: Tensor) -> Tensor:
        """Return complex spectra (..., bin, spectrum) of a sound (..., frame)."""
        lines = sound.float().reshape(-1, sound.shape[-1])
        with torch.autocast(sound.device.type, enabled=False):
            padded = self._continued(nn.functional.pad(lines, (0, -lines.shape[-1] % self.hop)))
            spectra = torch.stft(padded, self.window, self.hop, window=self.shape, center=False, return_complex=True)
        return spectra.reshape(*sound.shape[:-1], *spectra.shape[-2:])

    def _continued(self, lines: Tensor) -> Tensor:
        """Return sound (line, frame) padded by half a window at both ends."""
        mode = "reflect" if self.mirrored and lines.shape[-1] > self.window // 2 else "constant"
        return nn.functional.pad(lines, (self.window // 2, self.window // 2), mode)

    def inverse(self, spectra: Tensor, frames: int) -> Tensor:
        """Return the sound (..., frame) of complex spectra (..., bin, spectrum); frames beyond ``frames`` are cut."""
        lines = spectra.reshape(-1, *spectra.shape[-2:])
        with torch.autocast(spectra.device.type, enabled=False):
            sound = torch.istft(lines, self.window, self.hop, window=self.shape, length=frames)
        return sound.reshape(*spectra.shape[:-2], frames)
