"""Standard MIDI files: time, tracks, channels, and files that are not whole."""

from __future__ import annotations

import re
import struct

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_files import TICKS, midi_file, off, on, pedal, tempo

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.smf.file import read_events, seconds_of_ticks
from stemgmd_tools.performances.smf.track import NOTE_ON

TRACK_AT = 14
"""Where the header of a file ends."""
FLOAT_S = 1e-12
"""The sum is exact in integers; only one division rounds."""


def onsets_s(data: bytes) -> list[float]:
    events = read_events(data, "test.mid")
    return events.times_s[events.kinds == NOTE_ON].tolist()


def test_tempo_defaults_to_120_bpm() -> None:
    assert onsets_s(midi_file([on(TICKS, 36), on(3 * TICKS, 38)])) == pytest.approx([0.5, 1.5], abs=FLOAT_S)


def test_tempo_changes_are_followed() -> None:
    events = [
        tempo(0, 60),
        on(TICKS, 36),
        tempo(2 * TICKS, 120),
        on(3 * TICKS, 36),
        tempo(4 * TICKS, 30),
        on(5 * TICKS, 36),
    ]
    assert onsets_s(midi_file(events)) == pytest.approx([1.0, 2.5, 5.0], abs=FLOAT_S)


def test_tempo_track_of_a_type_1_file_governs_the_note_track() -> None:
    tempi = [tempo(0, 60), tempo(TICKS, 120)]
    notes = [on(TICKS, 36), on(2 * TICKS, 38)]
    assert onsets_s(midi_file(tempi, notes, type_=1)) == pytest.approx([1.0, 1.5], abs=FLOAT_S)


def test_tracks_of_a_type_1_file_sound_together() -> None:
    data = midi_file([on(0, 36), on(480, 36)], [on(240, 38)], [], type_=1)
    assert onsets_s(data) == pytest.approx([0.0, 0.25, 0.5], abs=FLOAT_S)


def test_first_tempo_and_time_signature_are_reported() -> None:
    signature = (0, mido.MetaMessage("time_signature", numerator=6, denominator=8))
    events = read_events(midi_file([signature, tempo(0, 100), on(0, 36), tempo(480, 200)]), "test.mid")
    assert (events.bpm, events.time_signature) == (pytest.approx(100.0), "6-8")
    plain = read_events(midi_file([on(0, 36)]), "test.mid")
    assert (plain.bpm, plain.time_signature) == (120.0, "4-4")


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, (1 << 24) - 1)), max_size=6),
    st.lists(st.integers(0, 20_000), min_size=2, max_size=20),
)
def test_seconds_follow_the_integral_of_the_tempo(tempi: list[tuple[int, int]], ticks: list[int]) -> None:
    """Compared with a tick by tick sum in exact integers."""
    last = max(ticks)
    per_tick = [500_000] * (last + 1)
    for start, tempo_us in sorted(tempi, key=lambda change: change[0]):
        per_tick[start:] = [tempo_us] * len(per_tick[start:])
    elapsed = np.concatenate([[0], np.cumsum(np.array(per_tick, dtype=np.int64))])
    seconds = seconds_of_ticks(np.array(sorted(ticks)), tempi, TICKS)
    assert seconds.tolist() == (elapsed[sorted(ticks)] / (TICKS * 1e6)).tolist()


def test_channel_10_is_taken_and_the_rest_left() -> None:
    assert len(onsets_s(midi_file([on(0, 36), on(10, 60, channel=0), on(20, 64, channel=3)]))) == 1


def test_an_only_channel_other_than_10_is_taken() -> None:
    assert len(onsets_s(midi_file([on(0, 36, channel=2), on(10, 38, channel=2)]))) == 2


def test_several_channels_without_channel_10_are_refused() -> None:
    with pytest.raises(PerformanceError, match=r"test\.mid: notes on channels 1, 3, none on channel 10"):
        read_events(midi_file([on(0, 36, channel=0), on(10, 38, channel=2)]), "test.mid")


