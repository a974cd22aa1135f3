"""Mix two voices: levels and slopes are interpolated in decibels, times and frequencies in their logarithms."""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.kits.generate.morph_modes import mixed_modes
from stemgmd_tools.kits.generate.scales import between, between_curves, velocity_weights
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, Float, knot_weights
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import (
    GRAIN_OCTAVES_HZ,
    BandEnvelope,
    Colour,
    Glide,
    Jitter,
    Noise,
    Openness,
    OpennessChange,
    Stereo,
    VelocityBend,
    VoiceModel,
)
from stemgmd_tools.kits.voices.individuality import at_power, power_db, smooth
from stemgmd_tools.kits.voices.tables import envelope, row, rows_at, table, values_at
from stemgmd_tools.numerics.elementary import exp, log
from stemgmd_tools.numerics.products import product, weighted

_QUIET_DB: Final = -160.0
_SAME_KNOT: Final = 1.08
"""Knots within this ratio are merged."""
_SOONEST_S: Final = 1e-3


def mixed_voice(first: VoiceModel, second: VoiceModel, share: float) -> VoiceModel:
    """Return the mixture of two voices of equal pitch, whose colours must be given, not drawn.

    :param share: 0 gives the first voice, 1 the second.
    """
    if share in (0.0, 1.0):
        return second if share else first
    near = second if share > 0.5 else first
    body = mixed_modes(first.body, second.body, share)
    return VoiceModel(
        layers=near.layers,
        variations=near.variations,
        duration_s=max(first.duration_s, second.duration_s),
        noise=_mixed_noise(first.noise, second.noise, share),
        body=body,
        glide=_mixed_glide(first.glide, second.glide, share) if body else None,
        attack=mixed_modes(first.attack, second.attack, share),
        openness=_mixed_openness(first.openness, second.openness, share),
        jitter=Jitter(
            **{
                name: between(getattr(first.jitter, name), getattr(second.jitter, name), share)
                for name in Jitter.model_fields
            }
        ),
    )


def _mixed_noise(first: Noise, second: Noise, share: float) -> Noise:
    return Noise(
        level_db=_mixed_envelope(first.level_db, second.level_db, share, bands=True, extend=True),
        velocity_db_per_octave=_mixed_envelope(first.velocity_db_per_octave, second.velocity_db_per_octave, share),
        velocity_bends=_mixed_bends(first.velocity_bends, second.velocity_bends, share),
        colour=_mixed_colour(first.colour, second.colour, share),
        grain_db=_mixed_grain(first.grain_db, second.grain_db, share),
        stereo=_mixed_stereo(first.stereo, second.stereo, share),
    )


def _mixed_envelope(
    first: BandEnvelope, second: BandEnvelope, share: float, *, bands: bool = False, extend: bool = False
) -> BandEnvelope:
    """Mix two envelopes on a common grid.

    :param bands: use the bands of the synthesis unless both have the same frequencies.
    """
    times = common(first.times_s, second.times_s)
    if first.frequencies_hz == second.frequencies_hz:
        frequencies: Float = np.array(first.frequencies_hz)
    else:
        frequencies = np.round(CENTRES_HZ, 1) if bands else common(first.frequencies_hz, second.frequencies_hz)
    if extend:
        values = [_extended(table, frequencies, times) for table in (first, second)]
    else:
        values = [values_at(table, frequencies, times, extend=False) for table in (first, second)]
    return envelope(frequencies, times, (1.0 - share) * values[0] + share * values[1])


def _extended(levels: BandEnvelope, frequencies: Float, times: Float) -> Float:
    """Return levels on a grid; past the last knot a fall goes on, but a rise does not: the voice has ended by then."""
    values = np.maximum(values_at(levels, frequencies, times, extend=True), _QUIET_DB)
    last = values_at(levels, frequencies, levels.times_s[-1:], extend=False)
    return np.where(times > levels.times_s[-1], np.minimum(values, last), values)


def common(first: tuple[float, ...], second: tuple[float, ...]) -> Float:
    """Return the union of two sets of knots; of two knots that nearly coincide, the first is used."""
    if first == second:
        return np.array(first)
    knots = list(first)
    for knot in second:
        near = np.maximum(np.array(knots), _SOONEST_S)
        here = max(knot, _SOONEST_S)
        if np.abs(log(near / here)).min() > log(_SAME_KNOT):
            knots.append(knot)
    return np.array(sorted(knots))


