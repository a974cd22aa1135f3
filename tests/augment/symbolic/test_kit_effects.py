"""Strokes reshaped: exact pitch, onsets to the frame, decay by its factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_source import ToySource, row, toy_example, toy_performance, toy_source
from toys import RATE, toy_bank

from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.augment.symbolic.kit_effects import stroke_shapes
from stemgmd_tools.augment.symbolic.reshape import Shaped, damp, repitch
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.performances.tables import Choke, Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.plan import plan

HERTZ = 500.0
CENTS_BOUND = 0.2
"""A parabola through a peak of a 2 s spectrum misses a steady tone by less."""
ONSET_BOUND = 1
"""A resampled attack is as steep as the new grid allows: -20 dB of its peak may be reached a frame earlier."""
DECAY_BOUND = 0.05


def tone(seconds: float = 2.0, tau_s: float = 0.6, onset: int = 100, hertz: float = HERTZ) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    attack = np.minimum(1.0, time_s / 0.001)
    sound = np.zeros((onset + len(time_s), 2), np.float32)
    sound[onset:] = (0.5 * attack * np.exp(-time_s / tau_s) * np.sin(2 * np.pi * hertz * time_s))[:, None]
    return sound


def pitch(sound: np.ndarray) -> float:
    """Return the frequency of a tone in hertz."""
    part = sound * np.hanning(len(sound))
    spectrum = np.log(np.abs(np.fft.rfft(part, 4 * len(part))) + 1e-12)
    peak = int(np.argmax(spectrum))
    low, top, high = spectrum[peak - 1 : peak + 2]
    return (peak + 0.5 * (low - high) / (low - 2 * top + high)) * RATE / (4 * len(part))


def decay_s(sound: np.ndarray, onset: int) -> float:
    """Return the time between -5 and -25 dB of the energy decay curve."""
    energy = np.square(sound[onset:].astype(np.float64)).sum(axis=1)
    left_db = 10 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum() + 1e-30)
    return (np.argmax(left_db < -25) - np.argmax(left_db < -5)) / RATE


@pytest.mark.parametrize("cents", [-1200.0, -305.5, -100.0, -1.0, 7.0, 100.0, 250.0, 1200.0])
@pytest.mark.parametrize("onset", [0, 37, 220])
def test_pitch_moves_by_the_cents_and_the_attack_stays(cents, onset):
    shot = Shaped(tone(onset=onset), onset)
    repitched_shot = repitch(shot, cents)
    steady = repitched_shot.sound[repitched_shot.onset + 500 : repitched_shot.onset + 500 + 30_000, 0]
    assert 1200 * np.log2(pitch(steady) / HERTZ) == pytest.approx(cents, abs=CENTS_BOUND)
    before = onset_frame(shot.sound, RATE) - onset
    ratio = 2 ** (cents / 1200)
    assert abs(onset_frame(repitched_shot.sound, RATE) - repitched_shot.onset - before / ratio) <= ONSET_BOUND


def test_no_change_is_none():
    shot = Shaped(tone(), 100)
    assert repitch(shot, 0.0) is shot
    assert damp(shot, 1.0, RATE) is shot


@pytest.mark.parametrize("decay", [0.25, 0.5, 0.8, 1.2, 1.5])
@pytest.mark.parametrize("tau_s", [0.05, 0.15])
def test_decays_scale(decay, tau_s):
    rng = np.random.default_rng(1)
    noise = tone(1.0, 1e9, 100) * 0
    envelope = np.exp(-np.arange(len(noise) - 100) / RATE / tau_s)
    noise[100:] = (0.2 * rng.standard_normal((len(envelope), 2)) * envelope[:, None]).astype(np.float32)
    for sound in (tone(1.0, tau_s), tone(1.0, tau_s, hertz=6000.0), noise):
        shortened = damp(Shaped(sound, 100), decay, RATE)
        assert shortened.onset == 100
        assert decay_s(shortened.sound, 100) / decay_s(sound, 100) == pytest.approx(decay, rel=DECAY_BOUND)
        assert np.abs(shortened.sound[:101] - sound[:101]).max() < 1e-6  # nothing changes up to the attack


@pytest.mark.parametrize("decay", [0.3, 0.5, 0.8, 1.2])
def test_decays_of_several_slopes_scale(decay):
    time_s = np.arange(RATE) / RATE
    rng = np.random.default_rng(2)
    body = 0.5 * np.exp(-time_s / 0.03) * rng.standard_normal(RATE) + 0.1 * np.exp(-time_s / 0.2)
    beating = np.exp(-time_s / 0.15) * (np.sin(2 * np.pi * 180 * time_s) + 0.3 * np.sin(2 * np.pi * 186 * time_s))
    for sound in (body, 0.4 * beating):
        shot = Shaped(np.repeat(sound[:, None], 2, axis=1).astype(np.float32), 0)
        shortened = damp(shot, decay, RATE).sound
        assert decay_s(shortened, 0) / decay_s(shot.sound, 0) == pytest.approx(decay, rel=2 * DECAY_BOUND)
        if decay < 1.0:
            assert np.square(shortened).sum() < np.square(shot.sound).sum()


@pytest.mark.parametrize("decay", [0.25, 0.5, 0.7, 1.2, 1.35])
@pytest.mark.parametrize("kind", ["stick", "beating"])
def test_the_whole_sound_decays_by_the_factor(kind, decay):
    """Bands that decay otherwise than each other: a hiss over a tone, two tones that beat under one."""
    time_s = np.arange(2 * RATE) / RATE
    hiss = np.random.default_rng(0).standard_normal(2 * RATE)
    sound = {
        "stick": np.exp(-time_s / 0.02) * hiss + 0.12 * np.exp(-time_s / 0.3) * np.sin(2 * np.pi * 180 * time_s),
        "beating": np.exp(-time_s / 0.3) * (np.sin(2 * np.pi * 400 * time_s) + 0.8 * np.sin(2 * np.pi * 404 * time_s))
        + 0.5 * np.exp(-time_s / 0.1) * hiss,
    }[kind]
    shot = Shaped(np.repeat(0.3 * sound[:, None], 2, axis=1).astype(np.float32), 0)
    shortened = damp(shot, decay, RATE).sound
    assert decay_s(shortened, 0) / decay_s(shot.sound, 0) == pytest.approx(decay, rel=DECAY_BOUND)


def test_silence_stays_silent_and_a_single_frame_as_it_is():
    assert not damp(Shaped(np.zeros((500, 2), np.float32), 7), 0.5, RATE).sound.any()
    single = np.ones((1, 2), np.float32)
    assert np.array_equal(damp(Shaped(single, 0), 0.5, RATE).sound, single)


def tone_source(**changed) -> ToySource:
    """Return a source whose one-shots are all one tone, and two performances of it."""
    bank = toy_bank(frames=40_000, onset=30)
    shot = tone(1.0, 0.2, 30)[:40_000]
    pcm = np.tile(np.rint(shot * 32767 * 1.9).astype(np.int16).reshape(-1), len(bank.samples))
    banks = {"tin": replace(bank, kit="tin", pcm=pcm)}
    hits = [Hit(0.5 + i, 38, 127) for i in range(4)] + [Hit(0.5, 49, 127)]
    played = Performance("d/1", hits, 5.0, **changed)
    return ToySource(banks, {"d/1": played})


def test_every_stroke_of_a_tuned_stem_has_the_new_pitch_at_its_old_place():
    source = tone_source()
    example = toy_example(start=0, frames=5 * RATE)
    plain = render_example(source, example)
    rendered = render_example(source, example, [row("tuning", 1, cents=-250.0, spread_cents=0.0, seed=1)])
    for start in (np.array([0.5, 1.5, 2.5, 3.5]) * RATE).astype(int):
        onset = onset_frame(rendered.stems[1].T[start - 2000 : start + 20_000], RATE)
        assert abs(onset - onset_frame(plain.stems[1].T[start - 2000 : start + 20_000], RATE)) <= 2 * ONSET_BOUND
        steady = rendered.stems[1, 0, start + 500 : start + 20_500]
        assert 1200 * np.log2(pitch(steady) / HERTZ) == pytest.approx(-250, abs=CENTS_BOUND)
    others = [stem for stem in range(9) if stem != 1]
    assert np.array_equal(rendered.stems[others], plain.stems[others])
    assert np.array_equal(rendered.labels, plain.labels)
    assert np.abs(rendered.stems[1]).max() == pytest.approx(np.abs(plain.stems[1]).max(), rel=0.02)  # between samples


def test_strokes_deviate_each_and_pieces_each():
    source = toy_source()
    decided = plan(toy_performance(), source.bank("tin"))
    strokes = stroke_shapes(decided, [row("stroke_pitch", cents=100.0, spread_cents=50.0, seed=3)]).cents
    pieces = stroke_shapes(decided, [row("tuning", cents=100.0, spread_cents=50.0, seed=3)]).cents
    assert len(set(strokes.tolist())) == len(strokes)
    axis = decided.strikes["piece"]
    assert len(set(pieces.tolist())) == len(set(axis.tolist()))
    assert all(len(set(pieces[axis == one].tolist())) == 1 for one in set(axis.tolist()))
    for cents in (strokes, pieces):
        assert np.abs(cents - 100).max() <= 50
    both = [
        row("tuning", cents=30.0, spread_cents=0.0, seed=1),
        row("stroke_pitch", cents=-50.0, spread_cents=0.0, seed=1),
    ]
    assert stroke_shapes(decided, both).cents == pytest.approx(-20)
    assert stroke_shapes(decided, [row("damping", decay=0.5), row("damping", decay=0.8)]).decay == pytest.approx(0.4)


def test_a_tuned_stem_keeps_its_chokes():
    source = tone_source(chokes=[Choke(0.7, 49)])
    example = toy_example(start=0, frames=5 * RATE)
    rendered = render_example(source, example, [row("tuning", 8, cents=-700.0, spread_cents=0.0, seed=1)]).stems[8]
    choked = round(0.7 * RATE) + 100  # the toy's release
    assert np.abs(rendered[:, :choked]).max() > 0.01
    assert not rendered[:, choked:].any()


def test_damped_stems_ring_as_much_shorter_and_keep_their_peak():
    source = tone_source()
    example = toy_example(start=0, frames=5 * RATE)
    plain = render_example(source, example).stems[1].T
    rendered = render_example(source, example, [row("damping", 1, decay=0.4)]).stems[1].T
    start = round(1.5 * RATE)
    window = slice(start, start + 40_000)
    assert decay_s(rendered[window], 0) / decay_s(plain[window], 0) == pytest.approx(0.4, rel=DECAY_BOUND)
    assert np.abs(rendered[window]).max() == pytest.approx(np.abs(plain[window]).max(), rel=0.05)


def test_lower_strokes_make_a_whole_example_longer():
    source = toy_source()
    source.played_by_name["d/1"] = replace(toy_performance(), duration_s=4.9)  # the last hit sounds beyond it
    whole = toy_example(start=0, frames=None)
    plain = render_example(source, whole).stems
    rendered = render_example(source, whole, [row("tuning", cents=-1200.0, spread_cents=0.0, seed=1)]).stems
    assert 2000 < rendered.shape[2] - plain.shape[2] <= 3100  # 3000 frames of the toy's one-shots, twice as long
    assert np.abs(rendered[:, :, -200:]).max() < 0.01
