"""From floats to integers: one gain, the mixture the sum of its stems."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools import units
from stemgmd_tools.augment.audio.sounds import MemoryStems
from stemgmd_tools.augment.corpus.pcm import quantise_stems
from stemgmd_tools.errors import RenderError
from stemgmd_tools.pieces import PIECES_OF_GROUP, Group, Piece


def noise(peak: float, frames: int = 5000) -> np.ndarray:
    sound = np.random.default_rng(1).standard_normal((9, 2, frames)).astype(np.float32)
    return sound * np.float32(peak / np.abs(sound).max())


@pytest.mark.parametrize("bit_depth", [16, 24])
@pytest.mark.parametrize("peak", [0.05, 0.7, 30.0])
def test_the_mixture_is_the_sum_and_nothing_clips(bit_depth, peak):
    stems = noise(peak)
    pcm = quantise_stems(MemoryStems(stems), None, bit_depth)
    rounded, mixture = pcm.part(0, pcm.frames)
    full = units.full_scale(bit_depth)
    exact = rounded.astype(np.int64).sum(axis=0)
    assert (exact == mixture).all()
    assert np.abs(exact).max() < full
    assert pcm.gain_db <= 0.0
    assert (pcm.gain_db < 0.0) == (np.abs(stems.sum(axis=0)).max() > 1 or peak > 1)
    wanted = stems.transpose(0, 2, 1) * units.gain_of_db(pcm.gain_db) * full
    assert np.abs(rounded - wanted).max() <= 0.5 + peak * full * 1e-6


def test_stems_of_sixteen_bits_come_back_as_they_were():
    integers = np.random.default_rng(2).integers(-3000, 3000, (9, 2, 4000)).astype(np.int16)
    pcm = quantise_stems(MemoryStems(integers.astype(np.float32) / 32768), None, 16)
    assert (pcm.part(0, 4000)[0].transpose(0, 2, 1) == integers).all()
    assert pcm.gain_db == 0.0


def test_a_mixture_of_its_own_shares_the_gain():
    stems, mixture = noise(0.1), np.full((2, 5000), 2.0, np.float32)
    pcm = quantise_stems(MemoryStems(stems), mixture, 16)
    assert pcm.gain_db == pytest.approx(-6.02, abs=0.02)
    rounded = pcm.part(0, pcm.frames)[1]
    assert rounded.min() == rounded.max() == np.rint(2 * 32768 * units.gain_of_db(pcm.gain_db))


@pytest.mark.parametrize("bit_depth", [16, 24])
@pytest.mark.parametrize("has_own_mixture", [False, True])
def test_groups_of_stems_do_not_clip_where_the_mixture_does_not(bit_depth, has_own_mixture):
    stems = np.zeros((9, 2, 5000), np.float32)
    for piece, value in ((Piece.HI_TOM, 0.8), (Piece.LOW_TOM, 0.8), (Piece.SNARE, -0.9)):
        stems[piece.axis] = value
    pcm = quantise_stems(
        MemoryStems(stems), np.full((2, 5000), 0.5, np.float32) if has_own_mixture else None, bit_depth
    )
    rounded, _ = pcm.part(0, pcm.frames)
    toms = [piece.axis for piece in PIECES_OF_GROUP[Group.TOMS]]
    full = units.full_scale(bit_depth)
    wanted = 1.6 * units.gain_of_db(pcm.gain_db) * full
    assert np.abs(rounded[toms].astype(np.int64).sum(axis=0) - wanted).max() <= 1.5
    assert wanted < full


def test_blocks_cover_everything():
    pcm = quantise_stems(MemoryStems(noise(0.3)), None, 16)
    blocks = list(pcm.blocks(777))
    whole, mixture = pcm.part(0, pcm.frames)
    assert (np.concatenate([stems for stems, _ in blocks], axis=1) == whole).all()
    assert (np.concatenate([mixture for _, mixture in blocks]) == mixture).all()


def test_stems_that_round_to_nothing_are_silent():
    stems = noise(0.3)
    stems[2] = 0.0
    stems[5] = 0.5 / 32768  # a tie: rounds to the even zero
    stems[6] = 0.51 / 32768
    pcm = quantise_stems(MemoryStems(stems), None, 16)
    assert pcm.silent == {2, 5}
    assert not pcm.part(0, pcm.frames)[0][[2, 5]].any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value):
    stems = noise(0.1)
    stems[3, 1, 100] = value
    with pytest.raises(RenderError, match="not finite"):
        quantise_stems(MemoryStems(stems), None, 16)
