"""Rows carried out on batches: the same alone and in company, in any shape, and refused where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_strokes import rise, strokes

torch = pytest.importorskip("torch")

from toy_batches import (  # noqa: E402
    ON_STEMS,
    RATE,
    TAPS,
    TIME_EFFECTS,
    parameters,
    toy_applied,
    toy_batch,
    toy_onsets,
    typical_row,
)

from stemgmd_tools.augment.audio.apply import Warp, apply, summed  # noqa: E402
from stemgmd_tools.augment.audio.executor import Stage, Touch  # noqa: E402
from stemgmd_tools.augment.chain.catalogue import EFFECTS, find_effect  # noqa: E402
from stemgmd_tools.augment.chain.effect import AudioEffect, Domain, GainEffect, Law, Scope  # noqa: E402
from stemgmd_tools.augment.chain.rows import Row  # noqa: E402
from stemgmd_tools.augment.effects.audio.saturation import saturation  # noqa: E402
from stemgmd_tools.errors import AugmentError  # noqa: E402


def _adds_noise(name: str) -> bool:
    effect = find_effect(name)
    return isinstance(effect, AudioEffect) and effect.adds_noise


def _looks_at_values(name: str) -> bool:
    """Return whether what is done depends on the sound, which tensors of the device ``meta`` do not have."""
    effect = find_effect(name)
    return isinstance(effect, GainEffect) or (isinstance(effect, AudioEffect) and effect.law is Law.FOLLOWS_LEVEL)


def test_effects_that_change_the_length_say_that_they_change_time():
    changing = {effect.name for effect in EFFECTS if effect.domain is Domain.AUDIO and effect.changes_time}
    assert changing == set(TIME_EFFECTS)


@pytest.mark.parametrize("effect", ON_STEMS)
def test_an_item_is_the_same_alone_and_in_a_batch(effect):
    stems = toy_batch(24, 12_000)
    rows = [[typical_row(effect, stem) for stem in range(3)] if item % 3 != 1 else [] for item in range(24)]
    together = toy_applied(rows, stems)
    for item in (0, 1, 23):
        alone = toy_applied([rows[item]], stems[item : item + 1])
        length = alone.frames[0]
        assert together.frames[item] == length
        assert torch.equal(together.stems[item, ..., :length], alone.stems[0])
        assert torch.equal(together.mixture[item, ..., :length], alone.mixture[0])
        assert not together.stems[item, ..., length:].any()


@pytest.mark.parametrize("effect", ON_STEMS)
@pytest.mark.parametrize(("channels", "frames"), [(1, 1), (2, 1), (1, 7001), (2, 2)])
def test_any_shape(effect, channels, frames):
    out = toy_applied([[typical_row(effect)]], toy_batch(1, frames, channels))
    assert out.stems.shape[:3] == (1, 3, channels) and bool(out.stems.isfinite().all())
    assert out.frames == (out.stems.shape[-1],)


@pytest.mark.parametrize("effect", [name for name in ON_STEMS if not _adds_noise(name)])
def test_silence_stays_silent_and_a_constant_stays_finite(effect):
    silent = torch.zeros(1, 3, 2, 5000)
    assert not toy_applied([[typical_row(effect)]], silent).stems.any()
    assert bool(toy_applied([[typical_row(effect)]], silent + 0.5).stems.isfinite().all())


@pytest.mark.parametrize("effect", [name for name in ON_STEMS if name not in TIME_EFFECTS])
def test_attacks_stay_within_a_millisecond(effect):
    sound = strokes(frames=60_000)
    stems = torch.from_numpy(np.stack([sound, sound * 0, sound * 0]))[None]
    onsets = [[toy_onsets(60_000)] * 3]
    out = (
        apply(
            [[typical_row(effect)]],
            stems,
            sample_rate=RATE,
            onsets=onsets,
            impulse_responses=TAPS,
        )
        .stems[0, 0]
        .numpy()
    )
    rises = [(rise(sound, frame), rise(out, frame)) for frame in onsets[0][0].tolist()]
    moved = [abs(now - before) for before, now in rises if before is not None and now is not None]
    assert len(moved) >= 3 and max(moved) <= 0.001 * RATE


def test_other_stems_and_the_callers_tensor_are_left_alone():
    stems = toy_batch(2)
    before = stems.clone()
    out = toy_applied([[typical_row("saturation", 1)], []], stems)
    assert torch.equal(stems, before)
    assert torch.equal(out.stems[1], before[1]) and torch.equal(out.stems[0, [0, 2]], before[0, [0, 2]])
    assert torch.equal(out.stems[0, 1:2], saturation(before[0, 1:2], drive=torch.tensor([2.0])))


def test_the_mixture_is_the_sum_and_then_its_own_rows():
    stems = toy_batch(2)
    rows = [[typical_row("gain", 0), typical_row("gain", -1, "mixture", step=1, gain_db=-6.0)], []]
    out = toy_applied(rows, stems)
    total = summed(out.stems)
    assert torch.equal(out.mixture[1], total[1])
    assert torch.allclose(out.mixture[0], total[0] * 10 ** (-6 / 20), atol=1e-7)


def test_steps_go_in_order():
    stems = toy_batch(1)
    first = toy_applied([[typical_row("saturation", 0, step=1), typical_row("gain", 0, step=2)]], stems).stems[0, 0]
    other = toy_applied([[typical_row("saturation", 0, step=2), typical_row("gain", 0, step=1)]], stems).stems[0, 0]
    assert torch.allclose(first, torch.tanh(stems[0, 0] * 2) * 10 ** (-4 / 20), atol=1e-7)
    assert torch.allclose(other, torch.tanh(stems[0, 0] * 2 * 10 ** (-4 / 20)), atol=1e-6)


def test_filters_before_and_after_something_else_keep_their_places():
    stems = toy_batch(1)
    steps = [
        typical_row("peaking_filter", 0, step=0),
        typical_row("saturation", 0, step=1),
        typical_row("high_pass_filter", 0, step=2),
    ]
    whole = toy_applied([steps], stems).stems
    each = stems
    for step in steps:
        each = toy_applied([[step]], each).stems
    assert torch.equal(whole, each)


@pytest.mark.parametrize("effect", [name for name in TIME_EFFECTS if Scope.EXAMPLE in find_effect(name).scopes])
def test_changes_of_time_move_labels_with_the_sound(effect):
    stems = toy_batch(2, 60_000)
    out = toy_applied([[typical_row(effect, rate=0.8, step=0), typical_row(effect, rate=1.1, step=1)], []], stems)
    assert out.frames == (round(round(60_000 / 0.8) / 1.1), 60_000)
    assert set(out.warps[1]) == {Warp()} and len(set(out.warps[0])) == 1 and len(out.warps[0][0].factors) == 2
    frames = toy_onsets(60_000)
    labels = out.warps[0][0].frames(frames)
    pairs = [
        (rise(stems[0, 2].numpy(), old), old, rise(out.stems[0, 2].numpy(), new), new)
        for old, new in zip(frames.tolist(), labels.tolist(), strict=True)
    ]
    errors = [
        abs((now - new) - (before - old)) for before, old, now, new in pairs if before is not None and now is not None
    ]
    assert len(errors) >= 3 and max(errors) <= 0.005 * RATE


def test_songs_are_repitched_each_by_itself_and_end_together():
    stems = toy_batch(2, 60_000)
    songs = [{"rate": 1.0, "cents": 0.0}, {"rate": 1.12, "cents": 200.0}, {"rate": 0.9, "cents": -100.0}]
    rows = [Row("an example", 0, "repitch", "song", stem, {**song, "fastest": 1.12}) for stem, song in enumerate(songs)]
    out = toy_applied([rows, []], stems)
    assert out.frames == (round(60_000 / 1.12), 60_000)
    assert torch.equal(out.stems[0, 0, :, : out.frames[0]], stems[0, 0, :, : out.frames[0]])
    assert not out.stems[0, ..., out.frames[0] :].any() and torch.equal(out.stems[1], stems[1])
    for stem, (song, warp) in enumerate(zip(songs, out.warps[0], strict=True)):
        assert abs(float(np.prod(warp.factors)) * song["rate"] - 1) < 1e-4
        frames = toy_onsets(60_000)
        labels = warp.frames(frames)
        moved = [
            abs((now - new) - (before - old))
            for old, new in zip(frames.tolist(), labels.tolist(), strict=True)
            if (before := rise(stems[0, stem].numpy(), old)) is not None
            and new < out.frames[0] - 2000
            and (now := rise(out.stems[0, stem].numpy(), new)) is not None
        ]
        assert len(moved) >= 2 and max(moved) <= 0.005 * RATE


@pytest.mark.parametrize("effect", ["saturation", "gain", "time_stretch", "varispeed", "peaking_filter"])
def test_a_line_touched_twice_in_a_step_goes_through_it_twice(effect):
    stems = toy_batch(7, 9000)
    twice = toy_applied([[typical_row(effect), typical_row(effect)]] * 7, stems)
    after = toy_applied([[typical_row(effect), typical_row(effect, step=1)]] * 7, stems)
    assert twice.frames == after.frames and twice.warps == after.warps
    assert torch.equal(twice.stems, after.stems)


def test_shorter_items_are_computed_at_their_own_length():
    stems = toy_batch(2, 20_000)
    stems[1, ..., 9000:] = 0
    rows = [[typical_row("room_reverb", -1, "example"), typical_row("pitch_shift", -1, "example", step=1)]] * 2
    out = toy_applied(rows, stems, frames=[20_000, 9000])
    onsets = [[toy_onsets(20_000)] * 3]
    alone = apply(rows[:1], stems[1:, ..., :9000], sample_rate=RATE, onsets=onsets)
    assert torch.equal(out.stems[1, ..., :9000], alone.stems[0]) and not out.stems[1, ..., 9000:].any()


def test_loudness_of_an_example_is_that_of_its_sum():
    from stemgmd_tools.augment.audio.signal.loudness import loudness

    stems = toy_batch(1, 60_000)
    out = toy_applied([[typical_row("loudness_normalization", -1, "example", lufs=-30.0)]], stems)
    assert abs(loudness(out.mixture[0], RATE) + 30) < 0.1
    assert torch.allclose(out.stems / out.stems[0, 0].abs().max(), stems / stems[0, 0].abs().max(), atol=1e-5)


def test_bus_compression_compresses_the_mixture_and_every_stem_alike():
    stems = toy_batch(2, 60_000)
    values = {"threshold_db": -30.0, "ratio": 4.0, "attack_ms": 5.0, "release_ms": 80.0, "makeup_db": 3.0}
    out = toy_applied([[typical_row("bus_compression", -1, "example", **values)], []], stems)
    on_mixture = toy_applied([[typical_row("compressor", -1, "mixture", **values)], []], stems)
    assert torch.allclose(out.mixture, on_mixture.mixture, atol=1e-6)
    assert not torch.allclose(out.stems[0].sum(0), stems[0].sum(0), atol=0.01)
    assert torch.equal(out.stems[1], stems[1])
    gain = out.stems[0] / stems[0]
    audible = (stems[0].abs() > 1e-3).all(0)
    assert torch.allclose(gain[0][audible], gain[1][audible], rtol=1e-3)
    assert gain[0][audible].min() < 0.8 * gain[0][audible].max()


def test_noise_on_all_stems_differs_from_stem_to_stem():
    out = toy_applied([[typical_row("noise_floor", -1, "example")]], torch.zeros(1, 3, 2, 5000)).stems[0]
    assert not torch.equal(out[0], out[1]) and not torch.equal(out[1], out[2])


def test_bleed_is_in_the_mixture_alone():
    stems = toy_batch(2)
    out = toy_applied([[typical_row("bleed", -1, "mixture")], []], stems)
    assert torch.equal(out.stems, stems)
    assert (out.mixture[0] - summed(stems)[0]).abs().max() > 1e-3
    assert torch.equal(out.mixture[1], summed(stems)[1])


@pytest.mark.parametrize(
    "effect", sorted(e.name for e in EFFECTS if Scope.MIXTURE in e.scopes and e.domain is Domain.AUDIO)
)
def test_what_works_on_mixtures_works_there(effect):
    stems = toy_batch(1)
    out = toy_applied([[typical_row(effect, -1, "mixture")]], stems)
    assert torch.equal(out.stems, stems) and not torch.equal(out.mixture, summed(stems))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(ON_STEMS), st.integers(0, 2)), min_size=1, max_size=6))
def test_any_chain_leaves_the_sum_of_the_stems(effects):
    rows = [typical_row(effect, stem, step=step) for step, (effect, stem) in enumerate(effects)]
    out = toy_applied([rows], toy_batch(1, 6000))
    assert torch.equal(out.mixture, summed(out.stems)) and bool(out.mixture.isfinite().all())


def test_what_cannot_be_computed_is_refused():
    stems = toy_batch(2)
    bad = stems.clone()
    bad[1, 2, 0, 5] = float("nan")
    with pytest.raises(AugmentError, match="item 1, stem 2"):
        toy_applied([[], []], bad)
    with pytest.raises(AugmentError, match="float32"):
        toy_applied([[], []], stems.double())
    with pytest.raises(AugmentError, match="1 items; the batch has 2"):
        toy_applied([[]], stems)
    with pytest.raises(AugmentError, match="onsets: item 1 has 1 stem; the batch has 3"):
        apply([[], []], stems, sample_rate=RATE, onsets=[[toy_onsets(30_000)] * 3, [toy_onsets(30_000)]])
    with pytest.raises(AugmentError, match=r"stem is 7; allowed: 0\.\.2"):
        toy_applied([[], [typical_row("gain", 7)]], stems)
    with pytest.raises(AugmentError, match="impulse response"):
        apply([[typical_row("convolution", impulse_response="cave")], []], stems, sample_rate=RATE)
    with pytest.raises(AugmentError, match="names of the stems"):
        apply([[typical_row("bleed", -1, "mixture")], []], stems, sample_rate=RATE)


@pytest.mark.parametrize("effect", [name for name in ON_STEMS if not _looks_at_values(name)])
def test_nothing_is_left_on_another_device(effect):
    """Shapes alone, on a device whose tensors refuse to be computed with those of the CPU, as an accelerator's do."""
    with pytest.raises(RuntimeError):
        torch.zeros(3, device="meta") + torch.zeros(3)
    lines = torch.zeros(3, 2, 20_000, device="meta")
    stage = Stage(lines, [20_000] * 3, [toy_onsets(20_000)] * 3, RATE, TAPS)
    stage.carry_out(find_effect(effect), [Touch(line, parameters(effect)) for line in range(3)])
    stage.settle()
    stage.cut()
    assert stage.audio.device == lines.device and stage.audio.shape[-1] == max(stage.frames)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("effect", ON_STEMS)
def test_a_device_agrees_with_the_cpu(effect):
    stems = toy_batch(2, 20_000)
    rows = [[typical_row(effect, stem) for stem in range(3)], []]
    here, there = toy_applied(rows, stems), toy_applied(rows, stems.cuda())
    assert (here.stems - there.stems.cpu()).abs().max() < 1e-4
