"""Kits of DrumGizmo: both versions of instruments, microphones, chokes, MIDI maps, and what is refused."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from toy_kits import RATE, tone, write_sound

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import import_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sample_map.schema import OFF_DB
from stemgmd_tools.kits.sources.base import DrumLibrary
from stemgmd_tools.kits.sources.drumgizmo import FORMAT
from stemgmd_tools.kits.sources.drumgizmo.chokes import Choking, choking
from stemgmd_tools.kits.sources.drumgizmo.microphones import microphones_of

RATIO = 0.01
"""Of levels in a bank: gains in the map have steps of 0.01 dB, and samples 16 bits."""
LINEAR_DB = 20 * math.log10(127)


def sample(name: str, power: float | None = None, files: str = '<audiofile channel="Close" file="a.wav"/>') -> str:
    attribute = "" if power is None else f' power="{power}"'
    return f'<sample name="{name}"{attribute}>{files}</sample>'


def write_instrument(path: Path, samples: str, *, version: str = ' version="2.0"', more: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<?xml version="1.0"?><instrument{version} name="x"><samples>{samples}</samples>{more}</instrument>'
    )


def reference(name: str = "Snare", content: str = "", more: str = "") -> str:
    return f'<instrument name="{name}" file="{name}/{name}.xml"{more}>{content}</instrument>'


def write_kit(
    folder: Path, instruments: str, *, channels: str = "Close", head: str = "", attributes: str = 'name="Toy"'
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f'<channel name="{name}"/>' for name in channels.split())
    path = folder / "Toy.xml"
    path.write_text(
        f"<drumkit {attributes}>{head}<channels>{rows}</channels><instruments>{instruments}</instruments></drumkit>"
    )
    return path


def read(path: Path) -> DrumLibrary:
    return FORMAT.read(path, path / "unused")


def test_powers_of_version_2_are_read(tmp_path: Path) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s1", 0.00985718) + sample("s2", 0.0124808))
    drum_kit = read(write_kit(tmp_path, reference()))
    assert [region.power for region in drum_kit.regions] == [0.00985718, 0.0124808]
    assert [region.velocity for region in drum_kit.regions] == [None, None]
    assert [region.dynamics_db for region in drum_kit.regions] == [0.0, 0.0]
    assert drum_kit.regions[0].place == "Snare/Snare.xml:1"
    assert drum_kit.regions[0].names == ("Snare",)


def test_normalised_samples_follow_velocity(tmp_path: Path) -> None:
    write_instrument(
        tmp_path / "Snare/Snare.xml",
        '<sample name="s" power="1" normalized="true"><audiofile channel="Close" file="a.wav"/></sample>',
    )
    assert read(write_kit(tmp_path, reference())).regions[0].dynamics_db == pytest.approx(LINEAR_DB)


@pytest.mark.parametrize("version", ["", ' version="1.0"'])
def test_velocities_of_version_1_are_read(tmp_path: Path, version: str) -> None:
    """Example of DrumGizmo's own tests: two samples that swap their probabilities."""
    samples = sample("Snare-1") + sample("Snare-2", files='<audiofile channel="Close" file="b.wav"/>')
    ranges = "".join(
        f'<velocity lower="{low}" upper="{high}"><sampleref probability="{first}" name="Snare-1"/>'
        f'<sampleref probability="{second}" name="Snare-2"/></velocity>'
        for low, high, first, second in ((0, 0.6, 0.6, 0.4), (1.0, 0.6, 0.4, 0.6))
    )
    write_instrument(tmp_path / "Snare/Snare.xml", samples, version=version, more=f"<velocities>{ranges}</velocities>")
    drum_kit = read(write_kit(tmp_path, reference()))
    assert [(region.sounds[""].path.name, region.velocity) for region in drum_kit.regions] == [
        ("a.wav", (1, 76)),
        ("b.wav", (1, 76)),
        ("a.wav", (77, 127)),
        ("b.wav", (77, 127)),
    ]
    assert [region.power for region in drum_kit.regions] == [None] * 4
    assert drum_kit.ignored == {"sampleref probability": 4}


def test_borders_of_velocities_written_with_six_digits_leave_no_gap(tmp_path: Path) -> None:
    edges = [f"{step / 127:.6f}" for step in range(128)]
    ranges = "".join(
        f'<velocity lower="{low}" upper="{high}"><sampleref name="s"/></velocity>'
        for low, high in itertools.pairwise(edges)
    )
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s"), version="", more=f"<velocities>{ranges}</velocities>")
    drum_kit = read(write_kit(tmp_path, reference()))
    assert [region.velocity for region in drum_kit.regions] == [(step, step) for step in range(1, 128)]


