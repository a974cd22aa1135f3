"""Draws: their distributions, what they depend on, where they may draw from."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from toy_pool import BPM, GROUP_STEMS, HELDOUT, PIECE_STEMS, TRAIN, example, pool

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.chain import load_chain, make_chain
from stemgmd_tools.augment.chain.effect import SEEDS, Kind, Parameter
from stemgmd_tools.augment.chain.rows import ALL_STEMS, rows_from_json, rows_to_json
from stemgmd_tools.augment.chain.schema import Distribution
from stemgmd_tools.augment.chain.validation import check_rows
from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.augment.sampling.draw import draw, value_of
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance
from stemgmd_tools.errors import AugmentError

POOL = pool()
SAME = 1e-3
"""Probability at which a test of a distribution would fail by chance; the draws are fixed, so it does not."""
MANY = 2000


def one_step(**step):
    return make_chain({"steps": [step]})


def gain(**drawn):
    return one_step(effect="gain", scope="stem", parameters={"gain_db": drawn})


def values(chain, name, count=MANY, **changed):
    return [row.parameters[name] for i in range(count) for row in draw(chain, example(i, **changed), POOL, 0)]


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ({"uniform": [-12, 0]}, stats.uniform(-12, 12)),
        ({"log_uniform": [0.5, 8]}, stats.loguniform(0.5, 8)),
        ({"normal": [-3, 2]}, stats.norm(-3, 2)),
    ],
)
def test_numbers_have_the_declared_distribution(drawn, expected):
    drawn_values = values(gain(**drawn), "gain_db")
    assert len(drawn_values) == MANY * 5
    assert stats.kstest(drawn_values, expected.cdf).pvalue > SAME
    if "normal" not in drawn:
        low, high = drawn.popitem()[1]
        assert low <= min(drawn_values) <= max(drawn_values) <= high


def test_what_a_normal_draws_beyond_its_bounds_is_set_to_them():
    drawn_values = values(gain(normal=[0, 4], within=[-4, 4]), "gain_db")
    assert (min(drawn_values), max(drawn_values)) == (-4, 4)
    beyond = sum(abs(value) == 4 for value in drawn_values) / len(drawn_values)
    assert beyond == pytest.approx(2 * stats.norm.sf(1), abs=0.02)  # four standard errors
    assert max(values(gain(normal=[20, 10]), "gain_db", 200)) == 24  # the parameter's own bound


def test_choices_and_whole_numbers_are_even():
    chosen = values(gain(choice=[-6, -3, 0]), "gain_db")
    whole = values(one_step(effect="bit_crush", scope="stem", parameters={"bits": {"uniform": [6, 9]}}), "bits")
    for drawn_values, allowed in ((chosen, [-6, -3, 0]), (whole, [6, 7, 8, 9])):
        assert sorted(set(drawn_values)) == allowed
        assert stats.chisquare(np.unique(drawn_values, return_counts=True)[1]).pvalue > SAME
    assert {type(value) for value in whole} == {int}


def test_the_ends_of_the_uniform_numbers_give_the_ends_of_the_range():
    parameter = find_effect("gain").parameter("gain_db")
    last = np.nextafter(1.0, 0.0)
    for drawn in (Distribution(uniform=(-12, 0.1)), Distribution(log_uniform=(0.1, 10)), Distribution(normal=(0, 5))):
        for u in (0.0, last):
            assert parameter.low <= value_of(drawn, parameter, u) <= parameter.high
    assert value_of(Distribution(choice=(1.0, 2.0)), parameter, last) == 2.0
    assert value_of(Distribution(uniform=(1, 3)), Parameter("n", "", "", 0, 9, kind=Kind.INTEGER), last) == 3


def test_steps_are_applied_as_often_as_they_say():
    chain = load_chain("larsnet")
    count = 8000
    rows = [draw(chain, example(i), POOL, 3) for i in range(count)]
    touched = sum(bool(one) for one in rows) / count
    none_of_them = 0.5 * 0.7 * (0.7 * 0.7 * 0.7 * 0.5) ** 5
    assert touched == pytest.approx(0.5 * (1 - none_of_them), abs=0.02)
    expected = {0: 0.5, 1: 0.3, 2: 0.3, 3: 0.3, 4: 0.5, 5: 0.3}
    for step, probability in expected.items():
        share = sum(row.step == step for one in rows for row in one) / (count * 5)
        assert share == pytest.approx(0.5 * probability, abs=0.02), step


def test_a_joint_step_tosses_once_and_draws_for_each():
    chain = load_chain("larsnet")
    for i in range(300):
        swapped = [row for row in draw(chain, example(i, target=("snare",)), POOL, 1) if row.effect == "kit_swap"]
        assert [row.stem for row in swapped] in ([], [0, 2, 3, 4])  # the target keeps its kit
        gains = [row for row in draw(chain, example(i), POOL, 1) if row.effect == "gain"]
        assert len(gains) in (0, 5)
        assert len({row.parameters["gain_db"] for row in gains}) == len(gains)


def test_a_stem_draws_alone_and_an_example_once():
    alone = one_step(effect="gain", scope="stem", probability=0.5, parameters={"gain_db": {"uniform": [-12, 0]}})
    together = one_step(effect="gain", scope="example", parameters={"gain_db": {"uniform": [-12, 0]}})
    hits = np.zeros((400, 5))
    for i in range(400):
        for row in draw(alone, example(i), POOL, 0):
            hits[i, row.stem] = 1
        (row,) = draw(together, example(i), POOL, 0)
        assert row.stem == ALL_STEMS
    correlations = np.corrcoef(hits.T)[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(400)


def test_rows_depend_on_seed_chain_and_example_alone():
    chain = load_chain("studio")
    wanted = [draw(chain, example(i), POOL, 5) for i in range(20)]
    backwards = [draw(chain, example(i), POOL, 5) for i in reversed(range(20))][::-1]
    assert wanted == backwards
    assert draw(chain, example(3), pickle.loads(pickle.dumps(POOL)), 5) == wanted[3]
    assert draw(chain, example(3), POOL, 6) != wanted[3]
    assert draw(chain, example(3, name="other"), POOL, 5) != wanted[3]
    assert len({rows_to_json(one).replace(f"+{i}", "") for i, one in enumerate(wanted)}) > 15


def test_another_process_draws_the_same():
    code = (
        "import sys; sys.path.insert(0, 'tests/helpers')\n"
        "from toy_pool import example, pool\n"
        "from stemgmd_tools.augment.chain.chain import load_chain\n"
        "from stemgmd_tools.augment.sampling.draw import draw\n"
        "from stemgmd_tools.augment.chain.rows import rows_to_json\n"
        "assert 'torch' not in sys.modules\n"
        "sys.stdout.write(rows_to_json(draw(load_chain('studio'), example(2), pool(), 9)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert rows_from_json(done.stdout) == draw(load_chain("studio"), example(2), POOL, 9)


def test_rows_replay_from_json_to_the_bit():
    for name in ("larsnet", "demucs", "cacophony", "studio"):
        rows = [row for i in range(30) for row in draw(load_chain(name), example(i), POOL, 2)]
        back = rows_from_json(rows_to_json(rows))
        assert back == tuple(rows)
        for old, new in zip(rows, back, strict=True):
            assert {k: (type(v), v) for k, v in old.parameters.items()} == {
                k: (type(v), v) for k, v in new.parameters.items()
            }


def test_every_row_states_every_parameter_of_its_effect_in_range():
    for name in ("larsnet", "demucs", "cacophony", "studio"):
        for row in (row for i in range(40) for row in draw(load_chain(name), example(i), POOL, 8)):
            parameters = find_effect(row.effect).parameters
            assert list(row.parameters) == [parameter.name for parameter in parameters]
            for parameter in parameters:
                value = row.parameters[parameter.name]
                if parameter.kind in (Kind.REAL, Kind.INTEGER):
                    assert parameter.low <= value <= parameter.high
                elif parameter.kind is Kind.SEED:
                    assert 0 <= value < SEEDS


def test_what_is_drawn_can_be_carried_out_and_what_was_changed_by_hand_is_checked():
    rows = tuple(row for name in ("larsnet", "demucs", "studio") for row in draw(load_chain(name), example(4), POOL, 3))
    assert check_rows(rows) == rows
    tuning = next(row for row in rows if row.effect == "tuning")
    for changed, words in (
        (tuning._replace(effect="tunning"), r'unknown effect "tunning" \(did you mean "tuning"'),
        (tuning._replace(scope="mixture"), "tuning has scope"),
        (tuning._replace(parameters={**tuning.parameters, "cents": 9999.0}), "cents is 9999.0; must lie in"),
        (tuning._replace(parameters={**tuning.parameters, "seed": -1}), "seed is -1"),
        (tuning._replace(parameters={"cents": 1.0}), "needed: .*spread_cents"),
        (tuning._replace(effect="kit_swap", parameters={"kit": ""}), "must be a name"),
    ):
        with pytest.raises(AugmentError, match=words):
            check_rows([changed])


def test_swaps_stay_in_the_split_and_never_give_what_is_heard_already():
    chain = make_chain({"steps": [{"effect": name, "scope": "stem"} for name in ("kit_swap", "doubling")]})
    for kit, split in (("cedar", TRAIN), ("steel", HELDOUT)):
        for i in range(100):
            rows = draw(chain, example(i, kit=kit), POOL, 0)
            swapped = {row.stem: row.parameters["kit"] for row in rows if row.effect == "kit_swap"}
            doubled = {row.stem: row.parameters["kit"] for row in rows if row.effect == "doubling"}
            assert set(swapped.values()) <= set(split) - {kit}
            assert set(doubled.values()) <= set(split)
            assert all(doubled[stem] != swapped[stem] for stem in doubled)


def test_every_other_kit_is_drawn_about_equally():
    kits = values(one_step(effect="kit_swap", scope="stem"), "kit", 400)
    counts = np.unique(kits, return_counts=True)
    assert set(counts[0]) == set(TRAIN) - {"cedar"}
    assert stats.chisquare(counts[1]).pvalue > SAME


def test_a_pool_without_another_kit_is_refused_at_once():
    alone = Pool((PoolKit("cedar", "train"), PoolKit("steel", "heldout")), POOL.performances, 44_100)
    chain = one_step(effect="kit_swap", scope="stem", probability=0.0)
    with pytest.raises(AugmentError, match=r"kit_swap needs another kit than cedar of the split train"):
        draw(chain, example(), alone, 0)


def test_random_mixes_share_what_they_must_and_fit_into_what_is_drawn():
    for match in ("any", "same_kit", "same_bpm"):
        chain = one_step(effect="random_mix", scope="stem", parameters={"match": match})
        rows = [row.parameters for i in range(200) for row in draw(chain, example(i), POOL, 0)]
        performances = {row["performance"] for row in rows}
        kits = {row["kit"] for row in rows}
        assert performances == ({"d/1", "d/2"} if match == "same_bpm" else {"d/1", "d/2", "d/3", "d/4"})
        assert kits == ({"cedar"} if match == "same_kit" else set(TRAIN))
        assert all(0 <= row["start_s"] <= 20 for row in rows)  # 30 s less the segment's 10
        assert max(row["start_s"] for row in rows) > 19


def test_random_mixes_and_songs_are_drawn_by_time():
    lengths = {"d/1": 10.0, "d/2": 2.0, "d/3": 40.0, "d/4": 148.0}
    pool = Pool(POOL.kits, tuple(PoolPerformance(name, "train", None, "", s) for name, s in lengths.items()), 44_100)
    for effect, parameters in (("random_mix", {}), ("remix", {"songs": 64})):
        chain = one_step(effect=effect, scope="stem", parameters=parameters)
        performances = [row.parameters["performance"] for i in range(600) for row in draw(chain, example(i), pool, 0)]
        for name, seconds in lengths.items():
            assert performances.count(name) / len(performances) == pytest.approx(seconds / 200, abs=0.03)


def test_random_mixes_look_for_hits_and_give_up_in_time():
    toms = {("d/3", "mid_tom"): np.arange(0, 30 * 44_100, 44_100)}
    pool = Pool(POOL.kits, POOL.performances, 44_100, Activity(toms))
    chain = one_step(effect="random_mix", scope="stem", stems=["toms", "kick"], parameters={"min_hits": 2})
    rows = [row for i in range(200) for row in draw(chain, example(i), pool, 0)]
    performances = [row.parameters["performance"] for row in rows if row.stem == GROUP_STEMS.index("toms")]
    # One place in four has toms; 16 tries miss them all in 0.75 ** 16 of the draws, which is 1 %.
    assert performances.count("d/3") / len(performances) > 0.97
    kicks = [row.parameters["performance"] for row in rows if row.stem == GROUP_STEMS.index("kick")]
    assert set(kicks) == {"d/1", "d/2", "d/3", "d/4"}  # there are none anywhere
    with pytest.raises(AugmentError, match="activity=True"):
        draw(chain, example(), POOL, 0)


def test_whole_examples_start_where_the_other_performance_does():
    chain = one_step(effect="random_mix", scope="stem")
    assert {row.parameters["start_s"] for row in draw(chain, example(frames=None), POOL, 0)} == {0.0}


def test_a_group_names_its_pieces_and_targets_are_found_among_them():
    chain = one_step(effect="polarity_inversion", scope="stem", stems=["toms"])
    assert [row.stem for row in draw(chain, example(stems=PIECE_STEMS), POOL, 0)] == [2, 3, 4]
    assert [row.stem for row in draw(chain, example(), POOL, 0)] == [GROUP_STEMS.index("toms")]
    target = one_step(effect="polarity_inversion", scope="target")
    assert [row.stem for row in draw(target, example(target=("hihat",), stems=PIECE_STEMS), POOL, 0)] == [5, 6]
    some = one_step(effect="polarity_inversion", scope="example", stems=["kick", "snare"])
    assert [(row.stem, row.scope) for row in draw(some, example(), POOL, 0)] == [(0, "example"), (1, "example")]
    left_out = one_step(effect="polarity_inversion", scope="example", except_target=True)
    assert draw(left_out, example(target=GROUP_STEMS), POOL, 0) == ()


def test_a_stem_or_a_target_that_is_not_there_is_refused():
    with pytest.raises(AugmentError, match=r"has no stem hi_tom; its stems are kick, snare, toms"):
        draw(one_step(effect="polarity_inversion", scope="stem", stems=["hi_tom"]), example(), POOL, 0)
    with pytest.raises(AugmentError, match=r"scope target, but the example names no target"):
        draw(one_step(effect="polarity_inversion", scope="target"), example(), POOL, 0)


def test_swing_takes_the_tempo_from_the_pool_or_refuses():
    chain = one_step(effect="swing", scope="example", parameters={"percent": 60})
    (row,) = draw(chain, example(), POOL, 0)
    assert row.parameters["bpm"] == BPM["d/1"]
    with pytest.raises(AugmentError, match="tempo"):
        draw(chain, example(performance="d/4"), POOL, 0)


def test_swing_after_a_new_tempo_knows_it():
    tempo = {"effect": "tempo", "scope": "example", "parameters": {"rate": 1.25}}
    swing = {"effect": "swing", "scope": "example", "parameters": {"percent": 60}}
    rows = draw(make_chain({"steps": [tempo, swing]}), example(), POOL, 0)
    assert rows[1].parameters["bpm"] == 1.25 * BPM["d/1"]


def test_what_the_pool_does_not_hold_is_told():
    chain = one_step(effect="kit_swap", scope="stem")
    with pytest.raises(AugmentError, match="no kit pine"):
        draw(chain, example(kit="pine"), POOL, 0)
    with pytest.raises(AugmentError, match="cedar twice"):
        Pool((PoolKit("cedar"), PoolKit("cedar")), (), 44_100)


def test_stems_are_dealt_out_from_a_few_songs_the_examples_own_among_them():
    chain = make_chain({"steps": [{"effect": "remix", "scope": "stem", "parameters": {"songs": 4}}]})
    own = together = pairs = 0
    for i in range(300):
        rows = draw(chain, example(i, start=4410), POOL, 0)
        songs = [tuple(row.parameters[key] for key in ("performance", "kit", "start_s")) for row in rows]
        assert len(songs) == len(GROUP_STEMS) and len(set(songs)) <= 4
        own += songs.count(("d/1", "cedar", 0.1))
        together += sum(songs[a] == songs[b] for a in range(5) for b in range(a))
        pairs += 10
    assert own / (300 * 5) == pytest.approx(0.25, abs=0.04)
    assert together / pairs == pytest.approx(0.25, abs=0.04)


def test_a_song_is_repitched_once_for_all_its_stems():
    repitch = {
        "effect": "repitch",
        "scope": "song",
        "probability": 0.5,
        "parameters": {"rate": {"uniform": [0.9, 1.1]}},
    }
    chain = make_chain({"steps": [{"effect": "remix", "scope": "stem", "parameters": {"songs": 3}}, repitch]})
    speeds_of_songs, touched = [], 0
    for i in range(200):
        rows = draw(chain, example(i), POOL, 0)
        songs: dict = {}
        for row in (row for row in rows if row.effect == "remix"):
            song = tuple(row.parameters[key] for key in ("performance", "kit", "start_s"))
            songs.setdefault(song, []).append(row.stem)
        repitched = {row.stem: row.parameters for row in rows if row.effect == "repitch"}
        assert len(repitched) in (0, len(GROUP_STEMS))
        for stems in songs.values():
            speeds = {repitched[stem]["rate"] if repitched else 1.0 for stem in stems}
            assert len(speeds) == 1
            speeds_of_songs += speeds
        touched += bool(repitched)
        if repitched:
            fastest = max(1.0, *(parameters["rate"] for parameters in repitched.values()))
            assert {parameters["fastest"] for parameters in repitched.values()} == {fastest}
    assert np.mean(np.array(speeds_of_songs) != 1.0) == pytest.approx(0.5, abs=0.06)
    assert touched < 200
