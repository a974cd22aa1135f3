"""Distances of fitted voices, gathered by kit and sound; the figures the proof is made of are ratios of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.realism.fitted import fitted_voices, voice_without
from stemgmd_tools.fitting.evaluation.fit_metrics import RecordedLayer, analysed_layers, judge, play_like
from stemgmd_tools.fitting.recordings.families import Family, family_of
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.similarity.distance import AnalysedSound, Distance, distance

Float = NDArray[np.float64]

SOUNDS: dict[str, tuple[Family, ...]] = {
    "kick": (Family.KICK,),
    "snare": (Family.SNARE, Family.CROSS_STICK),
    "tom": (Family.TOM,),
    "closed hat": (Family.HIHAT_CLOSED,),
    "open hat": (Family.HIHAT_OPEN,),
    "ride": (Family.RIDE, Family.BELL),
    "crash": (Family.CRASH,),
}
SOUND_OF = {family: sound for sound, families in SOUNDS.items() for family in families}

FEWEST_LAYERS = 4
"""An articulation with so many layers can do without one."""


@dataclass(slots=True)
class Distances:
    """Of one sound of one kit; each array (pairs, 8), columns as in :class:`Distance`."""

    repeats: list[Distance] = field(default_factory=list)
    neighbours: list[Distance] = field(default_factory=list)
    model: list[Distance] = field(default_factory=list)
    model_repeats: list[Distance] = field(default_factory=list)
    level_db: list[float] = field(default_factory=list)
    left_out: list[float] = field(default_factory=list)
    """Mel distance of the model that never heard a recording's layer, over that of its nearest neighbour layer."""
    outermost: list[float] = field(default_factory=list)
    """The same for layers at either end, where the model extrapolates."""

    def floor(self, measure: str) -> float:
        """Return the natural floor: the median between two repeats; NaN without repeats."""
        return float(np.median(column(self.repeats, measure))) if self.repeats else float("nan")

    def ratios(self, which: str, measure: str) -> Float:
        """Return distances (``model``, ``model_repeats``, ``neighbours``) over the natural floor; none without one."""
        if not self.repeats:
            return np.empty(0)
        return column(getattr(self, which), measure) / self.floor(measure)


@dataclass(slots=True)
class JudgedKit:
    """All of one kit."""

    name: str
    sounds: dict[str, Distances]
    fit_s: float


def column(distances: Sequence[Distance], measure: str) -> Float:
    """Return one measure of every distance."""
    return np.array([getattr(one, measure) for one in distances], dtype=np.float64)


def judged_kit(kit: Kit, *, draws: int, ends: bool, most_left_out: int) -> JudgedKit:
    """Fit a kit, or take its kept fit, and measure everything.

    :param draws: strokes of the model per recording.
    :param ends: whether outermost layers are left out in turn too.
    :param most_left_out: how many inner layers of an articulation are left out in turn.
    """
    fitted = fitted_voices(kit)
    sounds: dict[str, Distances] = {}
    for articulation, strokes in recorded_strokes(kit).items():
        layers = analysed_layers(strokes)
        into = sounds.setdefault(SOUND_OF[family_of(articulation)], Distances())
        one = judge(fitted.voices[articulation], layers, articulation, draws)
        into.repeats += one.repeats
        into.neighbours += one.neighbours
        into.model += one.model
        into.model_repeats += one.model_repeats
        into.level_db += one.level_db
        for inner, ratios in _left_out(kit, articulation, layers, ends=ends, most=most_left_out):
            (into.left_out if inner else into.outermost).extend(ratios)
    return JudgedKit(kit.name, sounds, fitted.cpu_s)


def _left_out(
    kit: Kit, articulation: str, layers: Sequence[RecordedLayer], *, ends: bool, most: int
) -> Iterator[tuple[bool, list[float]]]:
    """Yield for each layer that is left out whether it is an inner one, and a ratio for each of its recordings."""
    strokes = [layer.strokes for layer in layers]
    for rows in _degrees(layers):
        if len(rows) < FEWEST_LAYERS:
            continue
        inner = _spread(rows[1:-1], most)
        for row in [*inner, *((rows[0], rows[-1]) if ends else ())]:
            voice = voice_without(kit, articulation, strokes, row)
            layer, nearest = layers[row], layers[_nearest(row, rows, layers)]
            played = [AnalysedSound(sound) for sound in play_like(voice, layer.strokes, articulation)]
            ratios = []
            for recording, stroke in zip(layer.sounds, played, strict=False):  # a lone recording has two strokes
                real = np.median([distance(recording, other).mel_db for other in nearest.sounds])
                ratios.append(float(distance(recording, stroke).mel_db / real))
            yield row in inner, ratios


def _spread(rows: Sequence[int], most: int) -> list[int]:
    """Return at most so many of ``rows``, evenly apart."""
    if len(rows) <= most:
        return list(rows)
    return [rows[int((index + 0.5) * len(rows) / most)] for index in range(most)]


def _degrees(layers: Sequence[RecordedLayer]) -> Iterable[list[int]]:
    """Return the rows of each degree of openness, softest first."""
    degrees: dict[str, list[int]] = {}
    for row, layer in enumerate(layers):
        degrees.setdefault(f"{layer.strokes.openness:g}", []).append(row)
    return degrees.values()


def _nearest(row: int, rows: Sequence[int], layers: Sequence[RecordedLayer]) -> int:
    """Return the row whose velocity has the ratio to that of ``row`` that is nearest to 1."""
    octaves = {one: np.log2(layers[one].strokes.velocity) for one in rows}
    return min((one for one in rows if one != row), key=lambda one: abs(octaves[one] - octaves[row]))


def pooled(kits: Mapping[str, JudgedKit], names: Iterable[str], sound: str) -> list[Distances]:
    """Return the distances of one sound of the named kits that have it."""
    return [kits[name].sounds[sound] for name in names if name in kits and sound in kits[name].sounds]
