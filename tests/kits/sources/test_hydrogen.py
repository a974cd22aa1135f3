"""Kits of Hydrogen: every shape of ``drumkit.xml``, every field that decides what sounds, archives, real kits."""

from __future__ import annotations

import math
import os
import tarfile
from pathlib import Path
from shutil import rmtree

import pytest
from toy_kits import RATE, tone, write_sound

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import find_source, import_kit
from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sources.base import DrumLibrary, Region, SoundFile
from stemgmd_tools.kits.sources.hydrogen import FORMAT

GAIN_DB = 1e-9
"""Levels are computed in one way only; the tolerance is for rounding."""
LINEAR_DB = 20 * math.log10(127)


def kit(folder: Path, instruments: str, *, head: str = "", prolog: str = "<drumkit_info>", sounds: str = "") -> Path:
    """Write a kit, with an empty file for each name in ``sounds``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sounds.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "drumkit.xml").write_text(
        f"{prolog}<name>toy</name>{head}<instrumentList>{instruments}</instrumentList></drumkit_info>", encoding="utf-8"
    )
    return folder


def read(folder: Path) -> DrumLibrary:
    return FORMAT.read(folder, folder / "unused")


def layer(file: str, low: float = 0, high: float = 1, more: str = "") -> str:
    return f"<layer><filename>{file}</filename><min>{low}</min><max>{high}</max>{more}</layer>"


def instrument(content: str, name: str = "Snare") -> str:
    return f"<instrument><id>0</id><name>{name}</name>{content}</instrument>"


def sound(region: Region, microphone: str = "") -> SoundFile:
    return region.sounds[microphone]


def one(folder: Path, content: str, **options: str) -> Region:
    """Return the only region of a kit with one instrument."""
    (region,) = read(kit(folder, instrument(content), **options)).regions
    return region


def test_an_instrument_with_one_file_is_read(tmp_path: Path) -> None:
    """Version 0.9.0 and before."""
    region = one(tmp_path, "<filename>bd.flac</filename><volume>0.5</volume><pan_L>1</pan_L><pan_R>0.88</pan_R>")
    assert sound(region).path == tmp_path / "bd.flac"
    assert sound(region).gain_db == pytest.approx(20 * math.log10(0.5), abs=GAIN_DB)
    assert sound(region).pan == pytest.approx(-0.12)
    assert region.velocity == (1, 127)
    assert region.names == ("Snare", "bd")


def test_layers_without_components_are_read(tmp_path: Path) -> None:
    """Versions 0.9.1 to 0.9.6."""
    regions = read(kit(tmp_path, instrument(layer("soft.wav", 0, 0.5) + layer("loud.wav", 0.5, 1)))).regions
    assert [(sound(region).path.name, region.velocity) for region in regions] == [
        ("soft.wav", (1, 63)),
        ("loud.wav", (64, 127)),
    ]
    assert regions[1].place == "drumkit.xml:1"


def test_components_of_the_kit_are_microphones(tmp_path: Path) -> None:
    """Versions 0.9.7 to 1.2."""
    head = (
        "<componentList><drumkitComponent><id>3</id><name>close</name><volume>0.5</volume></drumkitComponent>"
        "<drumkitComponent><id>7</id><name>room</name><volume>1</volume></drumkitComponent></componentList>"
    )
    parts = "".join(
        f"<instrumentComponent><component_id>{number}</component_id><gain>{gain}</gain>{layers}</instrumentComponent>"
        for number, gain, layers in (
            (3, 2, layer("c1.wav", 0, 0.5) + layer("c2.wav", 0.5, 1)),
            (7, 1, layer("r.wav", more="<gain>4</gain>")),
        )
    )
    drum_kit = read(kit(tmp_path, instrument(parts) + instrument(layer("kick.wav"), "Kick"), head=head))
    assert list(drum_kit.microphones) == ["close", "room", "Main"]
    assert drum_kit.microphones["close"].gain_db == pytest.approx(20 * math.log10(0.5), abs=GAIN_DB)
    soft, loud, kick = drum_kit.regions
    assert (sound(soft, "close").path.name, sound(soft, "room").path.name) == ("c1.wav", "r.wav")
    assert (sound(loud, "close").path.name, sound(loud, "room").path.name) == ("c2.wav", "r.wav")
    assert sound(soft, "close").gain_db == pytest.approx(20 * math.log10(2), abs=GAIN_DB)
    assert sound(soft, "room").gain_db == pytest.approx(20 * math.log10(4), abs=GAIN_DB)
    assert list(kick.sounds) == ["Main"]


def test_the_only_component_is_no_microphone_and_its_volume_counts(tmp_path: Path) -> None:
    component = "<drumkitComponent><id>0</id><name>Main</name><volume>0.5</volume></drumkitComponent>"
    head = f"<componentList>{component}</componentList>"
    parts = f"<instrumentComponent><component_id>0</component_id><gain>1</gain>{layer('a.wav')}</instrumentComponent>"
    drum_kit = read(kit(tmp_path, instrument(parts), head=head))
    assert drum_kit.microphones == {}
    assert sound(drum_kit.regions[0]).gain_db == pytest.approx(20 * math.log10(0.5), abs=GAIN_DB)


def test_components_named_by_instruments_are_microphones(tmp_path: Path) -> None:
    """Version 2.0, with a namespace; two components of one name stay apart."""
    parts = "".join(
        f"<instrumentComponent><name>{name}</name><gain>1</gain><isMuted>{muted}</isMuted>{layer(file)}</instrumentComponent>"
        for name, muted, file in (
            ("top", "false", "t.wav"),
            ("top", "false", "u.wav"),
            ("off", "true", "o.wav"),
            ("room", "false", "r.wav"),
        )
    )
    prolog = (
        '<?xml version="1.0" encoding="UTF-8"?><!-- licence --><drumkit_info '
        'xmlns="http://www.hydrogen-music.org/drumkit" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    folder = kit(tmp_path, instrument(f"<type>Snare Drum</type>{parts}"), prolog=prolog)
    assert FORMAT.accepts(folder)
    drum_kit = read(folder)
    assert list(drum_kit.microphones) == ["top", "top 2", "room"]
    assert [part.path.name for part in drum_kit.regions[0].sounds.values()] == ["t.wav", "u.wav", "r.wav"]
    assert drum_kit.regions[0].names == ("Snare", "Snare Drum", "t")


def test_velocities_are_those_at_which_hydrogen_plays_a_layer(tmp_path: Path) -> None:
    """The first of several layers; the layer that starts nearest where there is none."""
    layers = layer("a.wav", 0.1, 0.3) + layer("b.wav", 0, 0.6) + layer("c.wav", 0.8, 1) + layer("d.wav", 0.9, 1)
    drum_kit = read(kit(tmp_path, instrument(layers)))
    assert [(sound(region).path.stem, region.velocity) for region in drum_kit.regions] == [
        ("b", (1, 12)),
        ("b", (39, 76)),
        ("a", (13, 38)),
        ("c", (77, 127)),
    ]
    assert drum_kit.notices == ("instruments with layers that never play, as others come first: Snare",)


@pytest.mark.parametrize(("selection", "turns"), [("ROUND_ROBIN", [1, 2, None]), ("RANDOM", [None, None, None])])
def test_takes_are_layers_of_the_same_velocities(tmp_path: Path, selection: str, turns: list[int | None]) -> None:
    layers = layer("a.wav", 0, 0.5) + layer("b.wav", 0, 0.5) + layer("c.wav", 0.501, 1)
    regions = read(kit(tmp_path, instrument(f"<sampleSelectionAlgo>{selection}</sampleSelectionAlgo>{layers}"))).regions
    assert [(sound(region).path.stem, region.velocity) for region in regions] == [
        ("a", (1, 63)),
        ("b", (1, 63)),
        ("c", (64, 127)),
    ]
    assert [region.round_robin for region in regions] == turns


def test_selection_of_a_component_counts(tmp_path: Path) -> None:
    part = f"<sampleSelectionAlgo>ROUND_ROBIN</sampleSelectionAlgo>{layer('a.wav')}{layer('b.wav')}"
    regions = read(kit(tmp_path, instrument(f"<instrumentComponent>{part}</instrumentComponent>"))).regions
    assert [region.round_robin for region in regions] == [1, 2]


def test_levels_pitch_and_cut_are_added_up(tmp_path: Path) -> None:
    cut = "<ismodified>true</ismodified><startframe>10</startframe><endframe>90</endframe>"
    more = f"<gain>0.5</gain><pitch>-1.5</pitch>{cut}"
    region = one(tmp_path, f"<gain>2</gain><volume>3</volume><pitchOffset>4</pitchOffset>{layer('a.wav', more=more)}")
    assert sound(region).gain_db == pytest.approx(20 * math.log10(3), abs=GAIN_DB)
    assert sound(region).pitch_semitones == 2.5
    assert (sound(region).start_frame, sound(region).end_frame) == (10, 90)


def test_a_cut_counts_only_if_the_layer_was_edited(tmp_path: Path) -> None:
    region = one(tmp_path, layer("a.wav", more="<ismodified>false</ismodified><startframe>10</startframe>"))
    assert (sound(region).start_frame, sound(region).end_frame) == (0, None)


@pytest.mark.parametrize(
    ("stored", "pan"),
    [
        ("<pan>0.25</pan>", 0.25),
        ("<pan_L>1</pan_L><pan_R>0.7</pan_R>", -0.3),
        ("<pan_L>0.25</pan_L><pan_R>0.5</pan_R>", 0.5),
        ("<pan_L>0</pan_L><pan_R>0</pan_R>", 0.0),
        ("", 0.0),
    ],
)
def test_pan_is_read_in_both_forms(tmp_path: Path, stored: str, pan: float) -> None:
    assert sound(one(tmp_path, stored + layer("a.wav"))).pan == pytest.approx(pan)


@pytest.mark.parametrize(("stored", "dynamics"), [("", LINEAR_DB), ("<applyVelocity>false</applyVelocity>", 0.0)])
def test_velocity_scales_the_sound_unless_the_instrument_says_no(tmp_path: Path, stored: str, dynamics: float) -> None:
    assert one(tmp_path, stored + layer("a.wav")).dynamics_db == pytest.approx(dynamics)


def test_a_mute_group_is_a_choke_group_with_the_release_of_the_instrument(tmp_path: Path) -> None:
    region = one(tmp_path, "<muteGroup>2</muteGroup><Release>4410</Release>" + layer("a.wav"))
    assert (region.choke_group, region.chokes, region.release_s) == ("2", ("2",), 0.1)
    other = one(tmp_path, "<muteGroup>-1</muteGroup><Release>0</Release>" + layer("a.wav"))
    assert (other.choke_group, other.chokes) == (None, ())
    assert other.release_s == pytest.approx(256 / 44_100)


def _hihats(names: tuple[str, str, str], ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(
        instrument(f"<isHihat>1</isHihat><lower_cc>{low}</lower_cc><higher_cc>{high}</higher_cc>{layer('a.wav')}", name)
        for name, (low, high) in zip(names, ranges, strict=True)
    )


@pytest.mark.parametrize(
    ("names", "openness"),
    [
        (("Hat", "Hat 2", "Hat 3"), [1.0, 1 - 60 / 127, 0.0]),
        (("HH Open", "HH Semi Open", "HH Closed"), [1.0, 1 - 60 / 127, 0.0]),
        (("HH Closed", "HH Semi Open", "HH Open"), [0.0, 60 / 127, 1.0]),
    ],
)
def test_controller_ranges_say_how_open_a_hihat_is(
    tmp_path: Path, names: tuple[str, str, str], openness: list[float]
) -> None:
    regions = read(kit(tmp_path, _hihats(names, ((0, 40), (41, 79), (80, 127))))).regions
    assert [region.openness for region in regions] == pytest.approx(openness)


@pytest.mark.parametrize("stored", ["<isHihat>-1</isHihat><lower_cc>10</lower_cc>", "<isHihat>1</isHihat>"])
def test_openness_is_unknown_without_a_group_or_a_range(tmp_path: Path, stored: str) -> None:
    assert one(tmp_path, stored + layer("a.wav")).openness is None


def test_notes_are_those_that_the_kit_gives(tmp_path: Path) -> None:
    """Several instruments of one note are told apart by their names; old versions wrote note 60 for all."""
    rows = (("Kick", 36), ("Snare", 38), ("Tom", 60), ("Bell", 60), ("Other", -1))
    drum_kit = read(
        kit(
            tmp_path,
            "".join(
                instrument(f"<midiOutNote>{note}</midiOutNote>{layer(f'{name}.wav')}", name) for name, note in rows
            ),
        )
    )
    assert [region.keys for region in drum_kit.regions] == [(36,), (38,), (), (), ()]
    assert drum_kit.key_names == {36: "Kick", 38: "Snare"}


def test_note_60_of_one_instrument_is_a_note(tmp_path: Path) -> None:
    assert one(tmp_path, f"<midiOutNote>60</midiOutNote>{layer('a.wav')}").keys == (60,)


def test_what_does_not_sound_is_left_out_and_named(tmp_path: Path) -> None:
    silent = "".join(
        (
            instrument("<isMuted>true</isMuted>" + layer("a.wav"), "Muted"),
            instrument("<volume>0</volume>" + layer("a.wav"), "Turned down"),
            instrument("", "Empty"),
            instrument(layer("a.wav", more="<gain>0</gain>"), "Layer of gain 0"),
        )
    )
    drum_kit = read(kit(tmp_path, silent + instrument(layer("b.wav"))))
    assert [region.names[0] for region in drum_kit.regions] == ["Snare"]
    assert drum_kit.notices == (
        "instruments without sound, left out: Empty, Layer of gain 0",
        "instruments that the kit mutes, left out: Muted, Turned down",
    )


def test_settings_without_influence_are_counted(tmp_path: Path) -> None:
    settings = (
        "<filterActive>true</filterActive><filterCutoff>0.5</filterCutoff>"
        "<randomPitchFactor>0.1</randomPitchFactor><FX1Level>0.2</FX1Level><isStopNote>true</isStopNote>"
        "<exclude><id>1</id></exclude>"
    )
    edited = "<ismodified>true</ismodified><loops>2</loops><volume><volume-position>0</volume-position></volume>"
    harmless = "<filterActive>false</filterActive><filterCutoff>0.5</filterCutoff><Attack>0</Attack><exclude />"
    drum_kit = read(
        kit(tmp_path, instrument(settings + layer("a.wav", more=edited)) + instrument(harmless + layer("b.wav")))
    )
    assert drum_kit.ignored == {
        "FX1Level": 1,
        "exclude": 1,
        "filterCutoff": 1,
        "isStopNote": 1,
        "loops": 1,
        "randomPitchFactor": 1,
        "volume envelope": 1,
    }


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ("<Attack>0</Attack><Decay>0</Decay><Sustain>1</Sustain>", None),
        ("<Attack>10</Attack><Decay>5000</Decay><Sustain>1</Sustain>", None),
        ("<Attack>4410</Attack>", Envelope(attack_s=0.1, curve="exponential")),
        ("<Decay>44100</Decay><Sustain>0.1</Sustain>", Envelope(decay_s=1, sustain_db=-20, curve="exponential")),
        ("<Attack>1e9</Attack><Sustain>-5</Sustain>", Envelope(attack_s=2.26757, sustain_db=-100, curve="exponential")),
        ("<Attack>882</Attack><pitchOffset>12</pitchOffset>", Envelope(attack_s=0.01, curve="exponential")),
    ],
)
def test_the_envelope_counts_frames_of_the_sample(stages: str, expected: Envelope | None, tmp_path: Path) -> None:
    assert sound(one(tmp_path, stages + layer("a.wav"))).envelope == expected


def test_what_the_kit_says_about_itself_is_read(tmp_path: Path) -> None:
    info = "&lt;html>&lt;style type=x>p { }&lt;/style>&lt;p>Soft &amp;amp; loud&lt;/p>&lt;/html>"
    head = f"<author>A. Drummer</author><info>{info}</info><license>CC BY 4.0</license><image>x.png</image>"
    drum_kit = read(kit(tmp_path, instrument(layer("a.wav")), head=head))
    assert (drum_kit.title, drum_kit.description, drum_kit.license, drum_kit.attribution) == (
        "toy",
        "Soft & loud",
        "CC BY 4.0",
        "A. Drummer",
    )
    old = read(kit(tmp_path, instrument(layer("a.wav")), head="<licence>GPL</licence>"))
    assert (old.license, old.attribution) == ("GPL", "")
    none = read(kit(tmp_path, instrument(layer("a.wav")), head="<license>undefined license</license>"))
    assert none.license == ""


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("Kick.wav", "Kick.flac"),
        ("kick.WAV", "Kick.wav"),
        ("/Kick.wav", "Kick.wav"),
        ("/home/me/toy/Kick.wav", "Kick.wav"),
        ("C:\\kits\\toy\\Kick.wav", "Kick.flac"),
        ("sub\\Kick.wav", "sub/Kick.wav"),
        ("sub/../Kick.wav", "Kick.wav"),
        ("gone.wav", "gone.wav"),
    ],
)
def test_files_are_found_by_other_names(tmp_path: Path, named: str, there: str) -> None:
    sounds = there if there != "gone.wav" else ""
    assert sound(one(tmp_path, layer(named), sounds=sounds)).path == tmp_path / there


def test_a_file_of_the_exact_name_comes_first(tmp_path: Path) -> None:
    assert sound(one(tmp_path, layer("kick.wav"), sounds="KICK.wav Kick.flac kick.wav")).path.name == "kick.wav"


def test_characters_that_old_versions_wrote_byte_by_byte_are_read(tmp_path: Path) -> None:
    region = one(tmp_path, layer("gro&#xC3;&#x9F;.wav"), sounds="groß.wav")
    assert sound(region).path == tmp_path / "groß.wav"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (layer("a.wav", more="<gain>loud</gain>"), r'drumkit\.xml:1: <gain> is "loud"; allowed: a number from 0 to'),
        (layer("a.wav", more="<gain>nan</gain>"), r'<gain> is "nan"'),
        (layer("a.wav", more="<gain>-1</gain>"), r'<gain> is "-1"'),
        (layer("../../etc/passwd"), r"drumkit\.xml:1: .* leads out of"),
        (layer("x" * 300), r"is not the name of a file"),
        ("", r"no instrument has a layer that sounds"),
    ],
)
def test_each_error_is_one_line_with_file_and_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(KitError, match=message):
        read(kit(tmp_path, instrument(content)))


def test_a_decimal_comma_is_a_decimal_point(tmp_path: Path) -> None:
    assert sound(one(tmp_path, layer("a.wav", more="<pitch>1,5</pitch>"))).pitch_semitones == 1.5


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.wav").touch()
    folder = kit(tmp_path / "kit", instrument(layer("in.wav")))
    (folder / "in.wav").symlink_to(tmp_path / "outside.wav")
    with pytest.raises(KitError, match="is a link that leads out of"):
        read(folder)


def packed(folder: Path, path: Path, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(folder, folder.name)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_archives_are_unpacked_to_the_folder_given(tmp_path: Path, mode: str) -> None:
    folder = kit(tmp_path / "toy", instrument(layer("a.wav")), sounds="a.flac")
    archive = packed(folder, tmp_path / "toy.h2drumkit", mode)
    assert FORMAT.accepts(archive)
    drum_kit = FORMAT.read(archive, tmp_path / "samples")
    assert drum_kit.folder == tmp_path / "samples"
    assert sound(drum_kit.regions[0]).path == tmp_path / "samples" / "a.flac"
    assert sound(drum_kit.regions[0]).path.is_file()


def test_an_archive_without_a_kit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    with pytest.raises(KitError, match=r"holds no drumkit\.xml"):
        FORMAT.read(packed(tmp_path / "toy", tmp_path / "toy.h2drumkit"), tmp_path / "samples")


def test_only_kits_of_hydrogen_are_accepted(tmp_path: Path) -> None:
    folder = kit(tmp_path / "kit", instrument(layer("a.wav")))
    assert FORMAT.accepts(folder)
    assert FORMAT.accepts(folder / "drumkit.xml")
    assert not FORMAT.accepts(tmp_path)
    (folder / "drumkit.xml").write_text('<drumkit name="of DrumGizmo"/>')
    assert not FORMAT.accepts(folder)
    assert not FORMAT.accepts(tmp_path / "missing.h2drumkit")


def test_installed_kits_are_found_and_those_of_the_user_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, system = tmp_path / "home", tmp_path / "share"
    own = kit(home / ".hydrogen/data/drumkits/Mine", instrument(layer("a.wav")))
    kit(system / "hydrogen/data/drumkits/Mine", instrument(layer("a.wav")))
    other = kit(system / "hydrogen/data/drumkits/GMRockKit", instrument(layer("a.wav")))
    (system / "hydrogen/data/drumkits/empty").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_DIRS", os.pathsep.join((str(system), "/nowhere")))
    installed = FORMAT.installed()
    assert {name: installed[name] for name in ("Mine", "GMRockKit")} == {"Mine": own, "GMRockKit": other}
    assert "empty" not in installed


DRUMS = ("Kick", "Snare", "Tom Hi", "Tom Mid", "Tom Low", "Closed HH", "Open HH", "Ride", "Crash")


def _whole_kit(folder: Path) -> Path:
    """Write a kit of all pieces with sounds."""
    kit(folder, "".join(instrument(layer(f"{name}.wav"), name) for name in DRUMS))
    for name in DRUMS:
        write_sound(folder / f"{name}.wav", tone())
    return folder


@pytest.mark.parametrize("way", ["folder", "archive", "name"])
def test_kits_are_imported_from_folders_archives_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    folder = _whole_kit(tmp_path / "hydrogen/data/drumkits/Toy")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    source = find_source("Toy") if way == "name" else folder
    if way == "archive":
        source = packed(folder, tmp_path / "Toy.h2drumkit")
    map_file = tmp_path / "kits" / "toy.yaml"
    import_kit(source, map_file, ImportOptions(overrides={}))
    if way == "archive":
        rmtree(folder)
    bank = open_bank(load_kit_file(map_file), RATE, cache=tmp_path / "cache")
    assert len(bank.samples) >= len(DRUMS)
    assert sorted(path.name for path in map_file.parent.iterdir()) == ["toy", "toy.yaml"]


def test_a_name_near_to_an_installed_one_is_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _whole_kit(tmp_path / "hydrogen/data/drumkits/RockKit")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with pytest.raises(UsageError, match=r"^RokKit: no such file or folder.*RockKit"):
        find_source("RokKit")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "regions"),
    [
        ("GMRockKit", 86),
        ("The Black Pearl 1.0", 106),
        ("Millo-Drums_v.1", 16),
        ("Millo_MultiLayered2", 67),
        ("Millo_MultiLayered3", 40),
        ("ColomboAcousticDrumkit", 31),
        ("rumpf_kit_z01_h2", 82),
        ("Audiophob", 14),
    ],
)
def test_kits_of_debian_are_read(name: str, regions: int) -> None:
    folder = FORMAT.installed().get(name)
    if folder is None:
        pytest.skip(f"{name} of hydrogen-drumkits or hydrogen-data is not installed")
    drum_kit = read(folder)
    assert len(drum_kit.regions) == regions
    assert drum_kit.attribution


@pytest.mark.real
def test_a_published_kit_of_many_layers_is_read() -> None:
    folder = Path(__file__).resolve().parents[4] / "shared" / "raw_kits" / "ludwig_1960s"
    if not folder.is_dir():
        pytest.skip("the definition is not there")
    drum_kit = read(folder)
    assert len(drum_kit.regions) == (folder / "drumkit.xml").read_text(encoding="utf-8").count("<layer>")
    assert drum_kit.license == "https://creativecommons.org/licenses/by-sa/3.0/"
    kick = drum_kit.regions[0]
    assert (kick.names[0], kick.keys, kick.velocity) == ("SMM_KICK_K68_V01_R01", (36,), (1, 8))
    assert {region.keys for region in drum_kit.regions if region.names[0].startswith("SMM_TOM")} == {()}
