"""The synthesiser's parts: levels, pitches, decays and chance are what the parameters say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stemgmd_tools.kits.synthesis.bands import (
    BANDS,
    CENTRES_HZ,
    SAMPLE_RATE,
    Tilt,
    band_masks,
    channel_gains,
    envelope_in_bands,
    erb_width_hz,
    knot_weights,
)
from stemgmd_tools.kits.synthesis.colour import colour_gains
from stemgmd_tools.kits.synthesis.modes import ModeBank, ring, warped_frames
from stemgmd_tools.kits.synthesis.parameters import (
    BandEnvelope,
    Colour,
    Glide,
    Jitter,
    Modes,
    Noise,
    Openness,
    RoomModel,
    Stereo,
    VoiceModel,
)
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.seeds import stream

ARITHMETIC = 1e-9
"""Float64 sums of a few thousand terms of size 1."""
NOISE_DB = 1.0
"""Half a second of noise in one ERB has a few hundred degrees of freedom: its level is known to about 0.4 dB."""
STILL = Jitter(band_db=0, mode_db=0, frequency=0)
LEVEL = Tilt(0.0, 0.0)


def flat(level: float, *, slope: float = 0.0, decay_db_per_s: float = 0.0, stereo: Stereo | None = None) -> Noise:
    return Noise(
        level_db=BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0, 1.0), values=((level, level - decay_db_per_s),)),
        velocity_db_per_octave=BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((slope,),)),
        stereo=stereo,
    )


def voice(noise: Noise, **parts: object) -> VoiceModel:
    return VoiceModel.model_validate({"noise": noise, "jitter": STILL, "duration_s": 1.0, **parts})


def tone(frequency_hz: float, **parts: object) -> Modes:
    return Modes.model_validate(
        {"frequency_hz": [frequency_hz], "t60_s": [1.0], "level_db": [-20.0], "velocity_db_per_octave": [6.0], **parts}
    )


def test_masks_of_one_noise_sum_to_one() -> None:
    masks = band_masks(2048)
    above = np.arange(1025) * SAMPLE_RATE / 2048 > 15
    assert np.abs(masks[:, above].sum(axis=0) - 1).max() < ARITHMETIC
    assert np.diff(CENTRES_HZ).min() >= 59.9  # no band is so narrow that it rings longer than an attack


@given(st.floats(-30, 30))
def test_channel_gains_differ_as_said_and_keep_the_power(difference_db: float) -> None:
    left, right = channel_gains(np.array([difference_db]))
    assert 20 * np.log10(left / right) == pytest.approx(difference_db, abs=1e-6)
    assert (left**2 + right**2) / 2 == pytest.approx(1.0)


def test_knots_are_interpolated_and_go_on_with_the_last_slope() -> None:
    knots = np.array([0.0, 0.01, 0.1])
    values = np.array([0.0, -10.0, -28.0])
    times = np.array([0.0, 0.005, 0.055, 0.2])
    assert values @ knot_weights(knots, times, extend=True) == pytest.approx([0, -5, -19, -48])
    assert values @ knot_weights(knots, times, extend=False) == pytest.approx([0, -5, -19, -28])


def test_an_envelope_holds_outside_its_frequencies() -> None:
    table = BandEnvelope(frequencies_hz=(500.0, 2000.0), times_s=(0.0,), values=((-10.0,), (-30.0,)))
    level = envelope_in_bands(table)[:, 0]
    assert level.shape == (BANDS,)
    assert level[0] == -10.0
    assert level[-1] == -30.0
    assert (np.diff(level) <= 0).all()


@settings(max_examples=20)
@given(st.integers(1, 3000), st.lists(st.tuples(st.floats(20, 8000), st.floats(0.5, 500)), min_size=1, max_size=6))
def test_ring_is_the_sum_of_exponentials(frames: int, modes: list[tuple[float, float]]) -> None:
    rate = np.array([-decay + 2j * np.pi * frequency for frequency, decay in modes])
    amplitude = np.exp(1j * np.arange(2 * len(modes))).reshape(2, -1)
    times_s = np.arange(frames) / SAMPLE_RATE
    direct = (amplitude @ np.exp(np.outer(rate, times_s))).real.T
    assert np.abs(ring(rate, amplitude, frames) - direct).max() < ARITHMETIC


def test_a_glide_falls_to_the_given_pitch_and_deepens_with_velocity() -> None:
    glide = Glide(depth=(0.5, 0.1), time_s=(0.01, 0.1), velocity_exponent=1.0)
    speed = {v: np.diff(warped_frames(glide, v, SAMPLE_RATE)) for v in (50, 100)}
    assert speed[100][0] == pytest.approx(1.6, abs=0.01)
    assert speed[50][0] == pytest.approx(1.3, abs=0.01)
    assert speed[100][-1] == pytest.approx(1.0, abs=1e-4)
    assert (np.diff(speed[100]) <= 1e-9).all()


def test_a_gliding_mode_is_the_exact_chirp() -> None:
    glide = Glide(depth=(0.4,), time_s=(0.03,), velocity_exponent=0.0)
    modes = tone(200.0, phase_turns=[0.25], onset_s=0.0)
    sound = ModeBank.from_parameters(modes).strike(100, 8000, STILL, LEVEL, glide, stream(0, "test"))
    times_s = np.arange(8000) / SAMPLE_RATE
    warped_s = times_s + 0.4 * 0.03 * (1 - np.exp(-times_s / 0.03))
    exact = 0.1 * 10 ** (-3 * warped_s) * np.cos(2 * np.pi * (200 * warped_s + 0.25))
    below_60_db = 1e-4
    assert np.abs(sound - exact[:, None]).max() < below_60_db


def test_a_mode_has_its_level_decay_and_velocity_slope() -> None:
    modes = ModeBank.from_parameters(tone(440.0, left_minus_right_db=[6.0], phase_turns=[0.0], onset_s=0.0))
    loud, soft = (modes.strike(v, SAMPLE_RATE, STILL, LEVEL, None, stream(0, "test")) for v in (100, 50))
    assert 20 * np.log10(np.abs(loud[0] / soft[0])) == pytest.approx([6.0, 6.0])
    assert 20 * np.log10(loud[0, 0] / loud[0, 1]) == pytest.approx(6.0)
    assert (loud[0] ** 2).mean() == pytest.approx(0.1**2)
    later = round(0.5 * SAMPLE_RATE)
    assert loud[later, 0] / loud[0, 0] == pytest.approx(10 ** (-30 / 20), rel=0.01)  # 220 whole periods later


@pytest.mark.parametrize(("start_s", "end_s"), [(0.01, 0.045), (0.1, 0.9)], ids=["attack", "sustain"])
def test_noise_has_its_level_in_every_erb(start_s: float, end_s: float) -> None:
    synthesiser = Synthesiser(voice(flat(-40.0)), None, "test", "kick")
    parts = [synthesiser.one_shot(5, 0, v)[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)] for v in range(3)]
    frames = len(parts[0])
    power = np.mean([np.abs(np.fft.rfft(p * np.hanning(frames)[:, None], axis=0)) ** 2 for p in parts], axis=0)
    density = power.mean(axis=1) / (np.hanning(frames) ** 2).sum() / SAMPLE_RATE * 2
    frequencies_hz = np.fft.rfftfreq(frames, 1 / SAMPLE_RATE)
    for low, high in ((500, 1000), (1000, 3000), (3000, 8000), (8000, 14000)):
        inside = (frequencies_hz >= low) & (frequencies_hz < high)
        per_erb = 10 * np.log10((density[inside] * erb_width_hz(frequencies_hz[inside])).mean())
        assert per_erb == pytest.approx(-40.0, abs=NOISE_DB)


def test_noise_follows_velocity_and_decay() -> None:
    synthesiser = Synthesiser(
        voice(flat(-30.0, slope=10.0, decay_db_per_s=60.0), layers=(50, 100)), None, "test", "kick"
    )
    soft, loud = (np.concatenate([synthesiser.one_shot(layer, 0, v)[:20000] for v in range(3)]) for layer in (0, 1))
    assert 10 * np.log10((loud**2).mean() / (soft**2).mean()) == pytest.approx(10.0, abs=NOISE_DB)
    sound = synthesiser.one_shot(1, 0, 0)
    early, late = sound[4410:8820], sound[22050:26460]
    assert 10 * np.log10((early**2).mean() / (late**2).mean()) == pytest.approx(24.0, abs=NOISE_DB)


def test_noise_has_its_stereo_image() -> None:
    stereo = Stereo(frequencies_hz=(1000.0,), left_minus_right_db=(4.0,), coherence=(0.5,))
    sound = Synthesiser(voice(flat(-30.0, stereo=stereo)), None, "test", "ride_bow").one_shot(5, 0, 0)
    energy = (sound**2).sum(axis=0)
    assert 10 * np.log10(energy[0] / energy[1]) == pytest.approx(4.0, abs=0.3)
    assert (sound[:, 0] * sound[:, 1]).sum() / np.sqrt(energy.prod()) == pytest.approx(0.5, abs=0.05)


def test_the_cross_fade_into_the_sustain_keeps_the_level() -> None:
    synthesiser = Synthesiser(voice(flat(-30.0), variations=8), None, "test", "crash1_bow")
    power = np.mean([(synthesiser.one_shot(5, 0, v) ** 2).mean(axis=1) for v in range(8)], axis=0)
    windows = {name: power[a:b].mean() for name, (a, b) in {"before": (600, 2000), "fade": (2100, 3500)}.items()}
    after = power[4000:20000].mean()
    for mean in windows.values():
        assert 10 * np.log10(mean / after) == pytest.approx(0.0, abs=0.5)


def test_nothing_sounds_before_the_stroke_and_the_first_frame_does() -> None:
    modes = tone(1000.0, phase_turns=[0.0])
    for parts in ({}, {"body": modes}):
        sound = Synthesiser(voice(flat(-30.0), **parts), None, "test", "snare_head").one_shot(5, 0, 0)
        assert np.abs(sound[0]).min() > 0
        assert np.abs(sound[:44]).max() > 0.2 * np.abs(sound).max()


def test_a_drawn_colour_keeps_the_power_and_belongs_to_kit_and_name() -> None:
    frequencies_hz = 80 * 2 ** np.linspace(0, np.log2(9000 / 80), 4000)
    gains = {
        (kit, name): colour_gains(Colour(name=name, depth_db=4.0), kit, frequencies_hz)
        for kit in ("one", "other")
        for name in ("ride", "crash")
    }
    for gain in gains.values():
        assert 10 * np.log10((gain**2).mean()) == pytest.approx(0.0, abs=1.0)
        assert 2.5 < (20 * np.log10(gain)).std() < 4.5  # interpolation between the points takes some of the 4 dB
    assert len({gain.tobytes() for gain in gains.values()}) == 4


def test_a_given_colour_is_read_off_its_points() -> None:
    colour = Colour(frequencies_hz=(100.0, 400.0), gain_db=(-6.0, 6.0))
    assert 20 * np.log10(colour_gains(colour, "kit", np.array([50.0, 100.0, 200.0, 400.0, 800.0]))) == pytest.approx(
        [0, -6, 0, 6, 0]
    )


def room(**figures: float) -> RoomModel:
    return RoomModel.model_validate({"decay_s": 0.5, **figures})


def test_a_room_leaves_the_direct_sound_and_answers_after_its_predelay() -> None:
    click = np.zeros((1000, 2))
    click[0] = 1.0
    model = room(predelay_s=0.01, early_db=-14, late_db=-17)
    reverberated = Room(model, "kit").add_to(click)
    assert reverberated[0] == pytest.approx([1.0, 1.0])
    assert np.abs(reverberated[1:441]).max() < ARITHMETIC
    expected_db = 10 * np.log10(10**-1.4 + 10**-1.7)
    assert 10 * np.log10((reverberated[441:] ** 2).sum(axis=0)) == pytest.approx([expected_db] * 2, abs=1.0)


def test_a_room_decays_at_its_time() -> None:
    click = np.zeros((1, 2))
    click[0] = 1.0
    reverberated = Room(room(early_db=-80, late_db=-10, treble_ratio=1.0, bass_ratio=1.0), "kit").add_to(click)
    blocks = [
        (reverberated[round(a * SAMPLE_RATE) : round((a + 0.05) * SAMPLE_RATE)] ** 2).mean() for a in (0.02, 0.22)
    ]
    assert 10 * np.log10(blocks[0] / blocks[1]) == pytest.approx(60 * 0.2 / 0.5, abs=1.0)


def test_a_room_of_no_width_is_the_same_in_both_channels() -> None:
    click = np.zeros((1, 2))
    click[0] = 1.0
    reverberated = Room(room(width=0.0), "kit").add_to(click)
    assert np.abs(reverberated[:, 0] - reverberated[:, 1]).max() < ARITHMETIC


def hihat(**parts: object) -> VoiceModel:
    openness = Openness(degrees=(0.2, 0.6, 1.0), stretch=(0.25, 0.5, 1.0))
    return voice(flat(-30.0, decay_db_per_s=60.0), openness=openness, duration_s=4.0, **parts)


def test_openness_moves_the_end() -> None:
    synthesiser = Synthesiser(hihat(), None, "test", "hihat_open_bow")
    assert synthesiser.degrees == (0.2, 0.6, 1.0)
    length = [len(synthesiser.one_shot(5, degree, 0)) for degree in range(3)]
    assert length[0] * 1.8 < length[1] < length[2] / 1.8


def test_one_shots_depend_on_their_names_alone() -> None:
    one, other = (Synthesiser(hihat(), Room(room(), "test"), "test", "hihat_open_bow") for _ in range(2))
    wanted = [(0, 0, 0), (7, 2, 1), (3, 1, 2)]
    there = {key: one.one_shot(*key) for key in wanted}
    back: dict[tuple[int, int, int], NDArray[np.float64]] = {key: other.one_shot(*key) for key in reversed(wanted)}
    for key in wanted:
        assert np.array_equal(there[key], back[key])
    assert not np.array_equal(one.one_shot(7, 2, 0), one.one_shot(7, 2, 1))
    elsewhere = Synthesiser(hihat(), None, "test2", "hihat_open_bow").one_shot(7, 2, 1)
    assert not np.array_equal(elsewhere[:100], there[7, 2, 1][:100])


def test_soft_layers_end_earlier() -> None:
    noise = flat(-20.0, slope=12.0, decay_db_per_s=60.0)
    synthesiser = Synthesiser(voice(noise, duration_s=5.0), None, "test", "crash1_edge")
    length = [len(synthesiser.one_shot(layer, 0, 0)) for layer in (0, 3, 7)]
    assert length[0] < length[1] <= length[2]