def test_samples_without_velocities_play_at_all_of_them(tmp_path: Path) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s1") + sample("s2"), version="")
    drum_kit = read(write_kit(tmp_path, reference()))
    assert [region.velocity for region in drum_kit.regions] == [(1, 127), (1, 127)]
    assert "Snare/Snare.xml:1: has no velocities; all samples play at all velocities" in drum_kit.notices


def test_channels_of_files_go_to_the_microphones_of_the_kit(tmp_path: Path) -> None:
    files = "".join(
        f'<audiofile channel="{channel}" file="samples/1.wav" filechannel="{number}"/>'
        for channel, number in (("AmbL-in", 3), ("AmbR-in", 4), ("Close", 13), ("Triangle", 5))
    )
    files += '<audiofile channel="Bottom" file="../shared/b.wav"/>'
    maps = (
        '<channelmap in="AmbL-in" out="AmbL"/><channelmap in="AmbR-in" out="AmbR"/>'
        '<channelmap in="Close" out="Close" main="true"/>'
    )
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s", 1, files))
    drum_kit = read(write_kit(tmp_path, reference(content=maps), channels="AmbL AmbR Unused Bottom Close"))
    (region,) = drum_kit.regions
    sounds = {name: (sound.path.relative_to(tmp_path), sound.channels) for name, sound in region.sounds.items()}
    assert sounds == {
        "AmbL": (Path("Snare/samples/1.wav"), (3,)),
        "AmbR": (Path("Snare/samples/1.wav"), (4,)),
        "Close": (Path("Snare/samples/1.wav"), (13,)),
        "Bottom": (Path("shared/b.wav"), (1,)),
    }
    assert [(name, microphone.pan) for name, microphone in drum_kit.microphones.items()] == [
        ("AmbL", -1.0),
        ("AmbR", 1.0),
        ("Bottom", 0.0),
        ("Close", 0.0),
    ]
    assert drum_kit.ignored == {"channel Triangle": 1, "channelmap main": 1}


def test_the_only_microphone_has_no_name(tmp_path: Path) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s", 1))
    drum_kit = read(write_kit(tmp_path, reference(), channels="Close Other"))
    assert (list(drum_kit.regions[0].sounds), drum_kit.microphones) == ([""], {})


@pytest.mark.parametrize(
    ("names", "pans"),
    [
        (("AmbLeft", "AmbRight"), (-1, 1)),
        (("OH L-3", "OH R-3", "Kick L-3", "Kick R-3"), (-1, 1, 0, 0)),
        (("left_channel", "right_channel"), (-1, 1)),
        (("Overhead right", "Overhead left", "Room"), (1, -1, 0)),
        (("OHL", "OHL-2"), (0, 0)),
        (("Amb Floor", "Snare_bottom", "Ride", "Tom1"), (0, 0, 0, 0)),
    ],
)
def test_only_pairs_that_hear_the_whole_kit_are_panned(names: tuple[str, ...], pans: tuple[float, ...]) -> None:
    assert tuple(microphone.pan for microphone in microphones_of(names).values()) == pans


def test_triggers_are_switched_off_unless_nothing_else_hears_a_stroke(tmp_path: Path) -> None:
    """Kick and snare have a microphone and a trigger each; only the trigger of the snare hears its second stroke."""
    files = {name: f'<audiofile channel="{name}" file="{name}.wav"/>' for name in ("Close", "Trigger", "SnareTrigger")}
    write_instrument(tmp_path / "Kick/Kick.xml", sample("k", 1, files["Close"] + files["Trigger"]))
    snare = sample("s", 1, files["Close"] + files["SnareTrigger"]) + sample("t", 2, files["SnareTrigger"])
    write_instrument(tmp_path / "Snare/Snare.xml", snare)
    kit = write_kit(tmp_path, reference("Kick") + reference(), channels="Close Trigger SnareTrigger")
    drum_kit = read(kit)
    assert [one.gain_db for one in drum_kit.microphones.values()] == [0.0, OFF_DB, 0.0]
    assert [notice for notice in drum_kit.notices if "trigger" in notice] == [
        "channel Trigger: the signal of a trigger, not of a microphone; switched off, --mics sets its level"
    ]


