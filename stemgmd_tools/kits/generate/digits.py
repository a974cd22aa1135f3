"""Round a finished voice to audible precision, so that its map is short and the same on every machine."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydantic import BaseModel

from stemgmd_tools.kits.synthesis.parameters import RoomModel, VoiceModel

_DECIMALS: Final = {
    "values": 1,
    "gain_db": 0,
    "level_db": 1,
    "bends_db": 1,
    "velocity_db_per_octave": 1,
    "left_minus_right_db": 1,
    "coherence": 2,
    "phase_turns": 3,
    "phase_bends_turns": 3,
    "channel_phase_turns": 3,
}
"""Decimals of values on a decibel or a unit scale, by their key in a sample map."""
_OTHER_DECIMALS: Final = 4
_SIGNIFICANT: Final = {"frequency_hz": 5, "frequencies_hz": 5, "low_hz": 8, "least_step_hz": 8}
"""Significant digits of values on a ratio scale. The last two define a grid of hundreds of points."""
_TIMES: Final = 5


def rounded(voice: VoiceModel) -> VoiceModel:
    """Return a voice whose numbers are rounded to audible precision."""
    return VoiceModel.model_validate(_rounded("", voice.model_dump()))


def rounded_room(room: RoomModel) -> RoomModel:
    """Return a room whose parameters are rounded to three significant digits."""
    figures = {
        key: value if isinstance(value, int) else _significant(value, 3) for key, value in room.model_dump().items()
    }
    return RoomModel(**figures)


def _rounded(key: str, value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        return {name: _rounded(name, item) for name, item in value.items()}
    if isinstance(value, float):
        return _number(key, value)
    if isinstance(value, tuple | list) and value:
        if isinstance(value[0], float):
            return tuple(_row(key, value))
        return tuple(_rounded(key, item) for item in value)
    return value


def _row(key: str, values: Any) -> list[float]:
    """Round a whole row at once."""
    if key in _SIGNIFICANT or key.endswith("_s"):
        return [_number(key, value) for value in values]
    decimals = _DECIMALS.get(key, _OTHER_DECIMALS)
    return (np.round(np.array(values), decimals) + 0.0).tolist()  # type: ignore[no-any-return]


def _number(key: str, value: float) -> float:
    if key in _SIGNIFICANT:
        return _significant(value, _SIGNIFICANT[key])
    if key.endswith("_s"):
        return _significant(value, _TIMES)
    return round(value, _DECIMALS.get(key, _OTHER_DECIMALS)) + 0.0


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
