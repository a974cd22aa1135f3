"""From the instruments of a Hydrogen kit to regions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, Microphone, Region, SoundFile
from stemgmd_tools.kits.sources.hydrogen.instruments import Instrument
from stemgmd_tools.kits.sources.hydrogen.layers import Take, decibels, takes

LINEAR_DYNAMICS_DB: Final = decibels(127)
"""Hydrogen multiplies the sound by velocity / 127, which is so many dB from velocity 1 to 127."""

_OPEN: Final = re.compile(r"open", re.IGNORECASE)
_PARTLY: Final = re.compile(r"semi|half|part|quarter", re.IGNORECASE)
_SHUT: Final = re.compile(r"clos|shut|tight", re.IGNORECASE)


def microphones(instruments: Sequence[Instrument]) -> dict[str, Microphone]:
    """Return the components of all instruments, in the order of the file; none if there is only one.

    Hydrogen's components are mostly the microphones of a recording.
    """
    parts = [part for instrument in instruments if not instrument.muted for part in instrument.components]
    by_name = {part.name: Microphone(part.level_db) for part in parts}
    return by_name if len(by_name) > 1 else {}


def notes_of(instruments: Sequence[Instrument]) -> list[int | None]:
    """Return the note of each instrument; None where the kit gives none, or gives it to several.

    Hydrogen plays instruments by their position. Old versions wrote note 60 for all of them, and authors have used one
    note for different drums, so that only names tell those apart.
    """
    counts = Counter(instrument.note for instrument in instruments)
    return [instrument.note if counts[instrument.note] == 1 else None for instrument in instruments]


def regions_of(instrument: Instrument, note: int | None, openness: float | None, *, named: bool) -> list[Region]:
    """Return the regions of an instrument; none if it is muted.

    :param named: whether the kit has several components.
    """
    if instrument.muted or not instrument.components:
        return []
    return [_region(instrument, take, note, openness, named=named) for take in takes(instrument.components)]


def _region(instrument: Instrument, take: Take, note: int | None, openness: float | None, *, named: bool) -> Region:
    sounds = {
        part.name if named else ONLY_MICROPHONE: _mixed(layer.sound, instrument, 0.0 if named else part.level_db)
        for part, layer in zip(instrument.components, take.layers, strict=True)
    }
    first = take.layers[0]
    return Region(
        sounds=sounds,
        place=first.place,
        keys=() if note is None else (note,),
        names=tuple(filter(None, (instrument.name, instrument.kind, first.sound.path.stem))),
        velocity=take.velocity,
        round_robin=take.turn,
        dynamics_db=LINEAR_DYNAMICS_DB if instrument.follows_velocity else 0.0,
        openness=openness,
        choke_group=instrument.mute_group,
        chokes=() if instrument.mute_group is None else (instrument.mute_group,),
        release_s=instrument.release_s,
    )


def _mixed(sound: SoundFile, instrument: Instrument, level_db: float) -> SoundFile:
    return replace(
        sound,
        gain_db=sound.gain_db + instrument.gain_db + level_db,
        pan=instrument.pan,
        envelope=instrument.envelope.at(sound.pitch_semitones),
    )


def openness_of(instruments: Sequence[Instrument]) -> list[float | None]:
    """Return the openness of each instrument of a hi-hat group, from the values of controller 4 that select it.

    Drum modules send higher values the more the pedal is pressed, but some authors have counted the other way. Names
    that say "open" and "closed" decide; without them, high values are shut.
    """
    groups: dict[int, list[Instrument]] = {}
    for instrument in instruments:
        if instrument.hihat_group is not None and instrument.components:
            groups.setdefault(instrument.hihat_group, []).append(instrument)
    rising = {group: _opens_upwards(members) for group, members in groups.items()}
    return [
        None if instrument.hihat_group not in rising else _openness(instrument.pressure, rising[instrument.hihat_group])
        for instrument in instruments
    ]


def _openness(pressure: tuple[int, int], opens_upwards: bool) -> float | None:
    """Return the openness that a range stands for; None for the whole range, which says nothing."""
    low, high = pressure
    if low > high or (low == 0 and high == 127):
        return None
    position = 0.0 if low == 0 else 1.0 if high == 127 else (low + high) / 2 / 127
    return position if opens_upwards else 1.0 - position


def _opens_upwards(members: Sequence[Instrument]) -> bool:
    """Return whether the instruments that are called open have higher values than those that are called closed."""
    wide = [sum(member.pressure) for member in members if _OPEN.search(member.name) and not _PARTLY.search(member.name)]
    shut = [sum(member.pressure) for member in members if _SHUT.search(member.name)]
    return bool(wide and shut) and sum(wide) / len(wide) > sum(shut) / len(shut)


def hides_layers(instrument: Instrument) -> bool:
    """Return whether it has layers that never play, since those before them are for the same velocities."""
    if instrument.muted or not instrument.components:
        return False
    played = {id(layer) for take in takes(instrument.components) for layer in take.layers}
    return any(id(layer) not in played for part in instrument.components for layer in part.layers)
