"""Pitch, stretch, varispeed: tones, lengths, attacks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered_stems import rendered_stem
from toy_strokes import ONSETS, RATE, frequency_hz, measured_onset, rise, strokes

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.audio.signal.attacks import detect_attacks  # noqa: E402
from stemgmd_tools.augment.audio.signal.resample import WORST_CENTS, resample, sizes_of  # noqa: E402
from stemgmd_tools.augment.audio.signal.stretch import stretched  # noqa: E402
from stemgmd_tools.augment.effects.audio import pitch_and_time  # noqa: E402

PITCH_CENTS = 2.0
ONSET_S, STRETCHED_ONSET_S = 0.001, 0.005
RESAMPLED_ERROR = 3e-6


def _one(sound: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(sound, np.float32))[None]


def _values(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def pitch_shift(audio: torch.Tensor, cents: torch.Tensor, onsets=None) -> torch.Tensor:
    return pitch_and_time.pitch_shift(audio.clone(), cents=cents, sample_rate=RATE, onsets=onsets)


def varispeed(audio: torch.Tensor, rate: torch.Tensor) -> tuple[torch.Tensor, tuple[int, ...]]:
    out, frames, _ = pitch_and_time.varispeed(audio, rate=rate)
    return out, frames


def _tone(hz: float, frames: int = 2 * RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(frames) / RATE + 0.2)[None]


@pytest.mark.parametrize("cents", [-1200.0, -300.0, -37.0, 3.0, 50.0, 300.0, 700.0])
@pytest.mark.parametrize("hz", [60.0, 440.0, 5000.0])
def test_tones_are_shifted_within_two_cents_and_keep_their_level(hz, cents):
    shifted = pitch_shift(_one(_tone(hz)), _values(cents))[0, 0].numpy().astype(np.float64)
    inner = shifted[3000:-3000]
    assert abs(1200 * math.log2(frequency_hz(inner) / (hz * 2 ** (cents / 1200)))) <= PITCH_CENTS
    peaks = np.abs(inner[: len(inner) // 1024 * 1024]).reshape(-1, 1024).max(1)
    assert 0.98 <= peaks.min() <= peaks.max() <= 1.02


@pytest.mark.parametrize("hz", [100.0, 1000.0])
@pytest.mark.parametrize("rate", [0.7, 0.97, 1.1, 1.6])
def test_stretched_tones_keep_their_pitch_and_get_the_exact_length(hz, rate):
    longer, frames = stretched(_one(_tone(hz)), _values(rate), _values(0.0), sample_rate=RATE)
    assert frames == (round(2 * RATE / rate),) and longer.shape[-1] == frames[0]
    assert abs(1200 * math.log2(frequency_hz(longer[0, 0, 3000:-3000].numpy().astype(float)) / hz)) <= PITCH_CENTS


def test_repitch_moves_both():
    out, frames = stretched(_one(_tone(500.0)), _values(1.08), _values(200.0), sample_rate=RATE)
    assert frames == (round(2 * RATE / 1.08),)
    pitch_hz = frequency_hz(out[0, 0, 3000:-3000].numpy().astype(float))
    assert abs(1200 * math.log2(pitch_hz / 500.0) - 200) <= PITCH_CENTS


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_varispeed_is_what_a_tape_does(rate):
    out, frames = varispeed(_one(_tone(500.0)), _values(rate))
    assert frames == (round(2 * RATE / rate),)
    pitch_hz = frequency_hz(out[0, 0, 3000:-3000].numpy().astype(float))
    assert abs(1200 * math.log2(pitch_hz / (500.0 * rate))) <= PITCH_CENTS


@pytest.mark.parametrize("cents", [-300.0, -120.0, 45.0, 300.0, 600.0])
@pytest.mark.parametrize("hz", [70.0, 180.0, 900.0])
def test_attacks_stay_where_they_were(hz, cents):
    sound = strokes(hz)
    shifted = pitch_shift(_one(sound), _values(cents), onsets=[ONSETS])[0].numpy()
    for onset in ONSETS.tolist():
        assert abs(measured_onset(shifted, onset) - onset) <= ONSET_S * RATE


@pytest.mark.parametrize("rate", [0.75, 0.93, 1.1, 1.4])
def test_attacks_land_where_stretched_labels_say(rate):
    out, frames = stretched(_one(strokes()), _values(rate), _values(0.0), sample_rate=RATE, onsets=[ONSETS])
    for onset in np.rint(ONSETS * frames[0] / 88_200).astype(int).tolist():
        assert abs(measured_onset(out[0].numpy(), onset) - onset) <= STRETCHED_ONSET_S * RATE


@pytest.mark.parametrize("cents", [-300.0, 45.0, 600.0])
@pytest.mark.parametrize("hz", [70.0, 180.0, 900.0])
def test_attacks_that_nobody_tells_are_found(hz, cents):
    onsets = ONSETS[ONSETS != 53_900]  # softer than the one 35 ms before: nothing rises
    sound = strokes(hz, onsets)
    attacks = detect_attacks(torch.from_numpy(sound), RATE)
    assert all(np.abs(attacks - onset).min() <= 2 * ONSET_S * RATE for onset in onsets.tolist())
    shifted = pitch_shift(_one(sound), _values(cents))[0].numpy()
    assert all(abs(measured_onset(shifted, onset) - onset) <= ONSET_S * RATE for onset in onsets.tolist())


def test_nothing_is_found_in_silence_and_a_tone_begins_once():
    assert not len(detect_attacks(torch.zeros(2, 4000), RATE)) and not len(detect_attacks(torch.zeros(1, 1), RATE))
    for hz in (55.0, 400.0, 7000.0):
        tone = np.concatenate([np.zeros((1, 5000)), _tone(hz, RATE)], 1).astype(np.float32)
        attacks = detect_attacks(torch.from_numpy(tone), RATE)
        assert len(attacks) == 1 and abs(int(attacks[0]) - 5000) <= 2 * ONSET_S * RATE


def test_a_beating_right_before_a_stroke_does_not_hide_it():
    sound = 0.002 * np.random.default_rng(0).normal(size=(1, RATE)).astype(np.float32)
    sound[:, :20_000] *= 0.5
    stroke = 20_489  # 11 ms after the noise rises by 6 dB
    sound[:, stroke:] += 0.3 * _tone(200.0, RATE - stroke).astype(np.float32)
    attacks = detect_attacks(torch.from_numpy(sound), RATE)
    assert np.abs(attacks - stroke).min() <= 2 * ONSET_S * RATE


@pytest.mark.parametrize("cents", [-300.0, 300.0])
def test_no_attack_sounds_twice(cents):
    """Between strokes the sound only decays: nowhere is it much louder than right after the stroke before."""
    shifted = pitch_shift(_one(strokes()), _values(cents), onsets=[ONSETS])[0].numpy()
    for first, last in zip(ONSETS, [*ONSETS[1:], 88_200], strict=True):
        part = np.abs(shifted[:, first : last - 100]).max(0)
        attack = part[:1000].max()
        later = part[2500:].max(initial=0.0)
        assert later < 0.95 * attack


def test_energy_is_kept():
    sound = strokes()
    for cents in (-300.0, 300.0):
        shifted = pitch_shift(_one(sound), _values(cents), onsets=[ONSETS])[0].numpy()
        assert abs(10 * np.log10((shifted**2).sum() / (sound**2).sum())) < 1.0


def test_no_shift_changes_nothing():
    sound = _one(strokes())
    assert torch.equal(pitch_shift(sound, _values(0.0), onsets=[ONSETS]), sound)
    assert torch.equal(varispeed(sound, _values(1.0))[0], sound)


def test_silence_stays_silent_and_what_comes_before_the_first_stroke_too():
    assert not pitch_shift(torch.zeros(1, 2, 5000), _values(200.0)).any()
    shifted = pitch_shift(_one(strokes()), _values(200.0), onsets=[ONSETS])
    assert shifted[0, :, : ONSETS[0] - 500].abs().max() < 1e-4


@settings(deadline=None, max_examples=25)
@given(
    frames=st.integers(1, 3000),
    channels=st.integers(1, 2),
    cents=st.floats(-2400, 2400),
    rate=st.floats(0.25, 4),
    at=st.lists(st.integers(0, 3000), max_size=6),
)
def test_any_length_any_onsets(frames, channels, cents, rate, at):
    sound = torch.from_numpy(np.random.default_rng(frames).normal(size=(1, channels, frames)).astype(np.float32))
    onsets = [np.unique(np.array(at, np.int64))]
    out, lengths = stretched(sound, _values(rate), _values(cents), sample_rate=RATE, onsets=onsets)
    assert out.shape == (1, channels, max(1, round(frames / rate))) and lengths == (out.shape[-1],)
    assert bool(out.isfinite().all()) and out.abs().max() < 3 * sound.abs().max() + 1e-6


def test_channels_keep_their_places():
    """One channel is the other's negative: still so afterwards, since both are spliced alike."""
    mono = strokes(channels=1)
    shifted = pitch_shift(_one(np.concatenate([mono, -0.5 * mono])), _values(250.0), onsets=[ONSETS])
    assert torch.allclose(shifted[0, 1], -0.5 * shifted[0, 0], atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(cents=st.floats(-1200, 1200))
def test_ratios_are_close(cents):
    assert abs(1200 * math.log2(sizes_of(2 ** (cents / 1200)).ratio) - cents) <= WORST_CENTS


@pytest.mark.parametrize("ratio", [0.5, 0.84, 0.999, 1.003, 1.19, 2.0])
def test_resampling_is_evaluating_the_band_limited_sound(ratio):
    sizes = sizes_of(ratio)
    tone = torch.from_numpy(_tone(3000.0, 60_000)).float()
    out = resample(tone, sizes)[0].double()
    at = torch.arange(len(out), dtype=torch.float64) * sizes.ratio
    exact = torch.sin(2 * torch.pi * 3000.0 / RATE * at + 0.2)
    edge = 2000
    assert (out - exact)[edge:-edge].abs().max() < RESAMPLED_ERROR


@pytest.mark.real
@pytest.mark.parametrize("onsets_given", [True, False])
@pytest.mark.parametrize("piece", ["kick", "snare", "low_tom", "hihat_closed", "crash"])
def test_attacks_of_rendered_stems_stay(gmd_dir, piece, onsets_given):
    """Strokes that stand out from what still rings are heard within a millisecond of where they were."""
    sound, onsets = rendered_stem(gmd_dir, piece)
    known_onsets = [onsets] if onsets_given else None
    for cents in (-300.0, 180.0, 300.0):
        shifted = pitch_shift(_one(sound), _values(cents), onsets=known_onsets)[0].numpy()
        pairs = [(rise(sound, onset), rise(shifted, onset)) for onset in onsets.tolist()]
        moved = [abs(now - before) for before, now in pairs if before is not None and now is not None]
        assert len(moved) >= 4 and max(moved) <= ONSET_S * RATE
    longer, frames = stretched(_one(sound), _values(1.1), _values(0.0), sample_rate=RATE, onsets=known_onsets)
    errors = []
    for old in onsets.tolist():
        new = round(old * frames[0] / sound.shape[1])
        before, now = rise(sound, old), rise(longer[0].numpy(), new)
        if before is not None and now is not None:
            errors.append(abs(now - new - before + old))
    assert len(errors) >= 4 and max(errors) <= STRETCHED_ONSET_S * RATE
