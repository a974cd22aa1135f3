"""Add two modelled voices, for example a rim that is struck with the head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, BandEnvelope, Modes, VoiceModel
from stemgmd_tools.kits.voices.arithmetic import louder, value_at
from stemgmd_tools.numerics.elementary import exp10, log2, log10

_SILENT_DB: Final = -200.0


def added(voice: VoiceModel, other: VoiceModel, gain_db: float, *, above_hz: float = 0.0) -> VoiceModel:
    """Return the sum of ``voice`` and ``other``, struck at the same time.

    The powers of both noises are added on the grid of ``voice``, with its velocity law, colour and stereo. Modes keep
    their velocity law and get the glide of ``voice``.

    :param above_hz: body modes of ``other`` below this are left out; attack modes are kept, since they may cancel in
        pairs.
    """
    other = louder(other, gain_db)
    level = voice.noise.level_db
    both = _power_sum_db(np.array(level.values), _levels_on(other, level))
    values = tuple(tuple(round(x, 1) for x in row) for row in both.tolist())
    noise = voice.noise.model_copy(update={"level_db": level.model_copy(update={"values": values})})
    return voice.model_copy(
        update={
            "noise": noise,
            "body": _joined(voice.body, _above(other.body, above_hz)),
            "attack": _joined(voice.attack, other.attack),
        }
    )


def _power_sum_db(first_db: Float, second_db: Float) -> Float:
    """Return the level in dB of the sum of two powers."""
    return np.maximum(first_db, second_db) + 10.0 * log10(1.0 + exp10(-np.abs(first_db - second_db) / 10.0))


def _levels_on(voice: VoiceModel, grid: BandEnvelope) -> Float:
    """Return the levels of a voice's noise on another table's grid; it goes on with its last slope."""
    own = voice.noise.level_db
    levels = value_at(own, grid.frequencies_hz, grid.times_s)
    if len(own.times_s) < 2:
        return levels
    last, before = own.times_s[-1], own.times_s[-2]
    ends = value_at(own, grid.frequencies_hz, (before, last))
    slope = np.minimum((ends[:, 1] - ends[:, 0]) / (last - before), 0.0)
    late_s = np.maximum(np.array(grid.times_s) - last, 0.0)
    return np.asarray(np.maximum(levels + slope[:, None] * late_s, _SILENT_DB))


def _above(modes: Modes | None, low_hz: float) -> Modes | None:
    """Return the modes above a frequency; None if there are none."""
    if modes is None:
        return None
    selected = [index for index, f in enumerate(modes.frequency_hz) if f >= low_hz]
    return selected_modes(modes, selected) if selected else None


def selected_modes(modes: Modes, indices: Sequence[int]) -> Modes:
    """Return the modes at ``indices``, of which there must be at least one."""
    columns = ("frequency_hz", "t60_s", "level_db", "left_minus_right_db", "phase_turns", "channel_phase_turns")
    update = {
        name: tuple(getattr(modes, name)[i] for i in indices) for name in columns if getattr(modes, name) is not None
    }
    if len(modes.velocity_db_per_octave) > 1:
        update["velocity_db_per_octave"] = tuple(modes.velocity_db_per_octave[i] for i in indices)
    if modes.bends_db is not None:
        update["bends_db"] = tuple(modes.bends_db[i] for i in indices)
    if modes.phase_bends_turns is not None:
        update["phase_bends_turns"] = tuple(modes.phase_bends_turns[i] for i in indices)
    return modes.model_copy(update=update)


def _joined(first: Modes | None, second: Modes | None) -> Modes | None:
    """Return the modes of both; onset and exponents are those of the first."""
    if first is None or second is None:
        return first or second
    count, more = len(first.frequency_hz), len(second.frequency_hz)
    joined = {
        name: (*(getattr(first, name) or (0.0,) * count), *(getattr(second, name) or (0.0,) * more))
        for name in ("left_minus_right_db", "channel_phase_turns")
        if getattr(first, name) is not None or getattr(second, name) is not None
    }
    if first.phase_turns is not None:
        joined["phase_turns"] = (*first.phase_turns, *(second.phase_turns or _spread(more)))
    return first.model_copy(
        update={
            **joined,
            **{name: (*getattr(first, name), *getattr(second, name)) for name in ("frequency_hz", "t60_s", "level_db")},
            "velocity_db_per_octave": (*_slopes(first), *_slopes(second)),
            "bends_db": _joined_bends(first, second),
            "phase_bends_turns": _joined_turns(first, second),
        }
    )


def _slopes(modes: Modes) -> tuple[float, ...]:
    slopes, count = modes.velocity_db_per_octave, len(modes.frequency_hz)
    return slopes if len(slopes) == count else slopes * count


def _joined_bends(first: Modes, second: Modes) -> tuple[tuple[float, ...], ...] | None:
    """Return the bends of both at the bend velocities of the first."""
    if first.bends_db is None:
        return None
    octaves = log2(np.array(first.bend_velocities) / REFERENCE_VELOCITY)
    if second.bends_db is None:
        return (*first.bends_db, *((0.0,) * len(octaves) for _ in second.frequency_hz))
    own = log2(np.array(second.bend_velocities) / REFERENCE_VELOCITY)
    more = (tuple(np.interp(octaves, own, row).round(1).tolist()) for row in second.bends_db)
    return (*first.bends_db, *more)


def moved_turns(modes: Modes, velocities: Sequence[int]) -> tuple[tuple[float, ...], ...] | None:
    """Return the turns of modes at other bend velocities; None if they have none."""
    if modes.phase_bends_turns is None or not velocities:
        return None
    places, own = (log2(np.array(group) / REFERENCE_VELOCITY) for group in (velocities, modes.bend_velocities))
    return tuple(tuple(np.interp(places, own, row).round(3).tolist()) for row in modes.phase_bends_turns)


def _joined_turns(first: Modes, second: Modes) -> tuple[tuple[float, ...], ...] | None:
    """Return the turns of both at the bend velocities of the first, which has to keep its phases."""
    turns = [moved_turns(modes, first.bend_velocities) for modes in (first, second)]
    if first.phase_turns is None or turns == [None, None]:
        return None
    none = (0.0,) * len(first.bend_velocities)
    filled = (own or (none,) * len(modes.frequency_hz) for own, modes in zip(turns, (first, second), strict=True))
    return tuple(row for rows in filled for row in rows)


def _spread(count: int) -> tuple[float, ...]:
    """Return phases that lie evenly apart, for modes whose phases were free."""
    return tuple(round(index * 0.618034 % 1.0, 3) for index in range(count))
