"""Figures of separation: known values, invariances, silence, and what other libraries say."""

from __future__ import annotations

import math
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.energies import Energies
from stemgmd_tools.separation.evaluation.metric import StemFacts, all_metrics, is_present
from stemgmd_tools.separation.evaluation.metrics.nsdr_larsnet import METRIC as NSDR_LARSNET
from stemgmd_tools.separation.evaluation.metrics.sdr_bss_eval import METRIC as SDR_BSS_EVAL
from stemgmd_tools.separation.evaluation.metrics.sdr_bss_eval import BssEvalMeter
from stemgmd_tools.separation.evaluation.metrics.si_sdr import LIMIT_DB
from stemgmd_tools.separation.evaluation.metrics.si_sdr import METRIC as SI_SDR
from stemgmd_tools.separation.evaluation.metrics.silence_energy import METRIC as SILENCE_ENERGY
from stemgmd_tools.separation.evaluation.metrics.silence_energy import WINDOW, SilenceMeter
from stemgmd_tools.separation.evaluation.metrics.usdr import METRIC as USDR

RATE = 8_000
CLOSE = 1e-9
"""Sums in another order."""
Sound = NDArray[np.float64]
"""Shape (channel, frame)."""
needs_museval = pytest.mark.skipif(find_spec("museval") is None, reason="the extra museval is not installed")


