"""Change the level, pitch, length or spectrum of a modelled voice, and compute its level and decay.

All functions return a new voice with the same velocity law, jitter and grids.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from stemgmd_tools.kits.synthesis.bands import Float, erb_number
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.envelopes import voice_shapes
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, Modes, Noise, VoiceModel
from stemgmd_tools.kits.synthesis.takes import LEVEL_S
from stemgmd_tools.numerics.elementary import log10

_HIGHEST_HZ: Final = 22050.0
_LEVEL_RANGE_DB: Final = (-200.0, 40.0)
_STICK_S: Final = 0.006
"""Duration of the stick's attack, which is never stretched."""
_ATTACK_S: Final = 0.002
_BODY_S: Final = 0.04
"""Times at which a change of spectrum is evaluated for attack modes and for ringing modes."""
_GRID_S: Final = 0.0025


def value_at(envelope: BandEnvelope, frequencies_hz: ArrayLike, times_s: ArrayLike) -> Float:
    """Return a table on another grid, shape (frequencies, times), constant outside its points."""
    table = np.array(envelope.values, dtype=np.float64)
    points, wanted = erb_number(envelope.frequencies_hz), erb_number(frequencies_hz)
    in_time = np.array([np.interp(np.asarray(times_s), envelope.times_s, row) for row in table])
    return np.array([np.interp(wanted, points, column) for column in in_time.T]).T


def level_db(voice: VoiceModel, velocity: float, degree: int = -1) -> float:
    """Return the expected level of a stroke over its first :data:`LEVEL_S`, dB re full scale.

    :param degree: index of the degree of openness; default: the widest.
    """
    times_s: Float = (np.arange(round(LEVEL_S / _GRID_S), dtype=np.float64) + 0.5) * _GRID_S
    return float(10.0 * log10(_power(voice, velocity, degree, times_s).mean()))


def t30_s(voice: VoiceModel, velocity: float = 100.0, degree: int = -1) -> float:
    """Return the time in seconds after which the expected remaining energy has fallen by 30 dB (Schroeder 1965)."""
    times_s: Float = (np.arange(round(voice.duration_s / _GRID_S), dtype=np.float64) + 0.5) * _GRID_S
    to_come = _power(voice, velocity, degree, times_s)[::-1].cumsum()[::-1]
    return float(times_s[np.argmax(to_come < to_come[0] * 1e-3)])


def _power(voice: VoiceModel, velocity: float, degree: int, times_s: Float) -> Float:
    power = voice_shapes(voice)[degree].energy(velocity, times_s)
    for modes in (voice.body, voice.attack):
        if modes is not None:
            power = power + ModeBank.from_parameters(modes).energy(velocity, times_s)
    return power


def louder(voice: VoiceModel, gain_db: float) -> VoiceModel:
    """Return a voice with all levels raised by ``gain_db``."""
    noise = _with_levels(voice.noise, np.array(voice.noise.level_db.values) + gain_db)
    return voice.model_copy(
        update={"noise": noise, "body": _raised(voice.body, gain_db), "attack": _raised(voice.attack, gain_db)}
    )


def reshaped(voice: VoiceModel, change_db: BandEnvelope) -> VoiceModel:
    """Return a voice with a change added to its spectrum over time.

    The whole table is applied to the noise, its values at 40 ms to ringing modes, and those at 2 ms to attack modes.
    """
    level = voice.noise.level_db
    change = value_at(change_db, level.frequencies_hz, level.times_s)
    noise = _with_levels(voice.noise, np.array(level.values) + change)
    modes = {
        name: None if present is None else _raised(present, value_at(change_db, present.frequency_hz, (time_s,))[:, 0])
        for name, present, time_s in (("body", voice.body, _BODY_S), ("attack", voice.attack, _ATTACK_S))
    }
    return voice.model_copy(update={"noise": noise, **modes})


def pitched(voice: VoiceModel, ratio: float) -> VoiceModel:
    """Return a voice with all frequencies multiplied by ``ratio`` and the same velocity law and stereo image."""
    noise = voice.noise
    moved = noise.model_copy(
        update={
            "level_db": _moved(noise.level_db, ratio),
            "colour": None if noise.colour is None else _moved_colour(noise.colour, ratio),
        }
    )
    return voice.model_copy(
        update={"noise": moved, "body": _higher(voice.body, ratio), "attack": _higher(voice.attack, ratio)}
    )


def stretched(voice: VoiceModel, factor: float) -> VoiceModel:
    """Return a voice that rings ``factor`` times as long; its first 6 ms, the stick's attack, are not changed."""
    level = voice.noise.level_db
    times_s = tuple(_rounded(t if t <= _STICK_S else _STICK_S + (t - _STICK_S) * factor, 5) for t in level.times_s)
    noise = voice.noise.model_copy(update={"level_db": level.model_copy(update={"times_s": times_s})})
    body = voice.body
    if body is not None:
        t60_s = tuple(_rounded(min(t * factor, 60.0), 4) for t in body.t60_s)
        body = body.model_copy(update={"t60_s": t60_s})
    return voice.model_copy(update={"noise": noise, "body": body})


def _with_levels(noise: Noise, level_db: Float) -> Noise:
    values = tuple(tuple(_rounded(x, 1) for x in row) for row in level_db.tolist())
    return noise.model_copy(update={"level_db": noise.level_db.model_copy(update={"values": values})})


def _raised(modes: Modes | None, gain_db: float | Float) -> Modes | None:
    if modes is None:
        return None
    raised = np.clip(np.array(modes.level_db) + gain_db, *_LEVEL_RANGE_DB)
    return modes.model_copy(update={"level_db": tuple(_rounded(x, 1) for x in raised.tolist())})


def _moved(table: BandEnvelope, ratio: float) -> BandEnvelope:
    """Return a table whose rows lie at other frequencies; those past the highest one are dropped."""
    moved = [_rounded(f * ratio, 2) for f in table.frequencies_hz]
    inside = [row for row, f in enumerate(moved) if f <= _HIGHEST_HZ]
    return table.model_copy(
        update={
            "frequencies_hz": tuple(moved[row] for row in inside),
            "values": tuple(table.values[row] for row in inside),
        }
    )


def _moved_colour(colour: Colour, ratio: float) -> Colour:
    """Return a colour whose points lie at other frequencies; a curve that is drawn is drawn anew there."""
    if colour.gain_db is None or colour.frequencies_hz is not None:
        points = None if colour.frequencies_hz is None else tuple(f * ratio for f in colour.frequencies_hz)
        return colour.model_copy(
            update={
                "low_hz": colour.low_hz * ratio,
                "high_hz": min(colour.high_hz * ratio, _HIGHEST_HZ),
                "frequencies_hz": points,
            }
        )
    moved = colour.model_copy(
        update={
            "low_hz": _rounded(colour.low_hz * ratio, 3),
            "least_step_hz": _rounded(colour.least_step_hz * ratio, 4),
        }
    )
    count = int(np.count_nonzero(grid_hz(moved) <= _HIGHEST_HZ))
    return moved.model_copy(update={"gain_db": colour.gain_db[:count]})


def _higher(modes: Modes | None, ratio: float) -> Modes | None:
    if modes is None:
        return None
    moved = tuple(_rounded(min(f * ratio, _HIGHEST_HZ), 2) for f in modes.frequency_hz)
    return modes.model_copy(update={"frequency_hz": moved})


def _rounded(value: float, digits: int) -> float:
    return round(float(value), digits)