def _mixed_bends(
    first: tuple[VelocityBend, ...], second: tuple[VelocityBend, ...], share: float
) -> tuple[VelocityBend, ...]:
    if not first and not second:
        return ()
    grids = [bends[0].change_db for bends in (first, second) if bends]
    first_grid, last_grid = grids[0], grids[-1]
    frequencies = common(first_grid.frequencies_hz, last_grid.frequencies_hz)
    times = common(first_grid.times_s, last_grid.times_s)
    velocities = sorted({bend.velocity for bend in (*first, *second)})
    values = [_bends_at(bends, velocities, frequencies, times) for bends in (first, second)]
    mixed = (1.0 - share) * values[0] + share * values[1]
    return tuple(
        VelocityBend(velocity=velocity, change_db=envelope(frequencies, times, change))
        for velocity, change in zip(velocities, mixed, strict=True)
    )


def _bends_at(bends: tuple[VelocityBend, ...], velocities: list[int], frequencies: Float, times: Float) -> Float:
    """Return the sum of bends on a grid, shape (velocities, frequencies, times); zeros without bends."""
    if not bends:
        return np.zeros((len(velocities), len(frequencies), len(times)))
    tables = np.array([values_at(bend.change_db, frequencies, times, extend=False) for bend in bends])
    weights = velocity_weights(tuple(bend.velocity for bend in bends), velocities)
    return weighted(weights.T, tables)


def _mixed_colour(first: Colour | None, second: Colour | None, share: float) -> Colour | None:
    """Mix two given curves and restore the depth, since the mean of two independent curves is flatter than either."""
    if first is None or second is None:
        present = first or second
        faded = 1.0 - share if first else share
        return present and present.model_copy(update={"gain_db": row(faded * np.array(present.gain_db))})
    grid = _common_grid(first, second)
    points = log(grid_hz(grid))
    curves = [np.interp(points, log(grid_hz(c)), np.array(c.gain_db), left=0.0, right=0.0) for c in (first, second)]
    trends = [smooth(curve, grid.points_per_octave) for curve in curves]
    fine = [curve - trend for curve, trend in zip(curves, trends, strict=True)]
    mixed = between_curves(fine[0], fine[1], share)
    own = [_depth(c) for c in (first, second)]
    depth = between(own[0], own[1], share)
    mixed *= depth / max(float(mixed.std()), 1e-9)
    power = between(power_db(np.array(first.gain_db)), power_db(np.array(second.gain_db)), share)
    gain = at_power(between_curves(trends[0], trends[1], share) + mixed, power)
    return grid.model_copy(update={"gain_db": row(gain)})


def _mixed_grain(
    first: tuple[float, ...] | None, second: tuple[float, ...] | None, share: float
) -> tuple[float, ...] | None:
    """Mix the depths of two grains; no grain counts as depth 0."""
    if first is None and second is None:
        return None
    depths = [np.zeros(len(GRAIN_OCTAVES_HZ)) if depth is None else np.array(depth) for depth in (first, second)]
    return row((1.0 - share) * depths[0] + share * depths[1])


def _depth(colour: Colour) -> float:
    gain = np.array(colour.gain_db)
    return float((gain - smooth(gain, colour.points_per_octave)).std())


def _common_grid(first: Colour, second: Colour) -> Colour:
    """Return a colour of gain 0 whose grid covers both colours and is as fine as the finer one."""
    if first.frequencies_hz == second.frequencies_hz and np.array_equal(grid_hz(first), grid_hz(second)):
        return first
    ends = [grid_hz(colour) for colour in (first, second)]
    low, high = min(points[0] for points in ends), max(points[-1] for points in ends)
    per_octave = max(first.points_per_octave, second.points_per_octave)
    step = min(first.least_step_hz, second.least_step_hz)
    grid = Colour(name="grid", low_hz=low, high_hz=high, points_per_octave=per_octave, least_step_hz=step or 1e-3)
    count = len(grid_hz(grid))
    return Colour(low_hz=low, points_per_octave=per_octave, least_step_hz=step, gain_db=(0.0,) * count)


def _mixed_stereo(first: Stereo | None, second: Stereo | None, share: float) -> Stereo | None:
    if first is None and second is None:
        return None
    mono = Stereo(frequencies_hz=(1000.0,), left_minus_right_db=(0.0,), coherence=(1.0,))
    pair = [stereo or mono for stereo in (first, second)]
    frequencies = common(*((first or second).frequencies_hz, (second or first).frequencies_hz))  # type: ignore[union-attr]
    columns = [
        rows_at(s.frequencies_hz, np.stack([s.left_minus_right_db, s.coherence], axis=1), frequencies) for s in pair
    ]
    mixed = (1.0 - share) * columns[0] + share * columns[1]
    return Stereo(frequencies_hz=row(frequencies), left_minus_right_db=row(mixed[:, 0]), coherence=row(mixed[:, 1]))


