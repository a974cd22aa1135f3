"""Losses, averages and schedules against what they should be by hand."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import torch
from tiny_separator import Tiny

from stemgmd_tools.separation.networks.separator import Estimate, Masked
from stemgmd_tools.separation.networks.stft import Spectrogram
from stemgmd_tools.separation.training.optimization.ema import Ema
from stemgmd_tools.separation.training.optimization.losses import EPS, Loss, Targets, nsdr
from stemgmd_tools.separation.training.optimization.schedule import factor, progress_of
from stemgmd_tools.separation.training.settings.schema import BudgetConfig, LossConfig, LossName, ScheduleConfig

STEMS = ("kick", "snare")
SHAPE = (3, 2, 2, 6000)
SPECTRA_DB = 0.1
"""Between energies of spectra and of sound, in long noise: its ends fall into fewer windows."""
ALL = get_args(LossName)


def sound(seed: int = 0, shape=SHAPE) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def value(name: str, estimate: torch.Tensor, stems: torch.Tensor, progress: float = 1.0, **settings) -> float:
    loss = Loss(LossConfig(terms={name: 1.0}, **settings), STEMS)
    return float(loss(Estimate(SHAPE[-1], sound=estimate), Targets(stems, stems.sum(1)), progress)["loss"])


def test_nsdr_is_larsnets():
    stems, estimate = sound(), sound(1)
    s, e = stems.double().numpy(), estimate.double().numpy()
    wanted = 10 * np.log10((np.mean(s**2, (2, 3)) + 1e-7) / (np.mean((s - e) ** 2, (2, 3)) + 1e-7))
    assert nsdr(estimate, stems).numpy() == pytest.approx(wanted, abs=1e-4)
    assert value("nsdr", estimate, stems) == pytest.approx(-wanted.mean(), abs=1e-4)


def test_nsdr_by_spectra_is_nsdr():
    stems, estimate = sound(shape=(3, 2, 2, 60_000)), sound(1, (3, 2, 2, 60_000))
    assert value("nsdr_spectrum", estimate, stems) == pytest.approx(value("nsdr", estimate, stems), abs=SPECTRA_DB)


@pytest.mark.parametrize("frames", [6000, 6100])
def test_nsdr_by_spectra_is_the_same_for_masks_and_for_what_they_leave(frames):
    """Real masks take another way through the term."""
    transform = Spectrogram(512, 128)
    stems = sound(shape=(3, 2, 2, frames))
    mixture = transform(stems.sum(1))
    masks = torch.rand(3, 2, 2, *mixture.shape[-2:], generator=torch.Generator().manual_seed(2)) * 2 - 0.5
    loss = Loss(LossConfig(terms={"nsdr_spectrum": 1.0}), STEMS)
    wanted = Targets(stems, stems.sum(1))
    ways = [Masked(masks, mixture, transform), Masked(masks.to(torch.complex64), mixture, transform)]
    real, complex_ = (float(loss(Estimate(frames, masked=way), wanted, 1.0)["loss"]) for way in ways)
    assert real == pytest.approx(complex_, abs=1e-3)


def test_the_floor_of_nsdr_goes_down_evenly_in_its_logarithm():
    loss = Loss(LossConfig(), STEMS)
    assert [loss.floor(share) for share in (0.0, 1 / 3, 1.0)] == pytest.approx([1e-4, 1e-5, EPS])


def test_simple_terms_are_means():
    stems, estimate = sound(), sound(1)
    assert value("l1_waveform", estimate, stems) == pytest.approx(float((estimate - stems).abs().mean()), rel=1e-5)
    assert value("mse", estimate, stems) == pytest.approx(float((estimate - stems).square().mean()), rel=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_every_term_is_least_at_the_truth_and_has_a_gradient_elsewhere(name):
    stems = sound()
    stems[0, 1] = 0.0
    estimate = sound(1).requires_grad_()
    loss = Loss(LossConfig(terms={name: 1.0}), STEMS)
    total = loss(Estimate(SHAPE[-1], sound=estimate), Targets(stems, stems.sum(1)), 0.5)["loss"]
    total.backward()
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().max() > 0
    assert value(name, stems, stems, 0.5) < float(total.detach())


@pytest.mark.parametrize("name", ALL)
def test_silence_estimated_as_silence_has_a_finite_gradient(name):
    stems = torch.zeros(SHAPE)
    estimate = torch.zeros(SHAPE, requires_grad=True)
    loss = Loss(LossConfig(terms={name: 1.0}), STEMS)
    loss(Estimate(SHAPE[-1], sound=estimate), Targets(stems, stems.sum(1)), 1.0)["loss"].backward()
    assert torch.isfinite(estimate.grad).all()


def test_terms_on_spectra_take_those_of_the_model_and_invert_nothing():
    transform = Spectrogram(512, 128)
    calls = []
    transform.inverse = lambda *_: calls.append(1)
    stems, sound_estimate = sound(), sound(1)
    estimate = Estimate(SHAPE[-1], spectra=transform(sound_estimate), transform=transform)
    loss = Loss(LossConfig(terms={"l1_magnitude": 1.0, "l1_spectrum": 2.0}), STEMS)
    values = loss(estimate, Targets(stems, stems.sum(1)))
    wanted = (transform(sound_estimate).abs() - transform(stems).abs()).abs().mean()
    assert float(values["l1_magnitude"]) == pytest.approx(float(wanted), rel=1e-5)
    assert float(values["loss"]) == pytest.approx(float(values["l1_magnitude"] + 2 * values["l1_spectrum"]), rel=1e-6)
    assert calls == []


@pytest.mark.parametrize("kind", [torch.float32, torch.complex64])
def test_masks_give_what_their_product_gives(kind):
    transform = Spectrogram(512, 128)
    stems = sound()
    mixture = stems.sum(1)
    spectra = transform(mixture)
    masks = torch.rand((3, 2, *spectra.shape[1:]), generator=torch.Generator().manual_seed(2)).to(kind)
    masked = Estimate(SHAPE[-1], masked=Masked(masks, spectra, transform))
    product = Estimate(SHAPE[-1], spectra=masks * spectra[:, None], transform=transform)
    loss = Loss(LossConfig(terms={"l1_magnitude": 1.0, "nsdr_spectrum": 1.0, "l1_spectrum": 1.0}), STEMS)
    one, other = (loss(estimate, Targets(stems, mixture), 1.0) for estimate in (masked, product))
    assert {name: float(value) for name, value in one.items()} == pytest.approx(
        {name: float(value) for name, value in other.items()}, rel=1e-4
    )


def test_targets_are_transformed_once():
    transform = Spectrogram(512, 128)
    wanted = Targets(sound(), sound()[:, 0])
    assert wanted.spectra(transform) is wanted.spectra(transform)


def test_masked_mse_leaves_the_worst_out():
    stems = sound()
    estimate = stems + 0.01
    spoilt = estimate.clone()
    spoilt[2, 1] += 10.0
    assert value("masked_mse", spoilt, stems, keep=0.8) == pytest.approx(5 / 6 * 0.01**2, rel=1e-3)
    assert value("masked_mse", estimate, stems, keep=1.0) == pytest.approx(0.01**2, rel=1e-3)


def test_silence_counts_only_what_is_put_into_silent_stems():
    stems = sound()
    assert value("silence", sound(1), stems) == 0.0
    stems[1, 0] = 0.0
    estimate = torch.zeros(SHAPE)
    estimate[1, 0] = 0.05
    floor = float(stems.sum(1)[1].square().mean()) * 1e-4 + EPS
    assert value("silence", estimate, stems) == pytest.approx(10 * math.log10((0.05**2 + floor) / floor) / 6, rel=1e-4)


def test_a_batch_is_the_mean_of_its_parts():
    stems, estimate = sound(), sound(1)
    stems[0, 1] = 0.0
    for name in (one for one in ALL if one != "masked_mse"):
        parts = [value(name, estimate[i : i + 1], stems[i : i + 1]) for i in range(3)]
        assert value(name, estimate, stems) == pytest.approx(np.mean(parts), rel=1e-4)


def test_stems_weigh_as_asked():
    stems, estimate = sound(), sound(1)
    estimate[:, 1] = stems[:, 1]
    both = value("mse", estimate, stems)
    assert value("mse", estimate, stems, stem_weights={"snare": 0.0}) == pytest.approx(2 * both, rel=1e-5)
    only = Loss(LossConfig(terms={"mse": 1.0}), STEMS, target=["snare"])
    assert float(only(Estimate(SHAPE[-1], sound=estimate), Targets(stems, stems.sum(1)))["loss"]) == 0.0


def test_losses_are_float32_under_autocast():
    stems, estimate = sound(), sound(1)
    loss = Loss(LossConfig(terms=dict.fromkeys(ALL, 1.0)), STEMS)
    with torch.autocast("cpu", torch.bfloat16):
        values = loss(Estimate(SHAPE[-1], sound=estimate), Targets(stems, stems.sum(1)), 1.0)
    assert {one.dtype for one in values.values()} == {torch.float32}


def test_the_average_takes_in_all_float_state():
    model = Tiny(STEMS)
    ema = Ema(model, 0.5)
    first = {name: one.clone() for name, one in model.state_dict().items()}
    with torch.no_grad():
        for one in model.state_dict().values():
            one.add_(1)
    ema.update(model)  # the first weight is 1 - 2 / 11
    for name, one in ema.state_dict().items():
        moved = 1 - 2 / 11 if one.is_floating_point() else 1
        assert torch.allclose(one.double(), first[name].double() + moved), name
    assert "layers.1.running_var" in ema.state_dict()
    assert not ema.model.training


def test_schedules_rise_and_fall():
    cosine = ScheduleConfig(name="cosine", warm_up=0.1, final=0.05)
    values = [factor(cosine, share) for share in np.linspace(0, 1, 101)]
    assert values[5] == pytest.approx(0.5)
    assert max(values) == values[10] == 1.0
    assert values[-1] == pytest.approx(0.05)
    assert all(np.diff(values[10:]) <= 0)
    one_cycle = [factor(ScheduleConfig(name="one_cycle"), share) for share in (0.0, 0.3, 1.0)]
    assert one_cycle == pytest.approx([1 / 25, 1.0, 0.01])
    constant = ScheduleConfig(name="constant", warm_up=0.0)
    assert {factor(constant, share) for share in (0.0, 0.5, 1.0)} == {1.0}


def test_a_budget_is_spent_by_what_comes_first():
    both = BudgetConfig(steps=100, time_s=50.0)
    assert progress_of(both, 10, 20.0) == 0.4
    assert progress_of(both, 90, 20.0) == 0.9
    assert progress_of(both, 0, 60.0) == 1.0
    assert progress_of(BudgetConfig(time_s=50.0), 1000, 20.0, reserved_s=10.0) == 0.5
    assert progress_of(BudgetConfig(time_s=50.0), 0, 10.0, began_s=10.0, reserved_s=10.0) == 0.0
    assert progress_of(BudgetConfig(time_s=50.0), 3, 12.0, began_s=40.0, reserved_s=10.0) == 1.0
