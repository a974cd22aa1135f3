"""Random mixing: what the stems share, what is drawn how often, and that it always comes to an end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from toy_pool import GROUP_STEMS, TRAIN
from toy_source import PIECE_STEMS, toy_example, toy_source
from toys import RATE

from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.augment.sampling.mixing_options import RandomMix, Stage
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance, pool_of
from stemgmd_tools.augment.sampling.random_mixing import draw_mix, mix_rows
from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.errors import UsageError

FRAMES = 4 * RATE
BPM = (100.0, 101.0, 140.0, 99.0)
POOL = Pool(
    tuple(PoolKit(name, "train") for name in TRAIN),
    tuple(
        PoolPerformance(f"d/{i}", "train", (100.0, 101.0, 140.0, 99.0)[i % 4], "rock", 10.0 * (1 + i % 3))
        for i in range(12)
    ),
    RATE,
)
NO_HITS = Activity({})


def mixes(knobs: RandomMix, count: int = 300, seed: int = 0, **changed):
    return [draw_mix(knobs, i, GROUP_STEMS, FRAMES, POOL, seed, **changed) for i in range(count)]


def places(parts):
    return {(part.performance, part.kit, part.start) for part in parts}


def test_the_share_of_original_mixes_is_as_asked():
    for share in (0.0, 0.3, 1.0):
        measured = sum(len(places(parts)) == 1 for parts in mixes(RandomMix(p_original=share), 2000)) / 2000
        assert measured == pytest.approx(share, abs=4 * np.sqrt(0.25 / 2000))


def test_every_scope_shares_what_it_says():
    for scope in ("aligned", "kit_swap", "same_performance", "same_bpm", "same_kit", "any"):
        seen_kits, seen_performances, seen_starts = set(), set(), set()
        for parts in mixes(RandomMix(p_original=0.0, scope=scope)):
            kits = {part.kit for part in parts}
            performances = {part.performance for part in parts}
            seen_kits.add(len(kits))
            seen_performances.add(len(performances))
            if scope in ("aligned", "kit_swap"):
                assert len({(part.performance, part.start) for part in parts}) == 1
            seen_starts.add(len({part.start for part in parts}))
            if scope in ("aligned", "same_performance", "same_kit"):
                assert len(kits) == 1
            if scope == "same_bpm":
                tempi = [POOL.performance(name).bpm for name in performances]
                assert max(tempi) / min(tempi) < 1.03**2
                phases = np.array([p.start / (60 / POOL.performance(p.performance).bpm * RATE) for p in parts])
                apart = (phases - phases[0] + 0.5) % 1.0 - 0.5
                assert np.abs(apart).max() < 1e-4  # half a frame of 25,000
        assert (max(seen_kits) > 1) == (scope in ("kit_swap", "same_bpm", "any"))
        assert (max(seen_performances) > 1) == (scope in ("same_bpm", "same_kit", "any"))
        assert (max(seen_starts) > 1) == (scope not in ("aligned", "kit_swap"))


@pytest.mark.parametrize("scope", ["aligned", "same_performance", "same_kit", "any"])
def test_chunks_lie_within_their_performance_and_seconds_are_alike(scope):
    parts = [part for mix in mixes(RandomMix(p_original=0.0, scope=scope), 4000) for part in mix[:1]]
    for part in parts:
        assert 0 <= part.start <= POOL.performance(part.performance).duration_s * RATE - FRAMES
    seconds = {one.name: one.duration_s for one in POOL.performances}
    counts = np.array([sum(part.performance == name for part in parts) for name in seconds])
    expected = np.array(list(seconds.values())) / sum(seconds.values()) * len(parts)
    assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_seconds_of_the_same_tempo_are_alike():
    pool = Pool(POOL.kits, tuple(PoolPerformance(f"d/{i}", "train", 100.0 + i, "", 5.0 * i) for i in range(1, 9)), RATE)
    near = ["d/1", "d/2", "d/3", "d/4"]
    drawn = [pool.performance_at_tempo("d/1", (i + 0.5) / 1000) for i in range(1000)]
    assert [drawn.count(name) for name in near] == [100, 200, 300, 400] and set(drawn) == set(near)


def test_a_chunk_longer_than_a_performance_starts_with_it():
    parts = draw_mix(RandomMix(p_original=0.0), 0, GROUP_STEMS, 100 * RATE, POOL, 0)
    assert {part.start for part in parts} == {0}


def test_mixes_depend_on_their_number_and_the_seed_alone():
    knobs = RandomMix(pitch="inconsistent", cents=200)
    forth = mixes(knobs, 50)
    back = [draw_mix(knobs, i, GROUP_STEMS, FRAMES, POOL, 0) for i in reversed(range(50))][::-1]
    assert forth == back
    assert len(set(forth)) == 50
    assert mixes(knobs, 50, seed=1) != forth


def test_a_pool_of_mixes_repeats_itself_and_nothing_else():
    endless = mixes(RandomMix(), 60)
    pooled = mixes(RandomMix(pool_size=20), 60)
    assert pooled == endless[:20] * 3


def test_a_curriculum_changes_the_share_from_a_mix_on():
    forth = RandomMix(p_original=0.0, curriculum=(Stage(20, 1.0), Stage(40, 0.0)))
    originals = [len(places(parts)) == 1 for parts in mixes(forth, 60)]
    assert originals == [False] * 20 + [True] * 20 + [False] * 20
    assert mixes(forth, 20) == mixes(RandomMix(p_original=0.0), 20)
    pooled = mixes(RandomMix(p_original=0.0, pool_size=10, curriculum=(Stage(20, 1.0),)), 40)
    assert [len(places(parts)) == 1 for parts in pooled] == [False] * 20 + [True] * 20


@pytest.mark.parametrize("scope", ["kit_swap", "same_performance", "same_kit", "any"])
def test_a_song_has_one_mix_at_every_place(scope):
    shifts = {"pitch": "inconsistent", "cents": 100, "gain_db": (-6.0, 0.0), "time_shift_s": 0.1}
    knobs = RandomMix(p_original=0.0, scope=scope, level="song", **shifts)
    original = mixes(RandomMix(p_original=1.0, scope=scope), 400)
    songs = {}
    for parts, (base, *_) in zip(mixes(knobs, 400), original, strict=True):
        kinds = tuple((part.performance, part.kit, part.cents, part.gain_db) for part in parts)
        rooms = [int(POOL.performance(part.performance).duration_s * RATE) - FRAMES + 1 for part in parts]
        offsets = tuple((part.start - base.start) % room for part, room in zip(parts, rooms, strict=True))
        songs.setdefault((base.performance, base.kit), set()).add((kinds, offsets))
        assert all(0 <= part.start < room for part, room in zip(parts, rooms, strict=True))
    assert {len(kinds) for kinds in songs.values()} == {1}
    assert len({next(iter(kinds)) for kinds in songs.values()}) == len(songs)


def test_pitch_is_one_for_all_or_one_for_each():
    for pitch, distinct in (("none", 1), ("consistent", 1), ("inconsistent", 5)):
        mixed = mixes(RandomMix(p_original=0.0, pitch=pitch, cents=150), 400)
        assert {len({part.cents for part in parts}) for parts in mixed} == {distinct}
        cents = [parts[0].cents for parts in mixed]
        if pitch == "none":
            assert set(cents) == {0.0}
        else:
            assert stats.kstest(cents, stats.uniform(-150, 300).cdf).pvalue > 1e-3


def test_gains_and_time_shifts_have_their_bounds():
    knobs = RandomMix(p_original=0.0, scope="aligned", gain_db=(-9.0, 3.0), time_shift_s=0.5)
    base = mixes(RandomMix(p_original=0.0, scope="aligned"), 400)
    mixed = mixes(knobs, 400)
    gains = [part.gain_db for parts in mixed for part in parts]
    assert stats.kstest(gains, stats.uniform(-9, 12).cdf).pvalue > 1e-3
    pairs = [pair for new, old in zip(mixed, base, strict=True) for pair in zip(new, old, strict=True)]
    shifts = [new.start - old.start for new, old in pairs if old.start > RATE]
    assert stats.kstest(np.array(shifts) / RATE, stats.uniform(-0.5, 1.0).cdf).pvalue > 1e-3


def test_places_are_drawn_again_until_a_stem_sounds_and_never_for_ever():
    onsets = {("d/2", piece): np.arange(0, 30 * RATE, RATE) for piece in PIECE_STEMS}
    only = Activity(onsets)
    knobs = RandomMix(p_original=0.0, min_hits=1, tries=200)
    mixed = [part for parts in mixes(knobs, 20, activity=only) for part in parts]
    assert {part.performance for part in mixed} == {"d/2"}
    few = [part for parts in mixes(RandomMix(p_original=0.0, min_hits=1, tries=2), 50, activity=only) for part in parts]
    assert 0 < sum(part.performance == "d/2" for part in few) < len(few)
    silent = mixes(RandomMix(p_original=0.5, min_hits=1, tries=1000), 3, activity=NO_HITS)
    assert all(len(parts) == 5 for parts in silent)


def test_activity_counts_the_hits_of_a_part():
    hits = pd.DataFrame(
        {
            "performance": ["a"] * 4 + ["b"],
            "piece": ["hi_tom", "low_tom", "hi_tom", "kick", "hi_tom"],
            "frame": [500, 10, 100, 100, 100],
        }
    )
    activity = Activity.of(hits)
    assert [activity.hits("a", "toms", start, 100) for start in (0, 1, 10, 11, 401)] == [1, 2, 2, 1, 1]
    assert activity.hits("a", "hi_tom", 100, 400) == 1
    assert activity.hits("c", "toms", 0, 10**9) == 0


def test_rows_of_a_mix_render_its_parts():
    source = toy_source()
    knobs = RandomMix(p_original=0.0, pitch="inconsistent", cents=100, gain_db=(-6.0, 0.0), loudness_lufs=-23.0)
    wanted = toy_example(frames=30_000)
    parts = draw_mix(knobs, 3, wanted.stems, 30_000, pool_of(source), 0)
    rows = mix_rows(parts, wanted, knobs, RATE)
    assert [row.effect for row in rows[::9]] == ["random_mix", "pitch_shift", "loudness_normalization", "gain"]
    rendered = render_example(source, wanted, rows)
    for stem, part in enumerate(parts):
        expected = (
            source.stems(part.performance, part.kit, part.start, 30_000, [part.stem])[0].astype(np.float32) / 32768
        )
        assert np.array_equal(rendered.stems[stem], expected)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"p_original": 1.1}, "p_original is 1.1; allowed: 0..1"),
        ({"scope": "all"}, "scope is 'all'; allowed: aligned, kit_swap, same_performance, same_bpm, same_kit, any"),
        ({"pitch": "same"}, "pitch is 'same'"),
        ({"pool_size": 0}, "pool_size is 0"),
        ({"tries": 0}, "tries is 0"),
        ({"gain_db": (3.0, 0.0)}, "lower bound"),
        ({"gain_db": (-500.0, 0.0)}, "gain_db is"),
        ({"cents": -1.0}, "cents is -1"),
        ({"loudness_lufs": 5.0}, "loudness_lufs is 5"),
        ({"time_shift_s": float("inf")}, "time_shift_s is inf; allowed: 0..30"),
        ({"pool_size": 2.5}, "whole number"),
        ({"level": "album"}, "level is 'album'; allowed: chunk, song"),
        ({"level": "song", "min_hits": 1}, "level song cannot be used with min_hits"),
        ({"level": "song", "scope": "same_bpm"}, "level song cannot be used with scope same_bpm"),
        ({"curriculum": (Stage(9, 0.0), Stage(9, 1.0))}, "from_mix is 9, 9; give ascending numbers"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs, words):
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        RandomMix(**knobs)


@pytest.mark.parametrize("stage", [(0, 0.5), (1.5, 0.5), (8, 1.1)])
def test_stages_out_of_range_are_refused(stage):
    with pytest.raises(UsageError, match=r"curriculum: .* is "):
        Stage(*stage)


def test_what_is_missing_is_told():
    with pytest.raises(UsageError, match="Activity"):
        draw_mix(RandomMix(min_hits=1), 0, GROUP_STEMS, FRAMES, POOL, 0)
    with pytest.raises(UsageError, match="nothing to mix"):
        draw_mix(RandomMix(), 0, GROUP_STEMS, FRAMES, Pool((), (), RATE), 0)
