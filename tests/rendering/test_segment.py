"""Parts of a rendering, and the headroom gain of the whole, without rendering the whole."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import toy_bank

from stemgmd_tools import units
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.tables import Choke, Hit, PedalMove
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES
from stemgmd_tools.rendering.headroom import Peaks, headroom_db
from stemgmd_tools.rendering.mix import Mixer, Overload, mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.runs import add_stretches, add_up, runs_of
from stemgmd_tools.rendering.segment import Buffers, Score, mix_segment, mix_segment_as_float
from stemgmd_tools.rendering.settings import RenderSettings

BANKS = {gain: toy_bank(onset=40, frames=5000, amplitude=gain) for gain in (0.1, 0.3, 0.9)}


def uneven(bank: Bank) -> Bank:
    """Return a bank whose sounds begin 0 to 0.1 s before their attacks: a later strike may sound earlier."""
    samples = bank.samples.copy()
    samples["onset"] = np.arange(len(samples)) * 1777 % 4410
    return replace(bank, samples=samples)


BANKS[0.31] = uneven(BANKS[0.3])
NUMBERS = [note.number for note in NOTES]


@st.composite
def performances(draw: st.DrawFn) -> Performance:
    """Dense ones, with chokes, strikes on frame 0 and at the very end."""
    times = st.floats(0.0, 0.4, exclude_max=True) | st.just(0.0)
    hits = draw(st.lists(st.builds(Hit, times, st.sampled_from(NUMBERS), st.integers(1, 127), st.just(1.0))))
    pedal = draw(st.lists(st.builds(PedalMove, times, st.sampled_from((0.0, 1.0))), max_size=5))
    chokes = draw(st.lists(st.builds(Choke, times, st.sampled_from((49, 55))), max_size=3))
    return Performance("any", hits, 0.4, pedal, chokes)


@settings(max_examples=150)
@given(
    performances(),
    st.sampled_from(sorted(BANKS)),
    st.sampled_from((16, 24)),
    st.sampled_from(("natural", "cut")),
    st.data(),
)
def test_a_segment_is_a_slice_of_the_whole(performance, gain, bit_depth, tail, data):
    bank = BANKS[gain]
    decided = plan(performance, bank, RenderSettings(tail=tail))
    whole = mix(decided, bank, bit_depth=bit_depth)
    score = Score.of(decided, bank, bit_depth)
    assert score.gain_db == whole.gain_db
    start = data.draw(st.integers(0, score.frames + 10))
    frames = data.draw(st.integers(0, score.frames + 10))
    axes = data.draw(st.permutations(range(9)).flatmap(lambda order: st.integers(1, 9).map(lambda n: order[:n])))
    out = np.zeros((len(axes), frames, 2), whole.pcm.dtype)
    width = data.draw(st.sampled_from((64, 1000, 1 << 15)))
    buffers = Buffers(np.full(width, np.nan, np.float32), np.full(width, np.nan, np.float32))
    mix_segment(score, bank, start, out, axes, buffers)
    expected = np.zeros_like(out)
    part = whole.pcm[axes, :, start : start + frames].transpose(0, 2, 1)
    expected[:, : part.shape[1]] = part
    assert np.array_equal(out, expected)
    floats = np.full((len(axes), 2, frames), np.nan, np.float32)
    mix_segment_as_float(score, bank, start, floats, axes, buffers)
    assert np.array_equal(floats * units.full_scale(bit_depth), expected.transpose(0, 2, 1))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30), st.integers(0, 50), st.floats(0.125, 2, width=16))))
def test_stretches_hold_all_sound_and_nothing_is_written_between_them(runs):
    pcm = np.random.default_rng(3).integers(1, 1000, 100).astype(np.int16)
    cuts = [(first, first + length, source, np.float32(gain), None) for first, length, source, gain in runs]
    expected, sounds = np.zeros(120, np.float32), np.zeros(120, bool)
    for first, last, source, gain, _ in cuts:
        expected[first:last] += pcm[source : source + last - first] * gain
        sounds[first:last] = True
    out = np.full(120, np.nan, np.float32)
    stretches = add_stretches(pcm, cuts, out, np.empty(120, np.float32))
    held = np.zeros(120, bool)
    for first, last in stretches:
        held[first:last] = True
    assert all(first < last for first, last in stretches)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(stretches))
    assert held[sounds].all()
    assert np.array_equal(out[held], expected[held])
    assert np.isnan(out[~held]).all()
    assert add_up(pcm, cuts, out, np.empty(120, np.float32)) == max((last for _, last in stretches), default=0)
    assert np.array_equal(np.nan_to_num(out), expected)


def test_what_is_apart_stays_apart():
    pcm = np.ones(10, np.int16)
    out = np.full(60, np.nan, np.float32)
    cuts = [(first, first + 5, 0, np.float32(1), None) for first in (10, 13, 30, 50)]
    assert add_stretches(pcm, cuts, out, np.empty(60, np.float32)) == [(10, 18), (30, 35), (50, 55)]
    assert np.isnan(out[18:30]).all()


@settings(max_examples=100)
@given(performances(), st.floats(0.05, 2.0), st.sampled_from((16, 24)))
def test_the_gain_is_that_of_mixing_everything(performance, loudness, bit_depth):
    bank = replace(BANKS[0.9], gain=BANKS[0.9].gain * np.float32(loudness))
    decided = plan(performance, bank)
    mixer = Mixer(decided, bank)
    try:
        mixer.stems(bit_depth)
        expected = 0.0
    except Overload:
        expected = mixer.headroom_db(bit_depth)
    assert headroom_db(runs_of(decided, bank), bank, bit_depth) == expected


def test_peaks_that_are_known_are_not_taken_again():
    bank = BANKS[0.9]
    crowd = Performance("crowd", [Hit(0.1, number, 127, 1.0) for number in NUMBERS], 0.4)
    runs = runs_of(plan(crowd, bank), bank)
    peaks = Peaks(bank)
    first = headroom_db(runs, bank, 16, peaks=peaks)
    assert first < 0
    silent = replace(bank, pcm=np.zeros_like(bank.pcm))
    peaks.compute(silent, np.searchsorted(peaks.starts, runs.source, side="right") - 1)
    assert headroom_db(runs, bank, 16, peaks=peaks) == first


def test_quiet_music_is_known_to_fit_without_mixing_any(monkeypatch):
    from stemgmd_tools.rendering import headroom

    quiet = Performance("quiet", [Hit(0.1 * i, 38, 60) for i in range(20)], 3.0)
    bank = BANKS[0.1]

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(headroom, "_tile", never)
    assert headroom_db(runs_of(plan(quiet, bank), bank), bank, 16) == 0.0
    loud = Performance("loud", [Hit(0.1, number, 127, 1.0) for number in NUMBERS], 3.0)
    with pytest.raises(AssertionError):
        headroom_db(runs_of(plan(loud, BANKS[0.9]), BANKS[0.9]), BANKS[0.9], 16)
