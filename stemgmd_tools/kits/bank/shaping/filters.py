"""Apply the filters of a sound, by its spectrum, with real arithmetic whose bits are the same on every x86-64."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES
from stemgmd_tools.numerics.elementary import exp10, log, turn
from stemgmd_tools.numerics.transforms import length_for, sound_of, spectrum

_TAIL_S: Final = 0.5
"""Least silence after the sound, into which filters ring."""
_RUNG_OUT: Final = 1e-5
"""What is left of a filter's ringing (-100 dB) where it may reach the start of the sound."""
_LONGEST_TAIL_FRAMES: Final = 1 << 22
"""Longest ringing, 95 s at 44.1 kHz; filters that would ring longer, as at 60 dB below 38 Hz, have less resonance."""
_NYQUIST_SHARE: Final = 0.49
"""Highest cutoff as a share of the rate."""


class _Complex(NamedTuple):
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]


class _Biquad(NamedTuple):
    """A filter with two poles; the coefficients are those of ``1``, ``1/z`` and ``1/z^2``."""

    numerator: tuple[float, float, float]
    denominator: tuple[float, float, float]

    @property
    def ringing_frames(self) -> float:
        """Frames after which its impulse response has rung out."""
        first, second, third = self.denominator
        root = (second * second / 4.0 - first * third) / (first * first)
        radius = abs(second) / 2.0 / first + math.sqrt(root) if root > 0.0 else math.sqrt(third / first)
        return log(_RUNG_OUT) / log(radius) if radius > 0.0 else 0.0

    def response(self, bins: NDArray[np.int64], length: int) -> _Complex:
        """Return the response, shape (bins, 1), at frequencies of a spectrum."""
        cosine, sine = turn(bins[:, None] / length)
        above, below = (_polynomial(part, cosine, sine) for part in self)
        power = below.real * below.real + below.imaginary * below.imaginary
        return _product(above, _Complex(below.real / power, -below.imaginary / power))


def filtered(
    sound: NDArray[np.float64], rate: float, lowpass: Filter | None, highpass: Filter | None
) -> NDArray[np.float64]:
    """Return a filtered sound.

    :param sound: shape (frames, channels).
    :param rate: frames in a second as the sound is played.
    """
    filters = [_biquad(one, sign, rate) for one, sign in ((lowpass, 1.0), (highpass, -1.0)) if one is not None]
    ringing = min(sum(one.ringing_frames for one in filters), _LONGEST_TAIL_FRAMES)
    length = length_for(len(sound) + max(round(_TAIL_S * rate), math.ceil(ringing)))
    content = spectrum(sound, length, axis=0)
    for start in range(0, len(content), BLOCK_FRAMES):
        block = content[start : start + BLOCK_FRAMES]
        parts = _Complex(block.real.copy(), block.imag.copy())
        for one in filters:
            parts = _product(parts, one.response(np.arange(start, start + len(block)), length))
        block.real, block.imag = parts
    return np.ascontiguousarray(sound_of(content, length, axis=0)[: len(sound)])


def _biquad(one: Filter, sign: float, rate: float) -> _Biquad:
    """Return the coefficients of a filter; the sign is 1 for a low-pass, -1 for a high-pass."""
    cosine, sine = (float(value) for value in turn(min(one.cutoff_hz / rate, _NYQUIST_SHARE)))
    alpha = max(sine / (2.0 * exp10(one.resonance_db / 20.0)), -log(_RUNG_OUT) / _LONGEST_TAIL_FRAMES)
    outer = (1.0 - sign * cosine) / 2.0
    return _Biquad((outer, 2.0 * sign * outer, outer), (1.0 + alpha, -2.0 * cosine, 1.0 - alpha))


def _polynomial(
    coefficients: tuple[float, float, float], cosine: NDArray[np.float64], sine: NDArray[np.float64]
) -> _Complex:
    """Return ``a + b/z + c/z^2`` at points of the unit circle."""
    first, second, third = coefficients
    real = first + second * cosine + third * (2.0 * cosine * cosine - 1.0)
    return _Complex(real, -(second * sine + third * (2.0 * sine * cosine)))


def _product(one: _Complex, other: _Complex) -> _Complex:
    return _Complex(
        one.real * other.real - one.imaginary * other.imaginary,
        one.real * other.imaginary + one.imaginary * other.real,
    )
