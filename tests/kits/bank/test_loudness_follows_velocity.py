"""Harder strokes are not softer: every take of every layer, and the single hits as they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bank_levels import ROUNDING_DB, cells, take_levels_db
from numpy.typing import NDArray

from stemgmd_tools.audio import read_pcm
from stemgmd_tools.corpus.folder.layout import SINGLE_HIT_VELOCITIES
from stemgmd_tools.corpus.render.single_hits import write_single_hits
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.velocity_curve import LEVEL_S
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import find_map, load_kit
from stemgmd_tools.kits.sample_map.kit import Kit, kit_without_file
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.synthesis.takes import WITHIN_DB
from stemgmd_tools.rendering.settings import RenderSettings

pytestmark = pytest.mark.slow

FALL_DB = 0.1
"""A tenth of a decibel is not heard; samples of soft strokes are rounded to integers."""
UNMEASURED_DB = 0.3
"""Takes are levelled before they are panned and their lead-in is cut; panning moves one of amber_parlour by 0.26 dB."""
SHORT_S = 0.25
"""Levels are measured over 0.2 s: sounds that are made for this test alone need not ring longer."""
WHOLE = ("cedar_hall", "amber_parlour")
"""Other tests have the banks of these built, too."""
GENERATED = ("random:1", "random:7:spread=3", "random:40:spread=3", "morph:cedar_hall+birch_room:0.5")


@pytest.fixture(scope="module", params=[*(row.name for row in kit_table()), *GENERATED])
def bank(request: pytest.FixtureRequest) -> Bank:
    return open_bank(load_kit(request.param) if request.param in WHOLE else _short(find_map(request.param)))


def _short(kit_map: KitMap) -> Kit:
    """Return a modelled kit whose sounds are cut."""
    articulations = {}
    for name, one in kit_map.articulations.items():
        assert one.model is not None
        model = one.model.model_copy(update={"duration_s": min(one.model.duration_s, SHORT_S)})
        articulations[name] = one.model_copy(update={"model": model})
    return kit_without_file(kit_map.model_copy(update={"articulations": articulations}))


def test_takes_of_one_layer_differ_no_more_than_repeats_of_a_stroke(bank: Bank) -> None:
    for articulation, degree in cells(bank):
        for layer in range(int(bank.layer[articulation, degree].max()) + 1):
            assert np.ptp(take_levels_db(bank, articulation, degree, layer)) <= WITHIN_DB + UNMEASURED_DB


def test_no_take_is_softer_than_one_of_a_softer_stroke_by_more_than_takes_differ(bank: Bank) -> None:
    for articulation, degree in cells(bank):
        gains_db = 20 * np.log10(bank.gain[articulation, degree, 1:].astype(np.float64))
        layers = bank.layer[articulation, degree, 1:]
        takes = [take_levels_db(bank, articulation, degree, layer) for layer in range(int(layers.max()) + 1)]
        softest = gains_db + [takes[layer].min() for layer in layers]
        loudest = gains_db + [takes[layer].max() for layer in layers]
        fall_db = np.maximum.accumulate(loudest) - softest
        assert fall_db.max() <= WITHIN_DB + UNMEASURED_DB + ROUNDING_DB


def test_single_hits_rise(bank: Bank, tmp_path: Path) -> None:
    ladders: dict[str, list[tuple[float, float]]] = {}
    for row in write_single_hits(tmp_path, bank, RenderSettings(container="wav", sample_format="int24")):
        pcm, rate, *_ = read_pcm(tmp_path / row["path"])
        sound = pcm.astype(np.float64)
        start = sound[row["onset_frame"] :][: round(LEVEL_S * rate)]
        ladders.setdefault(row["articulation"], []).append((_energy_db(start), _energy_db(sound)))
    for articulation, levels in ladders.items():
        assert len(levels) == len(SINGLE_HIT_VELOCITIES)
        assert np.diff(levels, axis=0).min() >= -FALL_DB, (articulation, levels)


def _energy_db(sound: NDArray[np.float64]) -> float:
    return float(10 * np.log10((sound**2).sum()))
