"""Measure the distances between a fitted voice and its recordings, and between repeated recordings.

One-shots of the voice are compared at the velocities of the recorded layers, with random draws that the fit did not
use. A recording may end before the drum has decayed, so strokes of the model are cut at the same frame; a model that
ends earlier is not extended.
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
"""A recording ends where its amplitude stays below this share (-80 dB) of its peak."""
_FADE_FRAMES: Final = 882
_MOST_NEIGHBOURS: Final = 2
"""Number of recordings per layer that are compared with the next layer's."""
_JUDGED: Final = "judged"
"""Kit name of the judged strokes' random streams, which fits do not use."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Distances of one articulation, over all its layers and degrees."""

    repeats: tuple[Distance, ...]
    """Distances of all pairs of recordings of one layer: the natural floor; empty if no layer has two."""
    neighbours: tuple[Distance, ...]
    """Distances between recordings of layers of neighbouring velocities."""
    model: tuple[Distance, ...]
    """Distances between recordings and strokes of the model at their velocity."""
    model_repeats: tuple[Distance, ...]
    """Distances of all pairs of the model's strokes at one velocity."""
    level_db: tuple[float, ...]
    """Level of the model minus that of the recordings, first 200 ms, one per layer."""
    recordings: int
    """Number of recordings compared."""


class RecordedLayer(NamedTuple):
    """One layer and its analysed recordings."""

    strokes: Strokes
    sounds: tuple[AnalysedSound, ...]


def analysed_layers(strokes: Sequence[Strokes]) -> tuple[RecordedLayer, ...]:
    """Return the layers of one articulation with analysed recordings."""
    return tuple(RecordedLayer(layer, tuple(AnalysedSound(repeat) for repeat in layer.repeats)) for layer in strokes)


def judge(voice: VoiceModel, layers: Sequence[RecordedLayer], articulation: str, draws: int = 1) -> Judgement:
    """Compare a voice with recordings.

    :param draws: number of strokes of the model per recording; recordings of a layer do not share strokes.
    """
    model: list[Distance] = []
    model_repeats: list[Distance] = []
    level_db: list[float] = []
    for layer in layers:
        played = play_like(voice, layer.strokes, articulation, draws)
        level_db.append(_level_db(played, 0) - _level_db(layer.strokes.repeats, ONSET_FRAMES))
        strokes = [AnalysedSound(sound) for sound in played]
        for index, recording in enumerate(layer.sounds):
            model += [distance(recording, stroke) for stroke in strokes[index * draws : (index + 1) * draws]]
        model_repeats += [distance(first, second) for first, second in combinations(strokes, 2)]
    return Judgement(
        repeats=tuple(_repeats(layers)),
        neighbours=tuple(_neighbours(layers)),
        model=tuple(model),
        model_repeats=tuple(model_repeats),
        level_db=tuple(level_db),
        recordings=sum(len(layer.sounds) for layer in layers),
    )


def play_like(voice: VoiceModel, strokes: Strokes, articulation: str, draws: int = 1) -> list[Float]:
    """Return ``draws`` strokes of a voice per recording of a layer, at least two, cut to the recordings' lengths.

    :return: each (frames, 2) at 44.1 kHz, the attack at frame 0.
    """
    ends = [_end(repeat) - ONSET_FRAMES for repeat in strokes.repeats for _ in range(draws)]
    ends += ends[-1:] * (2 - len(ends))
    played = play(voice, strokes, articulation, len(ends))
    return [_cut(sound, end) for sound, end in zip(played, ends, strict=True)]


def play(voice: VoiceModel, strokes: Strokes, articulation: str, count: int) -> list[Float]:
    """Return strokes of a voice at the velocity and openness of a recorded layer, like those in a bank.

    :return: each (frames, 2) at 44.1 kHz, the attack at frame 0.
    """
    there = voice.model_copy(update={"layers": (strokes.velocity,), "variations": count})
    chance = f"{articulation} {strokes.openness:g} {strokes.velocity}"  # independent draws for each layer
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
    """Return a sound cut to ``frames`` frames with a fade-out."""
    if len(sound) <= frames:
        return sound
    ended = sound[:frames].copy()
    fade = ended[-_FADE_FRAMES:]
    fade *= np.linspace(1.0, 0.0, len(fade))[:, None]
    return ended


def _repeats(layers: Sequence[RecordedLayer]) -> Iterator[Distance]:
    for layer in layers:
        yield from (distance(first, second) for first, second in combinations(layer.sounds, 2))


def _neighbours(layers: Sequence[RecordedLayer]) -> Iterator[Distance]:
    for softer, harder in pairwise(layers):
        if _same(softer.strokes.openness, harder.strokes.openness):
            for first in softer.sounds[:_MOST_NEIGHBOURS]:
                yield from (distance(first, second) for second in harder.sounds[:_MOST_NEIGHBOURS])


def _same(first: float, second: float) -> bool:
    return first == second or bool(np.isnan(first) and np.isnan(second))


def _level_db(sounds: Sequence[Float], onset: int) -> float:
    """Return the mean level of the 200 ms after the attack, dB re full scale."""
    power = [(sound[onset : onset + _LEVEL_FRAMES] ** 2).sum() for sound in sounds]
    return float(10.0 * np.log10(np.mean(power) / (2 * _LEVEL_FRAMES) + 1e-20))
