"""Frequency responses of equaliser and Butterworth filters.

Definitions: R. Bristow-Johnson, Audio EQ Cookbook; its digital filters are the bilinear transforms of these prototypes,
so the responses are those of the cookbook's biquads.
"""

from __future__ import annotations

import math

from stemgmd_tools.augment.audio.signal.lti import Response, Section, sections
from stemgmd_tools.numerics import elementary


def peaking_filter(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return one band: ``gain_db`` at ``frequency_hz``, 0 dB far away."""
    amplitude = elementary.exp10(gain_db / 40)
    part = Section((1.0, amplitude / q, 1.0), (1.0, 1 / (amplitude * q), 1.0))
    return sections([part], frequency_hz, sample_rate)


def low_shelf_filter(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return a shelf: ``gain_db`` far below ``frequency_hz``, half of it there."""
    amplitude = elementary.exp10(gain_db / 40)
    slope = math.sqrt(amplitude) / q
    part = Section((amplitude * amplitude, amplitude * slope, amplitude), (1.0, slope, amplitude))
    return sections([part], frequency_hz, sample_rate)


def high_shelf_filter(frequency_hz: float, gain_db: float, q: float, sample_rate: int) -> Response:
    """Return a shelf: ``gain_db`` far above ``frequency_hz``, half of it there."""
    amplitude = elementary.exp10(gain_db / 40)
    slope = math.sqrt(amplitude) / q
    part = Section((amplitude, amplitude * slope, amplitude * amplitude), (amplitude, slope, 1.0))
    return sections([part], frequency_hz, sample_rate)


def low_pass_filter(frequency_hz: float, order: int, sample_rate: int) -> Response:
    """Return a Butterworth low pass, -3 dB at ``frequency_hz``; no filter at or above the Nyquist frequency."""
    if frequency_hz >= sample_rate / 2:
        return sections([], frequency_hz, sample_rate)
    return sections([Section((1.0, 0.0, 0.0), a) for a in _butterworth(order)], frequency_hz, sample_rate)


def high_pass_filter(frequency_hz: float, order: int, sample_rate: int) -> Response:
    """Return a Butterworth high pass: -3 dB at ``frequency_hz``."""
    parts = [Section((0.0, 0.0, 1.0) if a[2] else (0.0, 1.0, 0.0), a) for a in _butterworth(order)]
    return sections(parts, frequency_hz, sample_rate)


def _butterworth(order: int) -> list[tuple[float, float, float]]:
    """Return the denominators of a Butterworth filter's sections."""
    pairs = [(1.0, 2 * elementary.sin(math.pi * (2 * k + 1) / (2 * order)), 1.0) for k in range(order // 2)]
    return [*pairs, *([(1.0, 1.0, 0.0)] if order % 2 else [])]