def _mixed_glide(first: Glide | None, second: Glide | None, share: float) -> Glide | None:
    if first is None or second is None:
        present, faded = (first, 1.0 - share) if first else (second, share)
        return present and present.model_copy(update={"depth": row(faded * np.array(present.depth))})
    count = max(len(first.depth), len(second.depth))
    (depth, time), (depth2, time2) = _exponentials(first, count), _exponentials(second, count)
    return Glide(
        depth=row(between_curves(depth, depth2, share)),
        time_s=row(exp(between_curves(log(time), log(time2), share))),
        velocity_exponent=between(first.velocity_exponent, second.velocity_exponent, share),
    )


def _exponentials(glide: Glide, count: int) -> tuple[Float, Float]:
    """Return ``count`` depths and times of a glide, fastest first, padded by the slowest at depth 0."""
    order = np.argsort(glide.time_s)
    depth, time = np.array(glide.depth)[order], np.array(glide.time_s)[order]
    missing = count - len(depth)
    return np.pad(depth, (0, missing)), np.pad(time, (0, missing), mode="edge")


def _mixed_openness(first: Openness | None, second: Openness | None, share: float) -> Openness | None:
    if first is None or second is None:
        return first or second
    degrees = np.array(first.degrees if len(first.degrees) >= len(second.degrees) else second.degrees)
    stretches = [np.interp(degrees, o.degrees, log(o.stretch)) for o in (first, second)]
    frequencies = common(first.frequencies_hz, second.frequencies_hz)
    levels = [_openness_level(o, frequencies, degrees) for o in (first, second)]
    has_levels = first.level_db is not None or second.level_db is not None
    return Openness(
        degrees=row(degrees),
        stretch=row(exp(between_curves(stretches[0], stretches[1], share))),
        frequencies_hz=row(frequencies),
        level_db=table(between_curves(levels[0], levels[1], share)) if has_levels else None,
        stick_s=between(first.stick_s, second.stick_s, share),
        changes=_mixed_changes(first.changes or (), second.changes or (), share),
    )


def _mixed_changes(
    first: tuple[OpennessChange, ...], second: tuple[OpennessChange, ...], share: float
) -> tuple[OpennessChange, ...] | None:
    """Mix the openness changes of two hi-hats, at the degrees of both."""
    if not first and not second:
        return None
    grids = [change.change_db for change in (*first, *second)]
    frequencies, times = np.array(grids[0].frequencies_hz), np.array(grids[0].times_s)
    for grid in grids[1:]:
        frequencies, times = common(row(frequencies), grid.frequencies_hz), common(row(times), grid.times_s)
    degrees = sorted({change.degree for change in (*first, *second)})
    tables, slopes = (
        between_curves(
            _changes_at(first, degrees, frequencies, times, slope=slope),
            _changes_at(second, degrees, frequencies, times, slope=slope),
            share,
        )
        for slope in (False, True)
    )
    return tuple(
        OpennessChange(
            degree=degree,
            change_db=envelope(frequencies, times, change),
            velocity_db_per_octave=envelope(frequencies, times, slope) if slope.any() else None,
        )
        for degree, change, slope in zip(degrees, tables, slopes, strict=True)
    )


def _changes_at(
    changes: tuple[OpennessChange, ...], degrees: list[float], frequencies: Float, times: Float, *, slope: bool
) -> Float:
    """Return the changes of level, or of velocity slope, on a grid, shape (degrees, frequencies, times)."""
    if not changes:
        return np.zeros((len(degrees), len(frequencies), len(times)))
    envelopes = [change.velocity_db_per_octave if slope else change.change_db for change in changes]
    nothing = np.zeros((len(frequencies), len(times)))
    tables = [
        nothing if change is None else values_at(change, frequencies, times, extend=False) for change in envelopes
    ]
    anchors = np.array([*(change.degree for change in changes), 1.0])  # where nothing is added
    shares = knot_weights(anchors, np.array(degrees), extend=False)[:-1]
    return weighted(shares.T, np.array(tables))


def _openness_level(openness: Openness, frequencies: Float, degrees: Float) -> Float:
    """Return the level that openness adds, shape (frequencies, degrees)."""
    if openness.level_db is None:
        return np.zeros((len(frequencies), len(degrees)))
    rows = rows_at(openness.frequencies_hz, openness.level_db, frequencies)
    return product(rows, knot_weights(np.array(openness.degrees), degrees, extend=False))