def test_groups_and_directed_chokes_are_choke_groups(tmp_path: Path) -> None:
    for name in ("Open", "Closed", "Crash", "Hand", "Kick"):
        write_instrument(tmp_path / name / f"{name}.xml", sample("s", 1))
    hand = '<chokes><choke instrument="Crash" choketime="450"/><choke instrument="Gone"/></chokes>'
    instruments = (
        reference("Open", more=' group="hihat"')
        + reference("Closed", more=' group="hihat"')
        + reference("Crash")
        + reference("Hand", hand)
        + reference("Kick", more=' group="alone"')
    )
    regions = {region.names[0]: region for region in read(write_kit(tmp_path, instruments)).regions}
    assert {name: (region.choke_group, region.chokes, region.release_s) for name, region in regions.items()} == {
        "Open": ("hihat", ("hihat",), 0.068),
        "Closed": ("hihat", ("hihat",), 0.068),
        "Crash": ("Crash", (), 0.45),
        "Hand": ("Crash", ("Crash",), None),
        "Kick": (None, (), None),
    }


def test_a_directed_choke_of_a_member_joins_its_group() -> None:
    chokings = choking({"Pedal": "", "Open": "hats", "Closed": "hats"}, {"Pedal": {"Open": 0.1}})
    assert chokings == {
        "Pedal": Choking("hats", silences=True),
        "Open": Choking("hats", silences=True, fade_s=0.1),
        "Closed": Choking("hats", silences=True, fade_s=0.068),
    }


def _with_map(folder: Path, name: str, notes: str) -> None:
    (folder / name).write_text(f"<midimap>{notes}</midimap>")


def test_notes_come_from_the_map_that_the_kit_names(tmp_path: Path) -> None:
    for name in ("Kick", "Snare"):
        write_instrument(tmp_path / name / f"{name}.xml", sample("s", 1))
    _with_map(
        tmp_path,
        "notes.xml",
        '<map note="36" instr="Kick" velmin="0"/><map note="35" instr="Kick"/><map note="4" cc="4"/>',
    )
    _with_map(tmp_path, "midimap.xml", '<map note="1" instr="Kick"/>')
    head = '<metadata><defaultmidimap src="notes.xml"/></metadata>'
    drum_kit = read(write_kit(tmp_path, reference("Kick") + reference("Snare"), head=head))
    assert [region.keys for region in drum_kit.regions] == [(36, 35), ()]
    assert drum_kit.key_names == {36: "Kick", 35: "Kick"}
    assert drum_kit.ignored == {"map without instr": 1}


@pytest.mark.parametrize(
    ("maps", "key"),
    [
        (("Midimap.xml",), 1),
        (("Midimap_full.xml", "Midimap_toy.xml"), 2),
        (("Midimap_full.xml", "midimap.xml"), 2),
        (("Midimap_full.xml", "Midimap_small.xml"), None),
        ((), None),
    ],
)
def test_notes_come_from_the_map_beside_the_kit(tmp_path: Path, maps: tuple[str, ...], key: int | None) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s", 1))
    for number, name in enumerate(maps, start=1):
        _with_map(tmp_path, name, f'<map note="{number}" instr="Snare"/>')
    drum_kit = read(write_kit(tmp_path, reference()))
    assert drum_kit.regions[0].keys == (() if key is None else (key,))
    assert any("has no MIDI map" in notice for notice in drum_kit.notices) == (key is None)


def test_what_the_kit_says_about_itself_is_read(tmp_path: Path) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s", 1))
    old = read(write_kit(tmp_path, reference(), attributes='name="Old" description="As attributes"'))
    assert (old.title, old.description, old.license) == ("Old", "As attributes", "")
    head = (
        "<metadata><title>New</title><description>As elements</description><notes>Loud</notes>"
        "<license>CC-BY 4.0</license><author>A. Drummer</author><email>a@b.org</email>"
        "<website>http://b.org</website></metadata>"
    )
    new = read(write_kit(tmp_path, reference(), head=head, attributes='version="2.0" samplerate="48000"'))
    assert (new.title, new.description, new.license) == ("New", "As elements Loud", "CC-BY 4.0")
    assert (new.attribution, new.source_url) == ("A. Drummer a@b.org", "http://b.org")
    assert new.ignored == {"samplerate": 1}


