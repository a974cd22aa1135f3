"""MIDI files as they are found: what is sound is read, what was put right is said."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_files import END, KICK, SNARE, chunk, raw_file

from stemgmd_tools import seeds
from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.smf.file import read_events
from stemgmd_tools.performances.smf.track import CONTROL, NOTE_ON

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
BEAT = [(0.0, 36), (0.5, 38)]
TRACK = KICK + SNARE + END
MUTATIONS = 400
"""Of real files, for each kind of damage."""


def times_and_notes(data: bytes) -> list[tuple[float, int]]:
    events = read_events(data, "test.mid")
    struck = events.kinds == NOTE_ON
    return list(zip(events.times_s[struck].tolist(), events.numbers[struck].tolist(), strict=True))


def repairs(data: bytes) -> str:
    return read_events(data, "test.mid").repairs


def test_a_sound_file_needs_no_repair() -> None:
    data = raw_file(chunk(b"MTrk", TRACK))
    assert (times_and_notes(data), repairs(data)) == (BEAT, "")


DAMAGED = {
    "fewer tracks counted than there are": (
        raw_file(chunk(b"MTrk", KICK + END), chunk(b"MTrk", SNARE + END), tracks=1),
        "the header states 1 as its number of tracks, there are 2",
    ),
    "more tracks counted than there are": (
        raw_file(chunk(b"MTrk", TRACK), tracks=3),
        "the header states 3 as its number of tracks, there are 1",
    ),
    "length 0": (raw_file(chunk(b"MTrk", TRACK, 0)), "the stated length of a track is wrong"),
    "length too short": (raw_file(chunk(b"MTrk", TRACK, 6)), "the stated length of a track is wrong"),
    "length too long": (raw_file(chunk(b"MTrk", TRACK, 900)), "the stated length of a track is wrong"),
    "length too short before another track": (
        raw_file(chunk(b"MTrk", KICK + END, 5), chunk(b"MTrk", SNARE + END)),
        "the stated length of a track is wrong",
    ),
    "length too long before another track": (
        raw_file(chunk(b"MTrk", KICK + END, 12), chunk(b"MTrk", SNARE + END)),
        "the stated length of a track is wrong",
    ),
    "length over both tracks": (
        raw_file(chunk(b"MTrk", KICK + END, 8 + 8 + 9), chunk(b"MTrk", SNARE + END)),
        "the stated length of a track is wrong",
    ),
    "no end marker": (raw_file(chunk(b"MTrk", KICK + SNARE)), "a track has no end marker"),
    "no end marker and a wrong length": (
        raw_file(chunk(b"MTrk", KICK, 99), chunk(b"MTrk", SNARE + END)),
        "a track has no end marker; the stated length of a track is wrong",
    ),
    "events after the end marker": (
        raw_file(chunk(b"MTrk", KICK + END + SNARE + END)),
        "a track goes on after its end marker",
    ),
    "an unknown chunk": (
        raw_file(chunk(b"XFIH", b"\x00\x99\x24\x64"), chunk(b"MTrk", TRACK), chunk(b"XFKM", b"lyrics")),
        "a chunk that is no track was skipped ('XFIH') 2 times",
    ),
    "rubbish between tracks": (
        raw_file(chunk(b"MTrk", KICK + END) + b"\x01\x02\x03", chunk(b"MTrk", SNARE + END)),
        "bytes that are no chunk were skipped (from byte 30 on)",
    ),
    "a RIFF wrapper": (
        b"RIFF\xff\xff\x00\x00RMID" + b"data" + struct.pack("<L", 35) + raw_file(chunk(b"MTrk", TRACK)),
        "it was read from a RIFF wrapper",
    ),
    "MacBinary": (
        b"\x00\x05beat" + bytes(122) + raw_file(chunk(b"MTrk", TRACK)),
        "128 bytes before the header were skipped",
    ),
    "a header of length 0": (
        b"MThd" + bytes(4) + raw_file(chunk(b"MTrk", TRACK))[8:],
        "the stated length of the header is wrong",
    ),
    "a type that does not exist": (raw_file(chunk(b"MTrk", TRACK), type_=9), "type 9 is none, it was read as type 1"),
    "a key signature out of range": (
        raw_file(chunk(b"MTrk", b"\x00\xff\x59\x02\x09\x00" + TRACK)),
        "a key signature that is none was left out",
    ),
    "a time signature over 2 ** 200": (
        raw_file(chunk(b"MTrk", b"\x00\xff\x58\x04\x04\xc8\x18\x08" + TRACK)),
        "a time signature that is none was left out",
    ),
    "a tempo of 0": (
        raw_file(chunk(b"MTrk", b"\x00\xff\x51\x03\x00\x00\x00" + TRACK)),
        "a tempo that is none was left out",
    ),
    "a tempo of one byte": (
        raw_file(chunk(b"MTrk", b"\x00\xff\x51\x01\x09" + TRACK)),
        "a tempo that is none was left out",
    ),
    "a note above 127": (
        raw_file(chunk(b"MTrk", b"\x00\x99\xa4\x64" + TRACK)),
        "a note or controller above 127 was left out",
    ),
    "velocities above 127": (
        raw_file(chunk(b"MTrk", b"\x00\x99\x24\xff\x83\x60\x99\x26\x80" + END)),
        "a velocity or controller value above 127 was taken as 127 2 times",
    ),
}


@pytest.mark.parametrize(("data", "repaired"), DAMAGED.values(), ids=DAMAGED.keys())
def test_what_can_be_played_is_read_and_what_was_put_right_is_said(data: bytes, repaired: str) -> None:
    assert times_and_notes(data) == BEAT
    assert repairs(data) == repaired


def test_velocities_above_127_are_as_loud_as_can_be() -> None:
    data, _ = DAMAGED["velocities above 127"]
    events = read_events(data, "test.mid")
    assert events.values[events.kinds == NOTE_ON].tolist() == [127, 127]


def test_the_line_names_a_few_kinds_of_damage_at_most() -> None:
    odd = b"\x00\xff\x59\x02\x09\x00" + b"\x00\xff\x51\x01\x09" + b"\x00\x99\xa4\x64" + b"\x00\x99\x24\xff"
    line = repairs(raw_file(chunk(b"MTrk", odd + SNARE, 99), tracks=7))
    assert line.endswith("; a note or controller above 127 was left out; and 3 more")
    assert len(line) < 300


def test_what_follows_bytes_that_are_no_event_is_left_out() -> None:
    """A data byte without a status: where the next event starts is anybody's guess. Other tracks are read."""
    data = raw_file(chunk(b"MTrk", b"\x00\x24\x64" + TRACK), chunk(b"MTrk", SNARE + b"\x00\xf0\x7f" + END))
    assert times_and_notes(data) == BEAT[1:]
    assert repairs(data) == "a track is damaged, its rest was left out (from byte 22 on) 2 times"


