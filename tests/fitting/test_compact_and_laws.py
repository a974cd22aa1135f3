"""Fewer numbers, the same sound; and a law of velocity where none was recorded."""

from __future__ import annotations

import numpy as np
import pytest
from drum_measures import centroid_hz, distance_db, mel_power
from toy_fits import COLOUR, LAW, VOICES, cymbal, drum, struck, toy

from stemgmd_tools.fitting.velocity.typical import with_laws
from stemgmd_tools.kits.sample_map.schema import Articulation, Layer, Sound
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, VelocityBend, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.kits.voices.arithmetic import level_db
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.seeds import stream

INAUDIBLE_DB = 0.8
"""Two draws of one noise lie 2.4 dB apart."""


def busy(voice: VoiceModel) -> VoiceModel:
    """The same sound on finer grids: 33 knots, 9 bends, each point of the colour listed."""
    level = voice.noise.level_db
    times_s = np.linspace(0.0, level.times_s[-1], 33)
    values = tuple(tuple(np.interp(times_s, level.times_s, row) + 0.004) for row in level.values)
    bend = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((1.0,),))
    bends = tuple(VelocityBend(velocity=v, change_db=bend) for v in range(20, 110, 10))
    grid = tuple(grid_hz(COLOUR).tolist())
    update = {
        "level_db": BandEnvelope(frequencies_hz=level.frequencies_hz, times_s=tuple(times_s.tolist()), values=values),
        "velocity_bends": bends,
        "colour": voice.noise.colour and Colour(frequencies_hz=grid, gain_db=COLOUR.gain_db),
    }
    return voice.model_copy(update={"noise": voice.noise.model_copy(update=update)})


@pytest.mark.parametrize("voice", [cymbal(), drum(120.0)], ids=["cymbal", "drum"])
def test_fewer_numbers_sound_the_same(voice: VoiceModel) -> None:
    fine = busy(voice)
    few = compacted(fine)
    assert len(few.noise.level_db.times_s) <= 12
    assert len(few.noise.velocity_bends) <= 4
    assert few.noise.colour is None or few.noise.colour.frequencies_hz is None
    assert distance_db(mel_power(struck(fine)), mel_power(struck(few))) < INAUDIBLE_DB
    assert compacted(few) == few


def recorded_at(voices: dict[str, VoiceModel], *velocities: tuple[int, int], only: str) -> object:
    """The map of a toy in which one articulation has files."""
    kit_map = toy("bare").kit.map
    layers = tuple(Layer(velocity=one, files=(Sound(file="a.wav"),)) for one in velocities)
    return kit_map.model_copy(
        update={"articulations": {a: Articulation(layers=layers if a == only else LAYERED) for a in voices}}
    )


LAYERED = tuple(Layer(velocity=one, files=(Sound(file="a.wav"),)) for one in ((1, 60), (61, 127)))
FLAT = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((12.04,),))


def flat(voice: VoiceModel) -> VoiceModel:
    """As a fit of a single layer is: all frequencies follow velocity alike."""
    noise = voice.noise.model_copy(update={"velocity_db_per_octave": FLAT, "velocity_bends": ()})
    return voice.model_copy(update={"noise": noise})


def at(voice: VoiceModel, velocity: float) -> np.ndarray:
    return Synthesiser(voice, None, "toy", "toy").stroke(velocity, 0, 0.3, stream(1, "toy"))


@pytest.mark.parametrize("name", ["snare_head", "hi_tom_head", "hihat_pedal", "ride_bell", "crash1_edge"])
def test_a_piece_recorded_once_grows_louder_and_brighter(name: str) -> None:
    voices = {**VOICES, name: flat(VOICES[name])}
    done = with_laws(voices, recorded_at(voices, (1, 127), only=name))  # type: ignore[arg-type]
    assert {a for a in voices if done[a] != voices[a]} == {name}
    assert level_db(done[name], 100) == pytest.approx(level_db(voices[name], 100), abs=0.01)
    assert 4.0 < level_db(done[name], 100) - level_db(done[name], 50) < 14.0
    assert centroid_hz(at(done[name], 30)) < 0.97 * centroid_hz(at(done[name], 120))


def test_a_relative_of_the_same_kit_lends_its_law() -> None:
    voices = {**VOICES, "hi_tom_head": flat(VOICES["hi_tom_head"])}
    done = with_laws(voices, recorded_at(voices, (1, 127), only="hi_tom_head"))  # type: ignore[arg-type]
    assert done["hi_tom_head"].noise.velocity_db_per_octave == LAW
    layered = recorded_at(voices, (1, 50), (51, 127), only="hi_tom_head")
    assert with_laws(voices, layered) == voices  # type: ignore[arg-type]
