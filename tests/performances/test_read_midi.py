"""What notes, pedal and aftertouch of a drum module mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_files import midi_file, off, on, pedal, touch

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances import NoteMapping, Performance, read_midi
from stemgmd_tools.performances.mapping import note_table
from stemgmd_tools.performances.smf.interpret import DECAY_S, MAX_OPENNESS_OF_CLOSED, MIN_OPENNESS_OF_OPEN, PEDAL_LAG_S
from stemgmd_tools.pieces import NOTE_OF_NUMBER, NOTES, Group

SINGLE = 1e-6
"""Openness is stored in single precision."""
TICK_S = 0.5 / 480


def read(*events: tuple, duration_s: float | None = None, mapping: NoteMapping = NoteMapping.TD11) -> Performance:
    return read_midi(midi_file(events), id="test", duration_s=duration_s, mapping=mapping)


def openness(*events: tuple) -> list[float]:
    return read(*events).hits["openness"].tolist()


def test_a_note_on_is_a_hit_with_its_time_note_and_velocity() -> None:
    hit = read(on(480, 38, 77)).hits[0]
    assert (hit["time_s"], hit["note"], hit["velocity"], hit["openness"]) == (0.5, 38, 77, 0.0)


def test_velocity_0_is_a_note_off() -> None:
    performance = read(on(0, 38), on(48, 38, 0), on(96, 38), off(100, 38))
    assert len(performance.hits) == 2
    assert performance.metadata["restrikes"] == 0


def test_re_strikes_are_hits_and_counted() -> None:
    performance = read(
        on(0, 38), on(30, 38), on(60, 38), off(70, 38), off(80, 38), off(90, 38), on(95, 38), off(99, 38)
    )
    assert len(performance.hits) == 4
    assert performance.metadata["restrikes"] == 2


def test_notes_of_other_pads_do_not_count_as_re_strikes() -> None:
    assert read(on(0, 38), on(10, 36), off(20, 38), off(30, 36)).metadata["restrikes"] == 0


def test_zero_length_notes_are_hits_and_counted() -> None:
    performance = read(on(10, 38), off(10, 38), on(20, 36), off(30, 36))
    assert len(performance.hits) == 2
    assert performance.metadata["zero_length_notes"] == 1


@pytest.mark.parametrize("velocities", [(40, 90, 60), (90, 60, 40), (40, 60, 90)])
def test_of_hits_of_one_note_on_one_tick_the_loudest_stays(velocities: tuple[int, int, int]) -> None:
    performance = read(*[on(5, 38, velocity) for velocity in velocities], on(5, 36, 20))
    assert performance.hits[["note", "velocity"]].tolist() == [(36, 20), (38, 90)]
    assert performance.metadata["duplicate_hits"] == 2


def test_hits_outside_the_duration_are_dropped_and_counted() -> None:
    performance = read(on(0, 38), on(480, 38), on(960, 38), duration_s=0.5)
    assert performance.hits["time_s"].tolist() == [0.0]
    assert performance.metadata["late_hits"] == 2
    assert performance.duration_s == 0.5


def test_without_a_duration_the_last_hit_gets_a_decay() -> None:
    performance = read(on(0, 38), on(480, 38), pedal(48_000, 3))
    assert performance.duration_s == 0.5 + DECAY_S


def test_a_damaged_file_without_hits_tells_the_damage() -> None:
    data = midi_file([on(0, 36)])
    with pytest.raises(PerformanceError, match=r"^test: no notes can be read \(the file ends within a track\)"):
        read_midi(data[:24], id="test")
    with pytest.raises(PerformanceError, match=r"^test: no notes, so nothing is played; leave the file out$"):
        read_midi(midi_file([pedal(0, 3)]), id="test")


def test_no_hits_and_no_duration_is_an_error_that_names_the_mappings() -> None:
    with pytest.raises(PerformanceError, match=r"test: no drum hits \(1 notes .* td11 .*: td11, gm"):
        read(on(0, 60))


def test_unknown_notes_are_dropped_and_counted() -> None:
    performance = read(on(0, 38), on(10, 56), on(20, 60))
    assert performance.hits["note"].tolist() == [38]
    assert performance.metadata["unmapped_notes"] == 2


def test_openness_follows_the_pedal_on_open_notes() -> None:
    values = openness(pedal(0, 0), on(1, 46), pedal(10, 45), on(20, 26), pedal(30, 63), on(40, 46))
    assert values == pytest.approx([1.0, 0.5, 0.3], abs=SINGLE)


@pytest.mark.parametrize("value", [79, 85, 90, 104, 127])
def test_an_open_note_is_never_shut_however_late_the_pedal(value: int) -> None:
    assert openness(pedal(0, value), on(1, 46), on(2, 26)) == pytest.approx([MIN_OPENNESS_OF_OPEN] * 2, abs=SINGLE)


def test_a_pedal_that_opens_just_after_an_open_stroke_was_late() -> None:
    late = round(PEDAL_LAG_S / TICK_S)
    assert openness(pedal(0, 90), on(10, 46), pedal(10 + late, 45)) == pytest.approx([0.5], abs=SINGLE)
    assert openness(pedal(0, 90), on(10, 46), pedal(40, 0), pedal(60, 90)) == [1.0]
    assert openness(pedal(0, 90), on(10, 46), pedal(11 + late, 0)) == pytest.approx([MIN_OPENNESS_OF_OPEN], abs=SINGLE)


def test_a_pedal_that_is_open_at_the_stroke_is_believed() -> None:
    assert openness(pedal(0, 45), on(10, 46), pedal(20, 0)) == pytest.approx([0.5], abs=SINGLE)


@pytest.mark.parametrize("value", [0, 30, 70])
def test_a_closed_note_is_never_open(value: int) -> None:
    assert openness(pedal(0, value), on(1, 42), on(2, 22)) == pytest.approx([MAX_OPENNESS_OF_CLOSED] * 2, abs=SINGLE)


def test_a_closed_note_is_a_little_loose_when_the_pedal_is() -> None:
    assert openness(pedal(0, 88), on(1, 42)) == pytest.approx([2 / 90], abs=SINGLE)


def test_before_the_first_pedal_message_the_note_alone_tells() -> None:
    assert openness(on(0, 46), on(1, 26), on(2, 42), on(3, 44), pedal(9, 90)) == [1.0, 1.0, 0.0, 0.0]


def test_only_the_hihat_is_ever_open_and_the_pedal_note_never() -> None:
    others = [note.number for note in NOTES if note.piece.group is not Group.HIHAT]
    assert not any(openness(pedal(0, 0), on(1, 44), *[on(2 + i, note) for i, note in enumerate(others)]))


def test_a_pedal_message_on_the_tick_of_the_stroke_counts() -> None:
    assert openness(pedal(0, 90), on(10, 46), pedal(10, 45)) == pytest.approx([0.5], abs=SINGLE)


def test_pedal_moves_that_change_nothing_are_left_out() -> None:
    performance = read(
        on(0, 36), pedal(0, 90), pedal(10, 104), pedal(20, 90), pedal(30, 45), pedal(40, 45), pedal(50, 0)
    ).pedal
    assert performance["openness"].tolist() == pytest.approx([0.0, 0.5, 1.0], abs=SINGLE)
    assert performance["time_s"].tolist() == pytest.approx([0.0, 30 * TICK_S, 50 * TICK_S])


def test_of_pedal_messages_on_one_tick_the_last_holds() -> None:
    assert read(on(0, 36), pedal(10, 90), pedal(10, 45)).pedal["openness"].tolist() == pytest.approx([0.5], abs=SINGLE)


def test_pedal_and_grips_after_the_duration_are_left_out() -> None:
    performance = read(on(0, 49), pedal(960, 0), touch(960, 49, 127), duration_s=0.9)
    assert len(performance.pedal) == len(performance.chokes) == 0


def test_aftertouch_on_a_cymbal_chokes_and_its_release_does_not() -> None:
    chokes = read(on(0, 49), touch(480, 49, 127), touch(480, 55, 127), touch(600, 49, 0), touch(600, 55, 0)).chokes
    assert chokes.tolist() == [(0.5, 49), (0.5, 55)]


def test_aftertouch_on_a_drum_chokes_nothing() -> None:
    assert len(read(on(0, 38), touch(10, 38, 127), touch(10, 99, 127)).chokes) == 0


def test_general_midi_maps_every_kit_sound_and_drops_hand_percussion() -> None:
    table = note_table(NoteMapping.GM)
    kit = {*range(35, 54), 55, 57, 59} - {39}  # from the General MIDI percussion map; 39 is a hand clap
    assert set(table) == kit
    performance = read(*[on(note, note) for note in range(27, 88)], mapping=NoteMapping.GM)
    assert performance.metadata["unmapped_notes"] == 61 - len(kit)


def test_general_midi_reads_back_what_the_note_table_writes() -> None:
    table = note_table(NoteMapping.GM)
    for note in NOTES:
        assert NOTE_OF_NUMBER[table[note.general_midi]].piece is note.piece


def test_general_midi_toms_fall_from_high_to_low() -> None:
    table = note_table(NoteMapping.GM)
    assert [table[note] for note in (50, 48, 47, 45, 43, 41)] == [48, 48, 45, 45, 43, 43]


def test_a_second_snare_and_a_second_ride_of_general_midi_are_struck_as_the_first() -> None:
    table = note_table(NoteMapping.GM)
    assert table[40] == table[38] == 38
    assert table[59] == table[51] == 51


def test_general_midi_crashes_are_struck_on_the_edge() -> None:
    table = note_table(NoteMapping.GM)
    assert [NOTE_OF_NUMBER[table[note]].articulation for note in (49, 57)] == ["crash1_edge", "crash2_edge"]


def test_two_general_midi_notes_that_map_to_one_are_one_hit_on_a_tick() -> None:
    performance = read(on(0, 35, 50), on(0, 36, 70), mapping=NoteMapping.GM)
    assert performance.hits[["note", "velocity"]].tolist() == [(36, 70)]


@given(st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(NOTES), st.integers(1, 127)), min_size=1, max_size=60))
def test_every_struck_pad_is_heard_once_per_tick(strokes: list[tuple]) -> None:
    events = sorted([(tick, note.number, velocity) for tick, note, velocity in strokes])
    performance = read(*[on(*event) for event in events])
    loudest = {(tick, note): velocity for tick, note, velocity in events}
    assert performance.hits["velocity"].tolist() == [loudest[key] for key in sorted(loudest)]
    assert performance.metadata["duplicate_hits"] == len(events) - len(loudest)
    assert np.allclose(performance.hits["time_s"], [tick * TICK_S for tick, _ in sorted(loudest)])
