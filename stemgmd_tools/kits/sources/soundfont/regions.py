"""Regions of a preset: for every key and velocity, the zones that sound together.

A SoundFont plays all zones that a stroke falls into, unlike formats that choose one of them: two zones may be the
channels of a stereo sample, or a stick and a drum that are mixed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, Region, SoundFile
from stemgmd_tools.kits.sources.filters import between
from stemgmd_tools.kits.sources.soundfont import generators as gen
from stemgmd_tools.kits.sources.soundfont.playing import LEFT, RIGHT, Playing, balance, part, playing
from stemgmd_tools.kits.sources.soundfont.samples import Samples, common_name
from stemgmd_tools.kits.sources.soundfont.structure import SoundFont, name_of
from stemgmd_tools.kits.sources.soundfont.zones import DEFAULT_DYNAMICS_CB, Zone
from stemgmd_tools.numerics.elementary import exp2, log10

MOST_REGIONS: Final = 20_000
"""Largest number of regions, of a few hundred in a drum kit."""
MOST_TOGETHER: Final = 256
"""Largest number of zones of one key."""
LONGEST_RELEASE_S: Final = 0.5
"""A longer release lets drums ring on after the key is let go; it is no fade of a sound that is silenced."""
_SAME_PITCH_SEMITONES: Final = 0.1
"""Largest difference of the channels of a stereo sample; some banks detune one by a few cents."""


class Strand(NamedTuple):
    """One sound of a stroke: a mono sample, or the left and the right channel of a stereo one."""

    left: Zone
    right: Zone | None = None


@dataclass
class Reading:
    """What reading the regions of a preset finds out beside them."""

    font: SoundFont
    samples: Samples
    attenuation: float = 1.0
    """Factor of all attenuations."""
    notices: Counter[str] = field(default_factory=Counter)
    """Line -> how often."""


def layer_name(number: int) -> str:
    """Return the name of the sound of a stroke that consists of several, counted from 0."""
    return f"sound_{number + 1}"


def named(region: Region) -> dict[str, SoundFile]:
    """Return the sounds of a region, with a name even for one that is alone."""
    return {name or layer_name(0): sound for name, sound in region.sounds.items()}


def regions_of(zones: Sequence[Zone], reading: Reading) -> list[Region]:
    """Return the regions of the zones of a preset, by key and velocity.

    :raises KitError: if there are more than :data:`MOST_REGIONS`, or more than :data:`MOST_TOGETHER` zones of one key.
    """
    usable = [zone for zone in zones if _is_usable(zone, reading)]
    regions: list[Region] = []
    for key in range(128):
        active = [zone for zone in usable if zone.keys[0] <= key <= zone.keys[1]]
        if len(active) > MOST_TOGETHER:
            raise KitError(f"{shown(reading.font.path)}: {len(active)} zones play key {key}, at most {MOST_TOGETHER}")
        for velocities, together in _intervals(active):
            region = _region(key, velocities, together, reading)
            if regions and _continues(regions[-1], region):
                regions[-1] = replace(regions[-1], velocity=_joined(regions[-1], region))
            else:
                regions.append(region)
        if len(regions) > MOST_REGIONS:
            raise KitError(f"{shown(reading.font.path)}: the preset has more than {MOST_REGIONS:,} regions")
    return regions


def _joined(softer: Region, harder: Region) -> tuple[int, int]:
    return (softer.velocity or (1, 127))[0], (harder.velocity or (1, 127))[1]


def _continues(softer: Region, harder: Region) -> bool:
    """Return whether a region sounds as the one of the velocities below it; they may differ in a filter."""
    return replace(softer, velocity=None, place="") == replace(harder, velocity=None, place="") and (
        _joined(softer, softer)[1] + 1 == _joined(harder, harder)[0]
    )


def _is_usable(zone: Zone, reading: Reading) -> bool:
    record = reading.font.samples[zone.sample]
    problem = reading.samples.problem(zone.sample)
    start, end = part(zone, record)
    if not problem and end is not None and start >= end:
        problem = f"a zone plays it from frame {start:,} to {end:,}"
    if problem:
        reading.notices[f'left out sample "{name_of(record)}": {problem}'] += 1
    elif zone.value(gen.SAMPLE_MODES) & 1 and playing(zone, zone.keys[0], record).loop is None:
        reading.notices["played once: loops of samples that no envelope silences"] += 1
    return not problem


def _intervals(zones: Sequence[Zone]) -> Iterator[tuple[tuple[int, int], list[Zone]]]:
    """Yield ranges of velocities, and the zones that sound throughout each."""
    edges = {edge for zone in zones for edge in (max(zone.velocities[0], 1), zone.velocities[1] + 1)}
    for low, after in pairwise(sorted(edges)):
        together = [zone for zone in zones if zone.velocities[0] <= low and after - 1 <= zone.velocities[1]]
        if together:
            yield (low, after - 1), together


def _region(key: int, velocities: tuple[int, int], zones: Sequence[Zone], reading: Reading) -> Region:
    strands = _strands(key, zones, reading)
    names = [ONLY_MICROPHONE] if len(strands) == 1 else [layer_name(number) for number in range(len(strands))]
    first = strands[0].left
    exclusive = first.value(gen.EXCLUSIVE_CLASS)
    group = f"class {exclusive}" if exclusive > 0 else None
    release_s = exp2(min(max(first.value(gen.RELEASE), -12_000), 8_000) / 1200)
    return Region(
        sounds={name: _sound(key, strand, reading) for name, strand in zip(names, strands, strict=True)},
        place=first.place,
        keys=(key,),
        names=tuple(dict.fromkeys((_name(first, strands[0].right, reading.font), first.instrument))),
        velocity=velocities,
        dynamics_db=None if first.dynamics_cb == DEFAULT_DYNAMICS_CB else _dynamics_db(first.dynamics_cb),
        choke_group=group,
        chokes=(group,) if group else (),
        release_s=release_s if group and gen.RELEASE in first.values and release_s <= LONGEST_RELEASE_S else None,
    )


def _name(left: Zone, right: Zone | None, font: SoundFont) -> str:
    zones = (left,) if right is None else (left, right)
    return common_name([name_of(font.samples[zone.sample]) for zone in zones])


def _dynamics_db(dynamics_cb: int) -> float:
    """Return the level that a modulator from velocity to attenuation adds from velocity 1 to 127."""
    return float(40 * log10(127.0)) * max(dynamics_cb, 0) / DEFAULT_DYNAMICS_CB


def _sound(key: int, strand: Strand, reading: Reading) -> SoundFile:
    font = reading.font
    how = playing(strand.left, key, font.samples[strand.left.sample], reading.attenuation)
    right = strand.right
    other = None if right is None else playing(right, key, font.samples[right.sample], reading.attenuation)
    gain_db, pan = balance(how.pan) if strand.right is None else (0.0, 0.0)
    indices = dict.fromkeys(zone.sample for zone in strand if zone is not None)  # one sample may play on both sides
    path = reading.samples.file(*indices)
    return SoundFile(
        path=path,
        start_frame=how.start_frame,
        end_frame=how.end_frame,
        gain_db=how.gain_db + gain_db,
        pan=pan,
        pitch_semitones=how.pitch_semitones,
        lowpass=how.lowpass if other is None else between(how.lowpass, other.lowpass),
        envelope=how.envelope,
        loop=how.loop,
    )


def _strands(key: int, zones: Sequence[Zone], reading: Reading) -> list[Strand]:
    """Return the sounds of zones that play together, the channels of stereo samples joined."""
    font = reading.font
    rows = [(zone, playing(zone, key, font.samples[zone.sample])) for zone in zones]
    partner: dict[int, int] = {}
    for one, other in combinations(range(len(rows)), 2):
        if one not in partner and other not in partner and _is_pair(rows[one], rows[other], font):
            partner[one], partner[other] = other, one
    strands = []
    for place, (zone, how) in enumerate(rows):
        if place not in partner:
            strands.append(Strand(zone))
        elif place < partner[place]:
            second = rows[partner[place]][0]
            strands.append(Strand(zone, second) if how.pan < 0 else Strand(second, zone))
    return strands


def _is_pair(one: tuple[Zone, Playing], other: tuple[Zone, Playing], font: SoundFont) -> bool:
    """Return whether two zones are the channels of a stereo sample: hard left and right, and alike in all else."""
    (first, how), (second, same) = one, other
    if {how.pan, same.pan} != {LEFT, RIGHT}:
        return False
    rows = [font.samples[zone.sample] for zone in (first, second)]
    return (
        how._replace(sample=0, pan=0, pitch_semitones=0.0, lowpass=None, loop=None)
        == same._replace(sample=0, pan=0, pitch_semitones=0.0, lowpass=None, loop=None)
        and abs(how.pitch_semitones - same.pitch_semitones) <= _SAME_PITCH_SEMITONES
        and int(rows[0]["rate"]) == int(rows[1]["rate"])
        and abs((int(rows[0]["end"]) - int(rows[0]["start"])) - (int(rows[1]["end"]) - int(rows[1]["start"])))
        <= int(rows[0]["rate"])
    )
