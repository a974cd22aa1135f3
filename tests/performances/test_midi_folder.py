"""Any folder of drum MIDI files."""

from __future__ import annotations

from pathlib import Path

import pytest
from midi_files import midi_file, on, tempo

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances import NoteMapping, Performance, read_folder
from stemgmd_tools.performances.midi_source import MidiSource

BEAT = midi_file([tempo(0, 138), on(0, 36), on(480, 38), tempo(500, 60)])


def test_every_midi_file_below_becomes_a_performance(tmp_path: Path, starter: list[Performance]) -> None:
    for name in ("b/2.MID", "b/10.midi", "a.mid", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(BEAT)
    read = read_folder(tmp_path)
    assert [p.id for p in read] == ["a", "b/10", "b/2"]
    assert all(list(p.metadata) == list(starter[0].metadata) for p in read)
    metadata = read[1].metadata
    assert (metadata["bpm"], metadata["session"], metadata["split"], metadata["midi_filename"]) == (
        138.0,
        "b",
        "",
        "b/10.midi",
    )
    assert read[1].duration_s == metadata["duration"]
    assert MidiSource(tmp_path).midi_bytes(read[1]) == BEAT


def test_the_mapping_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(midi_file([on(0, 35), on(10, 49), on(20, 54)]))
    (read,) = read_folder(tmp_path, mapping=NoteMapping.GM)
    assert read.hits["note"].tolist() == [36, 55]
    assert read.metadata["unmapped_notes"] == 1


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    """Such as the ``._a.mid`` that macOS leaves beside ``a.mid`` on other file systems."""
    (tmp_path / "a.mid").write_bytes(BEAT)
    (tmp_path / "._a.mid").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash/b.mid").write_bytes(b"")
    assert [performance.id for performance in read_folder(tmp_path)] == ["a"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PerformanceError, match="no such folder"):
        read_folder(tmp_path / "absent")
    with pytest.raises(PerformanceError, match=r"no MIDI files \(\.mid, \.midi, \.smf\)"):
        read_folder(tmp_path)
    (tmp_path / "a.mid").write_bytes(BEAT)
    (tmp_path / "a.midi").write_bytes(BEAT)
    with pytest.raises(PerformanceError, match=r"a\.mid and a\.midi would share the id a"):
        read_folder(tmp_path)
    (tmp_path / "a.midi").unlink()
    (tmp_path / "b.mid").write_bytes(b"MThd")
    with pytest.raises(PerformanceError, match=r"b\.mid: not a whole"):
        read_folder(tmp_path)