def test_several_tracks_of_type_2_are_refused_one_is_read() -> None:
    one, two = midi_file([on(0, 36)]), midi_file([on(0, 36)], [on(0, 38)], type_=1)
    assert onsets_s(one[:8] + struct.pack(">h", 2) + one[10:]) == [0.0]
    with pytest.raises(PerformanceError, match=r"test\.mid: MIDI file of type 2, whose 2 tracks"):
        read_events(two[:8] + struct.pack(">h", 2) + two[10:], "test.mid")


@pytest.mark.parametrize(
    ("rate", "frames_per_s"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)], ids=["24", "25", "drop frame", "30"]
)
def test_smpte_time_is_read_and_tempi_make_no_difference(rate: int, frames_per_s: float) -> None:
    data = midi_file([tempo(0, 33), on(80, 36), on(4000, 38)])
    division = struct.pack(">bB", -rate, 40)
    times = onsets_s(data[:12] + division + data[14:])
    assert times == pytest.approx([80 / 40 / frames_per_s, 4000 / 40 / frames_per_s], abs=FLOAT_S)


@pytest.mark.parametrize("division", [0, -25 * 256, -100 * 256 + 40])
def test_a_division_that_gives_ticks_no_length_is_refused(division: int) -> None:
    data = midi_file([on(0, 36)])
    with pytest.raises(PerformanceError, match=r"^test\.mid: time division .*ticks per beat, or SMPTE time of 24, 25"):
        read_events(data[:12] + struct.pack(">h", division) + data[14:], "test.mid")


def test_of_several_changes_on_one_tick_the_last_is_meant() -> None:
    def signature(tick: int, beats: int) -> tuple:
        return tick, mido.MetaMessage("time_signature", numerator=beats, denominator=8)

    start = [tempo(0, 60), signature(0, 3), tempo(0, 90)]
    events = [*start, signature(0, 6), tempo(0, 120), on(TICKS, 36), tempo(500, 60)]
    for data in (midi_file(events), midi_file(start, events[3:], type_=1)):
        read = read_events(data, "test.mid")
        assert (read.bpm, read.time_signature, read.times_s.tolist()) == (120.0, "6-8", [0.5])


def test_a_tick_beyond_exact_arithmetic_is_refused() -> None:
    forever = b"\xff\xff\xff\xff\xff\xff\x7f\x99\x24\x40"
    data = b"MThd" + struct.pack(">Lhhh", 6, 0, 1, 480) + b"MTrk" + struct.pack(">L", len(forever)) + forever
    with pytest.raises(PerformanceError, match="which no real file does"):
        read_events(data, "test.mid")


WHOLE = midi_file([tempo(0, 93), pedal(0, 90), on(5, 42), off(50, 42), on(60, 46, 3), off(90, 46), on(900, 36)])


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_of_a_file_cut_anywhere_what_is_whole_is_read(length: int) -> None:
    whole = onsets_s(WHOLE)
    try:
        events = read_events(WHOLE[:length], "test.mid")
    except PerformanceError as error:
        assert length < TRACK_AT + 4
        assert re.fullmatch(
            r"test\.mid: (not a whole Standard|not a Standard|holds no track).*; replace the file", str(error)
        )
        return
    onsets = events.times_s[events.kinds == NOTE_ON].tolist()
    assert "the file ends within a track" in events.repairs
    assert onsets == whole[: len(onsets)]
    assert len(onsets) == sum(end <= length for end in (37, 45, 54))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(WHOLE) - 1))] = data.draw(st.integers(0, 255))
    try:
        events = read_events(bytes(damaged), "test.mid")
    except PerformanceError:
        return
    assert np.isfinite(events.times_s).all()
    assert (np.diff(events.ticks) >= 0).all()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_track_bytes_never_raise_anything_else(content: bytes) -> None:
    data = b"MThd" + struct.pack(">Lhhh", 6, 0, 1, 480) + b"MTrk" + struct.pack(">L", len(content)) + content
    try:
        read_events(data, "test.mid")
    except PerformanceError:
        return
