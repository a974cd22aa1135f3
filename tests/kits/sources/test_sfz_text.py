"""The text of SFZ definitions: comments, directives, headers, files and encodings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sfz_texts import library, only, sound, take

from stemgmd_tools.errors import LONGEST_MESSAGE, KitError
from stemgmd_tools.kits.sources.sfz import FORMAT, strokes
from stemgmd_tools.kits.sources.sfz.definition import instrument, scan


def test_included_files_are_relative_to_the_main_definition(tmp_path: Path) -> None:
    drum_kit = library(
        tmp_path,
        '#include "maps/snare.sfz" <region> key=36 sample=kick.wav',
        maps_in_snare_dot_sfz='<group> key=38 #include "maps/takes.txt"',
        maps_in_takes_dot_txt="<region> sample=snare.wav",
    )
    assert [(region.keys, region.place) for region in drum_kit.regions] == [
        ((38,), "maps/takes.txt:1"),
        ((36,), "kit.sfz:1"),
    ]


def test_two_directives_on_a_line_and_a_file_included_twice_with_another_variable(tmp_path: Path) -> None:
    text = '#define $K 36 #include "one.txt"\n#define $K 38 #include "one.txt"\n'
    drum_kit = library(tmp_path, text, one_dot_txt="<region> key=$K sample=$K.wav\n")
    assert [
        (region.keys, sound_of.path.name) for region in drum_kit.regions for sound_of in region.sounds.values()
    ] == [
        ((36,), "36.wav"),
        ((38,), "38.wav"),
    ]


def test_the_longest_variable_is_replaced_in_names_values_and_paths(tmp_path: Path) -> None:
    text = """
    #define $vol 7
    #define $vol_oh 21
    #define $ext fl$tail
    #define $tail ac
    #define $dir maps
    <control> set_cc$vol_oh=127
    #include "$dir/a.sfz"
    """
    drum_kit = library(tmp_path, text, maps_in_a_dot_sfz="<region> key=38 gain_cc$vol_oh=-6 sample=x$vol.$ext")
    assert sound(drum_kit).gain_db == -6.0
    assert sound(drum_kit).path.name == "x7.flac"


def test_a_variable_without_a_value_is_told(tmp_path: Path) -> None:
    drum_kit = library(tmp_path, take("volume=-3 pan=$nothing"))
    assert sound(drum_kit).gain_db == -3.0
    assert "kit.sfz:2: variable $nothing has no value" in drum_kit.notices


def test_comments_are_left_out_and_lines_still_count(tmp_path: Path) -> None:
    text = (
        "// <region> key=1 sample=no.wav\n/* <region>\nkey=2\n*/ <region> key=3 // volume=6\nsample=a.wav /* pan=9 */\n"
    )
    drum_kit = library(tmp_path, text)
    assert (only(drum_kit).keys, only(drum_kit).place) == ((3,), "kit.sfz:4")
    assert (sound(drum_kit).gain_db, sound(drum_kit).pan) == (0.0, 0.0)


def test_an_endless_comment_ends_with_the_file(tmp_path: Path) -> None:
    assert only(library(tmp_path, take("") + "/* <region> key=40 sample=b.wav")).keys == (38,)


def test_opcodes_are_inherited_until_a_new_header(tmp_path: Path) -> None:
    text = """
    <global> volume=-1 pan=10
    <master> volume=-2
    <group> volume=-3 key=36
    <region> sample=a.wav
    <region> sample=b.wav volume=-4 seq_position=2 seq_length=2
    <group> key=37
    <region> sample=c.wav
    <master> key=38
    <region> sample=d.wav
    <global>
    <region> key=39 sample=e.wav
    """
    drum_kit = library(tmp_path, text)
    levels = {one.path.stem: (one.gain_db, one.pan) for region in drum_kit.regions for one in region.sounds.values()}
    assert levels == {"a": (-3, 0.1), "b": (-4, 0.1), "c": (-2, 0.1), "d": (-1, 0.1), "e": (0, 0)}


def test_a_key_replaces_an_inherited_range_and_a_later_end_replaces_the_key(tmp_path: Path) -> None:
    text = (
        "<group> lokey=30 hikey=40 pitch_keytrack=0 <region> key=c#2 sample=a.wav <region> key=50 lokey=48 sample=b.wav"
    )
    assert [region.keys for region in library(tmp_path, text).regions] == [(37,), (48, 49, 50)]


def test_the_default_path_changes_between_control_headers(tmp_path: Path) -> None:
    text = r"""
    <control> default_path=Samples\kick_
    <region> key=36 sample=1.wav
    <control>
    <region> key=37 sample=2.wav
    <control> default_path=../Others/
    <region> key=38 sample=a b c.wav volume=1
    """
    drum_kit = library(tmp_path, text, main="Programs/kit.sfz")
    paths = [one.path.relative_to(tmp_path.resolve()).as_posix() for r in drum_kit.regions for one in r.sounds.values()]
    assert paths == ["Programs/Samples/kick_1.wav", "Programs/2.wav", "Others/a b c.wav"]
    assert drum_kit.folder == tmp_path.resolve()


@pytest.mark.parametrize("text", ["é.wav".encode(), b"\xef\xbb\xbf" + "é.wav".encode(), "é.wav".encode("latin-1")])
def test_utf8_byte_order_marks_and_latin1_are_read(text: bytes, tmp_path: Path) -> None:
    mark, name = (text[:3], text[3:]) if text.startswith(b"\xef\xbb\xbf") else (b"", text)
    drum_kit = library(tmp_path, mark + b"<region> key=38 sample=" + name + b"\r\nvolume=-2\rpan=50")
    assert sound(drum_kit).path.name == "é.wav"
    assert (sound(drum_kit).gain_db, sound(drum_kit).pan) == (-2.0, 0.5)


def test_files_are_found_in_any_case_with_backslashes_and_in_another_audio_format(tmp_path: Path) -> None:
    (tmp_path / "Samples" / "OH").mkdir(parents=True)
    (tmp_path / "Samples" / "OH" / "Kick_1.flac").touch()
    drum_kit = library(tmp_path, r"<region> key=36 sample=samples\oh\KICK_1.wav")
    assert sound(drum_kit).path == tmp_path.resolve() / "Samples" / "OH" / "Kick_1.flac"
    assert "another audio format" in drum_kit.notices[-1]


def test_headers_without_influence_and_unknown_opcodes_are_counted(tmp_path: Path) -> None:
    text = """<effect> type=reverb <midi> foo=1 <group> cutoff2=100 cutoff2_cc74=9 cutoff2_cc75=9
    <region> key=38 sample=a.wav fil2_type=x"""
    drum_kit = library(tmp_path, text)
    assert drum_kit.ignored == {"cutoff2_ccN": 2, "cutoff2": 1, "fil2_type": 1, "foo": 1, "type": 1}


def test_what_the_head_says_about_its_origin_is_kept(tmp_path: Path) -> None:
    text = "// Author: Ann Drum\n//+ License: CC0-1.0\n// URL: https://example.org/kit\n" + take("")
    drum_kit = library(tmp_path, text)
    assert (drum_kit.attribution, drum_kit.license, drum_kit.source_url) == (
        "Ann Drum",
        "CC0-1.0",
        "https://example.org/kit",
    )
    assert drum_kit.title == "kit"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<region>\n#include "../../../../../etc/passwd"', "kit.sfz:2: includes '../../../../../etc/passwd', outside"),
        ('#include "/etc/passwd"', "outside the library's folder"),
        ('#include "C:\\\\kit\\\\a.sfz"', "outside the library's folder"),
        ('#include "kit.sfz"', "includes this file again"),
        ('#include "b.sfz"', "includes this file again"),
        ('#include "none.sfz"', "no such file"),
        ('#include "' + "é" * 200 + '"', "no such file"),
        ('#include "' + "ab/" * 2_000 + '"', "outside the library's folder"),
        ('#include "."', "cannot be read|no such file|includes this"),
        ("<group> key=36", "it has no <region>"),
        ("", "it has no <region>"),
        ("<region> key=36 sample=*silence", "stops others but is silent itself"),
        ("<region> key=36 sample=../../../../x.wav", "outside the library's folder"),
        ("#define $a " + "x" * 5_000, "variable \\$a has a value of 5000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(KitError, match=said) as error:
        library(tmp_path, text, b_dot_sfz='#include "KIT.sfz"')
    assert len(str(error.value)) <= LONGEST_MESSAGE


def test_a_link_out_of_the_library_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.sfz"
    secret.parent.mkdir()
    secret.write_text("<region> key=1 sample=a.wav")
    deep = tmp_path / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (deep / "link.sfz").symlink_to(secret)
    with pytest.raises(KitError, match="outside the library's folder"):
        library(deep, '#include "link.sfz"')


def _bomb_of_includes(folder: Path) -> str:
    for number in range(24):
        (folder / f"{number}.txt").write_text(f'#include "{number + 1}.txt" #include "{number + 1}.txt"\n')
    (folder / "24.txt").write_text("<region> key=1 sample=a.wav")
    return '#include "0.txt"'


def _bomb_of_variables(_: Path) -> str:
    lines = ["#define $a0 xxxxxxxxxx", *(f"#define $a{n} $a{n - 1}$a{n - 1}" for n in range(1, 40))]
    return "\n".join([*lines, "<region> sample=$a39"])


def _many_regions(_: Path) -> str:
    return "<region> key=1 sample=a\n" * 1_001


def _overlaps(_: Path) -> str:
    rows = (f"<region> key=1 sample=a lovel={n % 126 + 1} lorand=0 hirand=0.{n:04d}\n" for n in range(1, 900))
    return "".join(rows)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_bomb_of_includes, "more than 500 included files"),
        (_bomb_of_variables, "has a value of"),
        (_many_regions, "more than 1000 regions"),
        (_overlaps, "regions that overlap make more than"),
    ],
)
def test_a_bomb_is_one_line(
    make: Callable[[Path], str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "INCLUDES", 500)
    monkeypatch.setattr(instrument, "REGIONS", 1_000)
    monkeypatch.setattr(strokes, "SOUNDS", 2_000)
    with pytest.raises(KitError, match=said):
        library(tmp_path, make(tmp_path))


def test_a_folder_is_read_by_its_only_definition_or_the_one_named_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "My Kit"
    library(folder, take(""), main="snare.sfz")
    assert FORMAT.accepts(folder)
    assert FORMAT.read(folder, tmp_path).regions[0].keys == (38,)
    library(folder, "<region> key=36 sample=a.wav", main="my kit.SFZ")
    library(folder, "<region> key=35 sample=a.wav", main="Programs/other.sfz")
    assert FORMAT.read(folder, tmp_path).regions[0].keys == (36,)
    library(folder, take(""), main="kit.sfz")
    with pytest.raises(KitError, match=r"My Kit: holds several SFZ definitions \(kit.sfz, my kit.SFZ, snare.sfz\)"):
        FORMAT.read(folder, tmp_path)
    assert not FORMAT.accepts(tmp_path / "none.yaml")
