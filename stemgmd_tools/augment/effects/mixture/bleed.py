"""Microphone bleed: the sound of each piece in the other pieces' microphones, the overheads and the room microphones.

Positions are those of a typical right-handed kit, in metres, seen by the drummer: x to the right, y forward, z up, with
the origin on the floor below the kick's beater. The sound of a piece at a microphone is delayed and attenuated by the
distance and low-pass filtered; the sound at its own close microphone is the stem itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from stemgmd_tools.augment.chain.effect import MIXTURE, SEED, MixtureEffect, Parameter
from stemgmd_tools.numerics import elementary

if TYPE_CHECKING:
    from torch import Tensor

SPEED_OF_SOUND = 343.0
JITTER_M: Final = 0.05
"""Standard deviation of the random displacement of positions."""
NEAREST_M: Final = 0.1
PART_FRAMES: Final = 1 << 18
"""Frames of all stems that are read at a time."""

Point = tuple[float, float, float]

POSITIONS: Final[Mapping[str, Point]] = {
    "kick": (0.0, 0.3, 0.3),
    "snare": (-0.3, 0.0, 0.65),
    "hi_tom": (-0.15, 0.45, 0.85),
    "mid_tom": (0.2, 0.45, 0.85),
    "low_tom": (0.6, 0.05, 0.65),
    "hihat_closed": (-0.7, 0.15, 0.9),
    "hihat_open": (-0.7, 0.15, 0.9),
    "ride": (0.75, 0.4, 1.05),
    "crash": (-0.5, 0.65, 1.25),
    "toms": (0.2, 0.35, 0.8),
    "hihat": (-0.7, 0.15, 0.9),
    "cymbals": (0.1, 0.5, 1.15),
}
"""Positions of pieces and groups; stems with other names are at the snare."""

OVERHEAD_SPREAD_M: Final = 0.45
ROOM_SPREAD_M: Final = 1.0
PAN_M: Final = 1.0
"""Distance to the side at which a close microphone is panned fully."""


class Settings(NamedTuple):
    """Parameters that decide the paths of bleed."""

    leakage_db: float
    overhead_db: float
    room_db: float
    overhead_m: float
    room_m: float
    seed: int


class Path(NamedTuple):
    """One path of a sound into a channel of the mixture."""

    channel: int
    distance_m: float
    gain: float


def bleed(
    mixture: Tensor,
    *,
    leakage_db: float,
    overhead_db: float,
    room_db: float,
    overhead_m: float,
    room_m: float,
    damping_hz: float,
    seed: int,
    stems: Callable[[int, int], Tensor],
    names: Sequence[str],
    sample_rate: int,
) -> Tensor:
    """Add the bleed of the stems to the mixture, in parts."""
    import torch

    from stemgmd_tools.augment.audio.signal.lti import SMALLEST_BLOCK
    from stemgmd_tools.augment.audio.signal.portable import irfft, rfft, times
    from stemgmd_tools.augment.effects.audio.filters import low_pass_filter

    settings = Settings(leakage_db, overhead_db, room_db, overhead_m, room_m, seed)
    channels, frames = mixture.shape
    taps = _taps(names, settings, channels, sample_rate).to(mixture.device)
    dull = low_pass_filter(frequency_hz=damping_hz, order=1, sample_rate=sample_rate)
    tail = taps.shape[-1] + dull.tail
    length = max(SMALLEST_BLOCK, 1 << (4 * tail).bit_length())
    hop = length - tail
    response = times(rfft(taps, length), dull.at(length, mixture.device))
    at_once = max(1, PART_FRAMES // hop) * hop
    for begin in range(0, frames, at_once):
        stop = min(begin + at_once, frames)
        sound = stems(max(0, begin - tail), stop)
        mid = (sound[:, 0] + sound[:, -1]) / 2
        mono = torch.nn.functional.pad(mid, (max(0, tail - begin), (begin - stop) % hop))
        for start in range(0, mono.shape[1] - tail, hop):
            block = irfft(_mixed(mono[:, start : start + length], response), length)[:, tail:]
            goal = mixture[:, begin + start : min(begin + start + hop, frames)]
            goal += block[:, : goal.shape[1]]
    return mixture


def paths(stem: int, stems: Sequence[str], settings: Settings, channels: int) -> list[Path]:
    """Return the paths of the bleed of a stem."""
    places = _places(stems, settings.seed)
    position = places[stem]
    result: list[Path] = []
    for neighbour, place in enumerate(places):
        if neighbour == stem or stems[neighbour].split("_")[0] == stems[stem].split("_")[0] == "hihat":
            continue
        distance = max(NEAREST_M, _distance(position, place))
        gain = _ratio(settings.leakage_db) / distance
        pan = min(1.0, max(0.0, 0.5 + place[0] / PAN_M / 2))
        shares = (math.sqrt(1 - pan), math.sqrt(pan)) if channels == 2 else (1.0,)
        result += [Path(channel, distance, gain * share) for channel, share in enumerate(shares)]
    result += _pair(
        position, (-0.3, 0.0, 0.65 + settings.overhead_m), OVERHEAD_SPREAD_M, settings.overhead_db, channels
    )
    result += _pair(position, (0.0, settings.room_m, 1.5), ROOM_SPREAD_M, settings.room_db, channels)
    return result


def _pair(position: Point, middle: Point, spread_m: float, level_db: float, channels: int) -> list[Path]:
    """Return the paths to a pair of microphones; the level refers to the distance of its middle from the snare."""
    at_m = _distance((-0.3, 0.0, 0.65), middle)
    sides = (-spread_m, spread_m) if channels == 2 else (0.0,)
    distances = [max(NEAREST_M, _distance(position, (middle[0] + side, *middle[1:]))) for side in sides]
    return [Path(channel, d, _ratio(level_db) * at_m / d) for channel, d in enumerate(distances)]


def _places(stems: Sequence[str], seed: int) -> list[Point]:
    """Return the positions of the stems with a random displacement."""
    from stemgmd_tools.augment.audio.signal.noise import noise

    moves = (noise(seed, 3, 0, len(stems)).double() * JITTER_M).T.tolist()
    standard = [POSITIONS.get(stem, POSITIONS["snare"]) for stem in stems]
    return [(x + dx, y + dy, z + dz) for (x, y, z), (dx, dy, dz) in zip(standard, moves, strict=True)]


def _ratio(level_db: float) -> float:
    return elementary.exp10(level_db / 20)


def _distance(start: Point, end: Point) -> float:
    x, y, z = (a - b for a, b in zip(start, end, strict=True))
    return math.sqrt(x * x + y * y + z * z)


def _mixed(block: Tensor, response: Tensor) -> Tensor:
    """Return the spectrum of the channels; stems are added in order."""
    import torch

    from stemgmd_tools.augment.audio.signal.portable import rfft, times

    length = 2 * (response.shape[-1] - 1)
    mixed = torch.zeros_like(response[0])
    for sound, ways in zip(block, response, strict=True):
        mixed += times(rfft(sound, length).expand_as(ways).clone(), ways)
    return mixed


def _taps(names: Sequence[str], settings: Settings, channels: int, sample_rate: int) -> Tensor:
    """Return the impulse responses (stem, channel, frame) of all paths, with delays rounded to samples."""
    import torch

    ways = [paths(stem, names, settings, channels) for stem in range(len(names))]
    farthest = max((path.distance_m for stem_paths in ways for path in stem_paths), default=0.0)
    taps = torch.zeros(len(names), channels, 2 + round(farthest / SPEED_OF_SOUND * sample_rate))
    for stem, stem_paths in enumerate(ways):
        for path in stem_paths:
            taps[stem, path.channel, round(path.distance_m / SPEED_OF_SOUND * sample_rate)] += path.gain
    return taps


EFFECTS: Final = (
    MixtureEffect(
        "bleed",
        "Adds the bleed of every piece into the other pieces' microphones, the overheads and the room microphones.",
        bleed,
        (
            Parameter("leakage_db", "level of a piece in a neighbour's microphone, 1 m away", "dB", -80.0, 0.0, -24.0),
            Parameter("overhead_db", "level of the overhead microphones", "dB", -80.0, 12.0, -12.0),
            Parameter("room_db", "level of the room microphones", "dB", -80.0, 12.0, -80.0),
            Parameter("overhead_m", "height of the overheads above the snare", "m", 0.3, 3.0, 1.2),
            Parameter("room_m", "distance of the room microphones", "m", 1.0, 15.0, 4.0),
            Parameter("damping_hz", "corner frequency of the low pass on the bleed", "Hz", 500.0, 24_000.0, 8000.0),
            SEED,
        ),
        MIXTURE,
    ),
)
