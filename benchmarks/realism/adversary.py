"""Recorded or modelled? A forest learns to tell fits of some kits from their recordings, and is asked of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.realism import features
from benchmarks.realism.context import Context
from benchmarks.realism.features import SAMPLE_RATE, Float
from benchmarks.realism.fine import NAMES, fine
from benchmarks.realism.fitted import fitted_voices
from benchmarks.realism.judged import SOUND_OF, SOUNDS
from benchmarks.realism.kit_sets import in_parallel
from benchmarks.realism.results import Section, Skipped, Table
from benchmarks.realism.sounds import LEAD_FRAMES, aligned
from benchmarks.results import Row
from stemgmd_tools.fitting.evaluation.fit_metrics import play
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.seeds import stream
from tools.prepared import PREPARED_MAPS

TREES: Final = 400
SEEDS: Final = 3
RESAMPLINGS: Final = 1000
REACH: Final = 0.70
GIVEAWAYS: Final = 4
SHORTENED_SHARE: Final = 0.9
"""Of the shorter of the two: the fade at a recording's end is left out on both sides."""
FADE_FRAMES: Final = 882
FLOOR_DB: Final = 3.0
"""Above the softest moment of a band: the floor on both sides."""
COARSE: Final = features.BANDS * (len(features.TIMES_S) - 1)

TEXT: Final = """Every recording of the fitted kits has a stroke of the model of the same articulation, velocity and
openness beside it, by a seed that the fit has not seen. A random forest (400 trees, mean of 3 seeds) learns recorded
from modelled on all kits but one and is asked about that one, in turn. It hears the coarse log-mel patch (28 bands, 10
stretches of time) and 47 fine features: peakiness and flatness of the fine spectrum, crests of the attack and roughness
of the envelope, in eight bands (`benchmarks/realism/fine.py`). What file handling leaves is levelled out the same way
on both sides: both are rounded to 16 bits, aligned by one rule, faded in over 1 ms, cut to nine tenths of the shorter
one's length and faded out over 20 ms; levels are re the own maximum; in each band nothing below the louder one's
softest moment plus 3 dB counts. AUC is the chance that of a recording and a stroke of the model the forest takes the
recording for the recording: 0.5 means it cannot tell; mean over the kits kept out, weighted by the number of their
recordings. Intervals hold 95 % of 1,000 bootstrap samples of the pairs within kit and sound."""


class Pair(NamedTuple):
    """Features of a recording and of the stroke of the model beside it."""

    sound: int
    """Index in :data:`SOUNDS`."""
    recorded: Float
    modelled: Float


class Asked(NamedTuple):
    """How sure a forest was that a sound is recorded, 0 .. 1, for all pairs of a kit kept out."""

    sound: NDArray[np.intp]
    recorded: Float
    modelled: Float


def section(context: Context) -> Section:
    """Measure.

    :raises Skipped: with fewer than three recorded kits.
    """
    folders = context.training_folders()
    if len(folders) < 3:
        raise Skipped("needs three fitted kits: two to learn from, one to be asked about")
    names = [(folder.name, folder.parent) for folder in folders[: 3 if context.quick else len(folders)]]
    pairs = in_parallel(partial(_pairs, most=1 if context.quick else 4), names, context.jobs)
    seeds = 1 if context.quick else SEEDS
    kinds = {"coarse": slice(0, COARSE), "coarse and fine": slice(None), "fine": slice(COARSE, None)}
    tasks = [(held_out, part) for part in kinds.values() for held_out in range(len(pairs))]
    asked = in_parallel(partial(_asked, pairs=pairs, seeds=seeds), tasks, context.jobs)
    by_kind = {kind: asked[index * len(pairs) : (index + 1) * len(pairs)] for index, kind in enumerate(kinds)}
    tables = [*_tables(by_kind, [name for name, _ in names]), _giveaways(pairs)]
    return Section("Adversary", TEXT, _rows(by_kind), tables)


def _pairs(kit: tuple[str, object], most: int) -> list[Pair]:
    """Return the pairs of one kit, at most so many of each layer."""
    name, root = kit
    loaded = load_kit(name, [PREPARED_MAPS, root])  # type: ignore[list-item]
    voices = fitted_voices(loaded).voices
    pairs = []
    for articulation, layers in recorded_strokes(loaded).items():
        sound = list(SOUNDS).index(SOUND_OF[family_of(articulation)])
        for layer in layers:
            strokes = play(voices[articulation], layer, articulation, max(2, len(layer.repeats)))
            for recording, stroke in zip(layer.repeats[:most], strokes, strict=False):
                levelled = _levelled(recording, stroke)
                if levelled is not None:
                    pairs.append(Pair(sound, *_features(*levelled)))
    return pairs


