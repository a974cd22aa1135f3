"""Decisions of the plan, checked on strikes without any audio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import RATE, RELEASE_FRAMES, VARIATIONS, toy_bank

from stemgmd_tools.errors import RenderError
from stemgmd_tools.performances.tables import Choke, Hit, PedalMove
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import ARTICULATIONS, NOTES, PIECES, Piece, note_of
from stemgmd_tools.rendering.plan import NOT_CHOKED, plan
from stemgmd_tools.rendering.settings import RenderSettings

BANK = toy_bank()


def performance(hits, *, pedal=(), chokes=(), duration_s=2.0, name="p"):
    return Performance(id=name, hits=list(hits), duration_s=duration_s, pedal=list(pedal), chokes=list(chokes))


def test_every_note_sounds_in_its_piece_with_its_own_sample():
    decided = plan(performance([Hit(0.1 * i, note.number, 100) for i, note in enumerate(NOTES)]), BANK)
    assert [PIECES[axis] for axis in decided.strikes["piece"]] == [note.piece for note in NOTES]
    assert len(set(decided.strikes["sample"].tolist())) == len(NOTES)


def test_the_stemgmd_mapping_leaves_one_articulation_per_piece():
    hits = [Hit(0.1 * i, note.number, 100) for i, note in enumerate(NOTES)]
    decided = plan(performance(hits), BANK, RenderSettings(mapping="stemgmd"))
    articulations = {}
    for strike in decided.strikes:
        row = BANK.samples[strike["sample"]]
        articulations.setdefault(int(strike["piece"]), set()).add(int(row["articulation"]))
    assert all(len(choices) == 1 for choices in articulations.values())
    assert len(articulations) == len(PIECES)


@given(st.lists(st.floats(0, 100), max_size=30))
def test_the_attack_lies_on_the_frame_nearest_to_the_hit(times):
    decided = plan(performance([Hit(t, 36, 90) for t in times], duration_s=101), BANK)
    expected = [round(t * RATE) for t in sorted(times)]
    assert decided.strikes["frame"].tolist() == expected


@given(st.lists(st.sampled_from([n.number for n in NOTES]), min_size=2, max_size=80), st.integers(0, 5))
def test_no_cell_repeats_a_variation_back_to_back(notes, seed):
    decided = plan(performance([Hit(0.05 * i, n, 100) for i, n in enumerate(notes)]), BANK, RenderSettings(seed=seed))
    last = {}
    for strike in decided.strikes:
        row = BANK.samples[strike["sample"]]
        cell = (int(row["articulation"]), int(row["degree"]), int(row["layer"]))
        assert last.get(cell) != int(row["variation"])
        last[cell] = int(row["variation"])


@given(st.lists(st.sampled_from([49, 55]), min_size=2, max_size=80), st.integers(0, 5))
def test_a_borrowed_sound_does_not_follow_itself(notes, seed):
    bank = toy_bank()
    lender, borrower = (ARTICULATIONS.index(name) for name in ("crash1_bow", "crash1_edge"))
    samples = bank.samples
    samples["start"][samples["articulation"] == borrower] = samples["start"][samples["articulation"] == lender]
    decided = plan(performance([Hit(0.05 * i, n, 100) for i, n in enumerate(notes)]), bank, RenderSettings(seed=seed))
    assert (np.diff(samples["start"][decided.strikes["sample"]]) != 0).all()


def test_all_variations_are_used_about_equally():
    decided = plan(performance([Hit(0.01 * i, 38, 100) for i in range(3000)], duration_s=31), BANK)
    counts = np.bincount(BANK.samples["variation"][decided.strikes["sample"]], minlength=VARIATIONS)
    assert counts.min() > 900  # 1000 expected, standard deviation below 26


def test_draws_depend_on_seed_performance_and_kit_only():
    hits = [Hit(0.1 * i, 38, 100) for i in range(50)]
    same = plan(performance(hits), BANK).strikes["sample"]
    assert (plan(performance(hits), toy_bank()).strikes["sample"] == same).all()
    assert (plan(performance(hits[:20]), BANK).strikes["sample"] == same[:20]).all()
    for other in (plan(performance(hits, name="q"), BANK), plan(performance(hits), BANK, RenderSettings(seed=1))):
        assert (other.strikes["sample"] != same).any()


def test_openness_chooses_the_nearest_degree():
    decided = plan(performance([Hit(0.1, 46, 100, 0.5), Hit(0.2, 46, 100, 0.7), Hit(0.3, 42, 100, 0.9)]), BANK)
    assert BANK.samples["degree"][decided.strikes["sample"]].tolist() == [0, 1, 0]


@pytest.mark.parametrize("closing", [42, 22, 44])
def test_a_closed_stroke_chokes_the_open_hat(closing):
    decided = plan(performance([Hit(0.5, 46, 100, 1.0), Hit(0.75, closing, 100)]), BANK)
    assert decided.strikes["choke_frame"].tolist() == [round(0.75 * RATE), NOT_CHOKED]
    assert decided.strikes["release_frames"][0] == RELEASE_FRAMES


def test_an_open_stroke_does_not_choke_the_one_before():
    decided = plan(performance([Hit(0.5, 46, 100, 1.0), Hit(0.75, 26, 100, 1.0)]), BANK)
    assert (decided.strikes["choke_frame"] == NOT_CHOKED).all()


def test_the_pedal_going_down_chokes_and_staying_down_does_not_choke_again():
    moves = [PedalMove(0.0, 1.0), PedalMove(0.6, 0.5), PedalMove(0.7, 0.05), PedalMove(0.9, 0.0)]
    decided = plan(performance([Hit(0.5, 46, 100, 1.0), Hit(0.8, 46, 100, 0.2)], pedal=moves), BANK)
    assert decided.strikes["choke_frame"].tolist() == [round(0.7 * RATE), NOT_CHOKED]


def test_a_hand_chokes_its_own_cymbal_only():
    hits = [Hit(0.5, 49, 100), Hit(0.5, 55, 100), Hit(0.5, 57, 100), Hit(0.5, 51, 100)]
    decided = plan(performance(hits, chokes=[Choke(0.9, 55)]), BANK)
    assert decided.strikes["choke_frame"].tolist() == [round(0.9 * RATE)] * 2 + [NOT_CHOKED] * 2


def test_an_unknown_choked_note_is_nobodys():
    decided = plan(performance([Hit(0.5, 52, 100)], chokes=[Choke(0.9, 99)]), BANK)
    assert decided.strikes["choke_frame"].tolist() == [NOT_CHOKED]


def test_natural_tails_lengthen_cut_ones_do_not():
    late = performance([Hit(0.99, 36, 100)], duration_s=1.0)
    assert plan(late, BANK).frames == round(0.99 * RATE) + 3000
    assert plan(late, BANK, RenderSettings(tail="cut")).frames == RATE
    assert plan(performance([Hit(0.1, 36, 100)], duration_s=1.0), BANK).frames == RATE


def test_a_choked_last_sound_ends_the_performance_early():
    choked = performance([Hit(0.99, 49, 100)], chokes=[Choke(1.0, 49)], duration_s=1.0)
    assert plan(choked, BANK).frames == RATE + RELEASE_FRAMES


def test_a_performance_without_hits_is_silence_of_its_duration():
    decided = plan(performance([], duration_s=0.5), BANK)
    assert decided.frames == RATE // 2
    assert len(decided.strikes) == 0


def test_velocity_sets_layer_and_gain():
    decided = plan(performance([Hit(0.1, 36, 20), Hit(0.2, 36, 63), Hit(0.3, 36, 64), Hit(0.4, 36, 127)]), BANK)
    assert BANK.samples["layer"][decided.strikes["sample"]].tolist() == [0, 0, 1, 1]
    assert (np.diff(decided.strikes["gain"]) > 0).all()


def test_another_sample_rate_is_refused():
    with pytest.raises(RenderError, match="48000 Hz"):
        plan(performance([]), BANK, RenderSettings(sample_rate=48_000))


def test_every_piece_has_a_primary_articulation_of_its_own():
    from stemgmd_tools.rendering.plan import PRIMARY_ARTICULATION

    assert set(PRIMARY_ARTICULATION) == set(Piece)
    names = {note.articulation: note.piece for note in NOTES}
    assert all(names[name] is piece for piece, name in PRIMARY_ARTICULATION.items())
    assert note_of(36).articulation == PRIMARY_ARTICULATION[Piece.KICK]
