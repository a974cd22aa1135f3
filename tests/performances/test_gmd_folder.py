"""GMD's layout with small files: what is refused and how, the cache, zips."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from midi_files import midi_file, on

from stemgmd_tools.data import cache_dir
from stemgmd_tools.errors import PerformanceError, StemgmdWarning
from stemgmd_tools.performances import Performance, read_gmd
from stemgmd_tools.performances.gmd import dataset as gmd_module
from stemgmd_tools.performances.midi_storage import MidiSource

HEADER = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split"
ROW = "drummer1,drummer1/s,drummer1/s/1,funk,98,beat,4-4,drummer1/s/1.mid,,2.5,train"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of GMD with one performance."""
    folder = tmp_path / "groove"
    (folder / "drummer1/s").mkdir(parents=True)
    (folder / "drummer1/s/1.mid").write_bytes(midi_file([on(0, 36), on(480, 38)]))
    (folder / "info.csv").write_text(f"{HEADER}\n{ROW}\n")
    return folder


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Return a list that grows with every parse, with an empty cache of the test's own."""
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    calls: list[int] = []
    parse = gmd_module._parse

    def counted(*arguments: object) -> object:
        calls.append(1)
        return parse(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gmd_module, "_parse", counted)
    return calls


def same(one: list[Performance], other: list[Performance]) -> bool:
    return [(p.id, p.hits.tobytes(), p.duration_s, p.metadata) for p in one] == [
        (p.id, p.hits.tobytes(), p.duration_s, p.metadata) for p in other
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{HEADER},kit\n{ROW},x\n",
            r"info\.csv: its columns do not fit \(missing: '', others: 'kit'\); GMD's are drummer,",
        ),
        ("", r"info\.csv: its columns do not fit \(missing: 'drummer, session, id, "),
        (f"{HEADER}{'x' * 999}\n", r"\(missing: 'split', others: 'splitx{20,60}(\.{0,3}'?\)? \.\.\.|\.\.\.'\))"),
        (f"{HEADER}\n", r"info\.csv: no rows below the header"),
        (f"{HEADER}\n{ROW}\n{ROW}\n", r"info\.csv: id 'drummer1/s/1' occurs on more than one line"),
        (f"{HEADER}\n{ROW},x\n", r"line 2: 12 values for 11 columns"),
        (f"{HEADER}\n{ROW.replace('2.5', 'long')}\n", r"line 2: duration is 'long'; it must be a number above 0"),
        (f"{HEADER}\n{ROW.replace('2.5', 'inf')}\n", r"line 2: duration is 'inf'"),
        (f"{HEADER}\n{ROW.replace('98', '0')}\n", r"line 2: bpm is '0'"),
        (f"{HEADER}\n{ROW.replace('train', 'dev')}\n", r"split is 'dev'; allowed are train, validation, test"),
        (f"{HEADER}\n{ROW.replace('beat', 'song')}\n", r"beat_type is 'song'; allowed are beat, fill"),
        (f"{HEADER}\n{ROW.replace('4-4', '4/4')}\n", r"time_signature is '4/4'; it must look like 4-4"),
        (f"{HEADER}\n{ROW.replace('funk', '')}\n", r"line 2: style is empty"),
        (f"{HEADER}\n{ROW.replace('funk', chr(34) + 'funk')}\n", r"line \d: not CSV"),
        (f"{HEADER}\n{ROW.replace('drummer1/s/1.mid', '../1.mid')}\n", r"'\.\./1\.mid' points outside"),
        (f"{HEADER}\n{ROW.replace('drummer1/s/1.mid', '/etc/passwd')}\n", r"'/etc/passwd' points outside"),
        (f"{HEADER}\n{ROW.replace('s/1,funk', '../../1,funk')}\n", r"line 2: id is .*; it must look like"),
        (f"{HEADER}\n{ROW.replace('s/1,funk', 's//1,funk')}\n", r"line 2: id is .*; it must look like"),
        (f"{HEADER}\n{ROW.replace('drummer1/s/1,funk', '/1,funk')}\n", r"line 2: id is '/1'; it must look like"),
        (f"{HEADER}\n{ROW.replace('s/1.mid', 's/' + chr(0) + '.mid')}\n", r"midi_filename is .*control characters"),
        (f"{HEADER}\n{ROW.replace('funk', chr(34) + 'fu' + chr(10) + 'nk' + chr(34))}\n", r"style is 'fu\\nnk'"),
        (f"{HEADER}\n{ROW.replace('2.5', '1e300')}\n", r"duration is 1e\+300 s; it must be above 0 and at most"),
        (f"{HEADER}\n{ROW.replace('s/1.mid', 's/2.mid')}\n", r"s/2\.mid: cannot be read \(No such file"),
    ],
)
def test_a_csv_that_does_not_fit_is_one_clear_error(copy: Path, text: str, message: str) -> None:
    (copy / "info.csv").write_text(text)
    with pytest.raises(PerformanceError, match=message) as caught:
        read_gmd(copy)
    assert "\n" not in str(caught.value)


