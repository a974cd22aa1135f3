"""The same effects by audiomentations, pedalboard, scipy and pyloudnorm, at their own default quality."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.augment.sounds import RATE

Effect = Callable[[np.ndarray], object]
"""Works on one stereo line (channel, frame)."""
TAPS = (np.random.default_rng(0).normal(size=(2, RATE // 2)) * np.exp(-np.arange(RATE // 2) / 4000)).astype(np.float32)


def _audiomentations(name: str, **fixed: float) -> Effect:
    module = importlib.import_module("audiomentations")
    parameters = {f"{end}_{key}": value for key, value in fixed.items() for end in ("min", "max")}
    transform = getattr(module, name)(**parameters, p=1.0)
    return lambda line: transform(line, RATE)


def _pedalboard(name: str, *values: Any) -> Effect:
    module = importlib.import_module("pedalboard")
    board = module.Pedalboard([getattr(module, name)(*values)])
    return lambda line: board(line, RATE)


def _stretched(line: np.ndarray) -> object:
    return importlib.import_module("pedalboard").time_stretch(line, RATE, 1.1)


def _scipy_convolution(line: np.ndarray) -> object:
    return importlib.import_module("scipy.signal").fftconvolve(line, TAPS, axes=1)[:, : line.shape[1]]


def _normalized(line: np.ndarray) -> object:
    pyloudnorm = importlib.import_module("pyloudnorm")
    return line * 10 ** ((-23 - pyloudnorm.Meter(RATE).integrated_loudness(line.T)) / 20)


PEERS: Mapping[str, Mapping[str, Callable[[], Effect]]] = {
    "gain": {"audiomentations": lambda: _audiomentations("Gain", gain_db=-6.0)},
    "saturation": {
        "audiomentations": lambda: _audiomentations("TanhDistortion", distortion=0.5),
        "pedalboard": lambda: _pedalboard("Distortion", 6.0),
    },
    "pitch_shift": {
        "audiomentations": lambda: _audiomentations("PitchShift", semitones=2.3),
        "pedalboard": lambda: _pedalboard("PitchShift", 2.3),
    },
    "time_stretch": {
        "audiomentations": lambda: _audiomentations("TimeStretch", rate=1.1),
        "pedalboard": lambda: _stretched,
    },
    "low_pass_filter": {
        "audiomentations": lambda: _audiomentations("LowPassFilter", cutoff_freq=5000.0, rolloff=12),
        "pedalboard": lambda: _pedalboard("LowpassFilter", 5000.0),
    },
    "peaking_filter": {
        "audiomentations": lambda: _audiomentations("PeakingFilter", center_freq=1000.0, gain_db=4.0, q=1.0),
        "pedalboard": lambda: _pedalboard("PeakFilter", 1000.0, 4.0, 1.0),
    },
    "compressor": {"pedalboard": lambda: _pedalboard("Compressor", -20.0, 4.0, 5.0, 100.0)},
    "limiter": {"pedalboard": lambda: _pedalboard("Limiter", -20.0, 50.0)},
    "room_reverb": {"pedalboard": lambda: _pedalboard("Reverb")},
    "convolution": {
        "pedalboard": lambda: _pedalboard("Convolution", TAPS, 0.3, RATE),
        "scipy": lambda: _scipy_convolution,
    },
    "noise_floor": {"audiomentations": lambda: _audiomentations("AddGaussianNoise", amplitude=0.001)},
    "bit_crush": {
        "audiomentations": lambda: _audiomentations("BitCrush", bit_depth=9),
        "pedalboard": lambda: _pedalboard("Bitcrush", 9),
    },
    "loudness_normalization": {"pyloudnorm": lambda: _normalized},
}


def chain_effect(effect: str, parameters: Mapping[str, Any]) -> Effect:
    """Return a step of the ``larsnet`` chain by the fastest peer that does the same."""
    if effect == "pitch_shift":
        return _audiomentations("PitchShift", semitones=float(parameters["cents"]) / 100)
    if effect == "saturation":
        return _pedalboard("Distortion", 20 * math.log10(float(parameters["drive"])))
    if effect == "gain":
        return _pedalboard("Gain", float(parameters["gain_db"]))
    return lambda line: np.ascontiguousarray(line[::-1])
