"""Filters and the pass that carries them out: responses, against scipy and against themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import signal

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.audio.signal import lti  # noqa: E402
from stemgmd_tools.augment.effects.audio import filters  # noqa: E402

RATE = 44_100
CENTRE_DB = 0.2
CLOSE = 2e-5


def _noise(frames: int, channels: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(frames).normal(size=(channels, frames)).astype(np.float32))


def _band(kind: str, hz: float, gain_db: float, q: float) -> lti.Response:
    return getattr(filters, f"{kind}_filter")(frequency_hz=hz, gain_db=gain_db, q=q, sample_rate=RATE)


def _pass(kind: str, hz: float, order: int) -> lti.Response:
    return getattr(filters, f"{kind}_pass_filter")(frequency_hz=hz, order=order, sample_rate=RATE)


def _response_db(response: lti.Response, hz: float) -> float:
    """Return how much louder a filtered tone is, in the middle of it."""
    tone = np.sin(2 * np.pi * hz * np.arange(3 * RATE) / RATE).astype(np.float32)[None]
    out = lti.apply_responses(torch.from_numpy(tone), [response])[0].double().numpy()
    middle = slice(RATE, 2 * RATE)
    return float(10 * np.log10((out[middle] ** 2).mean() / (tone[0, middle] ** 2).mean()))


@pytest.mark.parametrize("hz", [40.0, 300.0, 1000.0, 8000.0, 16_000.0])
@pytest.mark.parametrize("gain_db", [-12.0, 3.0, 9.0])
def test_a_band_is_right_at_its_centre(hz, gain_db):
    assert abs(_response_db(_band("peaking", hz, gain_db, 1.0), hz) - gain_db) < CENTRE_DB


@pytest.mark.parametrize("gain_db", [-9.0, 6.0])
def test_shelves_are_right_at_the_corner_and_far_away(gain_db):
    low, high = (
        _band("low_shelf", 1000.0, gain_db, 0.7071),
        _band("high_shelf", 1000.0, gain_db, 0.7071),
    )
    for response, full, none in ((low, 30.0, 15_000.0), (high, 15_000.0, 30.0)):
        assert abs(_response_db(response, 1000.0) - gain_db / 2) < CENTRE_DB
        assert abs(_response_db(response, full) - gain_db) < CENTRE_DB
        assert abs(_response_db(response, none)) < CENTRE_DB


@pytest.mark.parametrize("order", [1, 2, 3, 8])
@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("hz", [30.0, 400.0, 9000.0])
def test_butterworth_is_scipys(order, kind, hz):
    sound = _noise(30_000)
    out = lti.apply_responses(sound, [_pass(kind.removesuffix("pass"), hz, order)])
    sections = signal.butter(order, hz, kind, fs=RATE, output="sos")
    assert np.abs(out.numpy() - signal.sosfilt(sections, sound.double().numpy())).max() < CLOSE


def test_a_band_is_the_cookbooks_biquad():
    hz, gain_db, q = 2000.0, 6.0, 1.3
    amplitude, w = 10 ** (gain_db / 40), 2 * math.pi * hz / RATE
    alpha = math.sin(w) / (2 * q)
    b = [1 + alpha * amplitude, -2 * math.cos(w), 1 - alpha * amplitude]
    a = [1 + alpha / amplitude, -2 * math.cos(w), 1 - alpha / amplitude]
    sound = _noise(20_001)
    out = lti.apply_responses(sound, [_band("peaking", hz, gain_db, q)])
    assert np.abs(out.numpy() - signal.lfilter(b, a, sound.double().numpy())).max() < CLOSE


@pytest.mark.parametrize(
    ("ours", "theirs"), [("peaking", "Peak"), ("low_shelf", "LowShelf"), ("high_shelf", "HighShelf")]
)
def test_the_equaliser_is_pedalboards(ours, theirs):
    pedalboard = pytest.importorskip("pedalboard")
    sound = _noise(30_000) * 0.1
    peer = getattr(pedalboard, f"{theirs}Filter")(cutoff_frequency_hz=800.0, gain_db=7.0, q=0.9)
    out = lti.apply_responses(sound, [_band(ours, 800.0, 7.0, 0.9)])
    assert np.abs(out.numpy() - pedalboard.Pedalboard([peer])(sound.numpy(), RATE)).max() < CLOSE


@pytest.mark.parametrize("frames", [1, 2, 777, 16_384, 100_003])
@pytest.mark.parametrize("taps", [1, 300, 20_000])
def test_convolution_is_scipys(frames, taps):
    sound, response = _noise(frames), _noise(taps)
    out = lti.apply_responses(sound, [lti.impulse_response(response)])
    exact = signal.fftconvolve(sound.double().numpy(), response.double().numpy(), axes=1)[:, :frames]
    assert np.abs(out.numpy() - exact).max() < CLOSE * max(1.0, np.abs(exact).max())


def test_several_in_one_pass_are_the_same_as_one_after_the_other():
    sound = _noise(50_000)
    parts = [
        _band("peaking", 500.0, 6.0, 2.0),
        _pass("high", 100.0, 4),
        lti.impulse_response(_noise(3000) / 50),
    ]
    one = lti.apply_responses(sound, parts)
    each = sound
    for part in parts:
        each = lti.apply_responses(each, [part])
    assert (one - each).abs().max() < CLOSE


def test_an_impulse_stays_where_it_is_and_nothing_sounds_before_it():
    sound = torch.zeros(1, 60_000)
    sound[0, 30_000] = 1.0
    for response in (_band("peaking", 1000.0, 9.0, 1.0), _pass("low", 5000.0, 2)):
        out = lti.apply_responses(sound, [response])[0]
        assert out[:30_000].abs().max() < 1e-6
        assert abs(int(out.abs().argmax()) - 30_000) <= 0.001 * RATE


def test_silence_and_constants():
    response = _pass("high", 200.0, 2)
    assert not lti.apply_responses(torch.zeros(2, 5000), [response]).any()
    assert lti.apply_responses(torch.ones(1, 60_000), [response])[0, -100:].abs().max() < 1e-5


def test_pink_falls_by_three_decibels_an_octave():
    response = lti.pink(RATE).at(1 << 16, torch.device("cpu"))[0].abs().square()
    bins = (np.array([50, 100, 200, 1000, 2000, 4000, 8000]) / RATE * (1 << 16)).round().astype(int)
    levels_db = 10 * np.log10(response[bins].numpy() * bins)
    assert np.ptp(levels_db) < 0.5
