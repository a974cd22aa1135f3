"""Reverberation: synthetic rooms, and convolution with impulse responses.

A room is exponentially decaying noise whose treble decays faster, independent in the two channels. It is shaped in
short overlapping spectra: at frequency f it falls by 60 dB within ``decay_s / (1 + (f / damping_hz)^2)``, so at
``damping_hz`` within half of ``decay_s``. J. A. Moorer, About this reverberation business, Computer Music Journal 3
(2), 1979, for rooms as decaying noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import ANYWHERE, IMPULSE_RESPONSE, SEED, FilterEffect, Parameter
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.numerics import elementary

if TYPE_CHECKING:
    from torch import Tensor

    from stemgmd_tools.augment.audio.signal.lti import Response

FRAME = 512
HALF = FRAME // 2
LENGTH = 1.1
"""Length of a room as a multiple of its decay time, at which it has fallen by 66 dB."""
LN_60_DB = elementary.log(1000.0)


def room_reverb(
    *,
    decay_s: float,
    predelay_ms: float,
    damping_hz: float,
    wet_db: float,
    seed: int,
    channels: int,
    sample_rate: int,
) -> Response:
    """Add a room to the dry sound."""
    return reverberation(room(decay_s, predelay_ms, damping_hz, seed, channels, sample_rate), wet_db)


def convolution(
    *, impulse_response: str, wet_db: float, channels: int, impulse_responses: Mapping[str, Tensor]
) -> Response:
    """Add the convolution with an impulse response, brought to energy 1, to the dry sound."""
    from stemgmd_tools.augment.audio.impulse_responses import find_impulse_response

    taps = find_impulse_response(impulse_response, impulse_responses)
    if taps.shape[0] not in (1, channels):
        raise AugmentError(
            f'impulse response "{impulse_response}": {taps.shape[0]} channels; '
            f"the sound has {channels}, so give 1 or {channels}"
        )
    return reverberation(unit_energy(taps), wet_db)


@lru_cache(maxsize=64)
def room(decay_s: float, predelay_ms: float, damping_hz: float, seed: int, channels: int, sample_rate: int) -> Tensor:
    """Return the impulse response of a synthetic room, its energy 1 in the mean of the channels.

    :param decay_s: decay time to -60 dB, far below ``damping_hz``.
    :param predelay_ms: silence before it.
    :param damping_hz: frequency at which the decay time is halved.
    :return: (channel, frame) float32 on the CPU.
    """
    import torch

    from stemgmd_tools.augment.audio.signal.noise import noise
    from stemgmd_tools.augment.audio.signal.portable import irfft, rfft, scaled

    frames = max(1, math.ceil(LENGTH * decay_s * sample_rate))
    blocks = frames // HALF + 2
    sound = noise(seed, channels, 0, blocks * FRAME).view(channels, blocks, FRAME)
    frequency = np.arange(HALF + 1) * (sample_rate / FRAME)
    # What falls faster than decay_s alone; the decay that all share is applied to every sample below.
    extra = LN_60_DB / decay_s * np.square(frequency / damping_hz)
    middle_s = np.arange(blocks)[:, None] * (HALF / sample_rate)
    shape = _floats(elementary.exp(-extra * middle_s))
    window = _floats(elementary.sin(np.pi * (np.arange(FRAME) + 0.5) / FRAME))
    shaped = irfft(scaled(rfft(sound), shape), FRAME) * window
    joined = shaped[:, :-1, HALF:] + shaped[:, 1:, :HALF]
    time_s = np.arange(frames) / sample_rate
    taps = joined.reshape(channels, -1)[:, :frames] * _floats(elementary.exp(-LN_60_DB / decay_s * time_s))
    return torch.nn.functional.pad(unit_energy(taps), (round(predelay_ms / 1000 * sample_rate), 0))


def _floats(values: NDArray[np.float64]) -> Tensor:
    import torch

    return torch.from_numpy(values).float()


def unit_energy(taps: Tensor) -> Tensor:
    """Return an impulse response (channel, frame) of energy 1 in the mean of its channels; silence stays."""
    from stemgmd_tools.augment.audio.signal.portable import total

    energy = (total(taps.double().square().flatten()) / len(taps)).sqrt().clamp_min(1e-20)
    return (taps / energy).float()


def reverberation(taps: Tensor, wet_db: float) -> Response:
    """Return the response of the dry sound plus its convolution with ``taps`` (energy 1) at ``wet_db``."""
    from stemgmd_tools.augment.audio.signal.lti import impulse_response

    return impulse_response(taps, dry=1.0, wet=elementary.exp10(wet_db / 20))


_WET: Final = Parameter(
    "wet_db",
    "level of the reverberation relative to the dry sound, by energy",
    "dB",
    -60.0,
    12.0,
    -12.0,
    typical=-20.0,
)

EFFECTS: Final = (
    FilterEffect(
        "room_reverb",
        "A synthetic room: decaying noise whose treble decays faster.",
        room_reverb,
        (
            Parameter("decay_s", "decay time to -60 dB", "s", 0.05, 10.0, typical=0.2),
            Parameter("predelay_ms", "time before the first reflections", "ms", 0.0, 200.0, 5.0),
            Parameter("damping_hz", "frequency at which the decay time is halved", "Hz", 200.0, 24_000.0, 8000.0),
            _WET,
            SEED,
        ),
        ANYWHERE,
    ),
    FilterEffect(
        "convolution",
        "Convolution with an impulse response of your own.",
        convolution,
        (IMPULSE_RESPONSE, _WET),
        ANYWHERE,
        source="audiomentations ApplyImpulseResponse",
    ),
)
