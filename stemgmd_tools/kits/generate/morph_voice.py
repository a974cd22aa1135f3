"""A voice between two voices: levels and slopes in decibels, times and frequencies in their logarithms."""

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
"""Knots nearer than this ratio become one."""
_SOONEST_S: Final = 1e-3


def mixed_voice(one: VoiceModel, other: VoiceModel, share: float) -> VoiceModel:
    """Return the voice between two, whose pitches have been brought together before.

    :param share: 0 gives the first, 1 the second. Their colours are given, not drawn.
    """
    if share in (0.0, 1.0):
        return other if share else one
    near = other if share > 0.5 else one
    body = mixed_modes(one.body, other.body, share)
    return VoiceModel(
        layers=near.layers,
        variations=near.variations,
        duration_s=max(one.duration_s, other.duration_s),
        noise=_mixed_noise(one.noise, other.noise, share),
        body=body,
        glide=_mixed_glide(one.glide, other.glide, share) if body else None,
        attack=mixed_modes(one.attack, other.attack, share),
        openness=_mixed_openness(one.openness, other.openness, share),
        jitter=Jitter(
            **{
                name: between(getattr(one.jitter, name), getattr(other.jitter, name), share)
                for name in Jitter.model_fields
            }
        ),
    )


def _mixed_noise(one: Noise, other: Noise, share: float) -> Noise:
    return Noise(
        level_db=_mixed_envelope(one.level_db, other.level_db, share, bands=True, extend=True),
        velocity_db_per_octave=_mixed_envelope(one.velocity_db_per_octave, other.velocity_db_per_octave, share),
        velocity_bends=_mixed_bends(one.velocity_bends, other.velocity_bends, share),
        colour=_mixed_colour(one.colour, other.colour, share),
        grain_db=_mixed_grain(one.grain_db, other.grain_db, share),
        stereo=_mixed_stereo(one.stereo, other.stereo, share),
    )


def _mixed_envelope(
    one: BandEnvelope, other: BandEnvelope, share: float, *, bands: bool = False, extend: bool = False
) -> BandEnvelope:
    """Mix two envelopes on a grid that serves both; ``bands``: that of the synthesis, unless they share one."""
    times = common(one.times_s, other.times_s)
    if one.frequencies_hz == other.frequencies_hz:
        frequencies: Float = np.array(one.frequencies_hz)
    else:
        frequencies = np.round(CENTRES_HZ, 1) if bands else common(one.frequencies_hz, other.frequencies_hz)
    values = [values_at(table, frequencies, times, extend=extend) for table in (one, other)]
    if extend:
        values = [np.maximum(levels, _QUIET_DB) for levels in values]
    return envelope(frequencies, times, (1.0 - share) * values[0] + share * values[1])


def common(one: tuple[float, ...], other: tuple[float, ...]) -> Float:
    """Return the knots of both, those of the first where two nearly fall together."""
    if one == other:
        return np.array(one)
    kept = list(one)
    for knot in other:
        near = np.maximum(np.array(kept), _SOONEST_S)
        here = max(knot, _SOONEST_S)
        if np.abs(log(near / here)).min() > log(_SAME_KNOT):
            kept.append(knot)
    return np.array(sorted(kept))


def _mixed_bends(
    one: tuple[VelocityBend, ...], other: tuple[VelocityBend, ...], share: float
) -> tuple[VelocityBend, ...]:
    if not one and not other:
        return ()
    grids = [bends[0].change_db for bends in (one, other) if bends]
    first, last = grids[0], grids[-1]
    frequencies = common(first.frequencies_hz, last.frequencies_hz)
    times = common(first.times_s, last.times_s)
    velocities = sorted({bend.velocity for bend in (*one, *other)})
    values = [_bends_at(bends, velocities, frequencies, times) for bends in (one, other)]
    mixed = (1.0 - share) * values[0] + share * values[1]
    return tuple(
        VelocityBend(velocity=velocity, change_db=envelope(frequencies, times, change))
        for velocity, change in zip(velocities, mixed, strict=True)
    )


