"""Mix two sets of modes: matching modes are interpolated, the others fade."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from stemgmd_tools.kits.generate.scales import between, between_curves, velocity_weights
from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import Modes
from stemgmd_tools.kits.voices.tables import row, table
from stemgmd_tools.numerics.elementary import exp, log, log2, log10
from stemgmd_tools.numerics.products import product

_FARTHEST_SEMITONES: Final = 4.0
"""Largest distance of matching modes."""
_SEMITONES_PER_DB: Final = 0.05
_FAINTEST: Final = 1e-3
"""Modes faded to this amplitude ratio are dropped."""

_BENDS: Final = ("bends_db", "phase_bends_turns")

Columns: TypeAlias = dict[str, Float]


def mixed_modes(first: Modes | None, second: Modes | None, share: float) -> Modes | None:
    """Return the mixture of two sets of modes: matching modes are interpolated, the others fade.

    Modes are matched one to one, with the least sum of differences in frequency and, with less weight, in level.
    """
    near = (second if share > 0.5 else first) or first or second
    if near is None:
        return None
    velocities = sorted({velocity for modes in (first, second) if modes for velocity in modes.bend_velocities})
    sides = [_columns(modes, velocities) for modes in (first, second)]
    mine, theirs = _matches(*sides)
    left, right = (
        np.setdiff1d(np.arange(len(s["frequency_hz"])), m) for s, m in zip(sides, (mine, theirs), strict=True)
    )
    first_columns = {k: np.concatenate([sides[0][k][mine], sides[0][k][left], sides[1][k][right]]) for k in sides[0]}
    second_columns = {k: np.concatenate([sides[1][k][theirs], sides[0][k][left], sides[1][k][right]]) for k in sides[0]}
    fade = np.concatenate([np.ones(len(mine)), np.full(len(left), 1.0 - share), np.full(len(right), share)])
    mixed = _mixed_columns(first_columns, second_columns, share)
    mixed["level_db"] = np.clip(mixed["level_db"] + 20.0 * log10(np.maximum(fade, 1e-9)), -200.0, 40.0)
    audible = np.flatnonzero(fade > _FAINTEST)
    if not len(audible):
        return None
    audible = audible[np.argsort(mixed["frequency_hz"][audible], kind="stable")]
    return _modes({name: column[audible] for name, column in mixed.items()}, (first, second), near, velocities, share)


def _columns(modes: Modes | None, velocities: list[int]) -> Columns:
    """Return all columns of a set of modes with defaults filled in and bends at the given velocities."""
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
        return {**dict.fromkeys(names, zeros), **dict.fromkeys(_BENDS, np.zeros((0, len(velocities))))}
    bends = dict.fromkeys(_BENDS, np.zeros((count, len(velocities))))
    for name in _BENDS:
        rows = getattr(modes, name)
        if rows is not None:
            bends[name] = product(np.array(rows), velocity_weights(modes.bend_velocities, velocities))
    return {
        "frequency_hz": np.array(modes.frequency_hz),
        "t60_s": np.array(modes.t60_s),
        "level_db": np.array(modes.level_db),
        "left_minus_right_db": np.array(modes.left_minus_right_db or zeros),
        "phase_turns": np.array(modes.phase_turns or zeros),
        "channel_phase_turns": np.array(modes.channel_phase_turns or zeros),
        "slope": np.broadcast_to(np.array(modes.velocity_db_per_octave), (count,)),
        **bends,
    }


def _matches(first: Columns, second: Columns) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of matching modes in both sets."""
    pitch = [12.0 * log2(np.maximum(side["frequency_hz"], 1.0)) for side in (first, second)]
    apart = np.abs(pitch[0][:, None] - pitch[1][None, :])
    level = np.abs(first["level_db"][:, None] - second["level_db"][None, :])
    cost = np.where(apart > _FARTHEST_SEMITONES, 1e3, apart + _SEMITONES_PER_DB * level)
    mine, theirs = linear_sum_assignment(cost)
    near = apart[mine, theirs] <= _FARTHEST_SEMITONES
    return mine[near], theirs[near]


def _mixed_columns(first: Columns, second: Columns, share: float) -> Columns:
    mixed = {name: between_curves(first[name], second[name], share) for name in first}
    for name in ("frequency_hz", "t60_s"):
        mixed[name] = exp(between_curves(log(first[name]), log(second[name]), share))
    for name in ("phase_turns", "channel_phase_turns"):
        way = (second[name] - first[name] + 0.5) % 1.0 - 0.5  # the shorter way round
        mixed[name] = (first[name] + share * way) % 1.0
    return mixed


def _modes(
    columns: Columns, sides: tuple[Modes | None, Modes | None], near: Modes, velocities: list[int], share: float
) -> Modes:
    first, second = (side or near for side in sides)
    wide = any(side is not None and side.left_minus_right_db is not None for side in sides)
    turned = any(side is not None and side.channel_phase_turns is not None for side in sides)
    bent = any(side is not None and side.phase_bends_turns is not None for side in sides)
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
        phase_bends_turns=table(columns["phase_bends_turns"]) if bent and near.phase_turns is not None else None,
        t60_velocity_exponent=between(first.t60_velocity_exponent, second.t60_velocity_exponent, share),
        frequency_velocity_exponent=between(
            first.frequency_velocity_exponent, second.frequency_velocity_exponent, share
        ),
        onset_s=between(first.onset_s, second.onset_s, share),
    )
