"""MIDI and JAMS files and the vocabularies of labels, read by their libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from stemgmd_tools import open_corpus
from stemgmd_tools.exports.base import ExportRequest, export
from stemgmd_tools.exports.midi import general_midi
from stemgmd_tools.exports.writing.vocabularies import VOCABULARIES
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER, NOTES

MIDI_TOLERANCE_S = 0.00025
"""Half a tick, see ``TickGrid``."""


def test_midi_has_the_hits_as_general_midi(corpus: Path, tmp_path: Path) -> None:
    source = open_corpus(corpus)
    export("midi", ExportRequest(source, tmp_path))
    for name in source.performances["performance"]:
        (drums,) = pretty_midi.PrettyMIDI(str(tmp_path / f"{name}.mid")).instruments
        assert drums.is_drum
        notes = sorted((note.start, note.pitch, note.velocity) for note in drums.notes)
        rows = source.hits[source.hits["performance"] == name].itertuples()
        hits = sorted((row.time_s, NOTE_OF_NUMBER[row.note].general_midi, row.velocity) for row in rows)
        assert [note[1:] for note in notes] == [hit[1:] for hit in hits]
        assert np.abs(np.subtract([n[0] for n in notes], [h[0] for h in hits])).max() <= MIDI_TOLERANCE_S


def test_of_two_hits_on_one_note_midi_has_the_loudest(tmp_path: Path) -> None:
    head, rim = (next(n.number for n in NOTES if n.articulation == f"hi_tom_{zone}") for zone in ("head", "rim"))
    played = Performance("a", [Hit(0.5, head, 40, 0.0), Hit(0.5, rim, 90, 0.0), Hit(1.0, rim, 50, 0.0)], 2.0)
    (tmp_path / "a.mid").write_bytes(general_midi(played))
    (drums,) = pretty_midi.PrettyMIDI(str(tmp_path / "a.mid")).instruments
    assert [(note.pitch, note.velocity) for note in drums.notes] == [(50, 90), (50, 50)]


def test_jams_has_the_hits(corpus: Path, tmp_path: Path) -> None:
    jams = pytest.importorskip("jams")
    source = open_corpus(corpus)
    export("jams", ExportRequest(source, tmp_path))
    for name in source.performances["performance"]:
        jam = jams.load(str(tmp_path / f"{name}.jams"), validate=True, strict=True)
        (onsets,) = jam.search(namespace="onset")
        rows = source.hits[source.hits["performance"] == name]
        assert [one.time for one in onsets.data] == rows["time_s"].tolist()
        for column in ("piece", "articulation", "note", "velocity", "openness"):
            assert [one.value[column] for one in onsets.data] == rows[column].tolist()
        assert jam.file_metadata.duration == source.played(name).duration_s


def test_vocabularies_have_as_many_labels_as_they_say() -> None:
    not_in_the_note_table = {"8": 1, "18": 6}  # clave; clap, tambourine, splash, china, cowbell, clave
    for name, vocabulary in VOCABULARIES.items():
        labels = {vocabulary.label(note) for note in NOTES} - {None}
        assert len(labels) + not_in_the_note_table.get(name, 0) == int(name)
    left_out = {name: [n.articulation for n in NOTES if v.label(n) is None] for name, v in VOCABULARIES.items()}
    assert left_out["8"] == ["snare_cross_stick"]
    assert not left_out["18"]
