"""Levels against their definitions and against the recursive BS.1770 filter."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from stemgmd_tools.loudness import hop_frames, integrated_loudness, k_weighting
from stemgmd_tools.manifest.contexts import TrackFormat
from stemgmd_tools.manifest.rows import TrackMeters

RATE = 44_100
LOUDNESS_TOLERANCE_LU = 0.1  # hops measured as if periodic; pyloudnorm's shelf differs from the standard's by 0.05


def drums(rate, seconds=6.0, seed=0):
    """Decaying bursts of noise over a decaying low tone, int16."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds))
    envelope = np.exp(-((t % (rate // 3)) / (rate * 0.05)))
    tone = np.sin(2 * np.pi * 55 * t / rate) * np.exp(-((t % (rate // 2)) / (rate * 0.2)))
    sound = 0.2 * envelope[:, None] * rng.standard_normal((len(t), 2)) + 0.3 * tone[:, None]
    return np.rint(np.clip(sound, -0.99, 0.99) * 32767).astype(np.int16)


def levels(pcm, rate=RATE, bit_depth=16):
    meter = TrackMeters(TrackFormat(rate, bit_depth))
    meter.update(pcm)
    return meter.values()


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_loudness_is_that_of_the_recursive_filter(rate):
    pcm = drums(rate)
    hop = hop_frames(rate)
    filtered = signal.sosfilt(k_weighting(rate), pcm / 32768.0, axis=0)
    whole = len(pcm) // hop * hop
    power = np.square(filtered[:whole]).sum(axis=1).reshape(-1, hop).sum(axis=1) / hop
    assert levels(pcm, rate)["loudness_lufs"] == pytest.approx(integrated_loudness(power), abs=LOUDNESS_TOLERANCE_LU)


def test_loudness_agrees_with_pyloudnorm():
    pcm = drums(RATE)
    expected = pyloudnorm.Meter(RATE).integrated_loudness(pcm / 32768.0)
    assert levels(pcm)["loudness_lufs"] == pytest.approx(expected, abs=LOUDNESS_TOLERANCE_LU)


def test_a_full_scale_sine_at_997_hz_in_one_channel_is_minus_3_01_lufs():
    """ITU-R BS.1770-4: a 0 dBFS 997 Hz sine in one front channel reads -3.01 LKFS."""
    rate = 48_000
    sine = np.sin(2 * np.pi * 997 * np.arange(rate * 5) / rate)
    pcm = np.stack([np.rint(sine * 32767), np.zeros(len(sine))], axis=1).astype(np.int16)
    assert levels(pcm, rate)["loudness_lufs"] == pytest.approx(-3.01, abs=0.02)  # rounded to 0.01; 32767 < full scale


def test_peak_and_rms_are_exact():
    pcm = np.zeros((RATE, 2), np.int16)
    pcm[::2] = 16384
    measured = levels(pcm)
    assert measured["peak_dbfs"] == -6.02
    assert measured["rms_dbfs"] == -9.03
    assert measured["active_fraction"] == 1.0


def test_silence_has_no_levels():
    assert levels(np.zeros((RATE, 2), np.int16)) == {
        "peak_dbfs": None,
        "rms_dbfs": None,
        "loudness_lufs": None,
        "active_fraction": 0.0,
        "silent": True,
    }


def test_activity_counts_hops_above_the_threshold():
    pcm = np.zeros((RATE, 2), np.int16)
    pcm[: RATE // 4] = 1000
    assert levels(pcm)["active_fraction"] == 0.3  # two whole hops and a half one


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 4409))
def test_blocks_do_not_matter(hops, rest):
    pcm = drums(RATE, 0.1 * sum(hops))[: sum(hops) * 4410 - rest]
    meter = TrackMeters(TrackFormat(RATE, 16))
    begin = 0
    for n in hops:
        meter.update(pcm[begin : begin + n * 4410])
        begin += n * 4410
    assert meter.values() == levels(pcm)


def test_a_sound_in_the_last_partial_hop_counts():
    pcm = np.zeros((5000, 2), np.int16)
    pcm[4900] = -20_000
    measured = levels(pcm)
    assert measured["peak_dbfs"] == round(20 * math.log10(20_000 / 32768), 2)
    assert measured["rms_dbfs"] is not None
    assert not measured["silent"]


def test_24_bits_read_the_same_as_16():
    pcm = drums(RATE, 1.0)
    assert levels(pcm.astype(np.int32) << 8, bit_depth=24) == levels(pcm)
