"""Equaliser and Butterworth filters.

Definitions: R. Bristow-Johnson, Audio EQ Cookbook; its digital filters are the bilinear transforms of these prototypes,
so the responses are those of the cookbook's biquads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, FilterEffect, Kind, Parameter
from stemgmd_tools.numerics import elementary

if TYPE_CHECKING:
    from stemgmd_tools.augment.audio.signal.lti import Response


def peaking_filter(*, frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return one band: ``gain_db`` at ``frequency_hz``, 0 dB far away."""
    from stemgmd_tools.augment.audio.signal.lti import Section, sections

    amplitude = elementary.exp10(gain_db / 40)
    part = Section((1.0, amplitude / q, 1.0), (1.0, 1 / (amplitude * q), 1.0))
    return sections([part], frequency_hz, sample_rate)


def low_shelf_filter(*, frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return a shelf: ``gain_db`` far below ``frequency_hz``, half of it there."""
    from stemgmd_tools.augment.audio.signal.lti import Section, sections

    amplitude = elementary.exp10(gain_db / 40)
    slope = math.sqrt(amplitude) / q
    part = Section((amplitude * amplitude, amplitude * slope, amplitude), (1.0, slope, amplitude))
    return sections([part], frequency_hz, sample_rate)


def high_shelf_filter(*, frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return a shelf: ``gain_db`` far above ``frequency_hz``, half of it there."""
    from stemgmd_tools.augment.audio.signal.lti import Section, sections

    amplitude = elementary.exp10(gain_db / 40)
    slope = math.sqrt(amplitude) / q
    part = Section((amplitude, amplitude * slope, amplitude * amplitude), (amplitude, slope, 1.0))
    return sections([part], frequency_hz, sample_rate)


def low_pass_filter(*, frequency_hz: float, order: int, sample_rate: int) -> Response:
    """Return a Butterworth low pass, -3 dB at ``frequency_hz``; no filter at or above the Nyquist frequency."""
    from stemgmd_tools.augment.audio.signal.lti import Section, sections

    if frequency_hz >= sample_rate / 2:
        return sections([], frequency_hz, sample_rate)
    return sections([Section((1.0, 0.0, 0.0), a) for a in _butterworth(order)], frequency_hz, sample_rate)


def high_pass_filter(*, frequency_hz: float, order: int, sample_rate: int) -> Response:
    """Return a Butterworth high pass: -3 dB at ``frequency_hz``."""
    from stemgmd_tools.augment.audio.signal.lti import Section, sections

    parts = [Section((0.0, 0.0, 1.0) if a[2] else (0.0, 1.0, 0.0), a) for a in _butterworth(order)]
    return sections(parts, frequency_hz, sample_rate)


def _butterworth(order: int) -> list[tuple[float, float, float]]:
    """Return the denominators of a Butterworth filter's sections."""
    pairs = [(1.0, 2 * elementary.sin(math.pi * (2 * k + 1) / (2 * order)), 1.0) for k in range(order // 2)]
    return [*pairs, *([(1.0, 1.0, 0.0)] if order % 2 else [])]


_SOURCE: Final = "Bristow-Johnson, Audio EQ Cookbook"
_FREQUENCY: Final = Parameter("frequency_hz", "centre or corner frequency", "Hz", 10.0, 24_000.0, typical=900.0)
_GAIN: Final = Parameter("gain_db", "gain", "dB", -24.0, 24.0, typical=-4.0)
_Q: Final = Parameter("q", "quality factor: centre frequency over bandwidth", "", 0.1, 20.0, 0.7071)
_ORDER: Final = Parameter("order", "order of the Butterworth filter, 6 dB per octave each", "", 1, 8, 2, Kind.INTEGER)

EFFECTS: Final = (
    FilterEffect(
        "low_pass_filter",
        "Butterworth low pass.",
        low_pass_filter,
        (_FREQUENCY, _ORDER),
        ANYWHERE,
        source="audiomentations LowPassFilter",
    ),
    FilterEffect(
        "high_pass_filter",
        "Butterworth high pass.",
        high_pass_filter,
        (_FREQUENCY, _ORDER),
        ANYWHERE,
        source="audiomentations HighPassFilter",
    ),
    FilterEffect(
        "peaking_filter",
        "One band of a parametric equaliser.",
        peaking_filter,
        (_FREQUENCY, _GAIN, _Q),
        ANYWHERE,
        source=_SOURCE,
    ),
    FilterEffect(
        "low_shelf_filter",
        "Raises or lowers frequencies below the corner.",
        low_shelf_filter,
        (_FREQUENCY, _GAIN, _Q),
        ANYWHERE,
        source=_SOURCE,
    ),
    FilterEffect(
        "high_shelf_filter",
        "Raises or lowers frequencies above the corner.",
        high_shelf_filter,
        (_FREQUENCY, _GAIN, _Q),
        ANYWHERE,
        source=_SOURCE,
    ),
)
