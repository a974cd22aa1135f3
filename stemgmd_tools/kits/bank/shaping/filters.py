"""Apply the filters of a sound, by its spectrum, with real arithmetic whose bits are the same on every x86-64."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.numerics.elementary import exp10, turn
from stemgmd_tools.numerics.transforms import length_for, sound_of, spectrum

_TAIL_S: Final = 0.5
"""Longest ringing of a filter; what is left of it then does not reach the start of the sound."""
_NYQUIST_SHARE: Final = 0.49
"""Highest cutoff as a share of the rate."""


class _Complex(NamedTuple):
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]


def filtered(
    sound: NDArray[np.float64], rate: float, lowpass: Filter | None, highpass: Filter | None
) -> NDArray[np.float64]:
    """Return a filtered sound.

    :param sound: shape (frames, channels).
    :param rate: frames in a second as the sound is played.
    """
    length = length_for(len(sound) + round(_TAIL_S * rate))
    content = spectrum(sound, length, axis=0)
    parts = _Complex(content.real.copy(), content.imag.copy())
    for one, sign in ((lowpass, 1.0), (highpass, -1.0)):
        if one is not None:
            response = _response(one, sign, rate, length)
            parts = _product(parts, _Complex(response.real[:, None], response.imaginary[:, None]))
    content.real, content.imag = parts
    return np.ascontiguousarray(sound_of(content, length, axis=0)[: len(sound)])


def _response(one: Filter, sign: float, rate: float, length: int) -> _Complex:
    """Return the response at the frequencies of a spectrum; the sign is 1 for a low-pass, -1 for a high-pass."""
    cosine, sine = (float(value) for value in turn(min(one.cutoff_hz / rate, _NYQUIST_SHARE)))
    alpha = sine / (2.0 * exp10(one.resonance_db / 20.0))
    outer = (1.0 - sign * cosine) / 2.0
    numerator = _polynomial((outer, 2.0 * sign * outer, outer), length)
    denominator = _polynomial((1.0 + alpha, -2.0 * cosine, 1.0 - alpha), length)
    power = denominator.real * denominator.real + denominator.imaginary * denominator.imaginary
    scaled = _Complex(denominator.real / power, -denominator.imaginary / power)
    return _product(numerator, scaled)


def _polynomial(coefficients: tuple[float, float, float], length: int) -> _Complex:
    """Return ``a + b/z + c/z^2`` on the unit circle, at the frequencies of a spectrum."""
    cosine, sine = turn(np.arange(length // 2 + 1) / length)
    first, second, third = coefficients
    real = first + second * cosine + third * (2.0 * cosine * cosine - 1.0)
    return _Complex(real, -(second * sine + third * (2.0 * sine * cosine)))


def _product(one: _Complex, other: _Complex) -> _Complex:
    return _Complex(
        one.real * other.real - one.imaginary * other.imaginary,
        one.real * other.imaginary + one.imaginary * other.real,
    )
