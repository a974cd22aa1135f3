"""Reverberation of the mixture with pedalboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stemgmd_tools.augment.chain.effect import IMPULSE_RESPONSE, MIXTURE, BoardEffect, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def board_reverb(
    board: Any, *, room_size: float, damping: float, wet_level: float, dry_level: float, width: float
) -> list[Any]:
    """Return Freeverb."""
    return [board.Reverb(room_size=room_size, damping=damping, wet_level=wet_level, dry_level=dry_level, width=width)]


def board_convolution(
    board: Any, *, impulse_response: str, mix: float, sample_rate: int, impulse_responses: Mapping[str, Tensor]
) -> list[Any]:
    """Return the convolution with an impulse response."""
    from stemgmd_tools.augment.audio.impulse_responses import find_impulse_response

    taps = find_impulse_response(impulse_response, impulse_responses).cpu().numpy()
    return [board.Convolution(np.ascontiguousarray(taps, np.float32), mix, sample_rate)]


EFFECTS: Final = (
    BoardEffect(
        "board_convolution",
        "Convolution of the mixture with an impulse response of your own.",
        board_convolution,
        (IMPULSE_RESPONSE, Parameter("mix", "proportion of the wet sound", "", 0.0, 1.0, 0.3)),
        MIXTURE,
        source="pedalboard Convolution",
    ),
    BoardEffect(
        "board_reverb",
        "Applies the reverberation Freeverb to the mixture.",
        board_reverb,
        (
            Parameter("room_size", "size of the room", "", 0.0, 1.0, 0.5),
            Parameter("damping", "damping of the treble", "", 0.0, 1.0, 0.5),
            Parameter("wet_level", "level of the reverberation", "", 0.0, 1.0, 0.2),
            Parameter("dry_level", "level of the dry mixture", "", 0.0, 1.0, 0.8),
            Parameter("width", "stereo width of the reverberation", "", 0.0, 1.0, 1.0),
        ),
        MIXTURE,
        source="pedalboard Reverb",
    ),
)
