"""Synthesise the room of a kit: a few early reflections and a diffuse decay, the same for every stroke."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import RoomModel
from stemgmd_tools.numerics import transforms
from stemgmd_tools.numerics.elementary import exp10, log, power, tan
from stemgmd_tools.numerics.products import complex_product, scaled
from stemgmd_tools.seeds import standard_normal, stream

_CROSSOVERS_HZ: Final = (125.0, 1000.0, 8000.0)
_EARLY_SPREAD_S: Final = 0.035
_CUT_DB: Final = 45.0
"""The decay is cut this far below its start, where one-shots have long been trimmed."""
_ROLL_OFF_HZ: Final = 9000.0
_RUMBLE_HZ: Final = 90.0


class Room:
    """The impulse response of one kit's room, without the direct sound."""

    def __init__(self, model: RoomModel, kit: str) -> None:
        """Draw the response, which depends only on the parameters and the kit's name."""
        self._response = _impulse_response(model, kit)
        self._spectra: dict[int, NDArray[np.complex128]] = {}

    @property
    def frames(self) -> int:
        """Number of frames that the response adds to a sound."""
        return len(self._response) - 1

    def add_to(self, sound: Float) -> Float:
        """Return ``sound`` plus the room's response to the mean of its channels, shape (frames + self.frames, 2)."""
        total = len(sound) + self.frames
        length = transforms.length_for(total)
        dry = transforms.spectrum(sound.mean(axis=1), length)
        wet = complex_product(dry[:, None], self._spectrum(length))
        answer = transforms.sound_of(wet, length, axis=0)[:total]
        answer[: len(sound)] += sound
        return answer

    def _spectrum(self, length: int) -> NDArray[np.complex128]:
        if length not in self._spectra:
            self._spectra[length] = transforms.spectrum(self._response, length, axis=0)
        return self._spectra[length]


def _impulse_response(model: RoomModel, kit: str) -> Float:
    """Return (frames, 2) of the room's response, its early part and its decay at their stated energies."""
    draw = stream(0, "voice", kit, "room")
    longest_s = model.decay_s * max(model.bass_ratio, model.treble_ratio, 1.0) * _CUT_DB / 60.0
    start = round(model.predelay_s * SAMPLE_RATE)
    frames = start + round((max(longest_s, _EARLY_SPREAD_S) + 0.01) * SAMPLE_RATE)
    early = _reflections(model, start, frames, draw)
    late = np.zeros((frames, 2))
    late[start:] = _decay(model, frames - start, draw)
    response = np.zeros((frames, 2))
    for part, level_db in ((early, model.early_db), (late, model.late_db)):
        shaped = _absorbed(part)
        energy = (shaped**2).sum(axis=0).mean()
        if energy > 0.0:
            response += shaped * np.sqrt(exp10(level_db / 10.0) / energy)
    fade = round(0.01 * SAMPLE_RATE)
    response[-fade:] *= np.linspace(1.0, 0.0, fade)[:, None]
    return response


def _reflections(model: RoomModel, start: int, frames: int, draw: np.random.Generator) -> Float:
    """Return (frames, 2) impulses: denser and weaker with time, their places drawn per channel."""
    taps = np.zeros((frames, 2))
    spread = round(_EARLY_SPREAD_S * SAMPLE_RATE)
    for channel in range(2):
        after = power(np.sort(draw.uniform(0.0, 1.0, model.reflections)), 0.8) * spread
        gains = draw.choice([-1.0, 1.0], model.reflections) / (1.0 + 3.0 * after / spread)
        np.add.at(taps[:, channel], start + after.astype(np.intp), gains)
    taps[:, 1] = model.width * taps[:, 1] + (1.0 - model.width) * taps[:, 0]
    return taps


def _decay(model: RoomModel, frames: int, draw: np.random.Generator) -> Float:
    """Return (frames, 2) noise that decays at its own rate in each octave-wide region."""
    noise = standard_normal(draw, (frames, 2))
    noise[:, 1] = model.width * noise[:, 1] + np.sqrt(1.0 - model.width**2) * noise[:, 0]
    length = transforms.length_for(2 * frames)
    spectrum = transforms.spectrum(noise, length, axis=0)
    frequencies_hz = np.maximum(np.arange(len(spectrum)) * (SAMPLE_RATE / length), 1.0)
    place = np.interp(log(frequencies_hz), log(_CROSSOVERS_HZ), np.arange(3))
    times_s = np.arange(frames) / SAMPLE_RATE
    sound = np.zeros((frames, 2))
    for region, ratio in enumerate((model.bass_ratio, 1.0, model.treble_ratio)):
        mask = np.maximum(0.0, 1.0 - np.abs(place - region))[:, None]
        part = transforms.sound_of(scaled(spectrum, mask), length, axis=0)[:frames]
        sound += part * exp10(-3.0 * times_s / (model.decay_s * ratio))[:, None]
    return sound


def _absorbed(response: Float) -> Float:
    """Return a response that has lost its rumble and its top to walls and air, as reflections do."""
    return np.asarray(sosfilt(_band_pass(_RUMBLE_HZ, _ROLL_OFF_HZ), response, axis=0))


def _band_pass(low_hz: float, high_hz: float) -> Float:
    """Return the second-order section of a Butterworth band pass of order 1, made by the bilinear transform."""
    low, high = tan(np.pi * low_hz / SAMPLE_RATE), tan(np.pi * high_hz / SAMPLE_RATE)
    width, centre = high - low, low * high
    gain, last = width / (1.0 + width + centre), (1.0 - width + centre) / (1.0 + width + centre)
    return np.array([[gain, 0.0, -gain, 1.0, 2.0 * (centre - 1.0) / (1.0 + width + centre), last]])
