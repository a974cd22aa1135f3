"""Folders of one-shots: what names, patterns and tables say about layers, takes and microphones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.importing.assign import assign
from stemgmd_tools.kits.importing.voices import degree
from stemgmd_tools.kits.recognition.names import articulation_of_names
from stemgmd_tools.kits.sources.base import DrumLibrary, Region
from stemgmd_tools.kits.sources.folder import FORMAT
from stemgmd_tools.kits.sources.folder.marks import read_marks
from stemgmd_tools.kits.sources.folder.pattern import Pattern

RATE = 8_000
FRAMES = 900


def write(folder: Path, levels_db: Mapping[str, float]) -> Path:
    """Write decaying tones of so many decibels below full scale."""
    tone = np.sin(np.arange(FRAMES) * 0.5) * np.exp(-np.arange(FRAMES) / 300)
    for name, level_db in levels_db.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone * 10 ** (level_db / 20), RATE, subtype="PCM_24")
    return folder


def read(folder: Path, **options: str) -> DrumLibrary:
    return FORMAT.read(folder, folder / "unused", **options)


def by_file(library: DrumLibrary) -> dict[str, Region]:
    return {
        sound.path.relative_to(library.folder).as_posix(): region
        for region in library.regions
        for sound in region.sounds.values()
    }


@pytest.mark.parametrize(
    ("name", "voice", "layers", "take", "number"),
    [
        ("Kick_01_V3_RR2.wav", "Kick_01", {"v": 3}, 2, None),
        ("Snare/Kit Snare-vel064.wav", "Snare/Kit_Snare", {"vel": 64}, None, None),
        ("SD_V01_VEL007_RR01.wav", "SD", {"v": 1, "vel": 7}, 1, None),
        ("BD-hard.wav", "BD", {"dynamics": 7}, None, None),
        ("BDhard.wav", "BD", {"dynamics": 7}, None, None),
        ("hihatClosed_OH_FF_12.wav", "hihatClosed_OH", {"dynamics": 7}, None, 12),
        ("HHClosed#4.flac", "HHClosed", {}, None, 4),
        ("Tom Mid Soft.wav", "Tom_Mid", {"dynamics": 3}, None, None),
        ("12-China.flac", "China", {}, None, 12),
        ("Snare (3).wav", "Snare", {}, None, 3),
        ("T1_V2.wav", "T1", {"v": 2}, None, None),
        ("Kick_T1_L2.wav", "Kick", {"l": 2}, 1, None),
        ("Laptop_Thunder.wav", "Laptop_Thunder", {}, None, None),
    ],
)
def test_marks_are_told_from_names(
    name: str, voice: str, layers: dict[str, int], take: int | None, number: int | None
) -> None:
    shot = read_marks(name)
    assert (shot.voice, shot.layers, shot.take, shot.number) == (voice, layers, take, number)


def test_numbered_layers_divide_the_velocities_and_takes_share_them(tmp_path: Path) -> None:
    files = {f"Kick_V{v}_RR{r}.wav": -40.0 + 10 * v for v in (1, 2, 3) for r in (1, 2)}
    regions = by_file(read(write(tmp_path, files)))
    assert regions["Kick_V1_RR1.wav"].velocity == regions["Kick_V1_RR2.wav"].velocity == (1, 42)
    assert regions["Kick_V2_RR1.wav"].velocity == (43, 84)
    assert regions["Kick_V3_RR2.wav"].velocity == (85, 127)
    assert [regions[f"Kick_V2_RR{take}.wav"].round_robin for take in (1, 2)] == [1, 2]
    assert {region.names for region in regions.values()} == {("Kick",)}
    assert {region.dynamics_db for region in regions.values()} == {0.0}


def test_velocities_in_names_are_kept(tmp_path: Path) -> None:
    files = {f"snare_VEL{v:03}.wav": v / 4 - 40.0 for v in (20, 64, 110)}
    regions = by_file(read(write(tmp_path, files)))
    assert [regions[name].velocity for name in files] == [(1, 20), (21, 64), (65, 127)]


def test_dynamics_words_are_layers(tmp_path: Path) -> None:
    regions = by_file(read(write(tmp_path, {"snare_pp.wav": -30, "snare_mf.wav": -20, "snare_ff.wav": -3})))
    assert [regions[f"snare_{word}.wav"].velocity for word in ("pp", "mf", "ff")] == [(1, 42), (43, 84), (85, 127)]


def test_normalised_layers_leave_dynamics_to_the_player(tmp_path: Path) -> None:
    library = read(write(tmp_path, {"snare_V1.wav": -1, "snare_V2.wav": -1}))
    assert {region.dynamics_db for region in library.regions} == {None}


def test_files_whose_names_say_nothing_are_sorted_by_loudness(tmp_path: Path) -> None:
    regions = by_file(read(write(tmp_path, {"kick-1.wav": -3, "kick-2.wav": -30, "kick-3.wav": -4, "kick-4.wav": -16})))
    soft, middle, hard = regions["kick-2.wav"].velocity, regions["kick-4.wav"].velocity, regions["kick-1.wav"].velocity
    assert soft is not None
    assert middle is not None
    assert hard is not None
    assert hard == regions["kick-3.wav"].velocity
    assert (soft[0], soft[1] + 1, middle[1] + 1, hard[1]) == (1, middle[0], hard[0], 127)
    # amplitude goes with the square of velocity: 26.5 dB below the hardest layer's mean is a factor of 4.6
    assert soft[1] == round(127 / 10 ** (26.5 / 40))


def test_files_of_one_loudness_are_takes(tmp_path: Path) -> None:
    library = read(write(tmp_path, {f"kick-{n}.wav": -3 - n / 2 for n in range(1, 6)}))
    assert {region.velocity for region in library.regions} == {None}
    assert [region.round_robin for region in library.regions] == [1, 2, 3, 4, 5]


def test_numbers_tell_several_toms_and_crashes_but_takes_of_other_drums(tmp_path: Path) -> None:
    names = ["Tom1.wav", "Tom2.wav", "Tom3.wav", "crash1.wav", "crash2.wav", "kick1.wav", "kick2.wav"]
    regions = by_file(read(write(tmp_path, dict.fromkeys(names, -6.0))))
    guesses = [articulation_of_names([*regions[name].names]) for name in names]
    assert [guess.articulation if guess else None for guess in guesses] == [
        "hi_tom_head", "mid_tom_head", "low_tom_head", "crash1_edge", "crash2_edge", "kick", "kick",
    ]  # fmt: skip
    assert regions["kick1.wav"].names == regions["kick2.wav"].names


def test_a_stroke_keeps_its_microphones(tmp_path: Path) -> None:
    names = [f"{mic}/sn_vl{v}_rr{r}.wav" for mic in ("oh", "top") for v in (1, 2) for r in (1, 2)] + ["oh/hh_vl1.wav"]
    library = read(write(tmp_path, dict.fromkeys(names, -6.0)))
    assert set(library.microphones) == {"oh", "top"}
    assert len(library.regions) == 5
    snare = [region for region in library.regions if region.names == ("sn",)]
    assert all(set(region.sounds) == {"oh", "top"} for region in snare)
    assert {region.velocity for region in snare} == {(1, 63), (64, 127)}


def test_a_single_microphone_is_no_reason_for_names(tmp_path: Path) -> None:
    library = read(write(tmp_path, {"kick_OH_F_1.wav": -6, "snare_OH_F_1.wav": -6}))
    assert library.microphones == {}
    assert all(list(region.sounds) == [""] for region in library.regions)


def test_a_pattern_tells_what_names_hold(tmp_path: Path) -> None:
    names = ["floor_tom_2_01.wav", "floor_tom_1_01.wav", "floor_tom_2_02.wav", "notes.wav"]
    library = read(write(tmp_path, dict.fromkeys(names, -6.0)), pattern="{piece}_{layer}_{take}")
    regions = by_file(library)
    assert regions["floor_tom_1_01.wav"].names == ("floor_tom",)
    assert [regions[name].velocity for name in names[:3]] == [(64, 127), (1, 63), (64, 127)]
    assert [regions[name].round_robin for name in names[:3]] == [1, 1, 2]
    assert any("notes.wav" in notice for notice in library.notices)


def test_a_pattern_with_microphones_velocities_and_notes(tmp_path: Path) -> None:
    names = ["36_kick_64_near.wav", "36_kick_64_far.wav", "36_kick_127_near.wav", "36_kick_127_far.wav"]
    library = read(write(tmp_path, dict.fromkeys(names, -6.0)), pattern="{note}_{piece}_{velocity}_{mic}")
    assert [region.velocity for region in library.regions] == [(65, 127), (1, 64)]
    assert all(region.keys == (36,) and set(region.sounds) == {"near", "far"} for region in library.regions)


@pytest.mark.parametrize("pattern", ["{piece", "{layer}", "{piece}{what}", "{piece}_{take}_{take}", "x" * 500])
def test_wrong_patterns_are_refused_in_one_line(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="--pattern"):
        read(write(tmp_path, {"kick.wav": -6}), pattern=pattern)


def test_patterns_that_no_file_follows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="no file follows"):
        read(write(tmp_path, {"kick.wav": -6}), pattern="{piece}_{layer}")


def test_long_names_are_matched_without_delay() -> None:
    pattern = Pattern("{piece}_{articulation}_{any}_{any}_{any}_{layer}_{take}x")
    assert pattern.match("_a" * 200) is None


CSV = """file,articulation,velocity_low,velocity_high,take,microphone,gain_db
a/soft near.wav,snare_head,1,60,1,near,-3
a/soft far.wav,snare_head,1,60,1,far,
b.wav,snare rim,61,127,,,
"""


def test_a_table_tells_everything(tmp_path: Path) -> None:
    write(tmp_path, {"a/soft near.wav": -20, "a/soft far.wav": -20, "b.wav": -3})
    (tmp_path / "kit.csv").write_text(CSV)
    library = read(tmp_path)
    soft, hard = library.regions
    assert (soft.names, soft.velocity, set(soft.sounds)) == (("snare_head",), (1, 60), {"near", "far"})
    assert soft.sounds["near"].gain_db == -3
    assert (hard.names, hard.velocity, set(hard.sounds)) == (("snare rim",), (61, 127), {"main"})
    assert set(library.microphones) == {"near", "far", "main"}


def test_layers_of_a_table_divide_the_velocities(tmp_path: Path) -> None:
    (tmp_path / "kit.csv").write_text("file;articulation;layer\nx.wav;kick;2\ny.wav;kick;5\nz.wav;snare;1\n")
    assert [region.velocity for region in read(tmp_path).regions] == [(1, 63), (64, 127), (1, 127)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column"),
        ("file\nx.wav\n", "lacks the column"),
        ("file,articulation,colour\n", "unknown column"),
        ("file,articulation\n", "holds no row"),
        ("file,articulation\n../x.wav,kick\n", "kit.csv:2: file is"),
        ("file,articulation\n/etc/passwd,kick\n", "kit.csv:2: file is"),
        ("file,articulation\nlink.wav,kick\n", "leads out"),
        ("file,articulation\nx.wav,\n", "articulation is empty"),
        ("file,articulation,velocity_low,velocity_high\nx.wav,kick,9,3\n", "the lower one first"),
        ("file,articulation,velocity_low,velocity_high\nx.wav,kick,0,128\n", "from 1 to 127"),
        ("file,articulation,gain_db\nx.wav,kick,nan\n", "from -60 to 60"),
        ("file,articulation,take\nx.wav,kick,1.5\n", "whole numbers"),
        ("file,articulation\nx.wav,kick,3\n", "3 cells"),
        ('file,articulation\n"x.wav,kick\n', "is not CSV"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    kit = tmp_path / "kit"
    kit.mkdir()
    (tmp_path / "outside.wav").write_bytes(b"")
    (kit / "link.wav").symlink_to(tmp_path / "outside.wav")
    (kit / "kit.csv").write_text(text)
    with pytest.raises(KitError, match=message) as error:
        read(kit)
    assert "\n" not in str(error.value)


def test_links_out_of_the_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"kit/kick.wav": -6, "outside.wav": -6})
    (tmp_path / "kit" / "snare.wav").symlink_to(tmp_path / "outside.wav")
    library = read(tmp_path / "kit")
    assert [region.names for region in library.regions] == [("kick",)]
    assert "leads out" in library.notices[0]


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"kick-1.wav": -6, "kick-2.wav": -6})
    (tmp_path / "kick-3.wav").write_bytes(b"RIFF")
    library = read(tmp_path)
    assert len(library.regions) == 3
    assert "kick-3.wav" in library.notices[0]


def test_only_folders_without_another_definition_are_accepted(tmp_path: Path) -> None:
    write(tmp_path, {"plain/sounds/kick.wav": -6, "sfz/kick.wav": -6, "xml/samples/kick.wav": -6})
    (tmp_path / "sfz" / "kit.sfz").touch()
    (tmp_path / "xml" / "drumkit.xml").touch()
    (tmp_path / "empty").mkdir()
    accepted = {path.name for path in tmp_path.iterdir() if FORMAT.accepts(path)}
    assert accepted == {"plain"}
    assert not FORMAT.accepts(tmp_path / "missing")
    with pytest.raises(KitError, match="holds no sound files"):
        read(tmp_path / "empty")


def test_any_text_is_a_table_or_an_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = tmp_path / "kit.csv"
    for _ in range(300):
        content = bytearray(CSV.encode())
        for _ in range(int(rng.integers(1, 8))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        table.write_bytes(bytes(content))
        try:
            library = read(tmp_path)
        except KitError as error:
            assert "\n" not in str(error)
        else:
            paths = [sound.path for region in library.regions for sound in region.sounds.values()]
            assert all(path.resolve().is_relative_to(tmp_path.resolve()) for path in paths)


def test_any_names_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    letters = "Vvrl0129_- #().pfmOHTomkickSD/é\n"
    names = {
        "".join(letters[i] for i in rng.integers(len(letters), size=rng.integers(1, 40))).strip("/").replace("//", "/")
        for _ in range(1000)
    }
    for name in names:
        shot = read_marks(f"{name}.wav")
        assert shot.path == f"{name}.wav"


@pytest.mark.real
def test_the_names_of_a_real_kit_tell_its_layers(kits_dir: Path) -> None:
    """The folder's own description is in its README: layers v01.. with takes r1.., nothing else."""
    folder = kits_dir / "salamander"
    library = read(folder)
    files = sorted(path.name for path in folder.glob("*.flac"))
    assert len(library.regions) == len(files)
    by_voice: dict[str, set[tuple[int, int] | None]] = {}
    for region in library.regions:
        by_voice.setdefault(region.names[0], set()).add(region.velocity)
    for voice, ranges in by_voice.items():
        prefix = voice.replace("_", "")
        layers = {name.split("__")[2] for name in files if name.replace("_", "").startswith(f"{prefix}v")}
        assert len(ranges) == len(layers), voice


