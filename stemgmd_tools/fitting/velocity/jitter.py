"""Estimate the variation between strokes of one velocity from the repeats of every layer.

Level and tilt are measured. The remaining variation is matched by synthesis, so that the distances between strokes of
the model equal those between repeats. Strokes of a drum are more alike than independent noise, so they share noise;
those of a cymbal differ more, so their bands vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from stemgmd_tools.fitting.noise.bands import Bands, decibels
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.fitting.velocity.refine import KIT
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import Jitter, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.seeds import stream
from stemgmd_tools.similarity.distance import AnalysedSound, distance

TYPICAL: Final = Jitter(level_db=0.6, tilt_db_per_octave=0.15, band_db=0.4, mode_db=0.4, shared_noise=0.3)
"""Default without repeats: close to the medians of kits with known repeats."""

_LEVEL_LIMITS_DB: Final = (0.1, 3.0)
_TILT_LIMITS_DB: Final = (0.0, 0.8)
_LEAST: Final = {"band_db": 0.2, "mode_db": 0.2, "frequency": 0.0004, "shared_noise": 0.0}
_SHARED: Final = (0.4, 0.6, 0.75, 0.85, 0.92)
_BAND_DB: Final = (0.6, 0.9, 1.2)
"""Larger values would increase the distance to the recordings more than the variety."""
_ENOUGH: Final = (0.88, 1.12)
"""Accepted range of the ratio of spreads."""
_MOST_LAYERS: Final = 2
_MOST_REPEATS: Final = 3
_LONGEST_FRAMES: Final = round(1.5 * SAMPLE_RATE)


def jitter_of(repeats: Sequence[Sequence[Bands]]) -> Jitter | None:
    """Return the variation of level and tilt over the repeats of all layers; None without repeats."""
    levels, tilts = [], []
    for layer in repeats:
        if len(layer) < 2:
            continue
        level = decibels(np.array([bands.power.sum() for bands in layer]))
        levels += [float(level.var(ddof=1))] * (len(layer) - 1)
        tilts += [float(spectrum_tilts(layer).var(ddof=1))] * (len(layer) - 1)
    if not levels:
        return None
    level_db, tilt = (float(np.sqrt(np.mean(variances))) for variances in (levels, tilts))
    return Jitter(
        level_db=round(float(np.clip(level_db, *_LEVEL_LIMITS_DB)), 2),
        tilt_db_per_octave=round(float(np.clip(tilt, *_TILT_LIMITS_DB)), 2),
        **_LEAST,
    )


def spectrum_tilts(repeats: Sequence[Bands]) -> Float:
    """Return the slope of each stroke's spectrum re the mean of all, dB per octave."""
    power = np.array([repeat.power.sum(axis=1) for repeat in repeats])
    bands = decibels(power) - decibels(power.sum(axis=1))[:, None]
    bands = bands - bands.mean(axis=0)
    weight = power.mean(axis=0) ** 0.3
    octaves = np.log2(CENTRES_HZ / 1000.0)
    octaves = octaves - (weight * octaves).sum() / weight.sum()
    return np.asarray((weight * octaves * bands).sum(axis=1) / (weight * octaves**2).sum())


def matched(voice: VoiceModel, strokes: Sequence[Strokes], name: str) -> Jitter:
    """Return the jitter of a voice for which its strokes differ about as much as the repeats.

    :param strokes: its layers, of which those with repeats are used.
    """
    layers = [layer for layer in strokes if len(layer.repeats) > 1][-_MOST_LAYERS:]
    wanted = _spread([[repeat[ONSET_FRAMES:] for repeat in layer.repeats[:_MOST_REPEATS]] for layer in layers])

    def ratio(jitter: Jitter) -> float:
        changed = voice.model_copy(update={"jitter": jitter})
        return _spread([_played(changed, layer, name) for layer in layers]) / wanted

    jitter = voice.jitter
    now = ratio(jitter)
    if now > _ENOUGH[1]:
        return _first(jitter, "shared_noise", _SHARED, lambda trial: ratio(trial) < _ENOUGH[1])
    if now < _ENOUGH[0]:
        return _first(jitter, "band_db", _BAND_DB, lambda trial: ratio(trial) > _ENOUGH[0])
    return jitter


def _first(jitter: Jitter, field: str, values: Sequence[float], enough: Callable[[Jitter], bool]) -> Jitter:
    """Return the jitter with the first of ascending values that is sufficient, or with the last."""
    trials = [jitter.model_copy(update={field: value}) for value in values]
    return next((trial for trial in trials if enough(trial)), trials[-1])


def _played(voice: VoiceModel, layer: Strokes, name: str) -> list[Float]:
    """Return strokes of a voice, as many and as long as a layer's repeats."""
    there = voice.model_copy(update={"layers": (layer.velocity,), "openness": None})
    synthesiser = Synthesiser(there, None, KIT, f"{name} jitter")
    count = min(len(layer.repeats), _MOST_REPEATS)
    frames = min(_LONGEST_FRAMES, min(len(repeat) for repeat in layer.repeats) - ONSET_FRAMES)
    return [
        synthesiser.stroke(layer.velocity, 0, (index + 0.37) / count, stream(index, KIT, name), frames=frames)
        for index in range(count)
    ]


def _spread(groups: Sequence[Sequence[Float]]) -> float:
    """Return the median distance of all pairs of one group, in dB."""
    pairs = []
    for group in groups:
        analysed = [AnalysedSound(sound[:_LONGEST_FRAMES]) for sound in group]
        pairs += [distance(first, second).mel_db for first, second in combinations(analysed, 2)]
    return float(np.median(pairs))
