"""The performance domain: what is played changes as the row says, and labels with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_pool import GROUP_STEMS

from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.augment.effects.performance.openness_shift import JUST_OPEN
from stemgmd_tools.augment.symbolic.performance_effects import perform
from stemgmd_tools.performances.tables import Choke, Hit, PedalMove
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.plan import PEDAL_SHUT

NOTES = (36, 38, 42, 46, 49, 43)
times = st.lists(st.floats(0, 20), max_size=40)


def played(times_s=(0.0, 0.25, 0.5, 1.0, 1.25, 1.5), **changed) -> Performance:
    hits = [Hit(t, NOTES[i % len(NOTES)], 20 + 15 * (i % 8), 0.5 if i % 6 == 3 else 0.0) for i, t in enumerate(times_s)]
    return Performance(
        id="d/1",
        hits=hits,
        duration_s=21.0,
        pedal=[PedalMove(0.1, 0.8), PedalMove(0.9, 0.05)],
        chokes=[Choke(1.3, 49)],
        metadata={"bpm": 120.0, "style": "rock"},
        **changed,
    )


def row(effect: str, stem: int = ALL_STEMS, **parameters) -> Row:
    return Row("d/1+cedar+1", 0, effect, "example", stem, parameters)


def test_rows_of_other_domains_leave_the_performance_alone():
    performance = played()
    assert perform(performance, [row("gain", gain_db=3.0)], GROUP_STEMS) is performance


@given(times, st.floats(0.25, 4))
def test_tempo_divides_every_time(at, rate):
    before = played(at)
    after = perform(before, [row("tempo", rate=rate)], GROUP_STEMS)
    for name in ("hits", "pedal", "chokes"):
        assert np.array_equal(getattr(after, name)["time_s"], getattr(before, name)["time_s"] / rate)
    assert after.duration_s == before.duration_s / rate
    assert after.metadata == {"bpm": 120.0 * rate, "style": "rock"}
    assert np.array_equal(after.hits["note"], before.hits["note"])


def swing(percent, subdivision="eighth"):
    return row("swing", percent=percent, subdivision=subdivision, bpm=120.0)


def test_swing_moves_the_off_beat_to_where_it_says():
    at = [0.0, 0.25, 0.5, 0.75, 1.0]  # eighths at 120 beats per minute
    after = perform(played(at), [swing(200 / 3)], GROUP_STEMS)
    assert after.hits["time_s"] == pytest.approx([0.0, 1 / 3, 0.5, 0.5 + 1 / 3, 1.0])
    sixteenths = perform(played([0.0, 0.125, 0.25, 0.375]), [swing(60, "sixteenth")], GROUP_STEMS)
    assert sixteenths.hits["time_s"] == pytest.approx([0.0, 0.15, 0.25, 0.40])


@given(times, st.floats(25, 75))
def test_swing_keeps_order_and_what_lies_on_the_beat(at, percent):
    before = played([*at, 2.0, 20.0])
    after = perform(before, [swing(percent)], GROUP_STEMS)
    assert np.array_equal(after.hits["note"], before.hits["note"])  # none overtakes another
    assert (np.diff(after.hits["time_s"]) >= 0).all()
    moved = np.abs(after.hits["time_s"] - before.hits["time_s"])
    assert moved.max() <= 0.5 * abs(percent / 100 - 0.5) + 1e-12
    on_beat = np.isin(before.hits["time_s"], [2.0, 20.0])
    assert np.allclose(moved[on_beat], 0, atol=1e-12)


def test_straight_swing_is_none():
    before = played()
    after = perform(before, [swing(50)], GROUP_STEMS)
    assert np.allclose(after.hits["time_s"], before.hits["time_s"], atol=1e-12)


def test_humanise_has_the_deviation_it_says_and_keeps_pedal_and_length():
    before = played(np.arange(4000) * 0.005 + 0.5)
    after = perform(before, [row("humanise", sigma_ms=1.0, seed=5)], GROUP_STEMS)
    assert (np.diff(after.hits["time_s"]) >= 0).all()
    deviation = np.std(after.hits["time_s"] - before.hits["time_s"])  # 5 ms apart and 3 ms at most: order is kept
    assert deviation == pytest.approx(0.001, rel=0.05)  # cut at three deviations: 1.3 % less, and 1.1 % by chance
    assert np.abs(after.hits["time_s"] - before.hits["time_s"]).max() <= 0.003 + 1e-9
    assert np.array_equal(after.pedal, before.pedal)
    assert after.duration_s == before.duration_s


def test_humanise_sorts_and_stays_on_the_time_line():
    before = played([0.0, 0.001, 0.002, 20.999])
    after = perform(before, [row("humanise", sigma_ms=100.0, seed=1)], GROUP_STEMS)
    assert after.hits["time_s"].min() >= 0.0
    assert after.hits["time_s"].max() <= 21.0
    assert sorted(after.hits["note"].tolist()) == sorted(before.hits["note"].tolist())


def test_a_row_of_a_stem_leaves_the_others_alone():
    before = played(np.linspace(0.5, 20, 200))
    toms = GROUP_STEMS.index("toms")
    after = perform(before, [row("velocity_jitter", toms, sigma=20.0, seed=3)], GROUP_STEMS)
    changed = after.hits["velocity"] != before.hits["velocity"]
    assert set(after.hits["note"][changed].tolist()) == {43}
    assert perform(before, [row("hit_drop", toms, share=1.0, max_velocity=127, seed=3)], GROUP_STEMS).hits[
        "note"
    ].tolist() == [note for note in before.hits["note"].tolist() if note != 43]


@given(st.floats(0.25, 4))
def test_the_velocity_curve_keeps_its_ends_and_the_order(gamma):
    before = played(np.arange(127) * 0.1)
    hits = before.hits.copy()
    hits["velocity"] = np.arange(1, 128)
    before = Performance("d/1", hits, 21.0)
    after = perform(before, [row("velocity_curve", gamma=gamma)], GROUP_STEMS).hits["velocity"].astype(int)
    assert after[-1] == 127
    assert after.min() >= 1
    assert (np.diff(after) >= 0).all()
    exact = 127 * (np.arange(1, 128) / 127) ** gamma
    assert np.abs(after - np.maximum(exact, 1)).max() <= 0.5 + 1e-9


def test_hits_are_dropped_as_often_as_said_and_only_soft_ones():
    before = played(np.arange(4000) * 0.005)
    after = perform(before, [row("hit_drop", share=0.3, max_velocity=50, seed=2)], GROUP_STEMS)
    soft = int((before.hits["velocity"] <= 50).sum())
    dropped = len(before.hits) - len(after.hits)
    assert dropped / soft == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / soft))
    loud = before.hits[before.hits["velocity"] > 50]
    assert np.array_equal(after.hits[after.hits["velocity"] > 50], loud)


@given(st.floats(-1, 1))
def test_openness_moves_for_the_hihat_alone_and_no_choke_comes_or_goes(shift):
    before = played()
    after = perform(before, [row("openness_shift", shift=shift)], GROUP_STEMS)
    opened = before.hits["openness"] > 0
    assert np.array_equal(after.hits["openness"] > PEDAL_SHUT, before.hits["openness"] > PEDAL_SHUT)
    assert np.array_equal(after.pedal["openness"] <= PEDAL_SHUT, before.pedal["openness"] <= PEDAL_SHUT)
    expected = min(max(0.5 + shift, JUST_OPEN), 1.0)
    assert after.hits["openness"][opened] == pytest.approx(expected)
    assert np.array_equal(after.hits["openness"][~opened], before.hits["openness"][~opened])


def test_replay_is_the_same_to_the_bit_and_rows_act_in_their_order():
    rows = [
        row("tempo", rate=1.25),
        row("humanise", sigma_ms=4.0, seed=9),
        row("velocity_jitter", sigma=9.0, seed=9),
        row("hit_drop", share=0.2, max_velocity=127, seed=9),
    ]
    first, second = (perform(played(), rows, GROUP_STEMS) for _ in range(2))
    assert np.array_equal(first.hits, second.hits)
    other = perform(played(), rows[::-1], GROUP_STEMS)
    assert not np.array_equal(first.hits, other.hits)
