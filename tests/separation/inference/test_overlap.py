"""Chunks that overlap: nothing lost, nothing doubled, the same bits however the sound arrives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from toy_separators import Gains, TinyMasks

from stemgmd_tools.errors import UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference.overlap import Stream, separate_frames

SEGMENT = 96
STFT_ROUNDING = 2e-6
"""What two float32 transforms of full-scale noise may cost."""


def noise(frames: int) -> torch.Tensor:
    return torch.from_numpy(stream(3, "overlap", frames).uniform(-1, 1, (2, frames)).astype(np.float32))


class Numbered(Gains):
    """The n-th chunk it is shown comes back as n times the sound: outputs tell which chunk they are from."""

    def estimate(self, mixture):
        number = sum(lengths[0] for lengths in self.lengths)
        factors = torch.arange(number + 1, number + 1 + len(mixture), dtype=torch.float32)
        return super().estimate(mixture * factors[:, None, None])


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("frames", [0, 1, 2, 23, 95, 96, 97, 120, 143, 144, 145, 168, 192, 240, 1000])
def test_a_model_that_changes_nothing_gives_back_its_input_to_the_bit(frames, batch, overlap):
    mixture = noise(frames)
    stems = separate_frames(Gains(("a", "b"), gain=1.0), mixture, segment=SEGMENT, overlap=overlap, batch=batch)
    assert stems.shape == (2, 2, frames)
    assert stems.dtype == torch.float32
    assert torch.equal(stems[0], mixture)
    assert torch.equal(stems[1], 2 * mixture)


@pytest.mark.parametrize("frames", [1, 500, 4096, 4097, 20_000])
def test_masks_of_one_give_back_the_input_within_the_rounding_of_transforms(frames):
    model = TinyMasks(("a",), window=512, hop=128)
    torch.nn.init.zeros_(model.leave.weight)
    torch.nn.init.constant_(model.leave.bias, 100.0)
    mixture = noise(frames)
    stems = separate_frames(model, mixture, segment=4096, overlap=0.25)
    assert torch.allclose(stems[0], mixture, rtol=0, atol=STFT_ROUNDING)


@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize("frames", [1, 300, 2048, 2049, 2560, 9000, 10_240])
def test_pieces_of_any_size_give_the_same_bits_as_the_whole(frames, batch):
    torch.manual_seed(1)
    model = TinyMasks(("a", "b"), window=256, hop=64)
    mixture = noise(frames)
    whole = separate_frames(model, mixture, segment=2048, batch=batch)
    draw = stream(5, "pieces", frames)
    for sizes in (itertools.repeat(137), itertools.repeat(4096), iter(lambda: int(draw.integers(0, 3000)), None)):
        through = Stream(model, segment=2048, batch=batch)
        parts, start = [], 0
        while start < frames:
            size = next(sizes)
            parts.append(through.push(mixture[:, start : start + size]))
            start += size
        parts.append(through.finish())
        assert torch.equal(torch.cat(parts, -1), whole)


def test_a_stream_serves_one_sound_after_the_other():
    through = Stream(Gains(("a",), gain=1.0), segment=SEGMENT, batch=2)
    for frames in (1000, 10, 0, 97):
        mixture = noise(frames)
        assert torch.equal(torch.cat([through.push(mixture), through.finish()], -1)[0], mixture)


@pytest.mark.parametrize("frames", [96, 97, 150, 1000])
def test_every_chunk_is_whole_and_the_last_one_ends_with_the_sound(frames):
    model = Gains(("a",))
    separate_frames(model, noise(frames), segment=SEGMENT, batch=1)
    assert set(model.lengths) == {(1, SEGMENT)}
    assert len(model.lengths) == 1 + -(-(frames - SEGMENT) // 72)


def test_no_chunk_is_without_a_say_where_two_meet_and_their_shares_sum_to_one():
    sound = torch.ones(2, 168)  # chunks at 0 and at 72, 24 frames in common
    separated = separate_frames(Numbered(("a",), gain=1.0), sound, segment=SEGMENT, overlap=0.25)[0, 0]
    assert torch.equal(separated[:72], torch.ones(72))
    assert torch.equal(separated[96:], torch.full((72,), 2.0))
    share = separated[72:96] - 1.0
    assert 0 < share[0] < 0.05
    assert 0.95 < share[-1] < 1
    assert torch.allclose(share + share.flip(0), torch.ones(24))
    assert (share.diff() > 0).all()


def test_the_last_frame_comes_from_a_whole_chunk_alone():
    separated = separate_frames(Numbered(("a",), gain=1.0), torch.ones(2, 100), segment=SEGMENT, overlap=0.25)[0, 0]
    assert torch.equal(separated[:72], torch.ones(72))
    assert separated[96:].tolist() == [2.0] * 4
    assert separated[-1] == 2.0


def test_silence_stays_silent_and_costs_nothing():
    model = Gains(("a",), offset=0.1)
    mixture = torch.zeros(2, 5 * SEGMENT)
    assert not separate_frames(model, mixture, segment=SEGMENT).any()
    assert model.lengths == []
    mixture[0, 0] = 1.0
    stems = separate_frames(model, mixture, segment=SEGMENT, batch=4)
    assert stems[..., :72].all()
    assert not stems[..., SEGMENT:].any()


def test_what_is_held_does_not_grow_with_the_sound():
    through = Stream(Gains(("a",)), segment=SEGMENT, batch=2)
    pushed = returned = 0
    for _ in range(200):
        pushed += 50
        returned += through.push(noise(50)).shape[-1]
        assert pushed - returned <= SEGMENT + 2 * 72
    assert through._held.shape == (2, SEGMENT + 2 * 72)


def test_results_can_be_changed_in_place():
    separate_frames(Gains(("a",)), noise(10), segment=SEGMENT).mul_(2.0)


def test_autocast_reaches_the_model():
    seen = []

    class Looks(Gains):
        def estimate(self, mixture):
            seen.append(torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None)
            return super().estimate(mixture)

    separate_frames(Looks(("a",)), noise(10), segment=SEGMENT)
    separate_frames(Looks(("a",)), noise(10), segment=SEGMENT, autocast=torch.bfloat16)
    assert seen == [None, torch.bfloat16]


@pytest.mark.parametrize(
    "wrong", [{"segment": 0}, {"overlap": 0.6}, {"overlap": -0.1}, {"batch": 0}, {"overlap": float("nan")}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError, match="give a segment and a batch of 1 or more, and an overlap from 0"):
        Stream(Gains(("a",)), **{"segment": SEGMENT, **wrong})


def test_a_mono_sound_is_refused():
    with pytest.raises(UsageError, match=r"\(1, 5\); they must be \(2, n\)"):
        Stream(Gains(("a",)), segment=SEGMENT).push(torch.zeros(1, 5))
