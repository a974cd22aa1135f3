"""Make a sample map from a drum library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.importing.assign import Assignment, assign
from stemgmd_tools.kits.importing.fallbacks import RELEASE_S, choke_group, choking, stand_ins
from stemgmd_tools.kits.importing.licence import UNKNOWN, licence_of_folder, licence_of_text
from stemgmd_tools.kits.importing.microphone_names import map_names
from stemgmd_tools.kits.importing.velocity_layers import SQUARE_LAW_DB, added_db, velocity_layers
from stemgmd_tools.kits.sample_map.schema import (
    DYNAMICS_LIMIT_DB,
    GAIN_LIMIT_DB,
    OFF_DB,
    PITCH_LIMIT_SEMITONES,
    Articulation,
    KitMap,
    Layer,
    Microphone,
    Sound,
)
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, DrumLibrary, Region, SoundFile
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION

_GAIN_STEP_DB: Final = 0.01
_LAW_TOLERANCE_DB: Final = 0.05


@dataclass(frozen=True, slots=True)
class ImportedKit:
    """A sample map and how it came about."""

    map: KitMap
    assignment: Assignment
    license_file: str
    """Where the licence was found; empty if the library's definition says it, or nothing does."""
    notices: tuple[str, ...]
    ignored: Mapping[str, int]
    """Settings of the library that have no influence -> number of occurrences."""


def build_map(library: DrumLibrary, name: str, overrides: Mapping[str, str]) -> ImportedKit:
    """Return the sample map of a library.

    :param name: of the kit.
    :param overrides: see :func:`stemgmd_tools.kits.importing.assign.parse_overrides`.
    :raises KitError: if an articulation has no sound and nothing can stand in for it.
    :raises UsageError: if an override names no note or name of the library.
    """
    if not library.regions:
        raise KitError(f"{library.folder}: defines no sound; give the file that defines the drum kit")
    assignment = assign(library, overrides)
    articulations = {name: _articulation(name, assignment, library) for name in assignment.voices}
    degrees = {name: _degrees(one) for name, one in articulations.items()}
    for missing, fallback in stand_ins(degrees, (why for _, why in assignment.unused)).items():
        articulations[missing] = Articulation(fallback=fallback, **_choke(missing, ()))
    license_name, license_file = licence_of_text(library.license), ""
    if not license_name:
        license_name, license_file = licence_of_folder(library.folder)
    notices = library.notices
    if library.license and not license_name:
        notices = (*notices, f'the library says of its licence: "{library.license}"')
    kit_map = KitMap(
        schema_id="stemgmd-kit/1",
        name=name,
        title=library.title or name,
        description=library.description,
        license=license_name or UNKNOWN,
        attribution=library.attribution,
        source_url=library.source_url or None,
        folder=name,
        microphones=_microphones(library),
        articulations={name: articulations[name] for name in ARTICULATIONS},
    )
    return ImportedKit(kit_map, assignment, license_file, notices, library.ignored)


def _articulation(name: str, assignment: Assignment, library: DrumLibrary) -> Articulation:
    rows = assignment.regions(name)
    layers: list[Layer] = []
    degrees = sorted({openness for _, openness in rows}, key=lambda openness: openness or 0.0)
    for degree in degrees:
        regions = [region for region, openness in rows if openness == degree]
        layers += [
            Layer(
                velocity=(layer.low, layer.high),
                openness=degree,
                reference=None if layer.reference == layer.high else layer.reference,
                gain_db=_limited(layer.gain_db, GAIN_LIMIT_DB),
                **_sounds(layer.regions, library),
            )
            for layer in velocity_layers(regions)
        ]
    regions = [region for region, _ in rows]
    single = len(layers) == len(degrees)
    return Articulation(
        layers=tuple(layers),
        dynamics_db=_dynamics(added_db(regions)) if single else None,
        **_choke(name, regions),
    )


def _degrees(articulation: Articulation) -> tuple[float, ...]:
    """Return the degrees of openness of a hi-hat; none if it has one sound only."""
    return tuple({layer.openness: None for layer in articulation.layers or () if layer.openness is not None})


def _sounds(regions: Sequence[Region], library: DrumLibrary) -> dict[str, tuple[object, ...]]:
    """Return the takes of a layer: files, or a file per microphone; equal ones once."""
    names = {ONLY_MICROPHONE: ONLY_MICROPHONE} | map_names(library.microphones)
    takes: list[dict[str, Sound]] = []
    for region in regions:
        take = {names[microphone]: _sound(file, library) for microphone, file in region.sounds.items()}
        if take not in takes:
            takes.append(take)
    if all(set(take) == {ONLY_MICROPHONE} for take in takes):
        return {"files": tuple(take[ONLY_MICROPHONE] for take in takes)}
    return {"takes": tuple(takes)}


def _sound(file: SoundFile, library: DrumLibrary) -> Sound:
    return Sound(
        file=file.path.relative_to(library.folder).as_posix(),
        channels=file.channels,
        start_frame=file.start_frame,
        end_frame=file.end_frame,
        gain_db=_limited(file.gain_db, GAIN_LIMIT_DB),
        pan=_rounded(file.pan),
        pitch_semitones=_limited(file.pitch_semitones, PITCH_LIMIT_SEMITONES),
        lowpass=file.lowpass,
        highpass=file.highpass,
        envelope=file.envelope,
        loop=file.loop,
    )


def _choke(name: str, regions: Sequence[Region]) -> dict[str, object]:
    """Return choke group and choking of an articulation, by its piece, and its release, as the library says.

    The groups are those of a drum kit: what GMD's pedal and hands stop must stop, whatever the library groups.
    """
    piece = NOTE_OF_ARTICULATION[name].piece.value
    releases = [region.release_s for region in regions if region.release_s is not None]
    choice: dict[str, object] = {"choke_group": choke_group(name), "chokes": choking(name)}
    if releases:
        choice["release_s"] = min(max(_rounded(sum(releases) / len(releases), 0.001), 0.001), 2.0)
    elif piece in RELEASE_S:
        choice["release_s"] = RELEASE_S[piece]
    return choice


def _microphones(library: DrumLibrary) -> dict[str, Microphone] | None:
    if not library.microphones:
        return None
    names = map_names(library.microphones)
    return {
        names[name]: Microphone(gain_db=_level(one.gain_db), pan=_rounded(one.pan))
        for name, one in library.microphones.items()
    }


def _level(gain_db: float) -> float:
    """Return the gain of a microphone, which may be switched off."""
    return OFF_DB if gain_db <= OFF_DB else _limited(gain_db, GAIN_LIMIT_DB)


def _dynamics(added: float) -> float | None:
    """Return the dynamics of a single layer; None for the default, also where the player plays it always alike."""
    if added <= 0 or abs(added - SQUARE_LAW_DB) <= _LAW_TOLERANCE_DB:
        return None
    return min(_rounded(added), DYNAMICS_LIMIT_DB)


def _limited(value: float, limit: float) -> float:
    """Return a value on a grid that reads well, within limits of sample maps that no useful sound exceeds."""
    return min(max(_rounded(value), -limit), limit)


def _rounded(value: float, step: float = _GAIN_STEP_DB) -> float:
    """Return a value on a grid that reads well."""
    return round(round(value / step) * step, 6)
