"""Any folder of drum MIDI files."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest
from midi_files import END, KICK, SNARE, chunk, midi_file, on, raw_file, tempo

import stemgmd_tools as stemgmd
from stemgmd_tools.errors import LeftOutWarning, PerformanceError, StemgmdWarning
from stemgmd_tools.performances import NoteMapping, Performance, find_source, read_folder
from stemgmd_tools.performances.midi_storage import MidiSource

BEAT = midi_file([tempo(0, 138), on(0, 36), on(480, 38), tempo(500, 60)])
MISCOUNTED = raw_file(chunk(b"MTrk", KICK + END), chunk(b"MTrk", SNARE + END), tracks=1)


def put(path: Path, data: bytes = BEAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def ids(read: list[Performance]) -> list[str]:
    return [performance.id for performance in read]


def read_and_left_out(folder: Path) -> tuple[list[str], list[str]]:
    """Return the ids that are read, and why others are not."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read = read_folder(folder)
    return ids(read), [str(one.message).removeprefix(f"{folder}/") for one in caught if one.category is LeftOutWarning]


def test_every_midi_file_below_becomes_a_performance(tmp_path: Path, starter: list[Performance]) -> None:
    for name in ("b/2.MID", "b/10.midi", "a.mid", "b/notes.txt", "c.kar"):
        put(tmp_path / name)
    read = read_folder(tmp_path)
    assert ids(read) == ["a", "b/10", "b/2", "c"]
    assert all(list(p.metadata) == list(starter[0].metadata) for p in read)
    metadata = read[1].metadata
    assert (metadata["bpm"], metadata["session"], metadata["split"], metadata["midi_filename"]) == (
        138.0,
        "b",
        "",
        "b/10.midi",
    )
    assert read[1].duration_s == metadata["duration"]
    assert metadata["errata"] == ""
    assert MidiSource(tmp_path).midi_bytes(read[1]) == BEAT


def test_a_single_file_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    put(tmp_path / "other.mid", b"not read")
    for name in ("a.mid", "take 1"):
        source = find_source(midi=put(tmp_path / name))
        (performance,) = source.read()
        assert performance.id == name.removesuffix(".mid")
        assert source.midi().midi_bytes(performance) == BEAT


def test_the_mapping_is_used(tmp_path: Path) -> None:
    put(tmp_path / "a.mid", midi_file([on(0, 35), on(10, 49), on(20, 54)]))
    (read,) = read_folder(tmp_path, mapping=NoteMapping.GM)
    assert read.hits["note"].tolist() == [36, 55]
    assert read.metadata["unmapped_notes"] == 1


def test_hidden_files_are_left_out_in_silence(tmp_path: Path) -> None:
    """Such as the ``._a.mid`` that macOS leaves beside ``a.mid`` on other file systems and in archives."""
    put(tmp_path / "a.mid")
    for name in ("._a.mid", "__MACOSX/._a.mid", "__MACOSX/a.mid", ".trash/b.mid"):
        put(tmp_path / name, b"\x00\x05\x16\x07")
    assert read_and_left_out(tmp_path) == (["a"], [])


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "midi/d1/a.mid")
    put(tmp_path / "elsewhere/d2/b.mid")
    (tmp_path / "midi/d2").symlink_to(tmp_path / "elsewhere/d2")
    (tmp_path / "midi/d1/round").symlink_to(tmp_path / "midi")
    read = read_folder(tmp_path / "midi")
    assert ids(read) == ["d1/a", "d2/b"]
    assert MidiSource(tmp_path / "midi").midi_bytes(read[1]) == BEAT


