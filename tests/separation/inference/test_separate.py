"""Sounds of any rate and length through a model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_separators import Gains, TinyMasks

from stemgmd_tools.errors import AudioError, UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference.separate import (
    Separation,
    SeparationSettings,
    chosen_stems,
    separate_sound,
    with_wiener_filter,
)
from stemgmd_tools.separation.inference.wiener import WienerFiltered

SHORT = SeparationSettings(segment_s=0.1)
STEP = 1 / (1 << 23)


def noise(frames: int, channels: int = 2) -> np.ndarray:
    draw = stream(3, "separate", frames, channels)
    return draw.uniform(-0.9, 0.9, (channels, frames)).astype(np.float32)


def tone(frames: int, rate: int, channels: int = 2) -> np.ndarray:
    swell = np.sin(np.pi * np.arange(frames) / frames) ** 2
    line = swell * np.sin(2 * np.pi * 500 * np.arange(frames) / rate)
    return np.stack([line * (1 - 0.5 * channel) for channel in range(channels)]).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 100, 4410, 4411, 50_000])
def test_at_the_models_rate_stems_are_exact(frames, channels):
    sound = noise(frames, channels)
    stems = separate_sound(Gains(("a", "b"), gain=0.5), sound, 44_100, SHORT)
    assert stems.shape == (2, channels, frames)
    assert stems.dtype == np.float32
    assert np.abs(stems[0] - 0.5 * sound).max() <= STEP
    assert np.array_equal(stems[1], np.rint(sound / STEP) * STEP)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 22_050, 37_123, 48_000, 96_000, 192_000])
def test_any_rate_keeps_length_place_and_sound(rate, channels):
    sound = tone(rate // 2 + 7, rate, channels)
    stems = separate_sound(Gains(("a", "b"), gain=0.5), sound, rate, SHORT)
    assert stems.shape == (2, *sound.shape)
    assert np.abs(stems[1] - sound).max() < 1e-5


@pytest.mark.parametrize("rate", [8_000, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("frames", [1, 2, 3, 10, 997])
def test_the_shortest_sounds_keep_their_length_at_any_rate(rate, frames):
    for consistent in (False, True):
        separating = SeparationSettings(segment_s=0.1, mixture_consistent=consistent)
        sound = noise(frames)
        stems = separate_sound(Gains(("a", "b")), sound, rate, separating)
        assert stems.shape == (2, 2, frames)
        if consistent:
            assert np.array_equal(stems.sum(axis=0), np.rint(sound / STEP) * STEP)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_blocks_make_no_difference(rate):
    torch.manual_seed(2)
    model = TinyMasks(("a", "b", "c"))
    sound = np.ascontiguousarray(noise(20_000).T)
    outputs = []
    for size in (20_000, 1234, 77):
        through = Separation(
            model,
            SeparationSettings(segment_s=0.1, batch=2, mixture_consistent=True),
            sample_rate=rate,
            channels=2,
            sample_format="int16",
        )
        parts = [through.push(sound[start : start + size]) for start in range(0, len(sound), size)]
        outputs.append(np.concatenate([*parts, through.finish()], axis=1))
    assert np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[0], outputs[2])
    assert np.array_equal(outputs[0].sum(axis=0), np.rint(sound.astype(np.float64) * 32_768))


@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_silence_gives_silence(rate):
    for consistent in (False, True):
        separating = SeparationSettings(segment_s=0.1, mixture_consistent=consistent)
        assert not separate_sound(Gains(offset=0.3), np.zeros((2, 30_000), np.float32), rate, separating).any()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused_with_its_place(wrong):
    sound = noise(44_100)
    sound[1, 22_050] = wrong
    with pytest.raises(AudioError, match=r"^at 0\.500 s a sample is no finite number"):
        separate_sound(Gains(), sound, 44_100, SHORT)


def test_a_model_that_makes_no_numbers_is_named():
    with pytest.raises(AudioError, match="weights are damaged"):
        separate_sound(Gains(gain=float("nan")), noise(10), 44_100, SHORT)


def test_what_is_held_does_not_grow_with_the_sound():
    through = Separation(
        Gains(), SeparationSettings(segment_s=0.1), sample_rate=48_000, channels=2, sample_format="int16"
    )
    block = np.ascontiguousarray(noise(1000).T)
    most = 0
    for _ in range(300):
        through.push(block)
        most = max(most, through._owed, sum(len(one) for one in through._waiting))
    assert most < 0.3 * 48_000


def test_three_channels_are_refused():
    with pytest.raises(UsageError, match="3 channels"):
        separate_sound(Gains(), noise(10, 3), 44_100)


def test_stems_are_chosen_by_name_in_the_models_order():
    model = Gains(("a", "b", "c"))
    assert chosen_stems(model, ()) == (0, 1, 2)
    assert chosen_stems(model, ("c", "a")) == (0, 2)
    with pytest.raises(UsageError, match="--stem x: these weights separate a, b, c"):
        chosen_stems(model, ("x",))


def test_wiener_filtering_lets_stems_sum_to_the_mixture():
    torch.manual_seed(4)
    model = TinyMasks(("a", "b"))
    sound = noise(10_000)
    plain, shared = (separate_sound(with_wiener_filter(model, alpha), sound, 44_100, SHORT) for alpha in (None, 1.0))
    assert np.abs(shared.sum(axis=0) - sound).max() < 1e-4
    assert np.abs(plain.sum(axis=0) - sound).max() > 1e-2
    assert isinstance(with_wiener_filter(model, 2.0), WienerFiltered)
    model.segment = 1000
    assert with_wiener_filter(model, 2.0).segment == 1000


def test_wiener_filtering_needs_masks_and_a_power():
    with pytest.raises(UsageError, match="makes none"):
        with_wiener_filter(Gains(), 1.0)
    with pytest.raises(UsageError, match="alpha 0"):
        with_wiener_filter(TinyMasks(), 0.0)
