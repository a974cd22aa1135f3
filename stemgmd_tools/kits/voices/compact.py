"""Reduce the number of parameters of a voice without an audible change, for example after mixing voices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float, erb_number, knot_weights
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import (
    REFERENCE_VELOCITY,
    BandEnvelope,
    Colour,
    Modes,
    Noise,
    Openness,
    OpennessChange,
    VelocityBend,
    VoiceModel,
)
from stemgmd_tools.kits.voices.sums import selected_modes
from stemgmd_tools.numerics.elementary import exp10, log, log2, log10
from stemgmd_tools.numerics.products import product

_MOST_KNOTS: Final = 12
_MOST_BENDS: Final = 4
_MOST_COARSE: Final = (11, 6)
"""Largest number of rows and columns of slopes, bends and openness changes."""
_MOST_CYMBAL_MODES: Final = 48
_MOST_DRUM_MODES: Final = 28
_MOST_ATTACK_MODES: Final = 14
_MOST_MODE_BENDS: Final = 4
_FAINTEST_DB: Final = -120.0
_AUDIBLE_DB: Final = -100.0
"""Levels below this are ignored when knots are selected."""
_COLOUR_LOW_HZ: Final = 50.0
_COLOUR_STEP_HZ: Final = 4.0


def compacted(voice: VoiceModel) -> VoiceModel:
    """Return a voice rounded to audible precision, with its colour on an even grid.

    The result has at most 12 knots of level, 4 bends, and 28 modes for a drum or 48 for a cymbal. Levels, bends and
    colour are rounded to whole decibels: two draws of one noise differ by more than 2 dB in every band, so rounding
    errors of 0.3 dB (RMS) are inaudible. Slopes are rounded to half decibels per octave.
    """
    return voice.model_copy(
        update={
            "openness": voice.openness and _openness(voice.openness),
            "noise": _noise(voice.noise),
            "body": _modes(_strongest(voice.body, _most_modes(voice.body))),
            "attack": _modes(_strongest(voice.attack, _MOST_ATTACK_MODES)),
        }
    )


def _noise(noise: Noise) -> Noise:
    level = noise.level_db
    values = np.maximum(np.array(level.values), _FAINTEST_DB)
    selected = _selected_knots(np.array(level.times_s), np.maximum(values, _AUDIBLE_DB), _MOST_KNOTS)
    return noise.model_copy(
        update={
            "level_db": level.model_copy(
                update={
                    "times_s": _row([level.times_s[i] for i in selected], _in_time),
                    "values": _rows(values[:, selected], 1.0),
                }
            ),
            "velocity_db_per_octave": _coarse((noise.velocity_db_per_octave,), 0.5)[0],
            "velocity_bends": _bends(noise.velocity_bends),
            "colour": noise.colour and _colour(noise.colour),
            "grain_db": noise.grain_db and _row(noise.grain_db, _in_tenths),
        }
    )


def _openness(openness: Openness) -> Openness:
    return openness.model_copy(update={"changes": openness.changes and tuple(map(_change, openness.changes))})


def _change(change: OpennessChange) -> OpennessChange:
    slopes = change.velocity_db_per_octave
    tables = (change.change_db,) if slopes is None else (change.change_db, slopes)
    few = _coarse(tables, 1.0)
    return change.model_copy(update={"change_db": few[0], "velocity_db_per_octave": few[1] if len(few) > 1 else None})


def _bends(bends: tuple[VelocityBend, ...]) -> tuple[VelocityBend, ...]:
    """Return the bends without those that interpolation between the others reproduces."""
    if not bends:
        return ()
    octaves = log2(np.array([bend.velocity for bend in bends]) / REFERENCE_VELOCITY)
    tables = np.array([bend.change_db.values for bend in bends]).reshape(len(bends), -1)
    chosen = [bends[i] for i in _selected_knots(octaves, tables.T, _MOST_BENDS)]
    few = _coarse(tuple(bend.change_db for bend in chosen), 1.0)
    return tuple(bend.model_copy(update={"change_db": table}) for bend, table in zip(chosen, few, strict=True))


def _coarse(tables: tuple[BandEnvelope, ...], step: float) -> tuple[BandEnvelope, ...]:
    """Return tables of one grid without rows and columns that interpolation between the others reproduces."""
    values = np.array([table.values for table in tables])
    frequencies_hz, times_s = tables[0].frequencies_hz, tables[0].times_s
    numbers = erb_number(frequencies_hz)
    rows = _selected_knots(numbers, np.moveaxis(values, 1, -1).reshape(-1, len(numbers)), _MOST_COARSE[0])
    columns = _selected_knots(np.array(times_s), values.reshape(-1, len(times_s)), _MOST_COARSE[1])
    grid = {
        "frequencies_hz": tuple(frequencies_hz[i] for i in rows),
        "times_s": _row([times_s[i] for i in columns], _in_time),
    }
    return tuple(
        table.model_copy(update={**grid, "values": _rows(own[np.ix_(rows, columns)], step)})
        for table, own in zip(tables, values, strict=True)
    )


def _colour(colour: Colour) -> Colour:
    """Return a given curve on an even grid, if its points are listed one by one."""
    if colour.gain_db is None:
        return colour
    if colour.frequencies_hz is None:
        return colour.model_copy(update={"gain_db": _row(colour.gain_db, round)})
    points_hz = np.array(colour.frequencies_hz)
    even = Colour(
        points_per_octave=colour.points_per_octave,
        low_hz=max(_COLOUR_LOW_HZ, round(float(points_hz[0]), 1)),
        least_step_hz=_COLOUR_STEP_HZ,
        gain_db=(0.0,) * len(points_hz),
    )
    grid = grid_hz(even)
    grid = grid[grid <= points_hz[-1]]
    gain = np.interp(log(grid), log(points_hz), np.array(colour.gain_db))
    return even.model_copy(update={"gain_db": _row(gain.tolist(), round)})


def _most_modes(body: Modes | None) -> int:
    """Return the largest number of modes of a body; drums have fixed phases, cymbals do not."""
    return _MOST_CYMBAL_MODES if body is None or body.phase_turns is None else _MOST_DRUM_MODES


def _strongest(modes: Modes | None, most: int) -> Modes | None:
    """Return the modes with the most energy, in their order."""
    if modes is None or len(modes.frequency_hz) <= most:
        return modes
    energy_db = np.array(modes.level_db) + 10.0 * log10(np.array(modes.t60_s))
    return selected_modes(modes, sorted(np.argsort(energy_db)[-most:].tolist()))


def _modes(modes: Modes | None) -> Modes | None:
    if modes is None:
        return None
    update: dict[str, Any] = {
        "frequency_hz": _row(modes.frequency_hz, lambda x: float(f"{x:.5g}")),
        "t60_s": _row(modes.t60_s, lambda x: float(f"{x:.3g}")),
        "level_db": _row(modes.level_db, _in_tenths),
        "velocity_db_per_octave": _row(modes.velocity_db_per_octave, _in_tenths),
    }
    for name, rule in (("left_minus_right_db", _in_tenths), ("phase_turns", _turns), ("channel_phase_turns", _turns)):
        column = getattr(modes, name)
        if column is not None:
            update[name] = _row(column, rule)
    if modes.bends_db is not None:
        octaves = log2(np.array(modes.bend_velocities) / REFERENCE_VELOCITY)
        strong = exp10((np.array(modes.level_db) - max(modes.level_db)) / 40.0)
        selected = _selected_knots(octaves, np.array(modes.bends_db) * strong[:, None], _MOST_MODE_BENDS)
        update["bend_velocities"] = tuple(modes.bend_velocities[i] for i in selected)
        update["bends_db"] = _rows(np.array(modes.bends_db)[:, selected], 0.5)
        if modes.phase_bends_turns is not None:
            turns = np.array(modes.phase_bends_turns)[:, selected].round(2) + 0.0
            update["phase_bends_turns"] = tuple(tuple(row) for row in turns.tolist())
    return modes.model_copy(update=update)


def _selected_knots(points: Float, rows: Float, most: int) -> list[int]:
    """Return the indices of at most ``most`` points with a small error of linear interpolation between them.

    The point whose removal adds the least error is removed repeatedly; the first and the last are always selected.

    :param rows: values at the points, shape (rows, points).
    """
    selected = list(range(len(points)))
    while len(selected) > most:
        errors = []
        for i in range(1, len(selected) - 1):
            less = [*selected[:i], *selected[i + 1 :]]
            guess = product(rows[:, less], knot_weights(points[less], points, extend=False))
            errors.append(float(((guess - rows) ** 2).sum()))
        del selected[1 + int(np.argmin(errors))]
    return selected


def _rows(values: Float, step: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in (np.rint(values / step) * step + 0.0).tolist())


def _row(values: Any, rule: Callable[[float], float]) -> tuple[float, ...]:
    return tuple(float(rule(value)) + 0.0 for value in values)


def _in_tenths(value: float) -> float:
    return round(value, 1)


def _turns(value: float) -> float:
    return round(value % 1.0, 3)


def _in_time(value: float) -> float:
    return float(f"{value:.4g}")
