"""Compressor, limiter, transient shaper, loudness: static curves, ceilings, peers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_strokes import ONSETS, strokes

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.audio.signal import loudness  # noqa: E402
from stemgmd_tools.augment.effects.audio import dynamics  # noqa: E402
from stemgmd_tools.augment.effects.audio.loudness_normalization import loudness_normalization  # noqa: E402

RATE = 44_100
CURVE_DB = 0.5
LOUDNESS_LU = 0.1


def _values(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _tone(level_db: float, hz: float = 1000.0, seconds: float = 2.0) -> torch.Tensor:
    time_s = np.arange(round(seconds * RATE)) / RATE
    sound = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * time_s)
    return torch.from_numpy(np.stack([sound, sound]).astype(np.float32))[None]


def _compressed(audio: torch.Tensor, threshold=-24.0, ratio=4.0, attack=5.0, release=100.0, knee=0.0, makeup=0.0):
    numbers = {"threshold_db": threshold, "ratio": ratio, "attack_ms": attack, "release_ms": release}
    numbers |= {"knee_db": knee, "makeup_db": makeup}
    values = {name: _values(*[number] * len(audio)) for name, number in numbers.items()}
    return dynamics.compressor(audio.clone(), **values, sample_rate=RATE)


def _limited(audio: torch.Tensor, threshold_db: float, lookahead_ms: float, release_ms: float) -> torch.Tensor:
    numbers = {"threshold_db": threshold_db, "lookahead_ms": lookahead_ms, "release_ms": release_ms}
    values = {name: _values(number) for name, number in numbers.items()}
    return dynamics.limiter(audio.clone(), **values, sample_rate=RATE)


def _shaped(audio: torch.Tensor, attack_db: float, sustain_db: float) -> torch.Tensor:
    attack, sustain = _values(attack_db), _values(sustain_db)
    return dynamics.transient_shaper(audio.clone(), attack_db=attack, sustain_db=sustain, sample_rate=RATE)


def _peak_db(audio: torch.Tensor) -> float:
    return float(20 * torch.log10(audio[..., RATE:].abs().max()))


@pytest.mark.parametrize("level_db", [-50.0, -30.0, -24.0, -18.0, -12.0, -3.0])
@pytest.mark.parametrize(("ratio", "knee"), [(2.0, 0.0), (4.0, 0.0), (20.0, 0.0), (4.0, 12.0)])
@pytest.mark.parametrize("hz", [60.0, 1000.0])
def test_the_static_curve(level_db, ratio, knee, hz):
    """Giannoulis et al. 2012, equation 4, written out once more."""
    over = level_db + 24
    if 2 * over <= -knee:
        expected = level_db
    elif 2 * abs(over) <= knee:
        expected = level_db + (1 / ratio - 1) * (over + knee / 2) ** 2 / (2 * knee)
    else:
        expected = -24 + over / ratio
    measured = _peak_db(_compressed(_tone(level_db, hz), ratio=ratio, knee=knee))
    assert abs(measured - expected) < CURVE_DB


@pytest.mark.parametrize("level_db", [-30.0, -18.0, -6.0])
def test_the_curve_is_pedalboards(level_db):
    pedalboard = pytest.importorskip("pedalboard")
    # The shortest attack: with a longer one its detector lies below the peaks of a tone.
    peer = pedalboard.Pedalboard([pedalboard.Compressor(-24.0, 4.0, 0.1, 100.0)])
    theirs = torch.from_numpy(peer(_tone(level_db)[0].numpy(), RATE))
    assert abs(_peak_db(_compressed(_tone(level_db))[0]) - _peak_db(theirs)) < CURVE_DB


def test_attack_and_release_take_their_time():
    sound = torch.cat([_tone(-60.0, seconds=1), _tone(-4.0, seconds=1), _tone(-60.0, seconds=1)], 2)
    gain = 20 * torch.log10(_compressed(sound, attack=20.0, release=200.0)[0, 0] / sound[0, 0]).numpy()
    gain[~np.isfinite(gain)] = np.nan
    full = (1 / 4 - 1) * 20
    for after_s, share in ((0.02, 1 - np.exp(-1)), (0.1, 1 - np.exp(-5))):
        measured = np.nanmedian(gain[RATE + round((after_s - 0.001) * RATE) : RATE + round((after_s + 0.001) * RATE)])
        assert abs(measured - full * share) < 1.0
    falling = np.nanmedian(gain[2 * RATE + round(0.199 * RATE) : 2 * RATE + round(0.201 * RATE)])
    assert abs(falling - (full + 8.686)) < 1.5  # one release time, straight in dB


def test_makeup_and_channels_together():
    sound = _tone(-40.0)
    assert abs(_peak_db(_compressed(sound, makeup=6.0)) + 34) < 0.01
    one_sided = _tone(-6.0)
    one_sided[:, 1] *= 0.1
    out = _compressed(one_sided)
    assert torch.allclose(out[0, 1] / 0.1, out[0, 0], atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    frames=st.integers(1, 4000),
    threshold_db=st.floats(-40, 0),
    lookahead_ms=st.floats(0.1, 50),
    release_ms=st.floats(1, 500),
    seed=st.integers(0, 99),
)
def test_nothing_passes_the_limiter(frames, threshold_db, lookahead_ms, release_ms, seed):
    rng = np.random.default_rng(seed)
    bursts = rng.normal(size=(1, 2, frames)) * (rng.uniform(size=frames) < 0.02) * 3 + 0.01 * rng.normal(size=frames)
    sound = torch.from_numpy(bursts.astype(np.float32))
    limited = _limited(sound, threshold_db, lookahead_ms, release_ms)
    assert limited.abs().max() <= 10 ** (threshold_db / 20) * (1 + 1e-6)


def test_the_limiter_turns_down_smoothly_and_leaves_what_is_quiet():
    sound = torch.from_numpy(strokes())[None]
    out = _limited(sound, -12.0, 5.0, 50.0)
    quiet = _limited(sound * 0.01, -12.0, 5.0, 50.0)
    assert torch.allclose(quiet, sound * 0.01, atol=1e-9)
    # By gain, not by clipping: the wave keeps its shape within a millisecond.
    gain = (out / sound)[0][sound[0].abs() > 0.05]
    assert gain.min() > 0.05 and gain.max() <= 1 + 1e-6
    clipped = (out[0].abs() >= 10 ** (-12 / 20) * (1 - 1e-6)).sum()
    assert clipped < 20


def test_the_shaper_moves_attacks_and_tails_and_leaves_what_lasts():
    sound = torch.from_numpy(strokes(decay_s=0.25, onsets=ONSETS[:1]))[None]

    def shaped(attack_db: float, sustain_db: float) -> np.ndarray:
        out = _shaped(sound, attack_db, sustain_db)
        return 20 * np.log10((out[0, 0].abs() / sound[0, 0].abs().clamp_min(1e-12)).numpy() + 1e-9)

    start = slice(ONSETS[0] + 30, ONSETS[0] + 600)
    late = slice(ONSETS[0] + RATE // 5, ONSETS[0] + RATE // 2)
    assert np.median(shaped(6.0, 0.0)[start]) > 3 and abs(np.median(shaped(6.0, 0.0)[late])) < 0.5
    assert np.median(shaped(0.0, -9.0)[late]) < -3 and abs(np.median(shaped(0.0, -9.0)[start])) < 1.5
    lasting = _shaped(_tone(-10.0), 9.0, 9.0)
    assert abs(_peak_db(lasting) + 10) < 0.3


def _loud_enough(seed: int, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    envelope = np.exp(-(np.arange(6 * RATE) % (RATE * 3 // 4)) / (RATE * 0.1))
    return (rng.normal(size=(channels, 6 * RATE)) * envelope * 0.2).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_is_pyloudnorms(seed, channels):
    pyloudnorm = pytest.importorskip("pyloudnorm")
    sound = _loud_enough(seed, channels)
    sound[:, 2 * RATE : 4 * RATE] *= 0.003  # the relative gate has something to do
    theirs = pyloudnorm.Meter(RATE).integrated_loudness(sound.T.astype(np.float64))
    assert abs(loudness.loudness(torch.from_numpy(sound), RATE) - theirs) < LOUDNESS_LU


def test_a_tone_of_997_hz_at_full_scale_reads_minus_3_01():
    """BS.1770-4: 0 dBFS at 997 Hz in one channel."""
    tone = np.sin(2 * np.pi * 997 * np.arange(4 * RATE) / RATE).astype(np.float32)[None]
    assert abs(loudness.loudness(torch.from_numpy(tone), RATE) + 3.01) < LOUDNESS_LU


def test_normalised_lines_have_the_loudness_and_silence_stays():
    sound = torch.from_numpy(_loud_enough(0))
    for lufs, part in ((-23.0, sound), (-20.0, sound[:, :500])):
        gain_db = loudness_normalization(part, lufs=lufs, sample_rate=RATE)
        assert abs(loudness.loudness(part * 10 ** (gain_db / 20), RATE) - lufs) < LOUDNESS_LU
    assert loudness_normalization(torch.zeros(2, 6 * RATE), lufs=-23.0, sample_rate=RATE) == 0.0
