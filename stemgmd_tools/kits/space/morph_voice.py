"""A voice between two voices: levels and slopes in decibels, times and frequencies in their logarithms."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from stemgmd_tools.kits.model.bands import CENTRES_HZ, Float, knot_weights
from stemgmd_tools.kits.model.colour import grid_hz
from stemgmd_tools.kits.model.parameters import (
    REFERENCE_VELOCITY,
    BandEnvelope,
    Colour,
    Glide,
    Jitter,
    Modes,
    Noise,
    Openness,
    Stereo,
    VelocityBend,
    VoiceModel,
)
from stemgmd_tools.kits.space.tables import envelope, row, rows_at, table, values_at
from stemgmd_tools.kits.space.voices import at_power, power_db, smooth

_QUIET_DB: Final = -160.0
_SAME_KNOT: Final = 1.08
"""Knots nearer than this ratio become one."""
_SOONEST_S: Final = 1e-3
_FARTHEST_SEMITONES: Final = 4.0
"""Modes farther apart than this are not one mode that moved."""
_SEMITONES_PER_DB: Final = 0.05
_FAINTEST: Final = 1e-3
"""A mode that has faded to this amplitude ratio is gone."""

Columns: TypeAlias = dict[str, Float]


def between(one: float, other: float, share: float) -> float:
    """Return the number that lies the share of the way from one to the other."""
    return (1.0 - share) * one + share * other


def log_between(one: float, other: float, share: float) -> float:
    """Return the same on a logarithmic scale."""
    return float(np.exp(between(np.log(one), np.log(other), share)))


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
        if np.abs(np.log(near / here)).min() > np.log(_SAME_KNOT):
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
    weights = _velocity_weights(tuple(bend.velocity for bend in bends), velocities)
    return np.tensordot(weights.T, tables, axes=1)


def _velocity_weights(given: tuple[int, ...], wanted: list[int]) -> Float:
    def octaves(velocities: tuple[int, ...] | list[int]) -> Float:
        return np.asarray(np.log2(np.array(velocities) / REFERENCE_VELOCITY))

    return knot_weights(octaves(given), octaves(wanted), extend=False)


def _mixed_colour(one: Colour | None, other: Colour | None, share: float) -> Colour | None:
    """Mix two given curves; the mean of two independent ones is flatter than either, so its depth is restored."""
    if one is None or other is None:
        present = one or other
        faded = 1.0 - share if one else share
        return present and present.model_copy(update={"gain_db": row(faded * np.array(present.gain_db))})
    grid = _common_grid(one, other)
    points = np.log(grid_hz(grid))
    curves = [np.interp(points, np.log(grid_hz(c)), np.array(c.gain_db), left=0.0, right=0.0) for c in (one, other)]
    trends = [smooth(curve, grid.points_per_octave) for curve in curves]
    fine = [curve - trend for curve, trend in zip(curves, trends, strict=True)]
    mixed = between_curves(fine[0], fine[1], share)
    own = [_depth(c) for c in (one, other)]
    depth = between(own[0], own[1], share)
    mixed *= depth / max(float(mixed.std()), 1e-9)
    power = between(power_db(np.array(one.gain_db)), power_db(np.array(other.gain_db)), share)
    gain = at_power(between_curves(trends[0], trends[1], share) + mixed, power)
    return grid.model_copy(update={"gain_db": row(gain)})


def between_curves(one: Float, other: Float, share: float) -> Float:
    """Return the curve that lies the share of the way from one to the other."""
    return np.asarray((1.0 - share) * one + share * other)


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
        time_s=row(np.exp(between_curves(np.log(time), np.log(time2), share))),
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
    stretches = [np.interp(degrees, o.degrees, np.log(o.stretch)) for o in (one, other)]
    frequencies = common(one.frequencies_hz, other.frequencies_hz)
    levels = [_openness_level(o, frequencies, degrees) for o in (one, other)]
    given = one.level_db is not None or other.level_db is not None
    return Openness(
        degrees=row(degrees),
        stretch=row(np.exp(between_curves(stretches[0], stretches[1], share))),
        frequencies_hz=row(frequencies),
        level_db=table(between_curves(levels[0], levels[1], share)) if given else None,
        stick_s=between(one.stick_s, other.stick_s, share),
    )


def _openness_level(openness: Openness, frequencies: Float, degrees: Float) -> Float:
    """Return (frequencies, degrees) of what openness adds."""
    if openness.level_db is None:
        return np.zeros((len(frequencies), len(degrees)))
    rows = rows_at(openness.frequencies_hz, openness.level_db, frequencies)
    return rows @ knot_weights(np.array(openness.degrees), degrees, extend=False)


def mixed_modes(one: Modes | None, other: Modes | None, share: float) -> Modes | None:
    """Return the modes between two sets: those that match move, the others fade.

    Modes match one to one, by the least sum of differences in frequency and, less, in level.
    """
    near = (other if share > 0.5 else one) or one or other
    if near is None:
        return None
    velocities = sorted({velocity for modes in (one, other) if modes for velocity in modes.bend_velocities})
    sides = [_columns(modes, velocities) for modes in (one, other)]
    mine, theirs = _matches(*sides)
    left, right = (
        np.setdiff1d(np.arange(len(s["frequency_hz"])), m) for s, m in zip(sides, (mine, theirs), strict=True)
    )
    first = {k: np.concatenate([sides[0][k][mine], sides[0][k][left], sides[1][k][right]]) for k in sides[0]}
    second = {k: np.concatenate([sides[1][k][theirs], sides[0][k][left], sides[1][k][right]]) for k in sides[0]}
    fade = np.concatenate([np.ones(len(mine)), np.full(len(left), 1.0 - share), np.full(len(right), share)])
    mixed = _mixed_columns(first, second, share)
    mixed["level_db"] = np.clip(mixed["level_db"] + 20.0 * np.log10(np.maximum(fade, 1e-9)), -200.0, 40.0)
    kept = np.flatnonzero(fade > _FAINTEST)
    if not len(kept):
        return None
    kept = kept[np.argsort(mixed["frequency_hz"][kept], kind="stable")]
    return _modes({name: column[kept] for name, column in mixed.items()}, (one, other), near, velocities, share)


def _columns(modes: Modes | None, velocities: list[int]) -> Columns:
    """Return every column of a set of modes, the defaults filled in, its bends at the given velocities."""
    count = len(modes.frequency_hz) if modes else 0
    zeros = np.zeros(count)
    if modes is None:
        names = (
            "frequency_hz",
            "t60_s",
            "level_db",
            "left_minus_right_db",
            "phase_turns",
            "channel_phase_turns",
            "slope",
        )
        return {**dict.fromkeys(names, zeros), "bends_db": np.zeros((0, len(velocities)))}
    bends = np.zeros((count, len(velocities)))
    if modes.bends_db is not None:
        bends = np.array(modes.bends_db) @ _velocity_weights(modes.bend_velocities, velocities)
    return {
        "frequency_hz": np.array(modes.frequency_hz),
        "t60_s": np.array(modes.t60_s),
        "level_db": np.array(modes.level_db),
        "left_minus_right_db": np.array(modes.left_minus_right_db or zeros),
        "phase_turns": np.array(modes.phase_turns or zeros),
        "channel_phase_turns": np.array(modes.channel_phase_turns or zeros),
        "slope": np.broadcast_to(np.array(modes.velocity_db_per_octave), (count,)),
        "bends_db": bends,
    }


def _matches(one: Columns, other: Columns) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of modes that are the same in both sets."""
    pitch = [12.0 * np.log2(np.maximum(side["frequency_hz"], 1.0)) for side in (one, other)]
    apart = np.abs(pitch[0][:, None] - pitch[1][None, :])
    level = np.abs(one["level_db"][:, None] - other["level_db"][None, :])
    cost = np.where(apart > _FARTHEST_SEMITONES, 1e3, apart + _SEMITONES_PER_DB * level)
    mine, theirs = linear_sum_assignment(cost)
    near = apart[mine, theirs] <= _FARTHEST_SEMITONES
    return mine[near], theirs[near]


