"""Stems become integers: rounded once, or summing to their mixture to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference.mixture_consistency import MEMORY_S, Sharing

RATE = 44_100
DEPTH = {"int16": 16, "int24": 24, "float32": 24}


def toy_stems(frames: int, stems: int = 5, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    draw = stream(1, "sharing", frames, stems, channels)
    levels = draw.uniform(0.0, 0.3, (stems, 1, 1))
    sound = (levels * draw.uniform(-1, 1, (stems, frames, channels))).astype(np.float32)
    mixture = (sound.sum(axis=0) + draw.uniform(-0.05, 0.05, (frames, channels))).astype(np.float32)
    return sound, np.clip(mixture, -1, 1)


def grid(sound: np.ndarray, sample_format: str) -> np.ndarray:
    full = 1 << (DEPTH[sample_format] - 1)
    low, high = (-16 * full, 16 * full - 1) if sample_format == "float32" else (-full, full - 1)
    return np.clip(np.rint(sound.astype(np.float64) * full), low, high).astype(np.int64)


@pytest.mark.parametrize("sample_format", ["int16", "int24", "float32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_integers_sum_to_the_mixture_to_the_last_bit(sample_format, channels):
    stems, mixture = toy_stems(20_000, channels=channels)
    integers = Sharing(5, RATE, sample_format, consistent=True).integers(stems, mixture)
    assert np.array_equal(integers.sum(axis=0), grid(mixture, sample_format))
    assert np.abs(integers - grid(stems, sample_format)).max() > 1  # more than rounding was missing


@pytest.mark.parametrize("sample_format", ["int16", "int24", "float32"])
def test_without_consistency_every_stem_is_rounded_by_itself(sample_format):
    stems, mixture = toy_stems(9000)
    sharing = Sharing(5, RATE, sample_format, consistent=False)
    assert np.array_equal(sharing.integers(stems, mixture), grid(stems, sample_format))
    assert sharing.clipped(range(5)) == 0


@pytest.mark.parametrize("consistent", [True, False])
def test_blocks_make_no_difference(consistent):
    stems, mixture = toy_stems(20_000)
    whole = Sharing(5, RATE, "int16", consistent=consistent).integers(stems, mixture)
    sharing = Sharing(5, RATE, "int16", consistent=consistent)
    parts = [sharing.integers(stems[:, a:b], mixture[a:b]) for a, b in ((0, 1), (1, 1), (1, 9000), (9000, 20_000))]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_a_silent_stem_stays_silent():
    stems, mixture = toy_stems(20_000)
    stems[2] = 0.0
    integers = Sharing(5, RATE, "int24", consistent=True).integers(stems, mixture)
    assert not integers[2].any()


def test_silence_is_shared_out_as_silence():
    integers = Sharing(5, RATE, "int16", consistent=True).integers(
        np.zeros((5, 100, 2), np.float32), np.zeros((100, 2), np.float32)
    )
    assert not integers.any()


def test_what_no_stem_has_is_shared_out_equally():
    mixture = np.full((400, 2), 0.5, np.float32)
    integers = Sharing(4, RATE, "int16", consistent=True).integers(np.zeros((4, 400, 2), np.float32), mixture)
    assert (integers == 4096).all()


def test_the_louder_stem_takes_more_and_the_shares_follow_the_sound():
    stems = np.zeros((2, RATE // 5, 1), np.float32)
    half = RATE // 10
    stems[0, :half], stems[1, half:] = 0.2, 0.2
    stems[1, :half], stems[0, half:] = 0.1, 0.1
    integers = Sharing(2, RATE, "int24", consistent=True).integers(stems, np.full((RATE // 5, 1), 0.5, np.float32))
    got = (integers - grid(stems, "int24"))[:, :, 0] / (1 << 23)
    settled = half - 1
    assert got[:, settled] == pytest.approx([0.2 * 0.8, 0.2 * 0.2], abs=1e-3)  # energies 4 to 1
    crossed = half + round(MEMORY_S * RATE * np.log(2))  # half of the way from 0.8 to 0.2 (equal total energy)
    assert got[0, crossed] == pytest.approx(0.1, abs=2e-3)


def test_what_is_too_loud_is_clipped_and_counted():
    sharing = Sharing(1, RATE, "int16", consistent=False)
    sound = np.array([[[1.5], [-1.0], [1.0], [0.5]]], np.float32)
    assert sharing.integers(sound, sound[0])[0, :, 0].tolist() == [32_767, -32_768, 32_767, 16_384]
    assert sharing.clipped([0]) == 2
    floats = Sharing(1, RATE, "float32", consistent=False)
    assert floats.integers(sound, sound[0])[0, :, 0].tolist() == [3 << 22, -(1 << 23), 1 << 23, 1 << 22]
    assert floats.clipped([0]) == 0
    assert floats.integers(np.full((1, 1, 1), 1e30, np.float32), sound[0])[0, 0, 0] == (1 << 27) - 1


def test_stems_that_clip_still_sum_to_their_mixture():
    stems = np.array([[[1.4]], [[-0.7]], [[0.1]]], np.float32)
    mixture = np.array([[0.8]], np.float32)
    integers = Sharing(3, RATE, "int16", consistent=True).integers(stems, mixture)
    assert integers.sum() == round(0.8 * 32_768)
    assert integers.max() == 32_767


def test_only_stems_that_are_asked_for_and_their_mixture_count_as_clipped():
    stems = np.array([[[1.4]], [[-0.1]]], np.float32)
    sharing = Sharing(2, RATE, "int16", consistent=True)
    sharing.integers(stems, np.array([[1.3]], np.float32))
    assert (sharing.clipped([0]), sharing.clipped([1])) == (2, 1)


def test_stems_have_room_for_what_others_cannot_take():
    stems = np.array([[[1.0]], [[1.0]], [[-1.0]], [[-1.0]]], np.float32)
    integers = Sharing(4, RATE, "int16", consistent=True).integers(stems, np.array([[-1.0]], np.float32))
    assert integers.sum() == -32_768
    assert np.abs(integers).max() <= 32_768