@pytest.mark.parametrize(
    "between",
    [
        b"\x00\xff\x01\x02hi",
        b"\x00\xf0\x03\x7e\x01\xf7",
        b"\x00\xf8",
        b"\x00\xf2\x01\x02",
        b"\x00\xc9\x05\x00\x99\x24\x00",
    ],
    ids=["meta", "system exclusive", "clock", "song position", "program"],
)
def test_a_running_status_goes_on_after_other_events(between: bytes) -> None:
    data = raw_file(chunk(b"MTrk", KICK + between + SNARE.replace(b"\x99", b"") + END))
    assert (times_and_notes(data), repairs(data)) == (BEAT, "")


def test_padding_is_no_damage() -> None:
    for data in (raw_file(chunk(b"MTrk", TRACK)) + bytes(7), raw_file(chunk(b"MTrk", TRACK + bytes(5)))):
        assert (times_and_notes(data), repairs(data)) == (BEAT, "")


def test_a_text_that_holds_a_chunk_s_name_is_no_track() -> None:
    data = raw_file(chunk(b"MTrk", KICK + b"\x00\xff\x01\x04MTrk" + SNARE + END))
    assert (times_and_notes(data), repairs(data)) == (BEAT, "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"not a Standard MIDI File \(it is empty\)"),
        (b"<html>404</html>\n", r"not a Standard MIDI File \(it starts with b'<html>404</html>'\)"),
        (b"MThd\x00\x00\x00\x06\x00", r"not a whole Standard MIDI File \(it ends within its header\)"),
        (raw_file(), "holds no track"),
        (b"RIFF\x04\x00\x00\x00RMID", r"not a Standard MIDI File \(it is empty\)"),
    ],
    ids=["empty", "html", "cut header", "no track", "empty wrapper"],
)
def test_what_is_no_midi_is_one_clear_error(data: bytes, reason: str) -> None:
    with pytest.raises(PerformanceError, match=rf"^test\.mid: {reason}; replace the file$"):
        read_events(data, "test.mid")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 2_000_000,
        raw_file(chunk(b"MTrk", b"\xff" * 2_000_000)),
        raw_file(*[chunk(b"MTrk", b"")] * 60_000),
        raw_file(*[chunk(b"MTrk", b"\x00", 77)] * 60_000),
        raw_file(chunk(b"MTrk", END * 300_000)),
        raw_file(*[chunk(b"abcd", b"")] * 60_000, chunk(b"MTrk", TRACK)),
    ],
    ids=["no header", "endless number", "empty tracks", "wrong lengths", "end markers", "unknown chunks"],
)
def test_no_file_takes_longer_than_its_length_asks_for(data: bytes) -> None:
    """Each would take hours if anything were searched or copied from its start again."""
    try:
        line = repairs(data)
    except PerformanceError as error:
        line = str(error)
    assert len(line) < 300


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "hits"),
    [("01-header-track-count/midi/small.mid", 2), ("01-header-track-count/midi_len0/len0.mid", 8)],
)
def test_files_of_bug_reports(name: str, hits: int) -> None:
    if not (CASES / name).is_file():
        pytest.skip(f"no {CASES / name}")
    data = (CASES / name).read_bytes()
    assert len(times_and_notes(data)) == hits
    assert repairs(data)