def test_a_csv_that_is_not_text(copy: Path) -> None:
    (copy / "info.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PerformanceError, match="not UTF-8"):
        read_gmd(copy)


def test_a_byte_order_mark_and_windows_line_ends_are_read(copy: Path) -> None:
    (copy / "info.csv").write_bytes(f"\ufeff{HEADER}\r\n{ROW}\r\n".encode())
    assert read_gmd(copy)[0].metadata["split"] == "train"


def test_a_path_without_gmd_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PerformanceError, match=r"no info\.csv"):
        read_gmd(tmp_path)
    with pytest.raises(PerformanceError, match="no such file or folder"):
        read_gmd(tmp_path / "absent")
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    with pytest.raises(PerformanceError, match="not a readable zip"):
        read_gmd(tmp_path / "x.zip")


def test_a_midi_file_that_cannot_be_played_is_named(copy: Path) -> None:
    (copy / "drummer1/s/1.mid").write_bytes(b"")
    with pytest.raises(PerformanceError, match=r"drummer1/s/1\.mid: not a Standard MIDI File"):
        read_gmd(copy)


def test_what_is_repaired_is_said_each_time(copy: Path) -> None:
    path = copy / "drummer1/s/1.mid"
    path.write_bytes(path.read_bytes()[:-6])
    for _ in range(2):  # the second time comes from the cache
        with pytest.warns(StemgmdWarning, match=r"drummer1/s/1\.mid: repaired: the file ends within a track"):
            (performance,) = read_gmd(copy)
        assert performance.hits["note"].tolist() == [36]
        assert performance.metadata["errata"] == "repaired_midi: the file ends within a track"


