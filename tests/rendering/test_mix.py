"""Physics of the mixture: place, level, fades, exact sums, independence of blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import RATE, RELEASE_FRAMES, toy_bank

from stemgmd_tools.performances.tables import Choke, Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import ARTICULATIONS, GROUPS, NOTES, PIECES, PIECES_OF_GROUP, Group, Piece
from stemgmd_tools.rendering.mix import Mixer, Overload, mix
from stemgmd_tools.rendering.plan import plan

BANK = toy_bank()
LOUD = toy_bank(amplitude=0.95)
notes = st.sampled_from([note.number for note in NOTES])
hits = st.lists(st.builds(Hit, st.floats(0, 0.6), notes, st.integers(1, 127), st.sampled_from([0.0, 1.0])), max_size=40)


def performance(hits, *, chokes=(), duration_s=0.7):
    return Performance(id="p", hits=list(hits), duration_s=duration_s, chokes=list(chokes))


def reference(decided, bank):
    """Return float stems (9, frames, 2), one strike after the other, in the obvious way."""
    out = np.zeros((len(PIECES), decided.frames, 2), np.float32)
    pcm = bank.pcm.reshape(-1, 2)
    for strike in decided.strikes:
        row = bank.samples[strike["sample"]]
        sound = pcm[row["start"] : row["start"] + row["frames"]].astype(np.float32) * strike["gain"]
        begin = strike["frame"] - row["onset"]
        if strike["choke_frame"] >= 0:
            n = strike["choke_frame"] - begin
            line = (1.0 - np.arange(strike["release_frames"]) / strike["release_frames"]) ** 2
            envelope = np.concatenate([np.ones(max(n, 0)), line, np.zeros(len(sound))])[: len(sound)]
            sound = sound * envelope.astype(np.float32)[:, None]
        skip = max(0, -begin)
        sound = sound[skip:]
        begin += skip
        end = min(begin + len(sound), decided.frames)
        out[strike["piece"], begin:end] += sound[: end - begin]
    return out


@settings(max_examples=40, deadline=None)
@given(hits, st.integers(1, 5000), st.sampled_from([0, 44]))
def test_floats_equal_the_obvious_sum_whatever_the_block_length(hits, block_frames, onset):
    bank = toy_bank(onset=onset) if onset else BANK
    decided = plan(performance(hits, chokes=[Choke(0.3, 49)]), bank)
    blocks = [b.copy() for b in Mixer(decided, bank).float_blocks(block_frames=block_frames)]
    got = np.concatenate(blocks, axis=1).reshape(len(PIECES), -1, 2)
    assert np.array_equal(got, reference(decided, bank))


@settings(max_examples=25, deadline=None)
@given(hits, st.sampled_from([16, 24]), st.integers(700, 6000))
def test_integer_stems_are_rounded_floats_and_sum_exactly(hits, bit_depth, block_frames):
    decided = plan(performance(hits), BANK)
    mixer = Mixer(decided, BANK)
    expected = np.rint(reference(decided, BANK) * np.float32(2 ** (bit_depth - 1)))
    groups = [[piece.axis for piece in PIECES_OF_GROUP[group]] for group in GROUPS]
    sums = [expected.sum(axis=0), *(expected[axes].sum(axis=0) for axes in groups)]
    highest = max(np.abs(expected).max(), *(np.abs(one).max() for one in sums))
    if highest >= 2 ** (bit_depth - 1):
        with pytest.raises(Overload):
            list(mixer.blocks(bit_depth, block_frames=block_frames))
        return
    parts = [(s.copy(), m.copy()) for s, m in mixer.blocks(bit_depth, block_frames=block_frames)]
    stems = np.concatenate([s for s, _ in parts], axis=1)
    mixture = np.concatenate([m for _, m in parts])
    assert np.array_equal(stems, expected)
    assert np.array_equal(mixture, stems.sum(axis=0, dtype=np.int64))


@pytest.mark.parametrize("bit_depth", [16, 24])
def test_a_crowd_of_loud_strokes_never_clips_and_still_sums(bit_depth):
    crowd = [Hit(0.1, note.number, 127, 1.0) for note in NOTES for _ in range(3)]
    stems = mix(plan(performance(crowd), LOUD), LOUD, bit_depth=bit_depth)
    full = 2 ** (bit_depth - 1)
    assert stems.gain_db < -20
    exact = stems.pcm.sum(axis=0, dtype=np.int64)
    assert np.array_equal(stems.mixture, exact)
    assert 0.99 * full < np.abs(exact).max() < full  # as loud as fits, within one gain step and the rounding margin


@pytest.mark.parametrize("bit_depth", [16, 24])
def test_a_group_of_stems_does_not_clip_where_the_mixture_does_not(bit_depth):
    bank = toy_bank(amplitude=0.9)
    pcm = bank.pcm // 8
    for row in bank.samples:
        peak = -30_000 if row["articulation"] == ARTICULATIONS.index("snare_head") else 30_000
        pcm[2 * row["start"] : 2 * row["start"] + 2] = peak
    bank = replace(bank, pcm=pcm)
    stems = mix(plan(performance([Hit(0.1, note, 127) for note in (38, 48, 43)]), bank), bank, bit_depth=bit_depth)
    full = 2 ** (bit_depth - 1)
    toms = stems.pcm[[piece.axis for piece in PIECES_OF_GROUP[Group.TOMS]]].sum(axis=0, dtype=np.int64)
    assert stems.gain_db < -3
    assert 0.99 * full < np.abs(toms).max() < full
    assert np.abs(stems.mixture).max() < full * 10 ** (stems.gain_db / 20)  # it fits as it is


def test_an_overload_in_the_last_block_counts_for_the_whole_performance():
    long = performance([Hit(0.0, 36, 100), *(Hit(9.0, 36, 127) for _ in range(4))], duration_s=9.5)
    stems = mix(plan(long, LOUD), LOUD)
    alone = mix(plan(performance([Hit(0.0, 36, 100)], duration_s=9.5), LOUD), LOUD)
    assert stems.gain_db < 0 == alone.gain_db
    ratio = np.abs(stems["kick"][:, : RATE // 2]).max() / np.abs(alone["kick"]).max()
    assert 20 * np.log10(ratio) == pytest.approx(stems.gain_db, abs=0.01)


def test_the_attack_is_exactly_on_its_frame():
    for onset in (0, 88):
        bank = toy_bank(onset=onset)
        stems = mix(plan(performance([Hit(0.25, 36, 127)]), bank), bank)
        assert int(np.abs(stems["kick"]).max(axis=0).argmax()) == round(0.25 * RATE)


def test_what_precedes_an_attack_at_frame_0_is_cut():
    bank = toy_bank(onset=88)
    stems = mix(plan(performance([Hit(0.0, 36, 127)]), bank), bank)
    assert int(np.abs(stems["kick"]).max(axis=0).argmax()) == 0


def test_other_stems_are_silent():
    stems = mix(plan(performance([Hit(0.25, 51, 127)]), BANK), BANK)
    assert all(not stems[piece].any() for piece in Piece if piece is not Piece.RIDE)
    assert stems["ride"].any()


def test_a_choked_sound_fades_to_nothing_and_was_untouched_before():
    ringing = mix(plan(performance([Hit(0.1, 49, 127)]), BANK), BANK)["crash"]
    choked = mix(plan(performance([Hit(0.1, 49, 127)], chokes=[Choke(0.12, 49)]), BANK), BANK)["crash"]
    at = round(0.12 * RATE)
    assert np.array_equal(choked[:, :at], ringing[:, :at])
    assert np.array_equal(choked[:, at], ringing[:, at])
    assert not choked[:, at + RELEASE_FRAMES :].any()
    assert ringing[:, at + RELEASE_FRAMES :].any()


def test_groups_add_their_pieces():
    crowd = [Hit(0.02 * i, note.number, 60, 1.0) for i, note in enumerate(NOTES)]
    stems = mix(plan(performance(crowd), BANK), BANK)
    assert np.array_equal(sum(stems.group(group).astype(int) for group in Group), stems.mixture)
    assert np.array_equal(stems.group("hihat"), stems["hihat_open"] + stems["hihat_closed"])


def test_floats_of_stems_are_exact():
    stems = mix(plan(performance([Hit(0.1, 36, 90)]), BANK), BANK, bit_depth=24)
    assert np.array_equal(np.rint(stems.as_float() * 2**23), stems.pcm)
    assert stems.as_float().dtype == np.float32