def test_numbered_microphones_and_degrees_of_openness(tmp_path: Path) -> None:
    """Names of a real kit of 1,550 files: microphone, drum, take, layer."""
    names = [f"{mic}_kick_r1_v0{layer}.wav" for mic in ("mic1", "mic3", "ovhd") for layer in (1, 2)]
    hats = ("bow_open1", "bow_open2", "bow_open_full", "bow_closed")
    names += [f"{mic}_hihat_{how}_r{take}_v01.wav" for mic in ("mic1", "ovhd") for how in hats for take in (1, 2)]
    names += ["ovhd_ride_bow_r1_v01.wav"]
    library = read(write(tmp_path, dict.fromkeys(names, -6.0)))
    assert {tuple(sorted(region.sounds)) for region in library.regions if region.names == ("kick",)} == {
        ("mic1", "mic3", "ovhd")
    }
    assert {region.names[0] for region in library.regions} == {
        "kick", "hihat_bow_open1", "hihat_bow_open2", "hihat_bow_open_full", "hihat_bow_closed", "ride_bow",
    }  # fmt: skip
    assert degrees(library) == {"hihat_bow_open1": 0.3333, "hihat_bow_open2": 0.6667, "hihat_bow_open_full": 1.0}
    assert len(library.regions) == 2 + 2 * len(hats) + 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("hihat open1, hihat open2, hihat open3", {"hihat_open1": 0.3333, "hihat_open2": 0.6667, "hihat_open3": 1.0}),
        ("HH_Open_1, HH_Open_2, HH_Open_full", {"HH_Open_1": 0.3333, "HH_Open_2": 0.6667, "HH_Open_full": 1.0}),
        (
            "HH_SemiOpen1_v1, HH_SemiOpen2_v1, HH_Open_v1",
            {"HH_SemiOpen1": 0.3333, "HH_SemiOpen2": 0.6667, "HH_Open": 1.0},
        ),
        (
            "HH_SemiOpen1_v1, HH_SemiOpen2_v1, HH_Open1_v1, HH_Open2_v1",
            {"HH_SemiOpen1": 0.25, "HH_SemiOpen2": 0.5, "HH_Open1": 0.75, "HH_Open2": 1.0},
        ),
        ("HH_SemiOpen, HH_Open1, HH_Open2", {"HH_SemiOpen": 0.3333, "HH_Open1": 0.6667, "HH_Open2": 1.0}),
        ("HiHat_Open_1, HiHat_Open_2, HiHat_SemiOpen_1", {"HiHat_Open": 1.0, "HiHat_SemiOpen_1": 0.4}),
        ("hat open1, hat open2, hat closed1, hat closed2", {"hat_open": 1.0}),
        ("hat open1, hat closed1", {"hat_open1": 1.0}),
        # three names of a real kit of 794 files
        ("half-open-hihat/hohh1, half-open-hihat/hohh2, half-closed-hihat/hchh3", {"half_open_hihat/hohh": 0.4}),
    ],
)
def test_numbers_behind_open_are_degrees_of_openness(tmp_path: Path, names: str, expected: dict[str, float]) -> None:
    files = [f"{name}.wav" for name in names.split(", ")]
    assert degrees(read(write(tmp_path, dict.fromkeys(files, -6.0)))) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("Crash, Crash2", {"crash1_edge": ["Crash"], "crash2_edge": ["Crash2"]}),
        ("Crash 16, Crash 18", {"crash1_edge": ["Crash 16"], "crash2_edge": ["Crash 18"]}),
        ("Crash, Crash (2)", {"crash1_edge": ["Crash"]}),
        ("Tom, Tom2", {"hi_tom_head": ["Tom"], "mid_tom_head": ["Tom2"]}),
        ("Tom 8, Tom 10, Tom 14", {"hi_tom_head": ["Tom 8"], "mid_tom_head": ["Tom 10"], "low_tom_head": ["Tom 14"]}),
        ("toms/t1_1, toms/t1_2, toms/t2_1, toms/t2_2, kick", {"hi_tom_head": 2, "mid_tom_head": 2, "kick": 1}),
        ("kick/t1_v1, kick/t2_v1, kick/t1_v2", {"kick": 3}),
    ],
)
def test_numbers_and_letters_tell_drums_from_takes(
    tmp_path: Path, names: str, expected: dict[str, list[str] | int]
) -> None:
    library = read(write(tmp_path, {f"{name}.wav": -6.0 for name in names.split(", ")}))
    assert {
        name: [voice.label for voice in row]
        if isinstance(expected.get(name), list)
        else sum(len(voice.regions) for voice in row)
        for name, row in assign(library, {}).voices.items()
    } == expected


def degrees(library: DrumLibrary) -> dict[str, float | None]:
    """Return the openness of the voices that play the open hi-hat."""
    voices = [voice for name, row in assign(library, {}).voices.items() if "hihat_open" in name for voice in row]
    return {voice.label: degree(voice) for voice in voices}


def test_strokes_that_lack_a_usual_microphone_are_left_out(tmp_path: Path) -> None:
    names = [f"tom_{mic}_v{layer}.wav" for mic in ("close", "under") for layer in (1, 2, 3)]
    names += ["tom_under_v1_rr2.wav", "kick_close_v1.wav", "snare_close_v1.wav", "snare_under_v2.wav"]
    library = read(write(tmp_path, dict.fromkeys(names, -6.0)))
    microphones = sorted((region.names[0], *sorted(region.sounds)) for region in library.regions)
    assert microphones == [
        ("kick", "close"),
        ("snare", "close"),
        ("snare", "under"),
        *[("tom", "close", "under")] * 3,
    ]
    assert "tom: left out 1 strokes that were not recorded with close, under" in library.notices
