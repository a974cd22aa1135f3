"""Shorten the one-shots of a bank for the page and encode each of them once."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import flac_bytes
from stemgmd_tools.kits.bank.bank import Bank

LONGEST_S: Final = 3.0
"""Maximum length of a sound on the page; cymbals are faded out there."""
_LONG_FADE_S: Final = 0.5
"""Fade of a sound that is cut at the maximum length."""
_SHORT_FADE_S: Final = 0.05
"""Fade of a sound that is cut where it is inaudible."""
_INAUDIBLE: Final = 1e-7
"""Share of the energy (-70 dB) that may be cut off at the end."""
_BITS: Final = 16
_HIGHEST: Final = (units.full_scale(_BITS) - 1) / units.full_scale(_BITS)


class Excerpts:
    """Collects the one-shots that the page plays. One-shots that share their PCM are encoded once.

    Sounds are stored in mono at the loudest level at which they are played, so that soft ones take few bits.
    """

    def __init__(self, bank: Bank) -> None:
        """Start without sounds."""
        self._bank = bank
        self._sounds: dict[int, _Excerpt] = {}

    def add(self, row: int, gain: float) -> int:
        """Add a one-shot that is played with ``gain``; return the number of its sound.

        :param row: row of the bank's ``samples``.
        :param gain: amplitude ratio, as in the bank's table.
        """
        start = int(self._bank.samples["start"][row])
        amplitude = gain * float(self._bank.samples["scale"][row])
        if start not in self._sounds:
            self._sounds[start] = _Excerpt(len(self._sounds), self._shortened(row))
        sound = self._sounds[start]
        sound.amplitude = max(sound.amplitude, min(amplitude, _HIGHEST / max(sound.peak, 1.0)))
        return sound.number

    def playing_gain(self, row: int, gain: float) -> float:
        """Return the gain with which the stored sound has the level of the one-shot played with ``gain``.

        Valid after all sounds have been added.
        """
        sound = self._sounds[int(self._bank.samples["start"][row])]
        return gain * float(self._bank.samples["scale"][row]) / sound.amplitude if sound.amplitude else 0.0

    def encoded(self) -> list[str]:
        """Return all sounds by number, as FLAC in base64."""
        full = units.full_scale(_BITS)
        return [
            as_base64(np.rint(sound.pcm * (sound.amplitude * full)).astype(np.int16)[:, None], self._bank.sample_rate)
            for sound in self._sounds.values()
        ]

    def _shortened(self, row: int) -> NDArray[np.float64]:
        """Return a one-shot in mono up to where it is inaudible, in units of its PCM, shape (frames,)."""
        mono = self._bank.one_shot(row).mean(axis=1)
        rest = np.cumsum((mono * mono)[::-1])[::-1]
        audible = int(np.count_nonzero(rest > rest[0] * _INAUDIBLE)) if len(rest) else 0
        frames = min(audible, units.frames_of(LONGEST_S, self._bank.sample_rate))
        fade_s = _LONG_FADE_S if audible > frames else _SHORT_FADE_S
        return faded(mono[:frames], fade_s, self._bank.sample_rate)


@dataclass(slots=True)
class _Excerpt:
    """One sound and the loudest amplitude at which it is played."""

    number: int
    pcm: NDArray[np.float64]
    amplitude: float = 0.0
    """Amplitude of one unit of ``pcm``, full scale 1."""

    @property
    def peak(self) -> float:
        """The largest absolute value of the PCM."""
        return float(np.abs(self.pcm).max(initial=0.0))


def faded(sound: NDArray[np.float64], fade_s: float, sample_rate: int) -> NDArray[np.float64]:
    """Return a sound, shape (frames,) or (frames, channels), with a fade over its last ``fade_s`` seconds."""
    frames = min(len(sound), units.frames_of(fade_s, sample_rate))
    fade = np.ones(len(sound))
    fade[len(sound) - frames :] = np.linspace(1.0, 0.0, frames) ** 2
    return (sound.T * fade).T


def as_base64(pcm: NDArray[np.int16], sample_rate: int) -> str:
    """Return a sound of shape (frames, channels) as FLAC in base64."""
    return b64encode(flac_bytes(pcm, sample_rate)).decode("ascii")