def test_a_reasonable_size_is_required(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stemgmd_tools.performances.midi_storage.MAX_FILE_BYTES", 20)
    with pytest.raises(PerformanceError, match="at most 20 are read"):
        read_gmd(copy)


EGMD_HEADER = (
    "drummer,session,id,style,bpm,beat_type,time_signature,duration,split,midi_filename,audio_filename,kit_name"
)


def test_columns_may_come_in_any_order(copy: Path) -> None:
    expected = read_gmd(copy)
    header, row = HEADER.split(","), ROW.split(",")
    (copy / "info.csv").write_text(f"{','.join(reversed(header))}\n{','.join(reversed(row))}\n")
    assert same(read_gmd(copy), expected)


def test_of_e_gmd_the_first_kit_of_each_performance_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "e-gmd-v1.0.0"
    rows = []
    for number, kit in enumerate(("Acoustic Kit", "808 (Simple)", "Jazz Funk"), start=1):
        for performance in (1, 2):
            name = f"drummer1/session1/{performance}_rock_100_beat_4-4_{number}.midi"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(midi_file([on(number, 36), on(480, 38)]))
            id_ = f"drummer1/session1/{performance}"
            rows.append(f"drummer1,drummer1/session1,{id_},rock,100,beat,4-4,2.5,train,{name},{name[:-5]}.wav,{kit}")
    (folder / "e-gmd-v1.0.0.csv").write_text("\n".join([EGMD_HEADER, *rows, ""]))
    with pytest.warns(StemgmdWarning, match="is E-GMD's; of its 6 rows, the first of each of 2 performances is read"):
        read = read_gmd(tmp_path)
    assert [(p.id, p.hits["time_s"][0], p.metadata["split"]) for p in read] == [
        ("drummer1/session1/1", 0.5 / 480, "train"),
        ("drummer1/session1/2", 0.5 / 480, "train"),
    ]
    assert "kit_name" not in read[0].metadata
    assert (
        MidiSource.of_gmd(tmp_path).midi_bytes(read[1])
        == (folder / str(read[1].metadata["midi_filename"])).read_bytes()
    )


@pytest.mark.parametrize("place", ["", "groove/", "download/groove-v1.0.0/groove/"])
@pytest.mark.parametrize("separator", ["/", "\\"])
def test_zips_of_other_people_are_read(copy: Path, tmp_path: Path, place: str, separator: str) -> None:
    archive = tmp_path / "g.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in ("info.csv", "drummer1/s/1.mid"):
            member = f"{place}{name}".replace("/", separator)
            opened.writestr(zipfile.ZipInfo(member), (copy / name).read_bytes())
            opened.writestr(zipfile.ZipInfo(f"__MACOSX{separator}{member}"), b"left by a Mac")
        opened.writestr(zipfile.ZipInfo(f"{place}drummer1/s/1.wav"), bytes(100_000))  # the archive with audio
    assert same(read_gmd(archive), read_gmd(copy))


def test_folders_around_a_copy_will_do_and_what_a_mac_left_does_not_count(copy: Path) -> None:
    expected = read_gmd(copy)
    deep = copy.parent / "download/groove-v1.0.0/groove"
    shutil.copytree(copy, deep)
    shutil.copytree(copy, copy.parent / "download/__MACOSX")
    (deep / "._info.csv").write_bytes(b"\x00\x05\x16\x07")
    assert same(read_gmd(copy.parent / "download"), expected)


def test_the_folder_above_the_csv_will_do(copy: Path) -> None:
    assert same(read_gmd(copy.parent), read_gmd(copy))


def test_several_copies_below_one_folder_are_refused_unless_it_is_one_itself(copy: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(copy, copy.parent / "both" / name)
    with pytest.raises(PerformanceError, match=r"both: 2 files info\.csv; give the folder that holds"):
        read_gmd(copy.parent / "both")
    shutil.copytree(copy, copy.parent / "both", dirs_exist_ok=True)
    assert same(read_gmd(copy.parent / "both"), read_gmd(copy))


def test_the_second_read_comes_from_the_cache(copy: Path, parsed: list[int]) -> None:
    first, second = read_gmd(copy), read_gmd(copy)
    assert len(parsed) == 1
    assert same(first, second)


def test_no_cache_is_read_or_written_when_not_wanted(copy: Path, parsed: list[int]) -> None:
    read_gmd(copy, use_cache=False)
    assert not cache_dir().exists()
    read_gmd(copy)
    read_gmd(copy, use_cache=False)
    assert len(parsed) == 3


def _change_midi(copy: Path) -> None:
    (copy / "drummer1/s/1.mid").write_bytes(midi_file([on(0, 36, 99)]))


def _change_duration(copy: Path) -> None:
    (copy / "info.csv").write_text(f"{HEADER}\n{ROW.replace('2.5', '0.3')}\n")


def _add_row(copy: Path) -> None:
    shutil.copy(copy / "drummer1/s/1.mid", copy / "drummer1/s/2.mid")
    (copy / "info.csv").write_text(f"{HEADER}\n{ROW}\n{ROW.replace('s/1', 's/2')}\n")


@pytest.mark.parametrize("change", [_change_midi, _change_duration, _add_row])
def test_a_changed_copy_is_parsed_again(copy: Path, parsed: list[int], change: Callable[[Path], None]) -> None:
    before = read_gmd(copy)
    change(copy)
    after = read_gmd(copy)
    assert len(parsed) == 2
    assert not same(before, after)
    assert same(after, read_gmd(copy, use_cache=False))


def test_a_flipped_bit_anywhere_in_the_cache_is_noticed(copy: Path, parsed: list[int]) -> None:
    """Also where NumPy's and zipfile's own readers would raise something unforeseen."""
    whole = read_gmd(copy)
    (path,) = (cache_dir() / "performances").iterdir()
    stored = path.read_bytes()
    for count, position in enumerate(range(0, len(stored), 97), start=2):
        path.write_bytes(stored[:position] + bytes([stored[position] ^ 0x10]) + stored[position + 1 :])
        assert same(read_gmd(copy), whole)
        assert len(parsed) == count


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_damaged_cache_is_made_again(copy: Path, parsed: list[int], share: float) -> None:
    whole = read_gmd(copy)
    (path,) = (cache_dir() / "performances").iterdir()
    stored = path.read_bytes()
    path.write_bytes(stored[: int(len(stored) * share)])
    assert same(read_gmd(copy), whole)
    assert path.read_bytes() == stored


def test_a_flipped_bit_in_the_cached_hits_is_noticed(copy: Path, parsed: list[int]) -> None:
    whole = read_gmd(copy)
    (path,) = (cache_dir() / "performances").iterdir()
    stored = bytearray(path.read_bytes())
    at = stored.find(whole[0].hits.tobytes())
    stored[at + 9] ^= 4
    path.write_bytes(stored)
    assert same(read_gmd(copy), whole)
    assert len(parsed) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(
    copy: Path, parsed: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "file" / "cache"))
    assert len(read_gmd(copy)) == len(read_gmd(copy)) == 1


def test_a_name_that_is_not_utf_8_in_a_zip_is_one_line(copy: Path, tmp_path: Path) -> None:
    archive = tmp_path / "groove.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("groove/é.mid", b"")
    archive.write_bytes(archive.read_bytes().replace("é".encode(), b"\x8d\x8d"))
    with pytest.raises(PerformanceError, match="not a readable zip archive"):
        read_gmd(archive)


def test_a_member_missing_or_damaged_in_a_zip_is_named(copy: Path, tmp_path: Path) -> None:
    archive = tmp_path / "g.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(copy / "info.csv", "groove/info.csv")
    with pytest.raises(PerformanceError, match=r"groove/drummer1/s/1\.mid is not in the archive"):
        read_gmd(archive)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.write(copy / "drummer1/s/1.mid", "groove/drummer1/s/1.mid")
    stored = bytearray(archive.read_bytes())
    stored[stored.find(b"MTrk") + 9] ^= 0xFF
    archive.write_bytes(stored)
    with pytest.raises(PerformanceError, match="damaged archive"):
        read_gmd(archive)


def test_source_midi_that_changed_since_is_refused(copy: Path) -> None:
    performance = read_gmd(copy)[0]
    source = MidiSource.of_gmd(copy)
    assert source.midi_bytes(performance) == (copy / "drummer1/s/1.mid").read_bytes()
    _change_midi(copy)
    with pytest.raises(PerformanceError, match="has changed since it was read"):
        source.midi_bytes(performance)
    with pytest.raises(PerformanceError, match="no source MIDI"):
        source.midi_bytes(Performance("x", performance.hits, 1.0))
