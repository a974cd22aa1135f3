"""Segments: drawn from the onset index, alike whatever came before."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from stemgmd_tools import units
from stemgmd_tools.augment.sampling.segments import SegmentDraw
from stemgmd_tools.data import shipped
from stemgmd_tools.errors import UsageError
from stemgmd_tools.performances.gmd.dataset import read_gmd
from stemgmd_tools.pieces import note_of

RATE = 8_000
FRAMES = 4 * RATE
DRAWS = 400


@dataclass(frozen=True)
class Tables:
    """The tables of the starter set; no sound is asked for."""

    performances: pd.DataFrame
    hits: pd.DataFrame
    sample_rate: int = RATE
    frames_of: dict[str, int] = field(default_factory=dict)

    def kits_of(self, performance: str) -> tuple[str, ...]:
        assert performance in set(self.performances["performance"])
        return ("tin", "wood")


@pytest.fixture(scope="module")
def tables() -> Tables:
    played = read_gmd(shipped("manifests") / "starter")
    performances = pd.DataFrame([(one.id, one.duration_s) for one in played], columns=["performance", "duration_s"])
    hits = pd.DataFrame(
        [
            (one.id, note_of(int(hit["note"])).piece.value, units.frames_of(float(hit["time_s"]), RATE))
            for one in played
            for hit in one.hits
        ],
        columns=["performance", "piece", "frame"],
    )
    return Tables(performances, hits)


def holds(tables: Tables, segment, pieces) -> bool:
    rows = tables.hits[(tables.hits["performance"] == segment.performance) & tables.hits["piece"].isin(pieces)]
    return bool(rows["frame"].between(segment.start, segment.start + FRAMES - 1).any())


def test_a_segment_depends_on_seed_epoch_and_index_alone(tables):
    one, other = SegmentDraw(tables, FRAMES, seed=3), SegmentDraw(tables, FRAMES, seed=3)
    forward = [one.segment(1, index) for index in range(20)]
    backward = [other.segment(1, index) for index in reversed(range(20))]
    assert forward == backward[::-1]
    assert forward != [one.segment(2, index) for index in range(20)]
    assert forward != [SegmentDraw(tables, FRAMES, seed=4).segment(1, index) for index in range(20)]


def test_rare_pieces_appear_as_often_as_asked(tables):
    toms = ("hi_tom", "mid_tom", "low_tom")
    plain = SegmentDraw(tables, FRAMES)
    asking = SegmentDraw(tables, FRAMES, min_active={"toms": 0.8})
    played = np.mean([holds(tables, plain.segment(0, i), toms) for i in range(DRAWS)])
    asked = np.mean([holds(tables, asking.segment(0, i), toms) for i in range(DRAWS)])
    assert played < 0.75
    assert asked == pytest.approx(0.8 + 0.2 * played, abs=0.06)


def test_all_that_is_asked_for_at_once_is_held_where_it_can_be(tables):
    draw = SegmentDraw(tables, FRAMES, min_active={"kick": 1, "snare": 1, "hihat": 1})
    segments = [draw.segment(0, i) for i in range(100)]
    for pieces in (("kick",), ("snare",), ("hihat_closed", "hihat_open")):
        assert np.mean([holds(tables, one, pieces) for one in segments]) > 0.95


def test_every_second_is_as_likely_as_any_other(tables):
    draw = SegmentDraw(tables, FRAMES)
    counts = pd.Series([draw.segment(0, i).performance for i in range(4000)]).value_counts(normalize=True)
    lengths = tables.performances.set_index("performance")["duration_s"]
    longest = lengths.idxmax()
    assert counts[longest] == pytest.approx(lengths[longest] / lengths.sum(), abs=0.03)


def test_segments_lie_inside_and_use_every_kit(tables):
    draw = SegmentDraw(tables, FRAMES, min_active={"crash": 0.5})
    segments = [draw.segment(0, i) for i in range(DRAWS)]
    lengths = (tables.performances.set_index("performance")["duration_s"] * RATE).astype(int)
    for one in segments:
        assert 0 <= one.start <= max(lengths[one.performance] - FRAMES, 0)
    assert {one.kit for one in segments} == {"tin", "wood"}


def test_on_a_grid_segments_start_at_its_multiples_inside(tables):
    grid = RATE // 5
    draw = SegmentDraw(tables, FRAMES, grid=grid)
    segments = [draw.segment(0, i) for i in range(2000)]
    lengths = (tables.performances.set_index("performance")["duration_s"] * RATE).astype(int)
    for name in lengths.index:
        places = range(0, max(lengths[name] - FRAMES, 0) + 1, grid)
        assert {one.start for one in segments if one.performance == name} <= set(places)
    longest = lengths.idxmax()
    starts = {one.start for one in segments if one.performance == longest}
    assert max(starts) + grid + FRAMES > lengths[longest], "the last place is drawn, too"


def test_a_segment_longer_than_all_starts_at_the_beginning(tables):
    draw = SegmentDraw(tables, 10**9, min_active={"ride": 1})
    assert {draw.segment(0, i).start for i in range(20)} == {0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_active": {"cowbell": 0.5}}, "cowbell.*allowed: kick"),
        ({"min_active": {"toms": 1.5}}, "toms is 1.5.*0..1"),
        ({"grid": 0}, "grid is 0; it is 1 frame at least"),
        ({"grid": 2, "min_active": {"toms": 0.5}}, "min_active and a grid cannot be used together"),
    ],
)
def test_what_cannot_be_is_refused(tables, options, words):
    with pytest.raises(UsageError, match=words):
        SegmentDraw(tables, FRAMES, **options)


def test_what_is_never_played_is_refused(tables):
    silent = Tables(tables.performances, tables.hits[tables.hits["piece"] != "crash"])
    with pytest.raises(UsageError, match="crash, which no performance plays"):
        SegmentDraw(silent, FRAMES, min_active={"crash": 0.1})
