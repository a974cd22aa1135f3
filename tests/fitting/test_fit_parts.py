"""The parts of a fit on sounds whose every figure is known."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.fitting.estimation.articulation import fit_voice
from stemgmd_tools.fitting.noise.bands import BINS, TIMES_S, bands_of, decibels, mean_bands
from stemgmd_tools.fitting.noise.colour import fine_spectrum, flat_colour
from stemgmd_tools.fitting.noise.level_tables import layer_table
from stemgmd_tools.fitting.noise.stereo import stereo_of
from stemgmd_tools.fitting.recordings.families import Family, family_of
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.fitting.velocity.law import fit_law, octaves_of
from stemgmd_tools.fitting.velocity.refine import STILL, led
from stemgmd_tools.kits.bank.velocity_curve import LINEAR_LAW_DB, SQUARE_LAW_DB
from stemgmd_tools.kits.synthesis.bands import BANDS, SAMPLE_RATE, Float, envelope_in_bands, knot_weights
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, Jitter, Noise, Stereo, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.seeds import stream

CHANCE_DB = 1.0
"""Mean error over bands of a level measured on a dozen strokes of noise."""
FITTED_DB = 1.5
"""Mean error over loud cells of a table fitted to six strokes of noise."""
AUDIBLE_DB = 40.0
KNOTS_S = np.array([0.0, 0.01, 0.1, 0.5])
FALLING_DB = -30.0 - 50.0 * KNOTS_S


def voice(slope_db: float = 9.0, jitter: Jitter = STILL, **noise: object) -> VoiceModel:
    """Return a hat: 20 dB softer at the top, gone after half a second."""
    level = BandEnvelope(
        frequencies_hz=(100.0, 15000.0),
        times_s=(0.0, 0.3, 0.6),
        values=((-30.0, -60.0, -100.0), (-50.0, -80.0, -120.0)),
    )
    slope = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((slope_db,),))
    return VoiceModel(
        noise=Noise(level_db=level, velocity_db_per_octave=slope, **noise), jitter=jitter, layers=(30, 60, 120)
    )


def played(model: VoiceModel, velocity: int, count: int, frames: int = 20000) -> list[Float]:
    synthesiser = Synthesiser(model, None, "toy", "hat")
    return [
        led(synthesiser.stroke(velocity, 0, index / count, stream(index, velocity), frames=frames))
        for index in range(count)
    ]


def strokes(model: VoiceModel, velocity: int, count: int = 2, openness: float = np.nan) -> Strokes:
    return Strokes(velocity, openness, tuple(played(model, velocity, count)), -120.0)


@pytest.fixture(scope="module")
def recorded() -> list[Strokes]:
    return [strokes(voice(), velocity) for velocity in (30, 60, 120)]


@pytest.fixture(scope="module")
def fitted(recorded: list[Strokes]) -> VoiceModel:
    return fit_voice(recorded, Family.HIHAT_CLOSED, "toy")


def test_every_articulation_has_a_family() -> None:
    families = {name: family_of(name) for name in ARTICULATIONS}
    assert families["snare_cross_stick"] is Family.CROSS_STICK
    assert families["low_tom_head"] is Family.TOM
    assert families["ride_bell"] is Family.BELL
    assert set(families.values()) == set(Family)
    with pytest.raises(UsageError, match="cowbell"):
        family_of("cowbell")


def test_bands_measure_the_engines_own_levels() -> None:
    measured = mean_bands([bands_of(sound) for sound in played(voice(), 100, 12)])
    wanted = envelope_in_bands(voice().noise.level_db) @ knot_weights(np.array([0.0, 0.3, 0.6]), TIMES_S, extend=True)
    late = (TIMES_S > 0.02) & (TIMES_S < 0.4)
    error = (decibels(measured.power) - wanted)[8:, late]
    assert abs(error.mean()) < CHANCE_DB


def test_a_noise_floor_is_not_copied() -> None:
    decay_db = -20.0 - 200.0 * TIMES_S
    floor_db = -60.0
    power = np.tile(10.0 ** (decay_db / 10.0) + 10.0 ** (floor_db / 10.0), (BANDS, 1))
    bins = int(np.searchsorted(TIMES_S, 1.0))
    power[:, bins:] = 0.0
    measured = bands_of(np.zeros((50000, 2)))._replace(left=power, right=power, cross=power, bins=bins)
    table = layer_table(0.0, measured, None, 2, 0.01)
    later = (TIMES_S > 0.3) & (TIMES_S < 0.5)
    assert not table.known[:, TIMES_S > 0.3].any()
    assert np.abs(table.level_db[:, later] - decay_db[later]).max() < 6.0
    assert table.level_db[:, later].max() < floor_db - 10.0


def test_a_law_goes_through_straight_layers_and_predicts_one_left_out() -> None:
    octaves = np.array([octaves_of(velocity) for velocity in (20, 40, 80, 120)])
    truth = FALLING_DB + np.zeros((4, BANDS, 4)) + 10.0 * octaves[:, None, None]
    law = fit_law(octaves, truth, np.ones_like(truth), KNOTS_S, KNOTS_S)
    assert max(np.abs(law.at(o) - t).max() for o, t in zip(octaves, truth, strict=True)) < 1e-6
    retained = [0, 1, 3]
    law = fit_law(octaves[retained], truth[retained], np.ones_like(truth[retained]), KNOTS_S, KNOTS_S)
    assert np.abs(law.at(octaves[2]) - truth[2]).max() < 1e-6


def test_a_law_bends_where_layers_do() -> None:
    octaves = np.array([octaves_of(velocity) for velocity in (20, 40, 80, 120)])
    truth = np.zeros((4, BANDS, 4)) + 10.0 * octaves[:, None, None]
    truth[1] -= 6.0
    law = fit_law(octaves, truth, np.ones_like(truth), KNOTS_S, KNOTS_S)
    straight = np.polyval(np.polyfit(octaves, truth[:, 5, 1], 1), octaves)
    assert np.abs([law.at(o)[5, 1] for o in octaves] - truth[:, 5, 1]).max() < 2.0
    assert np.abs(straight - truth[:, 5, 1]).max() > 3.0


@pytest.mark.parametrize(("steepness", "slope"), [(25.0, SQUARE_LAW_DB), (0.0, LINEAR_LAW_DB)])
def test_beyond_its_layers_a_law_is_no_steeper_than_strokes_are(steepness: float, slope: float) -> None:
    octaves = np.array([-1.0, 0.0])
    tables = FALLING_DB + np.zeros((2, BANDS, 4)) + steepness * octaves[:, None, None]
    law = fit_law(octaves, tables, np.ones_like(tables), KNOTS_S, KNOTS_S)
    assert np.allclose(law.at(-1.0), tables[0], atol=3.0)
    beyond = law.at(-2.0) - law.at(-3.0)
    assert np.median(beyond) == pytest.approx(slope, abs=0.5)


def test_one_layer_follows_the_square_law() -> None:
    tables = FALLING_DB + np.zeros((1, BANDS, 4))
    law = fit_law(np.zeros(1), tables, np.ones_like(tables), KNOTS_S, KNOTS_S)
    assert np.allclose(law.at(-1.0), FALLING_DB - SQUARE_LAW_DB)


def test_a_fit_finds_the_levels_and_the_slope(fitted: VoiceModel) -> None:
    level = fitted.noise.level_db
    times_s = np.array(level.times_s)
    wanted = envelope_in_bands(voice().noise.level_db) @ knot_weights(np.array([0.0, 0.3, 0.6]), times_s, extend=True)
    error = (np.array(level.values) - wanted)[8:, (times_s >= 0.004) & (times_s <= 0.3)]
    assert np.abs(error).mean() < FITTED_DB
    slopes = np.array(fitted.noise.velocity_db_per_octave.values)
    assert np.median(slopes) == pytest.approx(9.0, abs=1.0)


def test_a_fitted_voice_sounds_as_loud_as_its_recordings(fitted: VoiceModel, recorded: list[Strokes]) -> None:
    for layer in recorded:
        theirs = mean_bands([bands_of(one) for one in layer.repeats])
        ours = mean_bands([bands_of(one) for one in played(fitted, layer.velocity, 8)])
        audible = (np.arange(BINS) < theirs.bins) & (TIMES_S > 0.004)
        a, b = decibels(theirs.power)[:, audible], decibels(ours.power)[:, audible]
        loud = a > a.max() - AUDIBLE_DB
        assert abs((a - b)[loud].mean()) < FITTED_DB


def test_a_fit_is_deterministic(fitted: VoiceModel, recorded: list[Strokes]) -> None:
    assert fit_voice(recorded, Family.HIHAT_CLOSED, "toy") == fitted


def test_nothing_to_fit_is_refused() -> None:
    with pytest.raises(KitError, match="no strokes"):
        fit_voice([], Family.KICK, "kick")


def test_a_half_open_hat_is_shorter_than_the_open_one() -> None:
    wide = [strokes(voice(), velocity, openness=1.0) for velocity in (40, 120)]
    quick = voice()
    level = quick.noise.level_db.model_copy(update={"times_s": (0.0, 0.1, 0.2)})
    quick = quick.model_copy(update={"noise": quick.noise.model_copy(update={"level_db": level})})
    half = [strokes(quick, velocity, openness=0.4) for velocity in (40, 120)]
    model = fit_voice([*half, *wide], Family.HIHAT_OPEN, "toy")
    assert model.openness is not None
    assert model.openness.degrees == (0.4, 1.0)
    assert model.openness.stretch[0] == pytest.approx(1 / 3, rel=0.5)
    synthesiser = Synthesiser(model, None, "toy", "hat")
    ours = mean_bands([bands_of(led(synthesiser.stroke(120, 0, i / 6, stream(i), frames=12000))) for i in range(6)])
    theirs = mean_bands([bands_of(one[: 12000 + ONSET_FRAMES]) for one in half[1].repeats])
    a, b = decibels(theirs.power.sum(axis=0)), decibels(ours.power.sum(axis=0))
    audible = (TIMES_S > 0.004) & (np.arange(BINS) < theirs.bins) & (a > a.max() - AUDIBLE_DB)
    assert np.abs((a - b)[audible]).mean() < 2 * FITTED_DB


def test_stereo_comes_back() -> None:
    image = Stereo(frequencies_hz=(1000.0,), left_minus_right_db=(6.0,), coherence=(0.4,))
    measured = mean_bands([bands_of(sound) for sound in played(voice(stereo=image), 100, 12)])
    stereo = stereo_of([measured], [None])
    assert stereo is not None
    assert np.mean(stereo.left_minus_right_db) == pytest.approx(6.0, abs=0.5)
    assert np.mean(stereo.coherence) == pytest.approx(0.4, abs=0.1)
    mono = mean_bands([bands_of(sound) for sound in played(voice(), 100, 2)])
    assert stereo_of([mono], [None]) is None


def test_a_fine_colour_shows_in_the_fine_spectrum() -> None:
    flat = flat_colour(24)
    points = grid_hz(flat)
    peak = int(np.argmin(np.abs(points - 1500.0)))
    gain = np.zeros(len(points))
    gain[peak] = 15.0
    coloured = Colour(**{**flat.model_dump(), "gain_db": tuple(gain.tolist())})
    spectrum = np.mean([fine_spectrum(one, flat) for one in played(voice(colour=coloured), 100, 12)], axis=0)
    around = np.median(spectrum[peak - 12 : peak + 13])
    assert int(np.argmax(spectrum[peak - 12 : peak + 13])) == 12
    assert 10.0 * np.log10(spectrum[peak] / around) > 8.0


def test_repeats_that_are_alike_share_their_noise() -> None:
    one = played(voice(), 100, 1)[0]
    alike = Strokes(100, np.nan, (one, one * 1.01, one * 0.99), -120.0)
    apart = strokes(voice(jitter=Jitter(band_db=0.5)), 100, 3)
    close, loose = (fit_voice([layer], Family.HIHAT_CLOSED, "toy").jitter for layer in (alike, apart))
    assert close.shared_noise > 0.9 > loose.shared_noise
    assert len(one) / SAMPLE_RATE > 0.4
