"""Distances between one-shots: what they hear, what they are deaf to, on sounds made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.one_shots import read_one_shot
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.similarity.distance import AnalysedSound, Distance, distance

RATE = 44_100
EXACT = 1e-9
Sound = NDArray[np.float64]


def hiss(seed: int = 0, seconds: float = 1.0, t60_s: float = 0.8, hertz: tuple[float, float] = (200, 8000)) -> Sound:
    """Return decaying noise in a band, the same in both channels, shape (frames, 2)."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(time_s))
    shaped = signal.sosfilt(signal.butter(4, hertz, "bandpass", fs=RATE, output="sos"), noise)
    return np.repeat((shaped * 10 ** (-3 * time_s / t60_s))[:, None], 2, axis=1) * 0.1


def tone(*hertz: float, seconds: float = 1.5, t60_s: float = 1.5) -> Sound:
    """Return decaying sines that begin at once."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    waves = sum(np.cos(2 * np.pi * one * time_s) for one in hertz)
    return np.repeat((waves * 10 ** (-3 * time_s / t60_s))[:, None], 2, axis=1) * 0.1


def largest(measured: Distance) -> float:
    return float(np.max(np.abs(measured)))


def test_a_sound_is_no_distance_from_itself() -> None:
    assert largest(distance(hiss(), hiss())) < EXACT


@pytest.mark.parametrize("gain", [0.001, 0.5, 7.0])
def test_loudness_does_not_count(gain: float) -> None:
    assert largest(distance(hiss(), gain * hiss())) < EXACT
    quiet, loud = distance(hiss(1), hiss(2)), distance(hiss(1), gain * hiss(2))
    assert np.allclose(quiet, loud, atol=EXACT)


def test_silence_before_the_attack_does_not_count() -> None:
    later = np.concatenate([np.zeros((3000, 2)), hiss()])
    assert largest(distance(hiss(), later)) < EXACT


def test_a_shifted_attack_is_laid_over_the_other() -> None:
    """A soft tick ahead of the attack moves the place where the sound begins, not the attack itself."""
    shift = 80
    ticked = np.concatenate([np.zeros((shift, 2)), hiss()])
    ticked[:4] = 0.05 * np.abs(hiss()).max()
    measured = distance(hiss(), ticked)
    unaligned = distance(hiss(), np.concatenate([np.full((400, 2), 0.05 * np.abs(hiss()).max()), hiss()]))
    assert measured.mel_db < 0.3
    assert measured.attack_db < 2.0 < unaligned.attack_db


def test_between_repeats_order_hardly_matters() -> None:
    one, other = hiss(1), hiss(2)
    assert np.allclose(distance(one, other), distance(other, one), rtol=0.1, atol=0.03)


def test_prepared_or_not_is_the_same() -> None:
    one, other = AnalysedSound(hiss(1)), AnalysedSound(hiss(2))
    assert distance(one, other) == distance(hiss(1), hiss(2)) == distance(one, other)


@pytest.mark.parametrize("offset_db", [2.0, -3.0])
def test_a_band_that_is_louder_is_heard_by_as_much(offset_db: float) -> None:
    """A share f of the bands is louder: with equal levels those differ by 1 - f of the offset, the others by f."""
    noise = np.random.default_rng(3).standard_normal((2 * RATE, 2)) * 0.1
    spectrum = np.fft.rfft(noise, axis=0)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(hertz > 1000) & (hertz < 4000)] *= 10 ** (offset_db / 20)
    mel = 2595 * np.log10(1 + np.array([30, 1000, 4000, 20_000]) / 700)
    share = (mel[2] - mel[1]) / (mel[3] - mel[0])
    measured = distance(noise, np.fft.irfft(spectrum, len(noise), axis=0))
    expected = pytest.approx(2 * share * (1 - share) * abs(offset_db), rel=0.1)
    assert measured.mel_db == expected
    assert measured.attack_db == expected


def test_a_level_step_is_heard_in_full() -> None:
    """After its first quarter the sound is 6 dB softer: the envelope differs by it on either side of equal energy."""
    dented = hiss()
    dented[RATE // 4 :] *= 0.5
    measured = distance(hiss(), dented)
    assert 1.0 < measured.envelope_db < 5.0
    assert measured.decay_octaves > 0.05


def test_independent_noise_lies_where_the_study_found_it() -> None:
    """No model that draws fresh noise comes nearer to a recording than this."""
    distances = [distance(hiss(seed), hiss(seed + 100)).mel_db for seed in range(8)]
    assert 2.0 < np.median(distances) < 3.2


def test_only_fine_structure_hears_partials() -> None:
    low, high = tone(430.0, 610.0), tone(437.0, 601.0)
    measured = distance(low, high)
    assert measured.fine_db > 4
    assert measured.fine_db > 2 * measured.mel_db


def test_decay_is_in_octaves() -> None:
    fast, slow = tone(440.0, t60_s=0.5), tone(440.0, t60_s=1.0)
    assert distance(fast, slow).decay_octaves == pytest.approx(1.0, abs=0.02)


def test_centroid_is_in_octaves() -> None:
    assert distance(tone(1000.0), tone(2000.0)).centroid_octaves == pytest.approx(1.0, abs=0.1)


def test_stereo_hears_level_and_correlation() -> None:
    left = hiss() * [1.0, 0.5]
    assert distance(hiss(), left).level_difference_db == pytest.approx(20 * np.log10(2), abs=0.01)
    apart = np.stack([hiss(1)[:, 0], hiss(2)[:, 0]], axis=1)
    measured = distance(hiss(1), apart)
    assert measured.coherence == pytest.approx(1.0, abs=0.15)
    assert distance(hiss(1), hiss(1) * [1, -1]).coherence == pytest.approx(2.0, abs=0.01)


def test_only_three_seconds_are_heard() -> None:
    long = tone(440.0, seconds=4.0, t60_s=8.0)
    changed = long.copy()
    changed[round(3.1 * RATE) :] = 0
    assert largest(distance(long, changed)) < EXACT


def test_very_short_sounds() -> None:
    click = hiss(seconds=0.005)
    assert all(np.isfinite(distance(click, hiss())))


@pytest.mark.parametrize("sound", [np.zeros((1000, 2)), np.zeros((0, 2))])
def test_silence_cannot_be_compared(sound: Sound) -> None:
    with pytest.raises(KitError, match="silent"):
        AnalysedSound(sound)


def test_mono_cannot_be_compared() -> None:
    with pytest.raises(KitError, match=r"\(frames, 2\)"):
        AnalysedSound(np.ones(1000))


@pytest.mark.real
def test_real_repeats_lie_nearer_than_another_drum(kits_dir: Path) -> None:
    kit = load_kit("muldjord", (kits_dir,))
    assert kit.folder is not None
    loudest = {name: kit.map.articulations[name].layers for name in ("snare_head", "kick")}
    snare, kick = (
        [AnalysedSound(read_one_shot(kit.folder / sound.file)[0]) for sound in layers[-1].files]
        for layers in loudest.values()
        if layers
    )
    repeats, drums = distance(snare[0], snare[1]), distance(snare[0], kick[0])
    assert 1.0 < repeats.mel_db < 4.0
    assert drums.mel_db > 2 * repeats.mel_db
    assert drums.fine_db > 1.5 * repeats.fine_db
