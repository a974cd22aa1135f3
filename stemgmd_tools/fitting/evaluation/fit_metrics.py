"""How near a fitted voice comes to its recordings, next to how near the recordings come to each other.

Both are measured with what is played: one-shots of the voice, at the velocities of the recorded layers, of draws that
the fit has not seen. A recording ends where it was cut, not where the drum does, so each of its strokes of the model is
cut there too; a model that ends earlier is held to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.synthesis.takes import LEVEL_S
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.similarity.distance import AnalysedSound, Distance, distance

_LEVEL_FRAMES: Final = round(LEVEL_S * SAMPLE_RATE)
_SILENCE: Final = 1e-4
"""A recording has ended where its amplitude stays below this share (-80 dB) of its peak."""
_FADE_FRAMES: Final = 882
_MOST_NEIGHBOURS: Final = 2
"""Recordings per layer that are compared with the next layer's."""
_JUDGED: Final = "judged"
"""The kit whose name the judged strokes are drawn by; fits draw by other names."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Distances of one articulation, gathered over its layers and degrees."""

    repeats: tuple[Distance, ...]
    """Every pair of recordings of one layer: the natural floor; empty if no layer has two."""
    neighbours: tuple[Distance, ...]
    """Recordings of layers next to each other in velocity."""
    model: tuple[Distance, ...]
    """Every recording and strokes of the model at its velocity."""
    model_repeats: tuple[Distance, ...]
    """Every pair of the model's strokes at one velocity."""
    level_db: tuple[float, ...]
    """Level of the model minus that of the recordings, first 200 ms, one per layer."""
    recordings: int
    """How many were compared."""


class RecordedLayer(NamedTuple):
    """One layer, ready to be compared."""

    strokes: Strokes
    heard: tuple[AnalysedSound, ...]


def heard_layers(strokes: Sequence[Strokes]) -> tuple[RecordedLayer, ...]:
    """Return the layers of one articulation, ready to be compared."""
    return tuple(RecordedLayer(layer, tuple(AnalysedSound(repeat) for repeat in layer.repeats)) for layer in strokes)


def judge(voice: VoiceModel, layers: Sequence[RecordedLayer], articulation: str, draws: int = 1) -> Judgement:
    """Compare a voice with recordings.

    :param draws: strokes of the model per recording; two recordings of a layer never meet the same one.
    """
    model: list[Distance] = []
    model_repeats: list[Distance] = []
    level_db: list[float] = []
    for layer in layers:
        played = play_like(voice, layer.strokes, articulation, draws)
        level_db.append(_level_db(played, 0) - _level_db(layer.strokes.repeats, ONSET_FRAMES))
        strokes = [AnalysedSound(sound) for sound in played]
        for index, recording in enumerate(layer.heard):
            model += [distance(recording, stroke) for stroke in strokes[index * draws : (index + 1) * draws]]
        model_repeats += [distance(one, other) for one, other in combinations(strokes, 2)]
    return Judgement(
        repeats=tuple(_repeats(layers)),
        neighbours=tuple(_neighbours(layers)),
        model=tuple(model),
        model_repeats=tuple(model_repeats),
        level_db=tuple(level_db),
        recordings=sum(len(layer.heard) for layer in layers),
    )


def play_like(voice: VoiceModel, strokes: Strokes, articulation: str, draws: int = 1) -> list[Float]:
    """Return ``draws`` strokes of a voice for each recording of a layer, two at least, each cut where its recording is.

    :return: each (frames, 2) at 44.1 kHz, the attack at frame 0.
    """
    ends = [_end(repeat) - ONSET_FRAMES for repeat in strokes.repeats for _ in range(draws)]
    ends += ends[-1:] * (2 - len(ends))
    played = play(voice, strokes, articulation, len(ends))
    return [_cut(sound, end) for sound, end in zip(played, ends, strict=True)]


def play(voice: VoiceModel, strokes: Strokes, articulation: str, count: int) -> list[Float]:
    """Return strokes of a voice at the velocity and openness of a recorded layer, as a bank would hold them.

    :return: each (frames, 2) at 44.1 kHz, the attack at frame 0.
    """
    there = voice.model_copy(update={"layers": (strokes.velocity,), "variations": count})
    chance = f"{articulation} {strokes.openness:g} {strokes.velocity}"  # layers are not to share their luck
    synthesiser = Synthesiser(there, None, _JUDGED, chance)
    degree = 0
    if voice.openness is not None and not np.isnan(strokes.openness):
        degree = int(np.argmin(np.abs(np.array(voice.openness.degrees) - strokes.openness)))
    return [synthesiser.one_shot(0, degree, variation) for variation in range(count)]


def _end(sound: Float) -> int:
    """Return the frame after which a recording is silent."""
    amplitude = np.abs(sound).max(axis=1)
    return int(np.flatnonzero(amplitude > _SILENCE * amplitude.max())[-1]) + 1


def _cut(sound: Float, frames: int) -> Float:
    """Return a sound that ends after so many frames, faded out."""
    if len(sound) <= frames:
        return sound
    ended = sound[:frames].copy()
    fade = ended[-_FADE_FRAMES:]
    fade *= np.linspace(1.0, 0.0, len(fade))[:, None]
    return ended


def _repeats(layers: Sequence[RecordedLayer]) -> Iterator[Distance]:
    for layer in layers:
        yield from (distance(one, other) for one, other in combinations(layer.heard, 2))


def _neighbours(layers: Sequence[RecordedLayer]) -> Iterator[Distance]:
    for softer, harder in pairwise(layers):
        if _same(softer.strokes.openness, harder.strokes.openness):
            for one in softer.heard[:_MOST_NEIGHBOURS]:
                yield from (distance(one, other) for other in harder.heard[:_MOST_NEIGHBOURS])


def _same(openness: float, other: float) -> bool:
    return openness == other or bool(np.isnan(openness) and np.isnan(other))


def _level_db(sounds: Sequence[Float], onset: int) -> float:
    """Return the mean level of the 200 ms after the attack, dB re full scale."""
    power = [(sound[onset : onset + _LEVEL_FRAMES] ** 2).sum() for sound in sounds]
    return float(10.0 * np.log10(np.mean(power) / (2 * _LEVEL_FRAMES) + 1e-20))