def test_bad_files_are_named_and_the_others_read(tmp_path: Path) -> None:
    put(tmp_path / "a.mid")
    put(tmp_path / "b.mid", b"<html>404</html>\n")
    put(tmp_path / "c.mid", b"")
    put(tmp_path / "d.mid", midi_file([on(0, 60)]))
    put(tmp_path / "e.mid", midi_file([on(0, 36), on(0xFFFFFFF, 36)]))
    (tmp_path / "f.mid").symlink_to("nowhere")
    read, left_out = read_and_left_out(tmp_path)
    assert read == ["a"]
    assert [line.split("; ")[0] for line in left_out] == [
        "b.mid: not a Standard MIDI File (it starts with b'<html>404</html>')",
        "c.mid: not a Standard MIDI File (it is empty)",
        "d.mid: no drum hits (1 notes that the mapping td11 does not know)",
        "e.mid: its last hit lies at 279,620 s, performances last at most 86,400 s",
        "f.mid: cannot be read (No such file or directory)",
    ]
    refused = pytest.raises(
        PerformanceError, match=r"5 of 6 MIDI files cannot be used.*b\.mid: not a Standard MIDI File"
    )
    with refused, pytest.warns(LeftOutWarning):
        read_folder(tmp_path, strict=True)


def test_without_any_usable_file_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PerformanceError, match="no such file or folder"):
        read_folder(tmp_path / "absent")
    with pytest.raises(PerformanceError, match=r"no MIDI files \(\.kar, \.mid, \.midi, \.rmi, \.smf\)"):
        read_folder(tmp_path)
    put(tmp_path / "b.mid", b"MThd")
    with pytest.raises(PerformanceError, match=r"b\.mid: not a whole"):
        read_folder(tmp_path)
    put(tmp_path / "c.mid", b"")
    refused = pytest.raises(PerformanceError, match=r"none of 2 MIDI files can be used; .*b\.mid: not a whole")
    with refused, pytest.warns(LeftOutWarning):
        read_folder(tmp_path)


def test_what_was_repaired_is_said_in_one_line_and_kept_with_the_performance(tmp_path: Path) -> None:
    put(tmp_path / "a.mid", MISCOUNTED)
    repaired = "the header states 1 as its number of tracks, there are 2"
    with pytest.warns(StemgmdWarning) as caught:
        (performance,) = stemgmd.load_performances(midi=tmp_path)
    assert [str(one.message) for one in caught] == [f"{tmp_path}/a.mid: repaired: {repaired}"]
    assert len(performance.hits) == 2
    assert performance.metadata["errata"] == f"repaired_midi: {repaired}"


NAMED = [
    "-x",
    "a b ",
    "dot.",
    "Ärger",
    "é" * 100,
    "👨‍👩‍👧 \u00a0beat",
    "100%",
    "NA",
    "nul",
    "a:b*?",
    "'\"$x",
    "=1+1",
    "a" * 244,
]
REFUSED = {
    b"caf\xe9.mid": r"caf\udce9.mid: its name is not UTF-8 text; rename the file",
    b"two\nlines.mid": r"two\nlines.mid: its name holds a control character; rename the file",
    b"back\\slash.mid": r"back\slash.mid: its name holds a backslash; rename the file",
    b"a" * 245 + b".mid": "a" * 245 + ".mid: its name has a part of more than 244 bytes; rename the file",
}


def test_odd_names_are_read_or_named(tmp_path: Path) -> None:
    for name in NAMED:
        put(tmp_path / f"{name}.mid")
    for name in REFUSED:
        put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    read, left_out = read_and_left_out(tmp_path)
    assert read == sorted(NAMED)
    assert sorted(left_out) == sorted(REFUSED.values())


def test_files_that_would_be_called_alike_are_named(tmp_path: Path) -> None:
    for name in ("a.mid", "a.midi", "a.pieces.mid", "b.mid"):
        put(tmp_path / name)
    assert read_and_left_out(tmp_path) == (
        ["a", "b"],
        [
            "a.midi: has the same id as a.mid; rename one of them",
            "a.pieces.mid: has the same id as a.mid; rename one of them",
        ],
    )


@pytest.mark.parametrize(("one", "other"), [("A", "a"), ("\u00e9", "e\u0301")], ids=["case", "accents"])
def test_names_that_some_file_systems_take_for_one_are_read_and_said(tmp_path: Path, one: str, other: str) -> None:
    put(tmp_path / f"{one}.mid")
    put(tmp_path / f"{other}.mid")
    with pytest.warns(StemgmdWarning, match="differ only in case or in the encoding of accents"):
        assert ids(read_folder(tmp_path)) == sorted((one, other))