def _bends_at(bends: tuple[VelocityBend, ...], velocities: list[int], frequencies: Float, times: Float) -> Float:
    """Return (velocities, frequencies, times) of what bends add; zeros where there are none."""
    if not bends:
        return np.zeros((len(velocities), len(frequencies), len(times)))
    tables = np.array([values_at(bend.change_db, frequencies, times, extend=False) for bend in bends])
    weights = velocity_weights(tuple(bend.velocity for bend in bends), velocities)
    return weighted(weights.T, tables)


def _mixed_colour(one: Colour | None, other: Colour | None, share: float) -> Colour | None:
    """Mix two given curves; the mean of two independent ones is flatter than either, so its depth is restored."""
    if one is None or other is None:
        present = one or other
        faded = 1.0 - share if one else share
        return present and present.model_copy(update={"gain_db": row(faded * np.array(present.gain_db))})
    grid = _common_grid(one, other)
    points = log(grid_hz(grid))
    curves = [np.interp(points, log(grid_hz(c)), np.array(c.gain_db), left=0.0, right=0.0) for c in (one, other)]
    trends = [smooth(curve, grid.points_per_octave) for curve in curves]
    fine = [curve - trend for curve, trend in zip(curves, trends, strict=True)]
    mixed = between_curves(fine[0], fine[1], share)
    own = [_depth(c) for c in (one, other)]
    depth = between(own[0], own[1], share)
    mixed *= depth / max(float(mixed.std()), 1e-9)
    power = between(power_db(np.array(one.gain_db)), power_db(np.array(other.gain_db)), share)
    gain = at_power(between_curves(trends[0], trends[1], share) + mixed, power)
    return grid.model_copy(update={"gain_db": row(gain)})


def _mixed_grain(
    one: tuple[float, ...] | None, other: tuple[float, ...] | None, share: float
) -> tuple[float, ...] | None:
    """Mix how deep two grains are; none is as deep as 0."""
    if one is None and other is None:
        return None
    depths = [np.zeros(len(GRAIN_OCTAVES_HZ)) if depth is None else np.array(depth) for depth in (one, other)]
    return row((1.0 - share) * depths[0] + share * depths[1])


def _depth(colour: Colour) -> float:
    gain = np.array(colour.gain_db)
    return float((gain - smooth(gain, colour.points_per_octave)).std())


def _common_grid(one: Colour, other: Colour) -> Colour:
    """Return a colour with a grid that covers both, as fine as the finer one, and no gain yet of its own."""
    if one.frequencies_hz == other.frequencies_hz and np.array_equal(grid_hz(one), grid_hz(other)):
        return one
    ends = [grid_hz(colour) for colour in (one, other)]
    low, high = min(points[0] for points in ends), max(points[-1] for points in ends)
    per_octave = max(one.points_per_octave, other.points_per_octave)
    step = min(one.least_step_hz, other.least_step_hz)
    grid = Colour(name="grid", low_hz=low, high_hz=high, points_per_octave=per_octave, least_step_hz=step or 1e-3)
    count = len(grid_hz(grid))
    return Colour(low_hz=low, points_per_octave=per_octave, least_step_hz=step, gain_db=(0.0,) * count)


def _mixed_stereo(one: Stereo | None, other: Stereo | None, share: float) -> Stereo | None:
    if one is None and other is None:
        return None
    mono = Stereo(frequencies_hz=(1000.0,), left_minus_right_db=(0.0,), coherence=(1.0,))
    pair = [stereo or mono for stereo in (one, other)]
    frequencies = common(*((one or other).frequencies_hz, (other or one).frequencies_hz))  # type: ignore[union-attr]
    columns = [
        rows_at(s.frequencies_hz, np.stack([s.left_minus_right_db, s.coherence], axis=1), frequencies) for s in pair
    ]
    mixed = (1.0 - share) * columns[0] + share * columns[1]
    return Stereo(frequencies_hz=row(frequencies), left_minus_right_db=row(mixed[:, 0]), coherence=row(mixed[:, 1]))