def test_a_folder_of_several_kits_asks_for_one(tmp_path: Path) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s", 1))
    path = write_kit(tmp_path, reference())
    assert FORMAT.accepts(tmp_path)
    assert FORMAT.accepts(path)
    assert len(read(tmp_path).regions) == 1
    (tmp_path / "Toy_small.xml").write_text(path.read_text())
    assert FORMAT.accepts(tmp_path)
    with pytest.raises(KitError, match=r"holds 2 kits; name one of them: Toy\.xml, Toy_small\.xml"):
        read(tmp_path)
    assert not FORMAT.accepts(tmp_path / "Snare")
    with pytest.raises(KitError, match="holds no XML file of a DrumGizmo kit"):
        read(tmp_path / "Snare")


@pytest.mark.parametrize(
    ("samples", "instruments", "message"),
    [
        (sample("s"), reference(), r"Snare/Snare\.xml:1: <sample> has no attribute power"),
        (sample("s", -1), reference(), r"power of <sample> is \"-1\""),
        (sample("s", 1, '<audiofile channel="Close"/>'), reference(), r"<audiofile> has no attribute file"),
        (
            sample("s", 1, '<audiofile channel="Close" file="a.wav" filechannel="0"/>'),
            reference(),
            r"filechannel of <audiofile> is \"0\"",
        ),
        (
            sample("s", 1, '<audiofile channel="Close" file="../../a.wav"/>'),
            reference(),
            r"Snare/Snare\.xml:1: \"\.\./\.\./a\.wav\" leads out of",
        ),
        (sample("s", 1), reference("Kick"), r"Kick/Kick\.xml: cannot be read"),
        (sample("s", 1), '<instrument name="x" file="/etc/passwd"/>', r"passwd: cannot be read"),
        (sample("s", 1), '<instrument name="x" file="Toy.xml"/>', r"starts with <drumkit>; <instrument> is expected"),
        ("", reference(), r"no instrument has a sample"),
        (sample("s", 1, '<audiofile channel="Other" file="a.wav"/>'), reference(), r"no instrument has a sample"),
        (sample("s", 1), reference() * 501, r"501 instruments; at most 500"),
    ],
    ids=range(11),
)
def test_each_error_is_one_line_with_file_and_line(
    tmp_path: Path, samples: str, instruments: str, message: str
) -> None:
    write_instrument(tmp_path / "Snare/Snare.xml", samples)
    with pytest.raises(KitError, match=message):
        read(write_kit(tmp_path, instruments))


def test_a_reference_to_a_missing_sample_is_an_error(tmp_path: Path) -> None:
    ranges = '<velocities><velocity lower="0" upper="1"><sampleref name="gone"/></velocity></velocities>'
    write_instrument(tmp_path / "Snare/Snare.xml", sample("s"), version="", more=ranges)
    with pytest.raises(KitError, match=r'Snare/Snare\.xml:1: no sample is called "gone"'):
        read(write_kit(tmp_path, reference()))


DRUMS = ("Kick", "Snare", "Tom1", "Tom2", "Floortom", "Hihat_closed", "Hihat_open", "Ride", "Crash_left")


def test_each_channel_of_a_file_reaches_its_side_of_the_mix(tmp_path: Path) -> None:
    """The left ambience hears a tone at half its peak, the close microphone one at a quarter, the right one nothing.

    The signal of the trigger is the loudest, and is not heard.
    """
    folder = tmp_path / "kit"
    microphones = (("AmbL", 2), ("AmbR", 3), ("Close", 1), ("Trigger", 4))
    for name in DRUMS:
        files = "".join(
            f'<audiofile channel="{channel}" file="samples/1.wav" filechannel="{number}"/>'
            for channel, number in microphones
        )
        write_instrument(folder / name / f"{name}.xml", sample("s", 1, files))
        left, close = tone(peak=0.5), tone(peak=0.25)
        write_sound(folder / name / "samples/1.wav", np.hstack([close, left, 0 * left, tone(peak=0.9)]))
    write_kit(folder, "".join(map(reference, DRUMS)), channels="AmbL AmbR Close Trigger")
    map_file = tmp_path / "kits" / "toy.yaml"
    imported = import_kit(folder, map_file, ImportOptions(overrides={}))
    assert list(imported.map.microphones or {}) == ["amb_l", "amb_r", "close", "trigger"]
    bank = open_bank(load_kit_file(map_file), RATE, cache=tmp_path / "cache")
    peaks = np.abs(bank.one_shot(0).astype(float)).max(axis=0)
    assert peaks[1] / peaks[0] == pytest.approx(0.25 / 0.75, rel=RATIO)
