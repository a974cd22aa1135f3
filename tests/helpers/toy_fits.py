"""Toy voices with a pitch, a ring and a noise, quick to synthesise; a kit of them as if fitted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stemgmd_tools.kits.sample_map.kit import Content, Kit
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, Modes, Noise, Openness, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.kits.voices.arithmetic import louder
from stemgmd_tools.seeds import stream

LAW = BandEnvelope(frequencies_hz=(100, 8000), times_s=(0.005, 0.1), values=((8, 8), (10, 11)))
COLOUR = Colour(gain_db=tuple(3.0 * (-1.0) ** index for index in range(120)), low_hz=100.0)


def cymbal(level_db: float = -40.0, ring_s: float = 0.5, openness: Openness | None = None) -> VoiceModel:
    """Bright noise that falls by 60 dB in a time; six partials unless it has degrees of openness."""
    times_s = (0.0, 0.004, 0.02, 0.1, 0.5)
    rows = [[level_db + low - 60.0 * t / ring_s for t in times_s] for low in (-25, -10, 0, 0)]
    partials = Modes(
        frequency_hz=(900.0, 1430.0, 2110.0, 2870.0, 4200.0, 5100.0),
        t60_s=(ring_s,) * 6,
        level_db=(level_db - 6.0,) * 6,
        velocity_db_per_octave=(8.0,),
        onset_s=0.01,
    )
    return VoiceModel(
        layers=(40, 100),
        duration_s=4.0,
        noise=Noise(
            level_db=BandEnvelope(frequencies_hz=(100, 1000, 4000, 12000), times_s=times_s, values=_rows(rows)),
            velocity_db_per_octave=LAW,
            colour=COLOUR,
        ),
        body=partials if openness is None else None,
        openness=openness,
    )


def drum(pitch_hz: float, level_db: float = -20.0, wires_db: float = -30.0) -> VoiceModel:
    """A head of three modes under a stick's click and some noise."""
    times_s = (0.0, 0.004, 0.02, 0.1, 0.4)
    fall = (0.0, -3.0, -12.0, -25.0, -60.0)
    rows = [[level_db + wires_db + low + step for step in fall] for low in (-10, 0, 2)]
    return VoiceModel(
        layers=(40, 100),
        duration_s=4.0,
        noise=Noise(
            level_db=BandEnvelope(frequencies_hz=(100, 1000, 8000), times_s=times_s, values=_rows(rows)),
            velocity_db_per_octave=LAW,
        ),
        body=Modes(
            frequency_hz=(pitch_hz, 1.59 * pitch_hz, 2.14 * pitch_hz),
            t60_s=(0.6, 0.4, 0.3),
            level_db=(level_db, level_db - 6, level_db - 9),
            phase_turns=(0.1, 0.4, 0.7),
            velocity_db_per_octave=(8.0, 8.5, 9.0),
            bend_velocities=(20, 100),
            bends_db=((1.0, 0.0), (2.0, 0.0), (0.5, 0.0)),
        ),
        attack=Modes(
            frequency_hz=(1800.0, 3900.0), t60_s=(0.012, 0.006), level_db=(-38, -42), velocity_db_per_octave=(10.0,)
        ),
    )


def _rows(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(round(x)) for x in row) for row in rows)


VOICES = {
    "kick": drum(60.0),
    "snare_head": drum(190.0, wires_db=-12.0),
    "snare_cross_stick": drum(800.0, level_db=-30.0),
    "hi_tom_head": drum(150.0),
    "mid_tom_head": drum(115.0),
    "low_tom_head": drum(80.0),
    "hihat_closed_bow": cymbal(ring_s=0.15),
    "hihat_pedal": cymbal(level_db=-45.0, ring_s=0.12),
    "hihat_open_bow": cymbal(ring_s=2.0, openness=Openness(degrees=(0.4, 1.0), stretch=(0.3, 1.0))),
    "ride_bow": cymbal(level_db=-50.0, ring_s=3.0),
    "ride_bell": cymbal(level_db=-46.0, ring_s=2.5),
    "crash1_edge": cymbal(level_db=-36.0, ring_s=3.5),
}


class Toy(NamedTuple):
    """A kit as :func:`stemgmd_tools.fitting.estimation.recorded_kit.fit_voices` returns it."""

    kit: Kit
    voices: dict[str, VoiceModel]
    notes: tuple[str, ...] = ()


def toy(name: str, spdx: str = "CC0-1.0", *, without: tuple[str, ...] = (), gain_db: float = 0.0) -> Toy:
    """Return a fitted kit that lacks some articulations."""
    voices = {a: louder(voice, gain_db) for a, voice in VOICES.items() if a not in without}
    kit_map = KitMap(
        schema="stemgmd-kit/1",
        name=name,
        title=name.title(),
        description="A toy.",
        license=spdx,
        attribution=f"who recorded {name}",
        articulations={a: Articulation(model=voice) for a, voice in voices.items()},
    )
    return Toy(Kit(name, "", Path(f"{name}.yaml"), None, Content(kit_map, "")), voices)


def struck(voice: VoiceModel, degree: int = -1, place: float = 0.3, velocity: int = 100) -> np.ndarray:
    """Return a stroke."""
    synthesiser = Synthesiser(voice, None, "toy", "toy")
    return synthesiser.stroke(velocity, range(len(synthesiser.degrees))[degree], place, stream(1, "toy", str(place)))