def _mixed_glide(one: Glide | None, other: Glide | None, share: float) -> Glide | None:
    if one is None or other is None:
        present, faded = (one, 1.0 - share) if one else (other, share)
        return present and present.model_copy(update={"depth": row(faded * np.array(present.depth))})
    count = max(len(one.depth), len(other.depth))
    (depth, time), (depth2, time2) = _exponentials(one, count), _exponentials(other, count)
    return Glide(
        depth=row(between_curves(depth, depth2, share)),
        time_s=row(exp(between_curves(log(time), log(time2), share))),
        velocity_exponent=between(one.velocity_exponent, other.velocity_exponent, share),
    )


def _exponentials(glide: Glide, count: int) -> tuple[Float, Float]:
    """Return depths and times of a glide, fastest first, as many as asked for: the slowest is repeated at depth 0."""
    order = np.argsort(glide.time_s)
    depth, time = np.array(glide.depth)[order], np.array(glide.time_s)[order]
    missing = count - len(depth)
    return np.pad(depth, (0, missing)), np.pad(time, (0, missing), mode="edge")


def _mixed_openness(one: Openness | None, other: Openness | None, share: float) -> Openness | None:
    if one is None or other is None:
        return one or other
    degrees = np.array(one.degrees if len(one.degrees) >= len(other.degrees) else other.degrees)
    stretches = [np.interp(degrees, o.degrees, log(o.stretch)) for o in (one, other)]
    frequencies = common(one.frequencies_hz, other.frequencies_hz)
    levels = [_openness_level(o, frequencies, degrees) for o in (one, other)]
    given = one.level_db is not None or other.level_db is not None
    return Openness(
        degrees=row(degrees),
        stretch=row(exp(between_curves(stretches[0], stretches[1], share))),
        frequencies_hz=row(frequencies),
        level_db=table(between_curves(levels[0], levels[1], share)) if given else None,
        stick_s=between(one.stick_s, other.stick_s, share),
        changes=_mixed_changes(one.changes or (), other.changes or (), share),
    )


def _mixed_changes(
    one: tuple[OpennessChange, ...], other: tuple[OpennessChange, ...], share: float
) -> tuple[OpennessChange, ...] | None:
    """Mix what two hats add by openness, at the degrees of either."""
    if not one and not other:
        return None
    grids = [change.change_db for change in (*one, *other)]
    frequencies, times = np.array(grids[0].frequencies_hz), np.array(grids[0].times_s)
    for grid in grids[1:]:
        frequencies, times = common(row(frequencies), grid.frequencies_hz), common(row(times), grid.times_s)
    degrees = sorted({change.degree for change in (*one, *other)})
    tables, slopes = (
        between_curves(
            _changes_at(one, degrees, frequencies, times, slope=slope),
            _changes_at(other, degrees, frequencies, times, slope=slope),
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
    """Return (degrees, frequencies, times) of what openness adds to the level, or to its velocity slope."""
    if not changes:
        return np.zeros((len(degrees), len(frequencies), len(times)))
    given = [one.velocity_db_per_octave if slope else one.change_db for one in changes]
    nothing = np.zeros((len(frequencies), len(times)))
    tables = [nothing if one is None else values_at(one, frequencies, times, extend=False) for one in given]
    anchors = np.array([*(one.degree for one in changes), 1.0])  # where nothing is added
    shares = knot_weights(anchors, np.array(degrees), extend=False)[:-1]
    return weighted(shares.T, np.array(tables))


def _openness_level(openness: Openness, frequencies: Float, degrees: Float) -> Float:
    """Return (frequencies, degrees) of what openness adds."""
    if openness.level_db is None:
        return np.zeros((len(frequencies), len(degrees)))
    rows = rows_at(openness.frequencies_hz, openness.level_db, frequencies)
    return product(rows, knot_weights(np.array(openness.degrees), degrees, extend=False))
