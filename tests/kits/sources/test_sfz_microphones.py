"""Regions that sound at once become one stroke with a sound for each microphone."""

from __future__ import annotations

from pathlib import Path

import pytest
from sfz_texts import library, only

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sources.base import DrumLibrary
from stemgmd_tools.kits.sources.sfz.library import read


def _sounds(drum_kit: DrumLibrary) -> list[dict[str, str]]:
    return [{name: one.path.name for name, one in region.sounds.items()} for region in drum_kit.regions]


@pytest.mark.parametrize(
    ("close", "room", "names"),
    [
        ("sample=s.wav amplitude_cc20=100", "sample=t.wav amplitude_cc21=100", ("close", "room")),
        ("sample=s.wav locc20=1", "sample=t.wav locc21=1", ("close", "room")),
        ("sample=s.wav output=0", "sample=t.wav output=1", ("direct", "output_1")),
        ("sample=close/s.wav", "sample=oh_mic/s.wav", ("close", "oh")),
        ("sample=close/snare/s.wav", "sample=far/snare/s.wav", ("close", "far")),
        ("sample=s.wav master_label=Top Mic", "sample=t.wav master_label=Bottom Mic", ("top", "bottom")),
        ("sample=snare_CL_1.wav", "sample=snare_OH_1.wav", ("cl", "oh")),
        ("sample=1-Tom1-Tom1.wav", "sample=1-Tom1-Snare_top.wav", ("tom1", "snare_top")),
    ],
)
def test_where_the_names_of_microphones_come_from(
    close: str, room: str, names: tuple[str, str], tmp_path: Path
) -> None:
    control = "<control> label_cc20=Close Vol label_cc21=Room Mic label_output0=Direct set_cc20=127 set_cc21=127\n"
    drum_kit = library(tmp_path, f"{control}<region> key=38 {close}\n<region> key=38 {room}\n")
    assert tuple(only(drum_kit).sounds) == names
    assert tuple(drum_kit.microphones) == names


def test_microphones_keep_level_position_and_pitch_of_their_own(tmp_path: Path) -> None:
    text = """<group> key=38 <region> sample=top/a.wav volume=-3 pan=-50 offset=10 tune=5 amp_veltrack=50
    <region> sample=oh/a.wav volume=-9 pan=100 offset=20 amp_veltrack=50"""
    top, over = only(library(tmp_path, text)).sounds.values()
    assert (top.gain_db, top.pan, top.start_frame, top.pitch_semitones) == (-3, -0.5, 10, 0.05)
    assert (over.gain_db, over.pan, over.start_frame, over.pitch_semitones) == (-9, 1.0, 20, 0.0)


def test_dynamics_that_differ_between_microphones_are_right_at_the_top_of_a_range(tmp_path: Path) -> None:
    text = (
        "<group> key=38 hivel=64 <region> sample=top/a.wav amp_veltrack=0 <region> sample=oh/a.wav amp_velcurve_64=0.5"
    )
    top, over = only(library(tmp_path, text)).sounds.values()
    assert top.gain_db == 0.0
    assert over.gain_db == pytest.approx(-6.0206, abs=1e-4)


def test_takes_and_layers_of_microphones_match(tmp_path: Path) -> None:
    rows = [
        f"<region> key=38 {velocity} seq_length=2 seq_position={take} sample={microphone}/{layer}_{take}.wav"
        for microphone in ("top", "oh")
        for layer, velocity in (("soft", "hivel=63"), ("hard", "lovel=64"))
        for take in (1, 2)
    ]
    drum_kit = library(tmp_path, "\n".join(rows))
    assert [(region.velocity, region.round_robin) for region in drum_kit.regions] == [
        ((1, 63), 1), ((1, 63), 2), ((64, 127), 1), ((64, 127), 2)
    ]  # fmt: skip
    assert _sounds(drum_kit)[3] == {"top": "hard_2.wav", "oh": "hard_2.wav"}


def test_a_microphone_with_fewer_layers_and_takes_sounds_with_each(tmp_path: Path) -> None:
    text = """<region> key=38 hivel=63 sample=top/soft.wav
    <region> key=38 lovel=64 sample=top/hard_1.wav seq_length=2 seq_position=1
    <region> key=38 lovel=64 sample=top/hard_2.wav seq_length=2 seq_position=2
    <region> key=38 sample=room/all.wav"""
    assert _sounds(library(tmp_path, text)) == [
        {"top": "soft.wav", "room": "all.wav"},
        {"top": "hard_1.wav", "room": "all.wav"},
        {"top": "hard_2.wav", "room": "all.wav"},
    ]


def test_equal_strokes_of_several_keys_are_one(tmp_path: Path) -> None:
    text = "<group> lokey=36 hikey=37 pitch_keytrack=0 <region> sample=top/a.wav <region> sample=oh/a.wav"
    assert only(library(tmp_path, text)).keys == (36, 37)


def test_chokes_of_microphones_with_groups_of_their_own_meet(tmp_path: Path) -> None:
    text = """<region> key=46 sample=top/open.wav off_by=11 group=10
    <region> key=46 sample=oh/open.wav off_by=21 group=20
    <region> key=42 sample=top/shut.wav group=11 <region> key=42 sample=oh/shut.wav group=21"""
    ringing, shut = library(tmp_path, text).regions
    assert ringing.choke_group in shut.chokes
    assert ringing.chokes == ()


def test_numbered_files_that_sound_at_once_by_a_slip_are_takes(tmp_path: Path) -> None:
    rows = [f"<region> key={key} sample=hit_{key}.wav" for key in range(30, 50)]
    text = "\n".join([*rows, "<region> key=60 sample=bell_1.wav", "<region> key=60 sample=bell_2.wav"])
    drum_kit = library(tmp_path, text)
    assert drum_kit.microphones == {}
    assert [list(row.values()) for row in _sounds(drum_kit)[-2:]] == [["bell_1.wav"], ["bell_2.wav"]]


def test_controllers_switch_on_what_is_off_when_a_kit_is_loaded(tmp_path: Path) -> None:
    text = """<control> label_cc42=Bleed set_cc42=0
    <region> key=36 sample=close/kick.wav <region> key=36 sample=snare/kick.wav amplitude_oncc42=100"""
    plain = library(tmp_path, text)
    assert plain.microphones == {}
    path = next(plain.folder.rglob("*.sfz"))
    bleeding = read(path, tmp_path / "sounds", controllers="42=127")
    assert [one.path.parent.name for one in only(bleeding).sounds.values()] == ["close", "snare"]
    for wrong in ("42", "512=1", "42=128", "a=1", "42=1,43=1"):
        with pytest.raises(UsageError, match=f'controllers: found "{wrong}"'):
            read(path, tmp_path / "sounds", controllers=wrong)
