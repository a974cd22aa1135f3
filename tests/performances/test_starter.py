"""The starter set: drawn up again byte for byte, in GMD's form, with everything the toolkit has to cope with."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import mido
import numpy as np
import pytest

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances import Performance
from stemgmd_tools.performances.gmd.info_csv import read_info
from stemgmd_tools.pieces import NOTES
from tools.compose.tab import read_tab
from tools.compose.tunes import TUNES
from tools.compose.writing import write_set

PLAYED_TOGETHER_S = 0.018
"""3.5 standard deviations of the loosest feel are 25 ms; two thirds of that tell jitter from a wrong step."""


def test_the_generator_draws_the_same_bytes(starter_dir: Path, tmp_path: Path) -> None:
    write_set(TUNES, tmp_path)
    drawn = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    files = {path.relative_to(starter_dir): path.read_bytes() for path in starter_dir.rglob("*") if path.is_file()}
    files.pop(Path("README.md"))
    assert drawn == files


def test_it_is_a_small_dataset_of_its_own(starter: list[Performance]) -> None:
    assert len(starter) >= 24
    assert {"train", "validation", "test"} == {p.metadata["split"] for p in starter}
    assert {"beat", "fill"} == {p.metadata["beat_type"] for p in starter}
    assert not {p.metadata["drummer"] for p in starter} & {f"drummer{n}" for n in range(1, 11)}
    assert 180 < sum(p.duration_s for p in starter) < 360
    assert all(3 < p.duration_s < 15 for p in starter)
    assert len({str(p.metadata["style"]).split("/")[0] for p in starter}) >= 14
    assert {"4-4", "3-4", "6-8", "5-4"} == {p.metadata["time_signature"] for p in starter}
    assert len({p.metadata["bpm"] for p in starter}) >= 15


def test_names_are_formed_as_in_gmd(starter: list[Performance]) -> None:
    for p in starter:
        m = p.metadata
        style = str(m["style"]).replace("/", "-")
        assert m["midi_filename"] == f"{p.id}_{style}_{m['bpm']:g}_{m['beat_type']}_{m['time_signature']}.mid"
        assert p.id.startswith(f"{m['session']}/")
        assert str(m["session"]).startswith(f"{m['drummer']}/")


def test_files_are_in_gmd_s_format(starter_dir: Path) -> None:
    rows = read_info((starter_dir / "info.csv").read_bytes(), "info.csv")
    for row in rows:
        file = mido.MidiFile(file=io.BytesIO((starter_dir / row.midi_filename).read_bytes()))
        assert (file.type, file.ticks_per_beat, len(file.tracks)) == (0, 480, 1)
        tempi = [message.tempo for message in file.tracks[0] if message.type == "set_tempo"]
        assert tempi == [round(6e7 / row.bpm)]
        assert {message.channel for message in file.tracks[0] if not message.is_meta} == {9}


def test_nothing_is_lost_when_read(starter: list[Performance]) -> None:
    for count in ("duplicate_hits", "late_hits", "unmapped_notes"):
        assert [p.id for p in starter if p.metadata[count]] == []


def test_all_notes_and_gestures_occur(starter: list[Performance]) -> None:
    notes = Counter(note for p in starter for note in p.hits["note"].tolist())
    assert set(notes) == {note.number for note in NOTES}
    velocities = np.concatenate([p.hits["velocity"] for p in starter])
    assert (velocities < 35).sum() > 100, "ghost notes"
    assert (velocities == 127).any()
    assert sum(int(p.metadata["restrikes"] or 0) for p in starter) > 50, "buzz rolls"
    assert sum(len(p.chokes) > 0 for p in starter) >= 4
    assert {49, 55, 57, 52, 51, 59} == {note for p in starter for note in p.chokes["note"].tolist()}
    assert sum(len(p.pedal) > 10 for p in starter) >= 10
    assert any(not len(p.pedal) for p in starter), "as in GMD, some files have no pedal"


def test_flams_have_a_soft_grace_note_just_before(starter: list[Performance]) -> None:
    (fill,) = [p for p in starter if p.id == "drummer11/session2/2"]
    snare = fill.hits[fill.hits["note"] == 38][1:5]
    gaps_s = np.diff(snare["time_s"])[::2]
    assert ((gaps_s > 0.025) & (gaps_s < 0.045)).all()
    assert (snare["velocity"][1::2] > snare["velocity"][::2] + 40).all()


def test_the_swell_grows(starter: list[Performance]) -> None:
    (swell,) = [p for p in starter if p.metadata["style"] == "rock/swell"]
    ride = swell.hits["velocity"][swell.hits["note"] == 59].astype(float)
    assert ride[-8:].mean() > 1.8 * ride[:8].mean()


def test_open_strokes_meet_an_open_pedal_and_closed_ones_a_shut_one(starter: list[Performance]) -> None:
    """In the file itself, before the reader puts limits on what the note says."""
    for p in starter:
        if not len(p.pedal):
            continue
        for hit in p.hits[np.isin(p.hits["note"], (42, 22, 46, 26, 44))]:
            before = p.pedal["openness"][p.pedal["time_s"] <= hit["time_s"]]
            place = before[-1] if len(before) else 0.0
            assert (place > 0.2) == (hit["note"] in (46, 26)), (p.id, hit)


def test_timing_is_human_and_stays_on_the_grid(starter: list[Performance]) -> None:
    (bossa,) = [p for p in starter if p.metadata["style"] == "latin/bossa"]
    eighth_s = 60 / 132 / 2
    hats_s = bossa.hits["time_s"][bossa.hits["note"] == 42]
    error_s = hats_s - np.rint(hats_s / eighth_s) * eighth_s
    assert 0.002 < np.std(error_s) < 0.008
    assert np.abs(error_s).max() < PLAYED_TOGETHER_S
    velocities = bossa.hits["velocity"][bossa.hits["note"] == 42]
    assert len(np.unique(velocities)) > 8


@pytest.mark.parametrize(
    ("tab", "message"),
    [
        ("kick | x...\nkick | x...", "on two lines"),
        ("cowbell | x...", "no articulation"),
        ("kick | x..?", r"marks \['\?'\]"),
        ("pedal | x...", r"pedal has the marks \['x'\]"),
        ("kick | x... | x..", r"bars of \[3, 4\] steps"),
    ],
)
def test_a_tab_that_does_not_fit_is_refused(tab: str, message: str) -> None:
    with pytest.raises(PerformanceError, match=message):
        read_tab(tab, "tune")


def test_short_lanes_start_over() -> None:
    tab = read_tab("kick | x. | .x | xx\nsnare_head | .o", "tune")
    assert tab.lanes == {"kick": ("x.", ".x", "xx"), "snare_head": (".o", ".o", ".o")}
