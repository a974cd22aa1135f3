"""Compute the loudness and the pitch of a voice from its parameters, without synthesis."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.envelopes import voice_shapes
from stemgmd_tools.kits.synthesis.modes import ModeBank, decaying
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, VoiceModel
from stemgmd_tools.numerics.elementary import exp, exp2, exp10, log, log2, log10, power
from stemgmd_tools.numerics.products import complex_product

_LENGTH_S: Final = 0.2
"""Length of the part of a one-shot whose level a bank measures."""
_MODE_CREST_DB: Final = 3.0
_NOISE_CREST_DB: Final = 11.0
"""Peak over mean power of a tone, and of some hundred samples of noise."""
_EDGES_S: Final = np.concatenate([[0.0], exp(np.linspace(log(2e-4), log(_LENGTH_S), 32))])
_TIMES_S: Final = (_EDGES_S[1:] + _EDGES_S[:-1]) / 2
_LENGTHS_S: Final = np.diff(_EDGES_S)
_CACHE_SIZE: Final = 640
"""Number of cached results: enough for the voices of two dozen parents."""
_PITCH_STEP: Final = exp2(1.0 / 48)
_LOWEST_HZ: Final = 28.0
_PITCHES_HZ: Final = _LOWEST_HZ * power(_PITCH_STEP, np.arange(round(48 * log2(400.0 / _LOWEST_HZ)) + 1))
_PITCH_FROM_S: Final = 0.06
_NEARLY_DB: Final = 6.0
"""The pitch is the lowest peak that is at most this much weaker than the strongest."""


@lru_cache(maxsize=_CACHE_SIZE)
def level_db(voice: VoiceModel) -> float:
    """Return the mean power over the first 200 ms of a stroke of velocity 100, dB re full scale, without the room.

    For a hi-hat, return the mean over its degrees of openness.
    """
    ringing, powers = _powers(voice)
    return _mean_db([float(((power + ringing) * _LENGTHS_S).sum()) / _LENGTH_S for power in powers])


@lru_cache(maxsize=_CACHE_SIZE)
def peak_db(voice: VoiceModel) -> float:
    """Return about the peak of a stroke of velocity 100, dB re full scale, without the room.

    It is estimated from the power of noise and modes over time. For a hi-hat, return the mean over its degrees of
    openness.
    """
    ringing, powers = _powers(voice)
    ringing = ringing * exp10(_MODE_CREST_DB / 10.0)
    return _mean_db([float((power * exp10(_NOISE_CREST_DB / 10.0) + ringing).max()) for power in powers])


def _powers(voice: VoiceModel) -> tuple[Float, list[Float]]:
    """Return the mean power of the modes at each time of a stroke, and of the noise for each degree of openness."""
    ringing = np.zeros(len(_TIMES_S))
    for modes in (voice.body, voice.attack):
        if modes is not None:
            ringing = ringing + ModeBank.from_parameters(modes).energy(REFERENCE_VELOCITY, _TIMES_S)
    return ringing, [shape.energy(REFERENCE_VELOCITY, _TIMES_S) for shape in voice_shapes(voice)]


def _mean_db(powers: list[float]) -> float:
    return float(np.mean([10.0 * log10(power + 1e-30) for power in powers]))


@lru_cache(maxsize=_CACHE_SIZE)
def pitch_hz(voice: VoiceModel) -> float | None:
    """Return the pitch of a drum: the lowest strong peak in the spectrum of its modes, 28 to 400 Hz, after 60 ms.

    Single modes are not sufficient, since fitted modes may form pairs that cancel.

    :return: None if no mode rings there.
    """
    body = voice.body
    if body is None or not any(_PITCHES_HZ[0] <= frequency <= _PITCHES_HZ[-1] for frequency in body.frequency_hz):
        return None
    spectrum = _late_spectrum(ModeBank.from_parameters(body))
    peaks = np.flatnonzero((spectrum[1:-1] >= spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])) + 1
    if not len(peaks):
        return None
    strong = peaks[spectrum[peaks] >= spectrum[peaks].max() * exp10(-_NEARLY_DB / 10.0)]
    return float(_between_points(spectrum, int(strong[0])))


def _late_spectrum(bank: ModeBank) -> Float:
    """Return the power spectrum of the modes' late part at each candidate pitch, left channel."""
    late = complex_product(bank.amplitude[0], decaying(bank.rate, np.array(_PITCH_FROM_S)))
    # late / (2 pi i f - rate), as late times the conjugate over the squared distance
    apart = 2.0 * np.pi * _PITCHES_HZ[:, None] - bank.rate.imag
    distance = bank.rate.real**2 + apart**2
    real = (apart * late.imag - bank.rate.real * late.real) / distance
    imag = (-apart * late.real - bank.rate.real * late.imag) / distance
    if not bank.free_phase:
        real, imag = real.sum(axis=1, keepdims=True), imag.sum(axis=1, keepdims=True)
    return np.asarray((real**2 + imag**2).sum(axis=1))


def _between_points(spectrum: Float, peak: int) -> float:
    """Return the frequency of a peak, by a parabola through its three points in decibels."""
    before, here, after = log(spectrum[peak - 1 : peak + 2])
    offset = 0.5 * (before - after) / (before - 2.0 * here + after)
    return float(_PITCHES_HZ[peak] * power(_PITCH_STEP, offset))
