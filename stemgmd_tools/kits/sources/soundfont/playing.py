"""What a zone does at a key: pitch, level, its envelope, position and the part of the sample.

Attenuation follows the specification: 1 cB is a tenth of a decibel. E-mu's hardware played 0.4 of it, and FluidSynth
does likewise; that changes only how loud the sounds of a kit are against each other.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.sample_map.envelope import SILENCE_DB, Envelope
from stemgmd_tools.kits.sample_map.filter import FLAT_DB, Filter
from stemgmd_tools.kits.sources.envelopes import audible
from stemgmd_tools.kits.sources.filters import audible_lowpass
from stemgmd_tools.kits.sources.soundfont import generators as gen
from stemgmd_tools.kits.sources.soundfont.structure import VORBIS
from stemgmd_tools.kits.sources.soundfont.zones import Zone
from stemgmd_tools.numerics.elementary import exp2, log10, tan

LEFT: Final = -500
RIGHT: Final = 500
"""Values of the generator ``pan`` at its ends."""
_HIGHEST_ATTENUATION_CB: Final = 1440
_UNPITCHED_ROOT: Final = 60
_LOWEST_KEY_HZ: Final = 440.0 * exp2(-69 / 12)
"""Frequency of MIDI key 0, from which cutoffs are counted in cents."""
_LONGEST_DELAY: Final = 5_000
_LONGEST_STAGE: Final = 8_000
"""Timecents, as the specification allows."""
_SILENT_CB: Final = 1_000
_SHORTEST_LOOP: Final = 8
"""Frames; shorter loops stand in zones that have none."""
_HIGHEST_PITCH: Final = 120.0
_CENTRE_DB: Final = -10.0 * log10(2.0)


class Playing(NamedTuple):
    """How a sample sounds."""

    sample: int
    pitch_semitones: float
    gain_db: float
    pan: int
    """-500 left .. 500 right."""
    start_frame: int
    end_frame: int | None
    lowpass: Filter | None
    envelope: Envelope | None
    loop: tuple[int, int] | None
    """Frames from the start of the sample; None also if the envelope never silences it."""


def playing(zone: Zone, key: int, record: np.void, attenuation: float = 1.0) -> Playing:
    """Return how a zone plays its sample at a key.

    :param key: the key that is struck.
    :param record: the sample's header.
    :param attenuation: factor of all attenuations.
    """
    start, end = part(zone, record)
    key = _played(zone, key)
    envelope = audible(_envelope(zone, key))
    return Playing(
        sample=zone.sample,
        pitch_semitones=_pitch(zone, key, record),
        gain_db=_gain_db(zone, attenuation),
        pan=min(max(zone.value(gen.PAN), LEFT), RIGHT),
        start_frame=start,
        end_frame=end if end is not None and end < _frames(record) else None,
        lowpass=_lowpass(zone),
        envelope=envelope,
        loop=None if envelope is None or envelope.silent_after_s is None else _loop(zone, record, start, end),
    )


def part(zone: Zone, record: np.void) -> tuple[int, int | None]:
    """Return the first frame of a sample that a zone plays, and the first after them, which need not come later.

    The latter is None for Ogg Vorbis, whose length is known only when it is decoded.
    """
    start = max(0, zone.value(gen.START_OFFSET) + gen.COARSE_FRAMES * zone.value(gen.START_COARSE_OFFSET))
    if int(record["type"]) & VORBIS:
        return start, None
    offset = zone.value(gen.END_OFFSET) + gen.COARSE_FRAMES * zone.value(gen.END_COARSE_OFFSET)
    return start, _frames(record) + min(offset, 0)


def _frames(record: np.void) -> int:
    return max(0, int(record["end"]) - int(record["start"]))


def _lowpass(zone: Zone) -> Filter | None:
    """Return the filter of a zone, if it is heard and stays where it is."""
    cutoff_hz = _LOWEST_KEY_HZ * exp2(min(max(zone.value(gen.CUTOFF), 1_500), 13_500) / 1200.0)
    if zone.value(gen.ENVELOPE_TO_CUTOFF) != 0:
        return None
    return audible_lowpass(cutoff_hz, FLAT_DB + _peak_db(zone))


def _peak_db(zone: Zone) -> float:
    return min(max(zone.value(gen.RESONANCE), 0), 960) / 10.0


def _played(zone: Zone, key: int) -> int:
    """Return the key that a zone plays where a key is struck; it may have one of its own."""
    forced = zone.value(gen.KEY)
    return forced if 0 <= forced <= 127 else key


def _envelope(zone: Zone, key: int) -> Envelope:
    """Return the volume envelope of a key that is held."""
    from_middle = _UNPITCHED_ROOT - key
    return Envelope(
        delay_s=_seconds(zone.value(gen.DELAY), _LONGEST_DELAY),
        attack_s=_seconds(zone.value(gen.ATTACK), _LONGEST_STAGE),
        hold_s=_seconds(zone.value(gen.HOLD) + zone.value(gen.KEY_TO_HOLD) * from_middle, _LONGEST_DELAY),
        decay_s=_seconds(zone.value(gen.DECAY) + zone.value(gen.KEY_TO_DECAY) * from_middle, _LONGEST_STAGE),
        sustain_db=max(-min(max(zone.value(gen.SUSTAIN), 0), _SILENT_CB) / 10.0, SILENCE_DB),
    )


def _seconds(timecents: int, most: int) -> float:
    return 0.0 if timecents <= gen.SHORTEST else exp2(min(timecents, most) / 1200.0)


def _loop(zone: Zone, record: np.void, start: int, end: int | None) -> tuple[int, int] | None:
    """Return the loop of a zone that has one; Ogg Vorbis is decoded later, so that its loops cannot be placed."""
    if not zone.value(gen.SAMPLE_MODES) & 1 or end is None:
        return None
    origin = int(record["start"])
    first = int(record["loop_start"]) - origin + zone.value(gen.LOOP_START_OFFSET)
    first += gen.COARSE_FRAMES * zone.value(gen.LOOP_START_COARSE_OFFSET)
    after = int(record["loop_end"]) - origin + zone.value(gen.LOOP_END_OFFSET)
    after += gen.COARSE_FRAMES * zone.value(gen.LOOP_END_COARSE_OFFSET)
    is_inside = start <= first and after <= end
    return (first, after) if is_inside and after - first >= _SHORTEST_LOOP else None


def _pitch(zone: Zone, key: int, record: np.void) -> float:
    stored = int(record["root"])
    root = zone.value(gen.ROOT_KEY)
    if root < 0:
        root = stored if stored <= 127 else _UNPITCHED_ROOT
    cents = (
        (key - root) * zone.value(gen.SCALE_TUNING)
        + 100 * zone.value(gen.COARSE_TUNE)
        + zone.value(gen.FINE_TUNE)
        + int(record["correction"])
    )
    return min(max(cents / 100, -_HIGHEST_PITCH), _HIGHEST_PITCH)


def _gain_db(zone: Zone, factor: float) -> float:
    attenuation = factor * min(max(zone.value(gen.ATTENUATION), 0), _HIGHEST_ATTENUATION_CB)
    forced = zone.value(gen.VELOCITY)
    softer_db = 4 * zone.dynamics_cb / 96 * log10(127 / forced) if 1 <= forced <= 127 else 0.0
    peak_db = 0.0 if _lowpass(zone) is None else _peak_db(zone) / 2.0  # half the peak, as the specification asks
    return 0.0 - attenuation / 10 - softer_db - peak_db


def balance(pan: int) -> tuple[float, float]:
    """Return gain in dB and balance (-1 left .. 1 right) of a mono sample, panned with constant power.

    >>> balance(500)
    (0.0, 1.0)
    """
    if abs(pan) == RIGHT:
        return 0.0, pan / RIGHT
    if pan == 0:
        return _CENTRE_DB, 0.0
    ratio = float(tan(math.pi / 4 * (1 - abs(pan) / RIGHT)))  # of the softer channel to the louder one
    return -10.0 * log10(1 + ratio * ratio), math.copysign(1 - ratio, pan)
