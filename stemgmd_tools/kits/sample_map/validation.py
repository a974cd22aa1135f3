"""Validate a sample map beyond its types: completeness, velocity ranges, fallbacks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap, Layer, Microphone, Sound
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, Group
from stemgmd_tools.storage.paths import is_relative_path
from stemgmd_tools.strict_yaml.problem import Problem, nearest

LOWEST_VELOCITY: Final = 1
HIGHEST_VELOCITY: Final = 127


def problems(kit_map: KitMap) -> Iterator[Problem]:
    """Yield all problems of a map that has valid types."""
    yield from _names(kit_map.articulations)
    if kit_map.folder is not None and not _is_inside(kit_map.folder):
        yield Problem(("folder",), f"found {json.dumps(kit_map.folder)}; give a folder's name, without .. or a drive")
    if kit_map.room is not None and all(articulation.model is None for articulation in kit_map.articulations.values()):
        yield Problem(("room",), "no articulation has a model; files keep the room they were recorded in")
    for name, articulation in kit_map.articulations.items():
        at = ("articulations", name)
        yield from _choke(at, articulation)
        if articulation.fallback is not None:
            yield from _fallback(name, kit_map.articulations)
        if articulation.layers is not None:
            yield from _layers(at, name, articulation.layers, kit_map.microphones or {})


def _names(articulations: Mapping[str, Articulation]) -> Iterator[Problem]:
    for name in articulations:
        if name not in ARTICULATIONS:
            yield Problem(
                ("articulations", name),
                f"unknown articulation{nearest(name, ARTICULATIONS)}; known: {', '.join(ARTICULATIONS)}",
            )
    missing = [name for name in ARTICULATIONS if name not in articulations]
    if missing:
        yield Problem(
            ("articulations",), f"missing {', '.join(missing)}; give each layers, a model or a declared fallback"
        )


def _choke(at: tuple[str | int, ...], articulation: Articulation) -> Iterator[Problem]:
    if articulation.choke_group is not None and not articulation.choke_group.strip():
        yield Problem((*at, "choke_group"), 'found ""; give the group a name or leave the key out')
    elif articulation.chokes and articulation.choke_group is None:
        yield Problem((*at, "chokes"), "found true, but without a choke_group there is nothing to choke")


def _fallback(name: str, articulations: Mapping[str, Articulation]) -> Iterator[Problem]:
    """Yield problems of a chain of fallbacks: an unknown target, a circle, or a degree that its end does not have."""
    at = ("articulations", name, "fallback", "articulation")
    chain = [name]
    while (fallback := articulations[chain[-1]].fallback) is not None:
        target = fallback.articulation
        if target not in articulations:
            if len(chain) == 1:
                yield Problem(at, f'unknown articulation "{target}"{nearest(target, articulations)}')
            return
        if target in chain:
            if target == name:
                yield Problem(at, f"fallbacks run in a circle: {' -> '.join([*chain, target])}")
            return
        chain.append(target)
    own, lender = articulations[name].fallback, articulations[chain[-1]]
    if own is not None and own.openness is not None and not _has_degrees(lender):
        yield Problem((*at[:-1], "openness"), f"{chain[-1]} has no degrees of openness; leave the key out")


def _has_degrees(articulation: Articulation) -> bool:
    if articulation.model is not None:
        return articulation.model.openness is not None
    return any(layer.openness is not None for layer in articulation.layers or ())


def _layers(
    at: tuple[str | int, ...], name: str, layers: Sequence[Layer], microphones: Mapping[str, Microphone]
) -> Iterator[Problem]:
    at = (*at, "layers")
    degrees = {layer.openness for layer in layers}
    is_hihat = NOTE_OF_ARTICULATION[name].piece.group is Group.HIHAT if name in NOTE_OF_ARTICULATION else True
    if None in degrees and len(degrees) > 1:
        yield Problem(at, "some layers give openness and some do not; give it for all or for none")
        return
    if degrees != {None} and not is_hihat:
        yield Problem(at, "openness is for the hi-hat only")
    for index, layer in enumerate(layers):
        yield from _layer((*at, index), layer, microphones)
    for degree in sorted(degrees, key=lambda openness: -1.0 if openness is None else openness):
        rows = [(index, layer) for index, layer in enumerate(layers) if layer.openness == degree]
        yield from _velocities(at, sorted(rows, key=lambda row: row[1].velocity), degree)


def _layer(at: tuple[str | int, ...], layer: Layer, microphones: Mapping[str, Microphone]) -> Iterator[Problem]:
    low, high = layer.velocity
    if low > high:
        yield Problem((*at, "velocity"), f"found {low}..{high}; the lowest velocity comes first")
    elif layer.reference is not None and not low <= layer.reference <= high:
        yield Problem((*at, "reference"), f"found {layer.reference}; it must lie in the layer's {low}..{high}")
    for index, sound in enumerate(layer.files or ()):
        yield from _sound((*at, "files", index), sound)
        if sound in (layer.files or ())[:index]:
            yield Problem(
                (*at, "files", index), f'"{sound.file}" is in this layer already; each variation is a file of its own'
            )
    for index, take in enumerate(layer.takes or ()):
        if not take:
            yield Problem((*at, "takes", index), "is empty; give at least one microphone and its file")
        for name, sound in take.items():
            yield from _sound((*at, "takes", index, name), sound)
            if name not in microphones:
                known = ", ".join(microphones) or "none"
                yield Problem(
                    (*at, "takes", index, name),
                    f"unknown microphone{nearest(name, microphones)}; known from the key microphones: {known}",
                )


def _sound(at: tuple[str | int, ...], sound: Sound) -> Iterator[Problem]:
    if not _is_inside(sound.file):
        yield Problem(at, f"found {json.dumps(sound.file)}; give a path inside the kit's folder, with /")
    if sound.end_frame is not None and sound.end_frame <= sound.start_frame:
        yield Problem(at, f"end_frame is {sound.end_frame}; it must be above start_frame, {sound.start_frame}")
    if sound.loop is not None:
        yield from _loop(at, sound, sound.loop)
    if len(set(sound.channels)) < len(sound.channels):
        yield Problem(at, f"channels are {', '.join(map(str, sound.channels))}; name each once")


def _loop(at: tuple[str | int, ...], sound: Sound, loop: tuple[int, int]) -> Iterator[Problem]:
    first, after = loop
    if not sound.start_frame <= first < after:
        yield Problem((*at, "loop"), f"found {first}..{after}; it starts at start_frame or later and ends after that")
    if sound.end_frame is not None and after > sound.end_frame:
        yield Problem((*at, "loop"), f"ends at {after}, behind end_frame, {sound.end_frame}; end it there or before")
    if sound.envelope is None or sound.envelope.silent_after_s is None:
        yield Problem((*at, "loop"), "would never end; give an envelope with sustain_db -100")


def _is_inside(path: str) -> bool:
    """Return whether a relative path stays inside its base folder, on every platform; a leading ``./`` is allowed."""
    return is_relative_path(PurePosixPath(path).as_posix()) and not PureWindowsPath(path).drive


def _velocities(
    at: tuple[str | int, ...], rows: Sequence[tuple[int, Layer]], degree: float | None
) -> Iterator[Problem]:
    """Check that the layers of one degree, in ascending order, cover 1..127 once."""
    where = "" if degree is None else f" (openness {degree:g})"
    (first, softest), (last, loudest) = rows[0], rows[-1]
    if softest.velocity[0] > LOWEST_VELOCITY:
        yield _gap((*at, first), LOWEST_VELOCITY, softest.velocity[0] - 1, where)
    for (below, lower), (above, upper) in pairwise(rows):
        if upper.velocity[0] > lower.velocity[1] + 1:
            yield _gap((*at, above), lower.velocity[1] + 1, upper.velocity[0] - 1, where)
        elif upper.velocity[0] <= lower.velocity[1]:
            shared = f"{upper.velocity[0]}..{min(upper.velocity[1], lower.velocity[1])}"
            yield Problem((*at, above, "velocity"), f"velocities {shared} are also in layers[{below}]{where}")
    if loudest.velocity[1] < HIGHEST_VELOCITY:
        yield _gap((*at, last), loudest.velocity[1] + 1, HIGHEST_VELOCITY, where)


def _gap(at: tuple[str | int, ...], low: int, high: int, where: str) -> Problem:
    return Problem((*at, "velocity"), f"velocities {low}..{high} are in no layer{where}; the layers cover 1..127")
