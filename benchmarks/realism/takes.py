"""How much takes of one layer differ, recorded and modelled, and whether single hits grow louder with velocity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import scipy.signal

from benchmarks.realism.context import Context
from benchmarks.realism.judged import SOUND_OF, SOUNDS, Float
from benchmarks.realism.kit_sets import in_parallel, kit_named, shipped_names
from benchmarks.realism.report import number
from benchmarks.realism.results import Section, Skipped, Table
from benchmarks.realism.sounds import LEAD_FRAMES, aligned
from benchmarks.results import Row
from stemgmd_tools.corpus.render.single_hits import single_strokes
from stemgmd_tools.fitting.noise.bands import bands_of
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.fitting.velocity.jitter import spectrum_tilts
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE
from stemgmd_tools.kits.synthesis.takes import LEVEL_S, WITHIN_DB
from stemgmd_tools.loudness import k_weighting
from stemgmd_tools.pieces import ARTICULATIONS, NOTES, Note
from stemgmd_tools.rendering.settings import RenderSettings
from tools.prepared import PREPARED_MAPS

FALL_DB: Final = 0.1
"""A single hit that is softer than the one below it by no more than this does not count."""
UNMEASURED_DB: Final = 0.2
"""Takes are levelled before they are panned and their lead-in is cut; their channels and lead-ins differ a little."""
ANALYSED_S: Final = 1.0
EARLY_S: Final = 0.05

TEXT: Final = """Every pair of takes of one layer of one articulation: recordings of the kits that have several of a
stroke, and the one-shots of the shipped kits. Level is the mean power of the 200 ms (and 50 ms) after the attack,
loudness the same after the K-weighting of ITU-R BS.1770, brightness the centroid of the spectrum of those 200 ms, tilt
the slope of the spectrum over frequency against the mean of the layer. Some recorded layers hold strokes of different
strengths (salamander's and muldjord's rides, to 9 dB); the round robins of ludwig_1960s are nearly one stroke. The
synthesiser keeps the takes of a layer within 2 dB and 0.5 dB per octave, about what nine of ten recorded pairs keep. A
ladder is the ten single hits of one articulation of one kit; it falls if one of them has a lower level (200 ms) than
the one before."""


class Take(NamedTuple):
    """What is measured of one take."""

    level_db: float
    early_db: float
    loudness_db: float
    peak_db: float
    centroid_octaves: float
    tilt: float


MEASURES: Final = {
    "level, dB": "level_db",
    "level of 50 ms, dB": "early_db",
    "loudness, LU": "loudness_db",
    "peak, dB": "peak_db",
    "brightness, octaves": "centroid_octaves",
    "tilt, dB per octave": "tilt",
}


class Layer(NamedTuple):
    """The takes of one layer of one kit."""

    sound: str
    takes: tuple[Take, ...]


class Measured(NamedTuple):
    """One shipped kit."""

    layers: list[Layer]
    falls_db: list[float]
    """By how much each ladder falls at its worst step; negative if it rises everywhere."""


def section(context: Context) -> Section:
    """Measure.

    :raises Skipped: without recorded kits.
    """
    if context.kits is None:
        raise Skipped("no recorded kits: name their folder with --kits")
    names = tuple(path.parent.name for path in sorted(context.kits.glob("*/kit.json")))
    recorded = [layer for name in names for layer in _recorded(name, context.kits)]
    shipped = in_parallel(_shipped, shipped_names(quick=context.quick), context.jobs)
    modelled = [layer for kit in shipped for layer in kit.layers]
    falls = [fall for kit in shipped for fall in kit.falls_db]
    widest = max(np.ptp([take.level_db for take in layer.takes]) for layer in modelled)
    rows = [
        Row(
            "takes of a layer, loudest over softest, shipped kits",
            round(float(widest), 2),
            "dB",
            at_most=WITHIN_DB + UNMEASURED_DB,
            note=f"{len(modelled)} layers",
        ),
        Row(
            "ladders of single hits that fall by more than 0.1 dB, shipped kits",
            float(sum(fall > FALL_DB for fall in falls)),
            at_most=0.0,
            note=f"{len(falls)} ladders; worst step {max(falls):.2f} dB",
        ),
    ]
    tables = [
        Table(f"{what} apart: median / 90th percentile / largest", _header(), list(_cells(field, recorded, modelled)))
        for what, field in MEASURES.items()
    ]
    return Section("Takes of one layer", TEXT, rows, tables)


def _header() -> tuple[str, ...]:
    return "sound", "recorded pairs", "recorded", "shipped pairs", "shipped"


def _cells(field: str, recorded: list[Layer], modelled: list[Layer]) -> Iterator[tuple[str, ...]]:
    for sound in (*SOUNDS, "all"):
        cells = [sound]
        for layers in (recorded, modelled):
            apart = _apart(field, [layer for layer in layers if sound in (layer.sound, "all")])
            cells += [
                str(len(apart)),
                " / ".join(map(number, (np.median(apart), np.percentile(apart, 90), apart.max()))),
            ]
        yield tuple(cells)


def _apart(field: str, layers: Iterable[Layer]) -> Float:
    """Return how far every two takes of one layer lie apart by one measure."""
    return np.array(
        [
            abs(getattr(one, field) - getattr(other, field))
            for layer in layers
            for one, other in combinations(layer.takes, 2)
        ]
    )


def _recorded(name: str, root: Path) -> Iterator[Layer]:
    for articulation, strokes in recorded_strokes(load_kit(name, (PREPARED_MAPS, root))).items():
        for layer in strokes:
            if len(layer.repeats) > 1:
                yield Layer(SOUND_OF[family_of(articulation)], measured(layer.repeats))


def _shipped(name: str) -> Measured:
    bank = compile_bank(kit_named(name))
    keys = ["articulation", "degree", "layer"]
    layers = []
    for key in np.unique(bank.samples[keys]):
        rows = np.flatnonzero(bank.samples[keys] == key)
        takes = [aligned(bank.one_shot(row) * float(bank.samples["scale"][row])) for row in rows]
        sound = SOUND_OF[family_of(ARTICULATIONS[key["articulation"]])]
        layers.append(Layer(sound, measured([take for take in takes if take is not None])))
    return Measured(layers, [float(-np.diff(_ladder_db(bank, note)).min()) for note in NOTES])


def _ladder_db(bank: Bank, note: Note) -> Float:
    """Return the levels of the ten single hits of an articulation."""
    levels = []
    for stroke in single_strokes(bank, note, RenderSettings()):
        row = int(stroke.plan.strikes["sample"][0])
        sound = bank.one_shot(row)[bank.samples["onset"][row] :] * float(stroke.plan.strikes["gain"][0])
        levels.append(_level_db(sound, LEVEL_S))
    return np.array(levels)


def measured(takes: Iterable[Float]) -> tuple[Take, ...]:
    """Return what is measured of the takes of one layer.

    :param takes: each (frames, 2), the attack at frame :data:`LEAD_FRAMES`.
    """
    starts = [take[: LEAD_FRAMES + round(ANALYSED_S * SAMPLE_RATE)] for take in takes]
    tilts = spectrum_tilts([bands_of(take) for take in starts])
    return tuple(_take(take, tilt) for take, tilt in zip(starts, tilts.tolist(), strict=True))


def _take(sound: Float, tilt: float) -> Take:
    after = sound[LEAD_FRAMES:]
    weighted = scipy.signal.sosfilt(k_weighting(SAMPLE_RATE), np.concatenate([sound, np.zeros_like(sound)]), axis=0)
    power = (np.abs(np.fft.rfft(after[: round(LEVEL_S * SAMPLE_RATE)], 1 << 14, axis=0)) ** 2).sum(axis=1)
    centroid_hz = (power * np.fft.rfftfreq(1 << 14, 1 / SAMPLE_RATE)).sum() / power.sum()
    return Take(
        _level_db(after, LEVEL_S),
        _level_db(after, EARLY_S),
        _level_db(weighted[LEAD_FRAMES:], LEVEL_S),
        float(20.0 * np.log10(np.abs(sound).max())),
        float(np.log2(centroid_hz)),
        tilt,
    )


def _level_db(sound: Float, length_s: float) -> float:
    """Return the mean power over a stretch of time, past its end silence, in dB re full scale."""
    frames = round(length_s * SAMPLE_RATE)
    return float(10.0 * np.log10((sound[:frames] ** 2).sum() / (2 * frames)))
