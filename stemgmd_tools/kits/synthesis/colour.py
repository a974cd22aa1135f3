"""The fine colour of sustained noise, which models partials too dense for modes."""

from __future__ import annotations

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import Colour
from stemgmd_tools.numerics.elementary import exp2, exp10, log, log2, log10
from stemgmd_tools.seeds import standard_normal, stream


def colour_gains(colour: Colour, kit: str, frequencies_hz: Float) -> Float:
    """Return the amplitude ratio of a colour at each frequency."""
    points_hz, gain_db = (
        drawn_curve(colour, kit) if colour.gain_db is None else (grid_hz(colour), np.array(colour.gain_db))
    )
    gain = np.interp(log(np.maximum(frequencies_hz, 1.0)), log(points_hz), gain_db, left=0.0, right=0.0)
    return np.asarray(exp10(gain / 20.0))


def grid_hz(colour: Colour) -> Float:
    """Return the frequencies of a curve's points: those given, or a grid that widens with frequency."""
    if colour.frequencies_hz is not None:
        return np.array(colour.frequencies_hz)
    if colour.least_step_hz == 0.0 and colour.gain_db is None:
        octaves = log2(colour.high_hz / colour.low_hz)
        return colour.low_hz * exp2(np.linspace(0.0, octaves, round(octaves * colour.points_per_octave) + 1))
    points = [colour.low_hz]
    ratio = exp2(1.0 / colour.points_per_octave)
    while (points[-1] < colour.high_hz) if colour.gain_db is None else (len(points) < len(colour.gain_db)):
        points.append(max(points[-1] * ratio, points[-1] + colour.least_step_hz))
    return np.array(points)


def drawn_curve(colour: Colour, kit: str) -> tuple[Float, Float]:
    """Return the points and gains of a drawn curve, its mean power over the whole range 1.

    The curve is normal on a decibel scale: in power it is skewed towards peaks, as the response of a plate whose
    modes hardly overlap is.
    """
    points_hz = grid_hz(colour)
    draw = stream(0, "voice", kit, "colour", str(colour.name))
    gain_db = colour.depth_db * standard_normal(draw, len(points_hz))
    return points_hz, gain_db - 10.0 * log10(float(np.mean(exp10(gain_db / 10.0))))
