"""Figures of a library that a sample map does not allow are limited, not refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stemgmd_tools.kits.importing.build_map import build_map
from stemgmd_tools.kits.sample_map.schema import Articulation, Sound
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, DrumLibrary, Microphone, Region, SoundFile

DRUMS = ("Kick", "Snare", "Tom Hi", "Tom Low", "HH closed", "HH open", "Ride", "Crash")
FOLDER = Path("/library")


def stroke(name: str, *, microphone: str = ONLY_MICROPHONE, **sound: float) -> Region:
    file = SoundFile(FOLDER / f"{name}.wav", **sound)  # type: ignore[arg-type]
    return Region({microphone: file}, f"toy: {name}", names=(name,))


def kick_of(*kicks: Region) -> Articulation:
    regions = (*kicks, *map(stroke, DRUMS[1:]))
    return build_map(DrumLibrary(FOLDER, regions, "Toy", license="CC0"), "toy", {}).map.articulations["kick"]


def only_sound(articulation: Articulation) -> Sound:
    assert articulation.layers is not None and articulation.layers[0].files is not None
    return articulation.layers[0].files[0]


@pytest.mark.parametrize(("figure", "limited"), [(-200.0, -60.0), (200.0, 60.0), (-12.344, -12.34)])
def test_levels_are_limited(figure: float, limited: float) -> None:
    assert only_sound(kick_of(stroke("Kick", gain_db=figure))).gain_db == limited


def test_pitch_is_limited() -> None:
    assert only_sound(kick_of(stroke("Kick", pitch_semitones=99.0))).pitch_semitones == 48.0


@pytest.mark.parametrize(
    ("added", "dynamics"), [(0.0, None), (42.076, 42.08), (168.0, 96.0), (None, None), (-5.0, None)]
)
def test_dynamics_of_a_single_layer_are_limited(added: float | None, dynamics: float | None) -> None:
    """A player that plays a single sound always alike says nothing about how it should follow velocity."""
    assert kick_of(replace(stroke("Kick"), dynamics_db=added)).dynamics_db == dynamics


def test_levels_of_very_soft_layers_are_limited() -> None:
    soft, loud = (
        replace(stroke(f"Kick {number}"), velocity=velocity, names=("Kick",))
        for number, velocity in enumerate(((1, 2), (3, 127)))
    )
    layers = kick_of(soft, loud).layers
    assert layers is not None
    assert [layer.gain_db for layer in layers] == [-60.0, 0.0]


def test_microphones_get_names_that_a_map_allows() -> None:
    regions = tuple(stroke(name, microphone="AmbL") for name in DRUMS)
    library = DrumLibrary(
        FOLDER, regions, "Toy", license="CC0", microphones={"AmbL": Microphone(gain_db=99.0, pan=-1.0)}
    )
    kit_map = build_map(library, "toy", {}).map
    assert kit_map.microphones is not None
    assert {name: (one.gain_db, one.pan) for name, one in kit_map.microphones.items()} == {"amb_l": (60.0, -1.0)}
    assert kit_map.articulations["kick"].layers is not None
    assert [list(take) for take in kit_map.articulations["kick"].layers[0].takes or ()] == [["amb_l"]]
