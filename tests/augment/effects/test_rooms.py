"""Rooms, noise, bleed: decay times, levels, delays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.audio.signal import noise  # noqa: E402
from stemgmd_tools.augment.audio.signal.lti import apply_responses  # noqa: E402
from stemgmd_tools.augment.effects.audio import reverberation as rooms  # noqa: E402
from stemgmd_tools.augment.effects.audio.noise_floor import noise_floor  # noqa: E402
from stemgmd_tools.augment.effects.mixture import bleed  # noqa: E402

RATE = 44_100
DECAY_SHARE = 0.05


def _decay_s(rooms_taps: list[np.ndarray], hz: float, octaves: float) -> float:
    """Return the time of 60 dB in a band, from the line through Schroeder's integral between -5 and -35 dB."""
    edges = [hz * 2 ** (-octaves / 2), hz * 2 ** (octaves / 2)]
    sections = signal.butter(3, edges, "bandpass", fs=RATE, output="sos")
    energy = sum((signal.sosfilt(sections, taps.astype(np.float64)) ** 2).sum(0) for taps in rooms_taps)
    to_come = energy[::-1].cumsum()[::-1]
    level = 10 * np.log10(to_come / to_come[0] + 1e-20)
    inside = np.flatnonzero((level < -5) & (level > -35))
    return float(-60 / np.polyfit(inside / RATE, level[inside], 1)[0])


def _rooms(decay_s: float, damping_hz: float) -> list[np.ndarray]:
    return [rooms.room(decay_s, 0.0, damping_hz, seed, 2, RATE).numpy() for seed in range(6)]


@pytest.mark.parametrize("decay_s", [0.15, 0.6, 1.5])
def test_rooms_decay_as_asked(decay_s):
    assert abs(_decay_s(_rooms(decay_s, 16_000.0), 1000.0, 1.0) / decay_s - 1) < DECAY_SHARE


@pytest.mark.parametrize("decay_s", [0.8, 2.0])
def test_treble_dies_twice_as_fast_at_the_damping_frequency(decay_s):
    response = _rooms(decay_s, 4000.0)
    assert abs(_decay_s(response, 4000.0, 0.1) / (decay_s / 2) - 1) < DECAY_SHARE
    assert abs(_decay_s(response, 500.0, 0.5) / decay_s - 1) < DECAY_SHARE


def test_wet_level_predelay_and_channels():
    taps = rooms.room(0.5, 20.0, 8000.0, 3, 2, RATE)
    assert not taps[:, : round(0.02 * RATE)].any()
    assert abs(float(taps.square().sum(1).mean()) - 1) < 1e-5
    assert abs(float((taps[0] * taps[1]).sum())) < 0.1
    impulse = torch.zeros(2, RATE)
    impulse[:, 0] = 1
    wet = apply_responses(impulse, [rooms.reverberation(taps, -12.0)]) - impulse
    assert abs(10 * np.log10(float(wet.square().sum(1).mean())) + 12) < 0.1


def test_noise_is_normal_white_and_depends_on_seed_and_place_alone():
    sound = noise.noise(5, 2, 0, 200_000)
    assert abs(float(sound.mean())) < 0.01 and abs(float(sound.std()) - 1) < 0.005
    assert abs(float((sound[:, 1:] * sound[:, :-1]).mean())) < 0.01 and abs(float((sound[0] * sound[1]).mean())) < 0.01
    assert torch.equal(noise.noise(5, 2, 1000, 50), sound[:, 1000:1050])
    assert not torch.equal(noise.noise(6, 2, 0, 50), sound[:, :50])
    power = np.abs(np.fft.rfft(sound[0].numpy())) ** 2
    bands = power[1:].reshape(20, -1).mean(1)
    assert bands.max() / bands.min() < 1.15


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_noise_floor_has_its_level(colour):
    silent = torch.zeros(1, 2, 5 * RATE)
    level, seed = torch.tensor([-50.0], dtype=torch.float64), torch.tensor([9])
    out = noise_floor(silent, level_dbfs=level, colour=(colour,), seed=seed, sample_rate=RATE)
    assert abs(10 * np.log10(float(out.double().square().mean())) + 50) < 0.5


SETTINGS = bleed.Settings(-20.0, -10.0, -80.0, 1.2, 4.0, 4)


def _bled(stems: torch.Tensor, names: tuple[str, ...], settings: bleed.Settings) -> torch.Tensor:
    """Return the bleed alone."""
    silence = torch.zeros_like(stems[0])
    context = {"stems": lambda start, stop: stems[:, :, start:stop], "names": names, "sample_rate": RATE}
    return bleed.bleed(silence, **settings._asdict(), damping_hz=24_000.0, **context)


def test_bleed_comes_later_by_its_distance_and_weaker():
    names = ("kick", "snare")
    stems = torch.zeros(2, 2, 8000)
    stems[0, :, 100] = 1.0
    out = _bled(stems, names, SETTINGS._replace(overhead_db=-80.0))
    ways = [path for path in bleed.paths(0, names, SETTINGS, 2) if path.gain > 1e-3]
    expected = 100 + round(min(path.distance_m for path in ways[:2]) / 343.0 * RATE)
    assert abs(int(out.abs().sum(0).argmax()) - expected) <= 2
    assert not out[:, : expected - 1].abs().max() > 1e-6


def test_bleed_is_linear_louder_overheads_are_louder_and_alone_a_stem_has_only_pairs():
    rng = np.random.default_rng(0)
    stems = torch.from_numpy(rng.normal(size=(3, 2, 30_000)).astype(np.float32))
    names = ("kick", "toms", "cymbals")
    whole = _bled(stems, names, SETTINGS)
    parts = torch.zeros_like(whole)
    for index in range(3):
        alone = torch.zeros_like(stems)
        alone[index] = stems[index]
        parts += _bled(alone, names, SETTINGS)
    assert (whole - parts).abs().max() < 1e-4
    louder = _bled(stems, names, SETTINGS._replace(overhead_db=0.0))
    assert louder.square().mean() > 4 * whole.square().mean()
    assert len(bleed.paths(0, ("kick",), SETTINGS, 2)) == 4


def test_every_piece_and_group_stands_somewhere():
    from stemgmd_tools.pieces import PIECES, Group

    assert {str(piece) for piece in PIECES} | {str(group) for group in Group} <= set(bleed.POSITIONS)
