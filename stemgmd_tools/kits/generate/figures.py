"""The figures that vary a kit, with the spread that random kits draw them with."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Figure(NamedTuple):
    """One figure; 0 does not change the kit."""

    spread: float
    """Standard deviation of a drawn kit's figure at a spread of 1."""
    limit: float
    """Largest absolute amount."""
    meaning: str
    tail: float = 1.0
    """Factor on the standard deviation in one kit of four: what recordings show beside the usual."""


_LEVEL: Final = Figure(0.75, 24.0, "level of the instrument, dB", tail=2.0)
_BRIGHTNESS: Final = "brightness of the instrument, dB per octave around 1 kHz"
_WEIGHT: Final = Figure(0.5, 7.0, "pitch of its partials, semitones: heavier is higher")
_RING: Final = Figure(0.125, 2.0, "length of its ring, octaves: 1 doubles it", 3.0)
_SCATTER: Final = Figure(
    0.0, 3.0, "chance of its own in its modes; 1: 0.6 % in frequency, 1.5 dB, 0.12 octaves of decay"
)
_GRAIN: Final = Figure(0.0, 1.0, "share of its fine colour that is its own")

FIGURES: Final = MappingProxyType({
    "balance.evenness": Figure(0.0, 1.0, "share of the way to equal peaks of all instruments"),
    "drums.size_semitones": Figure(0.4, 7.0, "pitch of all drums by their size; smaller ones ring shorter"),
    "drums.ring_octaves": Figure(0.175, 2.0, "length of all drums' ring; damped heads are below 0", 2.0),
    "cymbals.weight_semitones": Figure(0.5, 7.0, "pitch of all cymbals and hats"),
    "cymbals.ring_octaves": Figure(0.15, 2.0, "length of all cymbals' ring and that of open hats"),
    "microphone.distance_octaves": Figure(0.25, 3.0, "1 is twice as far: softer attacks, less air, more room"),
    "microphone.tilt_db_per_octave": Figure(0.225, 3.0, "brightness of the whole kit around 1 kHz", 2.0),
    "stereo.width_octaves": Figure(0.15, 3.0, "1 doubles all differences between the channels", 6.0),
    "room.decay_octaves": Figure(0.25, 3.0, "length of the room's decay"),
    "room.level_db": Figure(1.5, 24.0, "level of the room re the direct sound"),
    "room.bass_octaves": Figure(0.075, 1.0, "decay of the bass re 1 kHz"),
    "room.treble_octaves": Figure(0.1, 1.0, "decay of the treble re 1 kHz"),
    "kick.tuning_semitones": Figure(0.75, 24.0, "tension of the head; a tighter head glides less"),
    "kick.ring_octaves": Figure(0.225, 2.0, "length of its ring", 2.5),
    "kick.beater_db": Figure(1.75, 12.0, "click of the beater, 1.5 to 9 kHz, first 20 ms"),
    "kick.tilt_db_per_octave": Figure(0.4, 3.0, _BRIGHTNESS, 2.0),
    "kick.level_db": _LEVEL,
    "snare.tuning_semitones": Figure(0.75, 15.0, "tension of the head"),
    "snare.ring_octaves": Figure(0.15, 2.0, "length of its ring", 3.0),
    "snare.wires_db": Figure(0.75, 12.0, "level of the wires against the body"),
    "snare.wires_octaves": Figure(0.1, 2.0, "length of the wires' buzz"),
    "snare.tilt_db_per_octave": Figure(0.2, 3.0, _BRIGHTNESS, 3.0),
    "snare.level_db": _LEVEL,
    "toms.tuning_semitones": Figure(0.6, 15.0, "tension of all toms' heads"),
    "toms.interval_octaves": Figure(0.075, 1.0, "steps between the toms: 1 doubles them"),
    "toms.ring_octaves": Figure(0.175, 2.0, "length of their ring", 3.0),
    "toms.tilt_db_per_octave": Figure(0.35, 3.0, _BRIGHTNESS, 2.0),
    "toms.level_db": _LEVEL,
    "hi_tom.level_db": Figure(0.35, 24.0, "level of this tom against the others"),
    "mid_tom.level_db": Figure(0.35, 24.0, "level of this tom against the others"),
    "low_tom.level_db": Figure(0.35, 24.0, "level of this tom against the others"),
    "hihat.weight_semitones": _WEIGHT,
    "hihat.looseness_octaves": Figure(0.2, 1.0, "length of closed and pedal strokes; tight is below 0"),
    "hihat.ring_octaves": _RING,
    "hihat.openness_octaves": Figure(0.05, 0.3, "how fast the ring shortens as the hat closes"),
    "hihat.tilt_db_per_octave": Figure(0.35, 3.0, _BRIGHTNESS, 2.0),
    "hihat.level_db": _LEVEL,
    "ride.weight_semitones": _WEIGHT,
    "ride.ring_octaves": Figure(0.175, 2.0, "length of its ring, octaves: 1 doubles it", 2.5),
    "ride.stick_db": Figure(0.75, 12.0, "ping of the stick, 2 to 14 kHz, first 8 ms"),
    "ride.tilt_db_per_octave": Figure(0.4, 3.0, _BRIGHTNESS, 2.0),
    "ride.level_db": _LEVEL,
    "crash1.weight_semitones": _WEIGHT,
    "crash1.ring_octaves": _RING,
    "crash1.tilt_db_per_octave": Figure(0.5, 3.0, _BRIGHTNESS),
    "crash1.level_db": _LEVEL,
    "crash2.weight_semitones": _WEIGHT,
    "crash2.ring_octaves": _RING,
    "crash2.tilt_db_per_octave": Figure(0.5, 3.0, _BRIGHTNESS),
    "crash2.level_db": _LEVEL,
    "drums.scatter": _SCATTER,
    "cymbals.scatter": _SCATTER,
    "drums.grain": _GRAIN,
    "cymbals.grain": _GRAIN,
})  # fmt: skip
"""Name -> figure. The part before the dot names the instruments."""