def museval_metrics() -> ModuleType:
    """Return museval's metrics without the rest of museval, which cannot be imported where ffmpeg is missing."""
    package = find_spec("museval")
    assert package is not None
    assert package.origin is not None
    spec = spec_from_file_location("museval_metrics", Path(package.origin).with_name("metrics.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _pair(seed: int, *, error: float = 0.3, frames: int = 4_000, channels: int = 2) -> tuple[Sound, Sound]:
    rng = np.random.default_rng(seed)
    stem = rng.normal(0, 0.1, (channels, frames))
    return stem, 0.8 * stem + rng.normal(0, 0.1 * error, stem.shape)


def test_known_values() -> None:
    stem = np.full((2, 100), 0.5)
    assert NSDR_LARSNET(stem, stem * 0.9) == pytest.approx(20.0, abs=1e-3)
    assert USDR(stem, stem * 0.9) == pytest.approx(20.0, abs=1e-5)
    assert NSDR_LARSNET(stem, stem) == pytest.approx(10 * math.log10((0.25 + 1e-7) / 1e-7))
    assert NSDR_LARSNET(stem, np.zeros_like(stem)) == 0.0


def test_the_two_nsdr_differ_wildly_on_silence() -> None:
    silence, hiss = np.zeros((2, 44_100)), np.full((2, 44_100), 1e-4)
    assert NSDR_LARSNET(silence, silence) == 0.0
    assert NSDR_LARSNET(silence, hiss) == pytest.approx(10 * math.log10(1e-7 / (1e-8 + 1e-7)))
    assert USDR(silence, hiss) == pytest.approx(10 * math.log10(1e-7 / (88_200e-8 + 1e-7)))


def test_si_sdr_knows_no_scale_and_the_others_do() -> None:
    stem, estimate = _pair(0)
    for gain in (0.01, 0.5, 3.0):
        assert SI_SDR(stem, gain * estimate) == pytest.approx(SI_SDR(stem, estimate), abs=1e-6)
        assert SI_SDR(gain * stem, estimate) == pytest.approx(SI_SDR(stem, estimate), abs=1e-6)
    assert abs(USDR(stem, 0.5 * estimate) - USDR(stem, estimate)) > 0.5


def test_si_sdr_where_it_is_not_a_number_or_unbounded() -> None:
    stem, estimate = _pair(1)
    assert math.isnan(SI_SDR(np.zeros_like(stem), estimate))
    assert SI_SDR(stem, stem) == LIMIT_DB
    assert SI_SDR(stem, 0.25 * stem) == LIMIT_DB
    assert SI_SDR(stem, np.zeros_like(stem)) == -LIMIT_DB


def test_si_sdr_keeps_its_precision_where_estimates_are_good() -> None:
    rng = np.random.default_rng(2)
    stem, noise = rng.normal(size=(2, 50_000)), rng.normal(size=(2, 50_000))
    noise -= stem * float((noise * stem).sum() / (stem**2).sum())
    noise *= math.sqrt(float((stem**2).sum() / (noise**2).sum()))
    for level_db in (20.0, 60.0, 90.0):
        assert SI_SDR(stem, stem + noise * 10 ** (-level_db / 20)) == pytest.approx(level_db, abs=1e-4)


@given(st.integers(0, 1_000), st.integers(1, 3_999))
def test_blocks_add_up(seed: int, cut: int) -> None:
    stem, estimate = _pair(seed)
    energies = Energies(RATE)
    for part in (slice(None, cut), slice(cut, None)):
        energies.push(stem[:, part], estimate[:, part])
    facts = StemFacts(True, np.empty(0), 1.0)
    for metric in (NSDR_LARSNET, USDR, SI_SDR):
        assert metric.value(energies, facts) == pytest.approx(metric(stem, estimate), abs=CLOSE)


def test_silence_is_measured_where_the_reference_is_silent() -> None:
    stem = np.zeros((2, 10 * WINDOW))
    stem[0, 3 * WINDOW] = 0.1  # one window sounds
    estimate = np.full(stem.shape, 0.01)
    estimate[:, 3 * WINDOW : 4 * WINDOW] = 0.9
    estimate[:, :WINDOW] = 0.0
    assert SILENCE_ENERGY(stem, estimate) == pytest.approx((8 * -40.0 - 100.0) / 9)
    assert SILENCE_ENERGY(np.zeros((2, 5_000)), np.full((2, 5_000), 0.1)) == pytest.approx(-20.0)
    assert math.isnan(SILENCE_ENERGY(np.ones_like(stem), estimate))
    meter = SilenceMeter()
    for start in range(0, stem.shape[1], 2 * WINDOW):
        meter.push(stem[:, start : start + 2 * WINDOW], estimate[:, start : start + 2 * WINDOW])
    assert meter.level_db == pytest.approx(SILENCE_ENERGY(stem, estimate))


def test_a_stem_is_present_from_its_first_sample_above_the_floor() -> None:
    stem = np.zeros((2, 50), np.float32)
    assert not is_present(stem)
    stem[1, 7] = -(2.0**-15)
    assert is_present(stem)
    assert not is_present(stem, floor=1e-3)


def test_what_is_not_a_number_stays_one() -> None:
    stem, estimate = _pair(3)
    estimate[1, 5] = math.nan
    assert all(math.isnan(figure(stem, estimate)) for figure in (NSDR_LARSNET, USDR, SI_SDR))


def test_shapes_must_agree() -> None:
    with pytest.raises(UsageError, match=r"\(2, 10\), its estimate \(1, 10\)"):
        USDR(np.zeros((2, 10)), np.zeros((1, 10)))


@needs_museval
@pytest.mark.parametrize("seed", range(3))
def test_usdr_is_what_museval_says_of_one_window(seed: int) -> None:
    bss_eval = museval_metrics().bss_eval
    stem, estimate = _pair(seed)
    theirs = bss_eval(stem.T[None], estimate.T[None], window=np.inf, hop=np.inf, filters_len=4)[0]
    assert USDR(stem, estimate) == pytest.approx(float(theirs[0, 0]), abs=1e-3)


@needs_museval
def test_sdr_of_bss_eval_is_musevals_whatever_its_filters_and_the_other_stems() -> None:
    bss_eval = museval_metrics().bss_eval
    stems, estimates = zip(*(_pair(seed, frames=3 * RATE, error=0.2 * (seed + 1)) for seed in range(2)), strict=True)
    alone = [SDR_BSS_EVAL(stem, one, RATE) for stem, one in zip(stems, estimates, strict=True)]
    # What museval.evaluate does in its mode v4, apart from the length of the filters (512).
    sides = (np.stack([one.T for one in side]) for side in (stems, estimates))
    sdr = bss_eval(*sides, window=RATE, hop=RATE, filters_len=64)[0]
    assert alone == pytest.approx(np.nanmedian(sdr, axis=1).tolist(), abs=1e-6)


def test_sdr_of_bss_eval_copes_with_silence() -> None:
    stem, estimate = _pair(0, frames=4 * RATE)
    assert math.isnan(SDR_BSS_EVAL(np.zeros_like(stem), estimate, RATE))
    assert math.isnan(SDR_BSS_EVAL(stem, np.zeros_like(stem), RATE))
    half = stem.copy()
    half[:, 2 * RATE :] = 0.0
    assert SDR_BSS_EVAL(half, estimate, RATE) == pytest.approx(
        SDR_BSS_EVAL(stem[:, : 2 * RATE], estimate[:, : 2 * RATE], RATE)
    )
    assert SDR_BSS_EVAL(stem, stem, RATE) == 100.0
    assert SDR_BSS_EVAL(stem[:, :50], estimate[:, :50], RATE) == pytest.approx(
        USDR(stem[:, :50], estimate[:, :50]), abs=1e-3
    )


@needs_museval
@pytest.mark.parametrize("frames", [RATE // 2, RATE, 2 * RATE + 5, 3 * RATE])
def test_sdr_of_bss_eval_is_musevals_where_stems_pause(frames: int) -> None:
    stem, estimate = _pair(4, frames=frames)
    stem[:, RATE : 2 * RATE] = 0.0
    sdr = museval_metrics().bss_eval(stem.T[None], estimate.T[None], window=RATE, hop=RATE, filters_len=8)[0]
    meter = BssEvalMeter(RATE)
    for start in range(0, frames, 777):
        meter.push(stem[:, start : start + 777], estimate[:, start : start + 777])
    assert meter.sdr_db == pytest.approx(float(np.nanmedian(sdr)), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_si_sdr_is_what_others_say(seed: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchmetrics.functional.audio").scale_invariant_signal_distortion_ratio
    fast = pytest.importorskip("fast_bss_eval")
    stem, estimate = _pair(seed, channels=1)
    assert SI_SDR(stem, estimate) == pytest.approx(
        float(theirs(torch.from_numpy(estimate[0]), torch.from_numpy(stem[0]))), abs=1e-5
    )
    assert SI_SDR(stem, estimate) == pytest.approx(float(fast.si_sdr(stem, estimate)[0]), abs=1e-5)


def test_usdr_is_the_snr_of_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchmetrics.functional.audio").signal_noise_ratio
    stem, estimate = _pair(5)
    expected = theirs(torch.from_numpy(estimate.reshape(-1)), torch.from_numpy(stem.reshape(-1)))
    assert USDR(stem, estimate) == pytest.approx(float(expected), abs=1e-5)


def test_every_metric_is_documented_and_named_by_its_unit() -> None:
    for metric in all_metrics():
        assert all((metric.title, metric.definition, metric.source, metric.absent))
        assert metric.name.endswith({"dB": "_db", "1/min": "_per_min", "": ""}[metric.unit])
