"""MIDI mapped to the nine pieces: on the audio's time line, readable by pretty_midi."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgmd_tools.performances import Hit, Performance, read_midi
from stemgmd_tools.performances.mapped_midi import NOTE_OF_PIECE, mapped_midi, piece_of_note
from stemgmd_tools.pieces import NOTE_OF_NUMBER, NOTES, PIECES

ONSET_ERROR_S = 0.26e-3
"""Half of the longest tick, 0.5 ms, and a little for floating point."""
STEP_S = 0.001
"""Strokes on this grid never share a tick."""

STROKES = st.lists(
    st.tuples(st.integers(0, 30_000), st.sampled_from(NOTES), st.integers(1, 127)),
    min_size=1,
    max_size=40,
    unique_by=lambda stroke: (stroke[0], stroke[1].piece),
)


def expected(performance: Performance) -> list[tuple[int, int, float]]:
    rows = [
        (NOTE_OF_PIECE[NOTE_OF_NUMBER[int(hit["note"])].piece], int(hit["velocity"]), float(hit["time_s"]))
        for hit in performance.hits
    ]
    return sorted(rows, key=lambda row: (row[0], row[2]))


@settings(max_examples=40, deadline=None)
@given(STROKES, st.sampled_from([4.0, 40.0, 50.0, 93.0, 138.0, 290.0, 400.0]))
def test_onsets_pieces_and_velocities_come_back(strokes: list[tuple], bpm: float) -> None:
    hits = [Hit(step * STEP_S, note.number, velocity) for step, note, velocity in strokes]
    performance = Performance("test", hits, 31.0, metadata={"bpm": bpm, "time_signature": "6-8"})
    data = mapped_midi(performance)
    ours = read_midi(data, id="mapped", duration_s=31.0)
    theirs = pretty_midi.PrettyMIDI(io.BytesIO(data))
    (drums,) = theirs.instruments
    assert drums.is_drum
    notes = sorted([(note.pitch, note.start, note.velocity) for note in drums.notes])
    read = sorted([(int(hit["note"]), float(hit["time_s"]), int(hit["velocity"])) for hit in ours.hits])
    for played in (notes, read):
        assert [(pitch, velocity) for pitch, _, velocity in played] == [row[:2] for row in expected(performance)]
        assert np.allclose(
            [time_s for _, time_s, _ in played], [row[2] for row in expected(performance)], atol=ONSET_ERROR_S
        )


def test_one_note_per_piece() -> None:
    assert len(set(NOTE_OF_PIECE.values())) == len(PIECES)
    assert all(piece_of_note(note) is piece for piece, note in NOTE_OF_PIECE.items())


def test_both_zones_of_a_cymbal_at_once_are_one_note_the_louder() -> None:
    performance = Performance("test", [Hit(0.5, 49, 60), Hit(0.5, 55, 90), Hit(0.5, 51, 30)], 1.0)
    read = read_midi(mapped_midi(performance), id="mapped", duration_s=1.0)
    assert read.hits[["note", "velocity"]].tolist() == [(49, 90), (51, 30)]


def test_no_note_is_held_over_the_next_stroke_of_its_piece(starter: list[Performance]) -> None:
    for performance in starter:
        read = read_midi(mapped_midi(performance), id="mapped", duration_s=performance.duration_s + 1)
        assert read.metadata["restrikes"] == read.metadata["zero_length_notes"] == 0


def test_tempo_and_meter_are_the_performance_s(starter: list[Performance]) -> None:
    for performance in starter[::4]:
        midi = pretty_midi.PrettyMIDI(io.BytesIO(mapped_midi(performance)))
        _, (bpm,) = midi.get_tempo_changes()
        assert bpm == pytest.approx(float(performance.metadata["bpm"] or 0), abs=0.001)
        (signature,) = midi.time_signature_changes
        assert f"{signature.numerator}-{signature.denominator}" == performance.metadata["time_signature"]


def test_the_same_performance_gives_the_same_bytes_and_an_empty_one_a_file(starter: list[Performance]) -> None:
    assert mapped_midi(starter[0]) == mapped_midi(starter[0])
    assert mapped_midi(Performance("empty", [], 1.0, metadata={"time_signature": "4-3", "bpm": None})).startswith(
        b"MThd"
    )


@pytest.mark.parametrize(
    ("hours", "error_s"),
    [(0.01, ONSET_ERROR_S), (0.84, ONSET_ERROR_S), (1.33, ONSET_ERROR_S), (5.0, 1e-3), (23.99, 5e-3)],
)
@pytest.mark.parametrize("bpm", [2.0, 50.0, 138.0, 290.0, 5e6])
def test_performances_of_any_length_open_in_pretty_midi_and_do_not_drift(
    hours: float, error_s: float, bpm: float
) -> None:
    times = np.linspace(0, 3600 * hours, 101)
    hits = [Hit(time_s, 36, 100) for time_s in times.tolist()]
    data = mapped_midi(Performance("long", hits, 3600 * hours + 2, metadata={"bpm": bpm}))
    (drums,) = pretty_midi.PrettyMIDI(io.BytesIO(data)).instruments
    ours = read_midi(data, id="mapped", duration_s=3600 * hours + 2)
    for starts_s in (np.array([note.start for note in drums.notes]), ours.hits["time_s"]):
        assert len(starts_s) == len(times)
        assert np.abs(starts_s - times).max() < error_s


@pytest.mark.real
def test_a_session_of_fifty_minutes_opens_in_pretty_midi() -> None:
    path = Path(__file__).resolve().parents[3] / "shared/cases/03-long-session-pieces-mid/midi/jam50min.mid"
    if not path.is_file():
        pytest.skip(f"no {path}")
    mapped = pretty_midi.PrettyMIDI(io.BytesIO(mapped_midi(read_midi(path.read_bytes(), id="jam"))))
    source = pretty_midi.PrettyMIDI(str(path))
    starts = [[note.start for note in midi.instruments[0].notes] for midi in (source, mapped)]
    assert len(starts[0]) == len(starts[1]) == 51
    assert np.abs(np.subtract(*starts)).max() < ONSET_ERROR_S
