"""Prepare kits as parents: give every articulation its own voice and every colour as numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.generate.instruments import GROUP_OF, GROUPS, INSTRUMENT_OF, INSTRUMENTS, MAIN, SIMILAR
from stemgmd_tools.kits.sample_map.kit import sample_files
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, KitMap, Recording
from stemgmd_tools.kits.synthesis.colour import drawn_curve
from stemgmd_tools.kits.synthesis.parameters import Colour, Openness, VoiceModel
from stemgmd_tools.kits.voices.edits import damped, retuned
from stemgmd_tools.kits.voices.loudness import level_db
from stemgmd_tools.kits.voices.tables import Shift, row
from stemgmd_tools.numerics.elementary import exp2
from stemgmd_tools.pieces import ARTICULATIONS

_FREE: Final = ("CC0-1.0", "0BSD", "MIT-0", "Unlicense")
_NAMING: Final = ("MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0")
_GAIN_DB: Final = 60.0


class Parent(NamedTuple):
    """A kit that others are drawn from."""

    map: KitMap
    """The kit as :func:`parent` returns it."""
    instruments: tuple[str, ...]
    """Its own instruments; the others are stand-ins that nothing is drawn from."""


def as_parent(kit_map: KitMap) -> Parent:
    """Return a kit as a parent, with the instruments that it gives.

    :raises UsageError: if the kit plays sample files.
    """
    return Parent(parent(kit_map), tuple(one for one in INSTRUMENTS if _is_own(kit_map, one)))


def own_groups(kit_map: KitMap) -> tuple[str, ...]:
    """Return the groups of which every instrument is the kit's own.

    A tom that falls back on another tom is, or a crash on the other crash, but not a ride on a crash.
    """
    return tuple(group for group, members in GROUPS.items() if all(_is_own(kit_map, member) for member in members))


def _is_own(kit_map: KitMap, instrument: str) -> bool:
    name = MAIN[instrument]
    while (fallback := kit_map.articulations[name].fallback) is not None:
        name = fallback.articulation
    return SIMILAR[INSTRUMENT_OF[name]] == SIMILAR[instrument]


def parent(kit_map: KitMap) -> KitMap:
    """Return an equivalent kit in which every articulation has a model with a given colour and the kit's gain is 0.

    :raises UsageError: if the kit plays sample files, which have no parameters to vary.
    """
    if any(sample_files(kit_map)):
        raise UsageError(
            f"kit {kit_map.name} plays sample files, which cannot be varied; name modelled kits, or fit a model to it "
            f"with stemgmd kits fit {kit_map.name}"
        )
    articulations = {name: _complete(kit_map, name) for name in ARTICULATIONS}
    return kit_map.model_copy(update={"articulations": articulations, "gain_db": 0.0})


def voice_of(articulation: Articulation) -> VoiceModel:
    """Return the voice of a parent's articulation."""
    if articulation.model is None:
        raise UsageError("only articulations with a model can be varied")
    return articulation.model


def _complete(kit_map: KitMap, name: str) -> Articulation:
    articulation = kit_map.articulations[name]
    if articulation.fallback is not None:
        lender = _complete(kit_map, articulation.fallback.articulation)
        return _borrowed(articulation, articulation.fallback, lender)
    voice = _with_given_colour(voice_of(articulation), kit_map.name)
    return articulation.model_copy(update={"model": voice, "gain_db": _gain(articulation.gain_db + kit_map.gain_db)})


def _borrowed(articulation: Articulation, fallback: Fallback, lender: Articulation) -> Articulation:
    """Return a fallback as an articulation with its own voice; resampling makes it higher and shorter."""
    voice = voice_of(lender)
    if fallback.openness is not None and voice.openness is not None:
        voice = voice.model_copy(update={"openness": nearest_degree(voice.openness, fallback.openness)})
    voice = retuned(voice, Shift(fallback.pitch_semitones))
    voice = damped(voice, exp2(-fallback.pitch_semitones / 12.0), 0.0)
    return articulation.model_copy(
        update={
            "model": voice,
            "fallback": None,
            "gain_db": _gain(articulation.gain_db + fallback.gain_db + lender.gain_db),
            "pan": float(np.clip(articulation.pan + lender.pan, -1.0, 1.0)),
            "dynamics_db": lender.dynamics_db if articulation.dynamics_db is None else articulation.dynamics_db,
        }
    )


def nearest_degree(openness: Openness, wanted: float) -> Openness:
    """Return the openness with one of its degrees alone, the nearest to the one wanted."""
    nearest = int(np.argmin(np.abs(np.array(openness.degrees) - wanted)))
    level = openness.level_db and tuple((levels[nearest],) for levels in openness.level_db)
    return openness.model_copy(
        update={
            "degrees": (openness.degrees[nearest],),
            "stretch": (openness.stretch[nearest],),
            "level_db": level,
        }
    )