def _levelled(recording: Float, stroke: Float) -> tuple[Float, Float] | None:
    """Return both without what the handling of files tells; None if one is silent."""
    both = [aligned(np.rint(sound * 32768.0) / 32768.0) for sound in (recording, stroke)]
    one, other = both
    if one is None or other is None:
        return None
    length = round(SHORTENED_SHARE * min(len(one), len(other)))
    window = np.ones((length, 1))
    fade = min(FADE_FRAMES, length // 2)
    window[:LEAD_FRAMES, 0] = np.linspace(0.0, 1.0, LEAD_FRAMES)
    window[length - fade :, 0] = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
    return one[:length] * window, other[:length] * window


def _features(recording: Float, stroke: Float) -> tuple[Float, Float]:
    """Return the features of both; the floor of each band is the louder one's."""
    powers = [features.patch_power(sound / np.abs(sound).max()) for sound in (recording, stroke)]
    powers = [power / power.max() for power in powers]
    last = max(1, int(np.searchsorted(features.TIMES_S, len(recording) / SAMPLE_RATE)) - 1)
    floor = np.max([power[:, :last].min(axis=1) for power in powers], axis=0) * 10.0 ** (FLOOR_DB / 10.0)
    one, other = (
        np.concatenate([features.decibels(power, floor[:, None]).ravel(), fine(sound)])
        for power, sound in zip(powers, (recording, stroke), strict=True)
    )
    return one, other


def _asked(task: tuple[int, slice], pairs: Sequence[Sequence[Pair]], seeds: int) -> Asked:
    """Learn from all kits but one, and ask about that one."""
    held_out, part = task
    others = [pair for kit, rows in enumerate(pairs) if kit != held_out for pair in rows]
    features = np.array([side[part] for pair in others for side in (pair.recorded, pair.modelled)])
    truth = np.tile([1, 0], len(others))
    rows = pairs[held_out]
    recorded, modelled = (np.array([pair[side][part] for pair in rows]) for side in (1, 2))
    sure = np.zeros((2, len(rows)))
    for seed in range(seeds):
        forest = RandomForestClassifier(TREES, min_samples_leaf=2, random_state=seed).fit(features, truth)
        sure += [forest.predict_proba(side)[:, 1] for side in (recorded, modelled)]
    return Asked(np.array([pair.sound for pair in rows]), sure[0] / seeds, sure[1] / seeds)


def _auc(asked: Sequence[Asked], sound: int | None, draw: np.random.Generator | None = None) -> float:
    """Return the AUC over the kits, for one sound or all; NaN if no kit has it."""
    total, weight = 0.0, 0
    for kit in asked:
        rows = np.flatnonzero(kit.sound == sound) if sound is not None else np.arange(len(kit.sound))
        if not len(rows):
            continue
        if draw is not None:
            rows = draw.choice(rows, len(rows))
        truth = np.repeat([1, 0], len(rows))
        total += len(rows) * roc_auc_score(truth, np.concatenate([kit.recorded[rows], kit.modelled[rows]]))
        weight += len(rows)
    return total / weight if weight else float("nan")


def _interval(asked: Sequence[Asked], sound: int | None, *names: str) -> tuple[float, float]:
    draw = stream(0, "realism", "adversary", *names)
    again = [_auc(asked, sound, draw) for _ in range(RESAMPLINGS)]
    low, high = np.percentile(again, [2.5, 97.5])
    return round(float(low), 3), round(float(high), 3)


def _rows(by_kind: dict[str, list[Asked]]) -> list[Row]:
    kind = "coarse and fine"
    asked = by_kind[kind]
    pairs = sum(len(kit.sound) for kit in asked)
    about = f"{pairs} pairs of {len(asked)} kits"
    return [
        Row(
            "adversary with fine features, AUC",
            round(_auc(asked, None), 3),
            "",
            *_interval(asked, None, kind),
            at_most=REACH,
            note=about,
        )
    ]


def _tables(by_kind: dict[str, list[Asked]], names: Sequence[str]) -> list[Table]:
    return [
        Table("AUC by sound", ("sound", "pairs", *by_kind, "interval, coarse and fine"), list(_by_sound(by_kind))),
        Table("AUC by kit kept out", ("kit", "pairs", *by_kind), list(_by_kit(by_kind, names))),
    ]


def _by_sound(by_kind: dict[str, list[Asked]]) -> Iterator[tuple[str, ...]]:
    main = by_kind["coarse and fine"]
    for index, name in enumerate(SOUNDS):
        count = sum(int((kit.sound == index).sum()) for kit in main)
        if count:
            cells = [f"{_auc(asked, index):.2f}" for asked in by_kind.values()]
            low, high = _interval(main, index, name)
            yield name, str(count), *cells, f"{low:.2f} .. {high:.2f}"
    yield (
        "all",
        str(sum(len(kit.sound) for kit in main)),
        *(f"{_auc(asked, None):.2f}" for asked in by_kind.values()),
        "",
    )


def _by_kit(by_kind: dict[str, list[Asked]], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for index, name in enumerate(names):
        count = len(by_kind["coarse"][index].sound)
        yield name, str(count), *(f"{_auc([asked[index]], None):.2f}" for asked in by_kind.values())


def _giveaways(pairs: Sequence[Sequence[Pair]]) -> Table:
    """Return the fine features that by themselves tell most of each sound: what to improve."""
    rows = []
    for index, name in enumerate(SOUNDS):
        kits = [[pair for pair in kit if pair.sound == index] for kit in pairs]
        sides = [[np.array([pair[side][COARSE:] for pair in kit]) for side in (1, 2)] for kit in kits if len(kit) > 1]
        if not sides:
            continue
        auc = np.mean([_single(recorded, modelled) for recorded, modelled in sides], axis=0)
        gap = np.mean([np.median(modelled - recorded, axis=0) for recorded, modelled in sides], axis=0)
        most = np.argsort(-np.abs(auc - 0.5))[:GIVEAWAYS]
        rows.append((name, *(f"{NAMES[one]}: {auc[one]:.2f}, {gap[one]:+.1f}" for one in most)))
    title = "Fine features that tell most by themselves: AUC within a kit, and model minus recording (median)"
    return Table(title, ("sound", *(str(place + 1) for place in range(GIVEAWAYS))), rows)


def _single(recorded: Float, modelled: Float) -> Float:
    """Return the AUC of each feature alone."""
    truth = np.repeat([1, 0], [len(recorded), len(modelled)])
    both = np.concatenate([recorded, modelled])
    return np.array([roc_auc_score(truth, column) for column in both.T])
