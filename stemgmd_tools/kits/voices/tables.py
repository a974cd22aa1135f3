"""Shift a voice's tables in frequency, time and level, and interpolate them to another grid.

Results are not rounded; :mod:`stemgmd_tools.kits.generate.digits` rounds once, when a kit is finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from stemgmd_tools.kits.synthesis.bands import Float, erb_number, knot_weights
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour
from stemgmd_tools.numerics.elementary import exp, exp2, log
from stemgmd_tools.numerics.products import product

HIGHEST_HZ: Final = 22050.0
_LONGEST_S: Final = 30.0
_SOONEST_S: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift along the frequency axis that applies in full below ``whole_hz`` and not at all above ``none_hz``.

    The sound of a drum's head follows its tension; wires, stick and rim do not.
    """

    semitones: float
    whole_hz: float = np.inf
    none_hz: float = np.inf

    def share(self, frequencies_hz: ArrayLike) -> Float:
        """Return the share of the shift that applies at each frequency, 0 to 1."""
        frequencies = np.asarray(frequencies_hz, dtype=np.float64)
        if np.isinf(self.whole_hz):
            return np.ones(frequencies.shape)
        return 1.0 - rise(frequencies, self.whole_hz, self.none_hz)

    def of(self, frequencies_hz: ArrayLike) -> Float:
        """Return the shifted frequencies."""
        frequencies = np.asarray(frequencies_hz, dtype=np.float64)
        return np.asarray(frequencies * exp2(self.semitones / 12.0 * self.share(frequencies)))


def rise(values: ArrayLike, start: float, end: float) -> Float:
    """Return 0 up to ``start``, 1 from ``end`` on, and a straight line over the logarithm between them."""
    logarithm = log(np.maximum(np.asarray(values, dtype=np.float64), _SOONEST_S))
    return np.asarray(np.clip((logarithm - log(start)) / (log(end) - log(start)), 0.0, 1.0))


def row(values: ArrayLike) -> tuple[float, ...]:
    """Return numbers as a sample map's models hold them."""
    return tuple(np.asarray(values, dtype=np.float64).tolist())


def table(values: ArrayLike) -> tuple[tuple[float, ...], ...]:
    """Return rows of numbers as a sample map's models hold them."""
    return tuple(tuple(line) for line in np.asarray(values, dtype=np.float64).tolist())


def rows_at(points_hz: ArrayLike, rows: ArrayLike, frequencies_hz: ArrayLike) -> Float:
    """Return rows given at ``points_hz`` at other frequencies: linear in ERB-number, constant outside."""
    weights = knot_weights(erb_number(points_hz), erb_number(frequencies_hz), extend=False)
    return np.asarray(product(weights.T, np.asarray(rows, dtype=np.float64)))


def values_at(envelope: BandEnvelope, frequencies_hz: ArrayLike, times_s: ArrayLike, *, extend: bool) -> Float:
    """Return an envelope on another grid, shape (frequencies, times).

    :param extend: whether the last slope goes on after the last time, as a level's does.
    """
    weights = knot_weights(np.array(envelope.times_s), np.asarray(times_s, dtype=np.float64), extend=extend)
    return np.asarray(product(rows_at(envelope.frequencies_hz, envelope.values, frequencies_hz), weights))


def envelope(frequencies_hz: ArrayLike, times_s: ArrayLike, values: ArrayLike) -> BandEnvelope:
    """Return an envelope of these numbers."""
    return BandEnvelope(frequencies_hz=row(frequencies_hz), times_s=row(times_s), values=table(values))


def moved(level: BandEnvelope, shift: Shift) -> BandEnvelope:
    """Return an envelope whose rows lie at other frequencies; rows that leave the audible range are cut."""
    frequencies = shift.of(level.frequencies_hz)
    rows = int((frequencies <= HIGHEST_HZ).sum())
    return envelope(frequencies[:rows], level.times_s, level.values[:rows])


def stretched_times(times_s: ArrayLike, factor: float, hold_s: float) -> Float:
    """Return times of which those after ``hold_s`` are stretched."""
    times = np.asarray(times_s, dtype=np.float64)
    return np.where(times > hold_s, hold_s + (times - hold_s) * factor, times)


def stretched(level: BandEnvelope, factors: ArrayLike, hold_s: float) -> BandEnvelope:
    """Return an envelope whose rows last longer or shorter: all times after ``hold_s`` by a factor for each row.

    The knots follow the mean factor; rows of another factor are read between their own knots. What would come after
    the longest time that a map may hold is cut.

    :param factors: one for each row, or one for all.
    """
    times = np.array(level.times_s)
    factors = np.broadcast_to(np.asarray(factors, dtype=np.float64), (len(level.frequencies_hz),))
    mean = float(exp(log(factors).mean()))
    new_times = stretched_times(times, mean, hold_s)
    count = max(1, int((new_times <= _LONGEST_S).sum()))
    new_times = new_times[:count]
    values = np.array(level.values)
    if np.ptp(factors) == 0.0:
        return envelope(level.frequencies_hz, new_times, values[:, :count])
    lines = [
        product(line[None], knot_weights(times, stretched_times(new_times, 1.0 / factor, hold_s), extend=True))[0]
        for line, factor in zip(values, factors, strict=True)
    ]
    return envelope(level.frequencies_hz, new_times, lines)


def raised(level: BandEnvelope, change_db: ArrayLike) -> BandEnvelope:
    """Return an envelope with something added, one number per row, or per row and column."""
    change = np.asarray(change_db, dtype=np.float64)
    change = change[:, None] if change.ndim == 1 else change
    return envelope(level.frequencies_hz, level.times_s, np.array(level.values) + change)


def moved_colour(colour: Colour, shift: Shift) -> Colour:
    """Return a given colour whose points lie at other frequencies; points above the audible range are cut."""
    gains = colour.gain_db or ()
    points = shift.of(grid_hz(colour))
    if colour.frequencies_hz is None and np.isinf(shift.whole_hz):
        ratio = exp2(shift.semitones / 12.0)
        scaled = {"low_hz": colour.low_hz * ratio, "least_step_hz": colour.least_step_hz * ratio}
        return colour.model_copy(update={**scaled, "gain_db": gains[: max(1, int((points <= HIGHEST_HZ).sum()))]})
    count = max(1, int((points <= HIGHEST_HZ).sum()))
    return colour.model_copy(update={"frequencies_hz": row(points[:count]), "gain_db": gains[:count]})