def _gain(gain_db: float) -> float:
    return float(np.clip(gain_db, -_GAIN_DB, _GAIN_DB))


def _with_given_colour(voice: VoiceModel, kit: str) -> VoiceModel:
    """Return a voice with its colour given as numbers instead of drawn from the kit's name."""
    colour = voice.noise.colour
    if colour is None or colour.gain_db is not None:
        return voice
    points_hz, gain_db = drawn_curve(colour, kit)
    curve = Colour(
        points_per_octave=colour.points_per_octave,
        low_hz=colour.low_hz,
        least_step_hz=colour.least_step_hz,
        frequencies_hz=row(np.round(points_hz, 2)),
        gain_db=row(gain_db),
    )
    return voice.model_copy(update={"noise": voice.noise.model_copy(update={"colour": curve})})


def levels_db(kit_map: KitMap) -> dict[str, float]:
    """Return the level of every articulation of a parent at velocity 100, dB re full scale."""
    return {
        name: level_db(voice_of(articulation)) + articulation.gain_db
        for name, articulation in kit_map.articulations.items()
    }


def level_of(kit_map: KitMap, instrument: str) -> float:
    """Return the level of an instrument's main articulation at velocity 100, dB re full scale."""
    articulation = kit_map.articulations[MAIN[instrument]]
    return level_db(voice_of(articulation)) + articulation.gain_db


def balanced(kits: Mapping[str, KitMap], instruments: Mapping[str, Collection[str]]) -> dict[str, KitMap]:
    """Return kits at one loudness; each instrument keeps its place in the balance of its own kit.

    A kit without some instruments is compared by those it has with the typical balance of the whole ones, so that a
    snare drum alone is as loud as a typical snare drum.

    :param kits: name -> parent.
    :param instruments: name -> the instruments that the kit has.
    """
    levels = {name: {one: level_of(kit, one) for one in INSTRUMENTS} for name, kit in kits.items()}
    whole = [name for name in kits if len(set(instruments[name])) == len(INSTRUMENTS)] or list(kits)
    loudness = {name: float(np.mean(list(levels[name].values()))) for name in whole}
    common = float(np.mean(list(loudness.values())))
    typical = {
        one: float(np.median([levels[name][one] - loudness[name] for name in whole])) + common for one in INSTRUMENTS
    }
    changes = {name: float(np.median([typical[one] - levels[name][one] for one in instruments[name]])) for name in kits}
    return {name: louder_kit(kit, changes[name]) for name, kit in kits.items()}


def louder_kit(kit: KitMap, change_db: float) -> KitMap:
    """Return a parent with another level, limited to the range of a sample map."""
    articulations = {
        name: one.model_copy(update={"gain_db": _gain(one.gain_db + change_db)})
        for name, one in kit.articulations.items()
    }
    return kit.model_copy(update={"articulations": articulations})


def strictest(licenses: Iterable[str]) -> str:
    """Return the licence of a kit generated from kits under these: the strictest; share-alike and unknown ones win.

    Several licences of the strictest kind are joined as an SPDX expression.
    """
    ranked = {license_id: _rank(license_id) for license_id in licenses}
    highest = max(ranked.values())
    return " AND ".join(sorted(license_id for license_id, rank in ranked.items() if rank == highest))


def _rank(license_id: str) -> int:
    if license_id in _FREE:
        return 0
    if license_id in _NAMING:
        return 1
    return 2 if license_id.startswith("CC-BY-") and license_id.split("-")[2][:1].isdigit() else 3


def measured_on(parts: Mapping[str, Sequence[KitMap]]) -> tuple[Recording, ...]:
    """Return the recordings that a generated kit is based on.

    :param parts: group of instruments -> its parents; an instrument with other parents than its group has its own.
    """
    used: dict[str, tuple[Recording, set[str]]] = {}
    for name in ARTICULATIONS:
        instrument = INSTRUMENT_OF[name]
        for kit_map in parts.get(instrument, parts[GROUP_OF[instrument]]):
            for recording in kit_map.measured_on:
                if name in recording.articulations or not recording.articulations:
                    used.setdefault(recording.kit, (recording, set()))[1].add(name)
    return tuple(
        recording.model_copy(
            update={"articulations": () if len(names) == len(ARTICULATIONS) else tuple(sorted(names, key=_order))}
        )
        for recording, names in (used[kit] for kit in sorted(used))
    )


def _order(articulation: str) -> int:
    return ARTICULATIONS.index(articulation)


def joined(texts: Iterable[str]) -> str:
    """Return the distinct non-empty texts, joined in order."""
    return "; ".join(dict.fromkeys(text for text in texts if text))
