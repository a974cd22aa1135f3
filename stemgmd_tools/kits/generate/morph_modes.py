"""Modes between two sets of modes: those that match move, the others fade."""

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
"""Modes farther apart than this are not one mode that moved."""
_SEMITONES_PER_DB: Final = 0.05
_FAINTEST: Final = 1e-3
"""A mode that has faded to this amplitude ratio is gone."""

_BENDS: Final = ("bends_db", "phase_bends_turns")

Columns: TypeAlias = dict[str, Float]


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
    mixed["level_db"] = np.clip(mixed["level_db"] + 20.0 * log10(np.maximum(fade, 1e-9)), -200.0, 40.0)
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


def _matches(one: Columns, other: Columns) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of modes that are the same in both sets."""
    pitch = [12.0 * log2(np.maximum(side["frequency_hz"], 1.0)) for side in (one, other)]
    apart = np.abs(pitch[0][:, None] - pitch[1][None, :])
    level = np.abs(one["level_db"][:, None] - other["level_db"][None, :])
    cost = np.where(apart > _FARTHEST_SEMITONES, 1e3, apart + _SEMITONES_PER_DB * level)
    mine, theirs = linear_sum_assignment(cost)
    near = apart[mine, theirs] <= _FARTHEST_SEMITONES
    return mine[near], theirs[near]


def _mixed_columns(one: Columns, other: Columns, share: float) -> Columns:
    mixed = {name: between_curves(one[name], other[name], share) for name in one}
    for name in ("frequency_hz", "t60_s"):
        mixed[name] = exp(between_curves(log(one[name]), log(other[name]), share))
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
        t60_velocity_exponent=between(one.t60_velocity_exponent, other.t60_velocity_exponent, share),
        frequency_velocity_exponent=between(one.frequency_velocity_exponent, other.frequency_velocity_exponent, share),
        onset_s=between(one.onset_s, other.onset_s, share),
    )