def _mixed_columns(one: Columns, other: Columns, share: float) -> Columns:
    mixed = {name: between_curves(one[name], other[name], share) for name in one}
    for name in ("frequency_hz", "t60_s"):
        mixed[name] = np.exp(between_curves(np.log(one[name]), np.log(other[name]), share))
    for name in ("phase_turns", "channel_phase_turns"):
        way = (other[name] - one[name] + 0.5) % 1.0 - 0.5  # the shorter way round
        mixed[name] = (one[name] + share * way) % 1.0
    return mixed


def _modes(
    columns: Columns, sides: tuple[Modes | None, Modes | None], near: Modes, velocities: list[int], share: float
) -> Modes:
    one, other = (side or near for side in sides)
    wide = any(side is not None and side.left_minus_right_db is not None for side in sides)
    turned = any(side is not None and side.channel_phase_turns is not None for side in sides)
    return Modes(
        frequency_hz=row(columns["frequency_hz"]),
        t60_s=row(columns["t60_s"]),
        level_db=row(columns["level_db"]),
        left_minus_right_db=row(columns["left_minus_right_db"]) if wide else None,
        phase_turns=None if near.phase_turns is None else row(columns["phase_turns"]),
        channel_phase_turns=row(columns["channel_phase_turns"]) if turned else None,
        velocity_db_per_octave=row(columns["slope"]),
        bend_velocities=tuple(velocities),
        bends_db=table(columns["bends_db"]) if velocities else None,
        t60_velocity_exponent=between(one.t60_velocity_exponent, other.t60_velocity_exponent, share),
        frequency_velocity_exponent=between(one.frequency_velocity_exponent, other.frequency_velocity_exponent, share),
        onset_s=between(one.onset_s, other.onset_s, share),
    )