def mido_hears(data: bytes) -> list[tuple[int, int, int, int]]:
    """Return tick, kind, number and value of channel 10, as mido reads them."""
    kinds = {"note_on": NOTE_ON, "control_change": CONTROL}
    rows = []
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        tick = 0
        for message in track:
            tick += message.time
            kind = kinds.get(message.type)
            if kind is not None and message.channel == 9 and not (kind == NOTE_ON and not message.velocity):
                number, value = message.bytes()[1:]
                rows.append((tick, kind, number, value))
    return sorted(rows, key=lambda row: row[0])


@pytest.mark.real
def test_real_files_read_as_mido_reads_them(gmd_dir: Path) -> None:
    for path in sorted(gmd_dir.rglob("*.mid"))[::40]:
        events = read_events(path.read_bytes(), path.name)
        chosen = np.isin(events.kinds, (NOTE_ON, CONTROL))
        columns = (events.ticks, events.kinds, events.numbers, events.values)
        assert [*zip(*(column[chosen].tolist() for column in columns), strict=True)] == mido_hears(path.read_bytes())
        assert not events.repairs


@pytest.mark.real
@pytest.mark.parametrize("kind", ["flip", "cut", "insert", "repeat"])
def test_real_files_with_random_damage_are_read_or_named(kind: str, gmd_dir: Path) -> None:
    files = [
        path.read_bytes() for path in sorted(gmd_dir.rglob("*.mid"), key=lambda path: path.stat().st_size)[:600:15]
    ]
    draw = seeds.stream(0, "test damaged midi", kind)
    for _ in range(MUTATIONS):
        data = bytearray(files[draw.integers(len(files))])
        at, count = int(draw.integers(len(data))), int(draw.integers(1, 9))
        if kind == "flip":
            for place in draw.integers(len(data), size=count):
                data[place] ^= 1 << int(draw.integers(8))
        elif kind == "cut":
            del data[at : at + count]
        elif kind == "insert":
            data[at:at] = draw.bytes(count)
        else:
            data[at:at] = data[at : at + 50 * count]
        try:
            events = read_events(bytes(data), "test.mid")
        except PerformanceError as error:
            assert str(error).startswith("test.mid: ")
            assert len(str(error)) < 300
            continue
        assert np.isfinite(events.times_s).all()
        assert (np.diff(events.ticks) >= 0).all()
        assert len(events.repairs) < 300


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 127), st.integers(0, 127)), max_size=12), st.data())
def test_the_hits_of_a_damaged_file_are_those_before_the_damage(strokes: list, data: st.DataObject) -> None:
    """Cut anywhere, with any stated length and any count of tracks."""
    content = b"".join(bytes([0x80 | delta >> 7, delta & 0x7F, 0x99, note, value]) for delta, note, value in strokes)
    whole = raw_file(chunk(b"MTrk", content + END))
    stated, count = (
        data.draw(st.integers(0, (1 << 32) - 1) | st.integers(0, len(content) + 9)),
        data.draw(st.integers(0, 65535)),
    )
    length = data.draw(st.integers(22, len(whole)))
    damaged = raw_file(chunk(b"MTrk", content + END, stated), tracks=count)[:length]
    expected = times_and_notes(whole)
    assert times_and_notes(damaged) == expected[: len(times_and_notes(damaged))]
    if length == len(whole):
        assert times_and_notes(damaged) == expected
