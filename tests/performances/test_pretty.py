"""Performances from and to pretty_midi, in memory and through files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from stemgmd_tools.errors import PerformanceError, UsageError
from stemgmd_tools.performances import Choke, Hit, PedalMove, Performance
from stemgmd_tools.performances.gmd.dataset import read_gmd

TICK_S = 0.25e-3
"""Greatest error of an onset in a written file: half a tick."""
SUMS_S = 1e-7
"""pretty_midi adds times in floating point."""


def drums(*notes: tuple[float, int], is_drum: bool = True) -> pretty_midi.Instrument:
    instrument = pretty_midi.Instrument(program=0, is_drum=is_drum)
    instrument.notes = [pretty_midi.Note(90, pitch, start, start + 0.1) for start, pitch in notes]
    return instrument


def holding(*instruments: pretty_midi.Instrument) -> pretty_midi.PrettyMIDI:
    midi = pretty_midi.PrettyMIDI(initial_tempo=100)
    midi.instruments.extend(instruments)
    return midi


def test_a_round_trip_in_memory_is_exact(starter: list[Performance]) -> None:
    for performance in starter:
        again = Performance.from_pretty_midi(
            performance.to_pretty_midi(), id=performance.id, duration_s=performance.duration_s
        )
        assert np.array_equal(
            again.hits[["time_s", "note", "velocity"]], performance.hits[["time_s", "note", "velocity"]]
        )
        assert np.allclose(again.hits["openness"], performance.hits["openness"])
        assert np.array_equal(again.pedal["time_s"], performance.pedal["time_s"])
        assert np.allclose(again.pedal["openness"], performance.pedal["openness"])
        assert again.metadata["bpm"] == pytest.approx(performance.metadata["bpm"], rel=1e-5)
        assert again.metadata["time_signature"] == performance.metadata["time_signature"]


def test_a_round_trip_through_a_file_moves_no_hit_by_more_than_half_a_tick(starter: list[Performance]) -> None:
    for performance in starter[::4]:
        content = io.BytesIO()
        performance.to_pretty_midi().write(content)
        content.seek(0)
        again = Performance.from_pretty_midi(
            pretty_midi.PrettyMIDI(content), id="again", duration_s=performance.duration_s
        )
        order, expected = (np.lexsort((p.hits["note"], p.hits["time_s"].round(3))) for p in (again, performance))
        assert np.array_equal(again.hits["note"][order], performance.hits["note"][expected])
        assert np.array_equal(again.hits["velocity"][order], performance.hits["velocity"][expected])
        moved = np.abs(again.hits["time_s"][order] - performance.hits["time_s"][expected])
        assert moved.max() <= TICK_S + SUMS_S


def compare_with_our_reader(performances: list[Performance], folder: Path) -> int:
    """Compare with what pretty_midi reads of the same files; return the number of hits compared."""
    compared = 0
    for performance in performances:
        if performance.metadata["zero_length_notes"] or performance.metadata["restrikes"]:
            continue  # pretty_midi leaves out the former and ends notes in another way for the latter
        midi = pretty_midi.PrettyMIDI(str(folder / str(performance.metadata["midi_filename"])))
        theirs = Performance.from_pretty_midi(midi, id=performance.id, duration_s=performance.duration_s)
        assert np.allclose(theirs.hits["time_s"], performance.hits["time_s"], rtol=0, atol=SUMS_S)
        assert np.array_equal(theirs.hits["note"], performance.hits["note"])
        assert np.array_equal(theirs.hits["velocity"], performance.hits["velocity"])
        assert np.allclose(theirs.hits["openness"], performance.hits["openness"])
        assert len(theirs.pedal) == len(performance.pedal)
        compared += len(theirs.hits)
    return compared


def test_pretty_midi_and_our_reader_agree_on_files(starter: list[Performance], starter_dir: Path) -> None:
    assert compare_with_our_reader(starter, starter_dir) > 500


@pytest.mark.real
def test_pretty_midi_and_our_reader_agree_on_gmd(gmd_dir: Path) -> None:
    assert compare_with_our_reader(read_gmd(gmd_dir)[::40], gmd_dir) > 500


def test_notes_are_mapped_and_other_instruments_ignored() -> None:
    midi = holding(drums((0.0, 60), is_drum=False), drums((0.5, 35), (1.0, 40), (1.5, 54)))
    performance = Performance.from_pretty_midi(midi, id="song", mapping="gm", metadata={"style": "rock"})
    assert performance.hits["note"].tolist() == [36, 38]
    assert performance.duration_s == 3.0
    assert performance.metadata["unmapped_notes"] == 1
    assert performance.metadata["style"] == "rock"
    assert performance.metadata["bpm"] == 100
    alone = Performance.from_pretty_midi(holding(drums((0.5, 36), is_drum=False)), id="alone")
    assert alone.hits["time_s"].tolist() == [0.5]


def test_what_is_no_drum_part_is_refused() -> None:
    with pytest.raises(PerformanceError, match="song: 2 instruments, none of which has is_drum"):
        Performance.from_pretty_midi(holding(*[drums((0.0, 60), is_drum=False)] * 2), id="song")
    with pytest.raises(PerformanceError, match="song: 0 instruments"):
        Performance.from_pretty_midi(holding(), id="song")
    with pytest.raises(PerformanceError, match="song: no drum hits"):
        Performance.from_pretty_midi(holding(drums((0.0, 54))), id="song")
    for pitch, velocity in ((130, 100), (36, 300), (36, -1)):
        odd = drums((0.25, 36))
        odd.notes[0].pitch, odd.notes[0].velocity = pitch, velocity
        with pytest.raises(PerformanceError, match=rf"song: an event at 0\.[23]5 s has the number {pitch} and"):
            Performance.from_pretty_midi(holding(odd), id="song")
    with pytest.raises(UsageError, match="mapping is 'roland'; allowed: td11, gm"):
        Performance.from_pretty_midi(holding(drums((0.0, 36))), id="song", mapping="roland")


def test_notes_end_where_they_are_struck_again_and_chokes_are_left_out() -> None:
    performance = Performance(
        "one",
        [Hit(0.0, 46, 90, 0.5), Hit(0.04, 46, 80, 0.5), Hit(0.05, 36, 100)],
        1.0,
        [PedalMove(0.0, 0.5), PedalMove(0.02, 0.0)],
        [Choke(0.5, 49)],
    )
    midi = performance.to_pretty_midi()
    (instrument,) = midi.instruments
    assert instrument.is_drum
    assert [(note.pitch, note.start, note.end) for note in instrument.notes] == [
        (46, 0.0, 0.04),
        (46, 0.04, pytest.approx(0.14)),
        (36, 0.05, pytest.approx(0.15)),
    ]
    assert [(change.number, change.value) for change in instrument.control_changes] == [(4, 45), (4, 90)]
    assert midi.get_tempo_changes()[1].tolist() == [pytest.approx(120)]
