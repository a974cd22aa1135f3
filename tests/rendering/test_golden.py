"""The same commands give the same audio as when the fingerprints were recorded."""

from __future__ import annotations

import pytest
from processors import only_on_x86_64

from stemgmd_tools import data
from stemgmd_tools.kits.library import kit_names, load_kit
from stemgmd_tools.manifest.pieces_table import PIECES_TABLE, pieces_table
from tools.golden import PERFORMANCES, golden_performances, golden_rows, recorded


def test_every_kit_that_ships_has_its_golden_rows():
    names = {(row.kit, row.performance) for row in recorded()}
    assert names == {(kit, p.id) for kit in kit_names(["all"]) for p in golden_performances()}
    assert len(names) == 10 * PERFORMANCES
    assert len({row.pcm_sha256 for row in recorded()}) == len(names)


@only_on_x86_64
@pytest.mark.slow
@pytest.mark.parametrize("kit", ["cedar_hall", "amber_parlour"])
def test_a_kit_sounds_as_recorded(kit):
    assert list(golden_rows([load_kit(kit)])) == [row for row in recorded() if row.kit == kit]


def test_the_table_of_pieces_is_that_of_the_code():
    assert (data.shipped("manifests") / PIECES_TABLE).read_text(encoding="utf-8") == pieces_table()
