"""Kits that are a name: what is understood, what is refused, where they belong, that they are the same everywhere."""

from __future__ import annotations

import hashlib
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shipped_kits import SHIPPED_SEEDS, drawn, shipped
from toy_models import toy_model, write_toy_models

from stemgmd_tools.cli.kits import kits
from stemgmd_tools.errors import KitError, StemgmdError, UsageError
from stemgmd_tools.kits import library
from stemgmd_tools.kits.donors import Role, donors
from stemgmd_tools.kits.generate.names import MOST_KITS, SPACE_VERSION, generated_names
from stemgmd_tools.kits.generate.parents import strictest
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import find_map, kit_names, kits_named, load_kit, split_of
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sample_map.licence import attribution_over
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.schema import Recording
from stemgmd_tools.kits.sample_map.writer import map_text, write_map
from stemgmd_tools.manifest.columns.kits import kit_split
from tools.prepared import PREPARED_MAPS

TRAINING = [row.name for row in kit_table() if row.split == "train"]
HELD_OUT = [row.name for row in kit_table() if row.split == "heldout"]

LARGEST_MAP_BYTES = 230_000
"""Sixteen numbers in a hundred more than a fitted map: its instruments may be those with the most numbers."""


@pytest.fixture(autouse=True)
def _no_kit_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEMGMD_KITS", raising=False)


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_models(tmp_path_factory.mktemp("toys"))


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(kits, [str(argument) for argument in arguments])
    if isinstance(done.exception, StemgmdError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_a_range_is_as_many_kits_and_options_go_with_each() -> None:
    assert kit_names(["random:7..9"]) == ("random:7", "random:8", "random:9")
    assert kit_names(["random:7,random:7..8, morph:cedar_hall+birch_room:.30"]) == (
        "random:7",
        "random:8",
        "morph:cedar_hall+birch_room:0.3",
    )
    spelled = "random:3:from=birch_room+cedar_hall:spread=0.5"
    assert kit_names(["random:3:spread=.50:from=cedar_hall+birch_room"]) == (spelled,)
    assert kit_names(["random:3:spread=1"]) == ("random:3",)
    assert len(kit_names([f"random:0..{MOST_KITS - 1}"])) == MOST_KITS


def test_slugs_are_names_of_files_and_tell_options_apart() -> None:
    words = [
        "random:7",
        "random:7:spread=0.5",
        "random:7:from=a+b",
        "random:8:from=a+b",
        "morph:a+b:0.3",
        "morph:b+a:0.3",
    ]
    slugs = [generated_names(word)[0].slug for word in words]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_]*", slug) for slug in slugs)
    assert slugs[0] == "random_7"
    assert slugs[4] == "morph_a_b_0300"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("random:", "seed"),
        ("random:x", "for the seed; the form is random:SEED"),
        ("random:-1", "for the seed"),
        ("random:9..7", "seeds run upwards"),
        ("random:0..10000", "10,001 kits; one name stands for at most 10,000"),
        ("random:9999999999", "at most 2147483647"),
        ("random:1:from=", "joined by"),
        ("random:1:from=nobody", 'no kit "nobody"'),
        ("random:1:from=cedar_hal", 'did you mean "cedar_hall"'),
        ("random:1:spread=4", "from 0 to 3"),
        ("random:1:spread=nan", "from 0 to 3"),
        ("random:1:spread=1:spread=2", "the form is"),
        ("random:1:width=2", "the form is"),
        ("random:1:from=salamander", "kit salamander plays sample files.*stemgmd kits fit salamander"),
        ("morph:cedar_hall:0.5", "names 1 kit"),
        ("morph:cedar_hall+birch_room", "the form is"),
        ("morph:cedar_hall+birch_room:1.5", "share is"),
        ("morph:cedar_hall+birch_room:0.1234", "at most three decimals"),
        ("morph:cedar_hall+nobody:0.5", 'no kit "nobody"'),
        ("morph:cedar_hall+salamander:0.5", "plays sample files"),
    ],
)
def test_what_is_no_kit_is_refused_in_one_line(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refusal:
        kits_named([word], [PREPARED_MAPS])
    assert "\n" not in str(refusal.value)


def test_one_kit_is_wanted_where_one_is_shown() -> None:
    with pytest.raises(UsageError, match=r"random:1\.\.5: 5 kits; name one of them, such as random:1"):
        run("show", "random:1..5")


def test_a_kit_is_the_same_in_every_process_and_order(toys: Path) -> None:
    words = ["random:5:from=one+other", "random:4:from=other+one", "morph:one+third:0.4"]
    here = {kit.name: kit.hash for kit in kits_named(words, [toys])}
    code = (
        "import sys; from pathlib import Path; from stemgmd_tools.kits.library import kits_named\n"
        "for kit in kits_named(sys.argv[2:], [Path(sys.argv[1])]): print(kit.name, kit.hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(toys), *reversed(words)], check=True, capture_output=True, text=True
    )
    assert dict(line.split() for line in done.stdout.splitlines()) == here


def test_a_made_kit_is_its_own_file(toys: Path, tmp_path: Path) -> None:
    for word in ("random:7:from=one+other:spread=1.5", "morph:one+other:0.25"):
        kit = load_kit(word, [toys])
        path = tmp_path / f"{kit.name}.yaml"
        write_map(kit.map, path)
        assert load_map(path) == kit.map
        assert load_kit_file(path).hash == kit.hash
        assert kit.path is None
        again = pickle.loads(pickle.dumps(kit))
        assert (again.map, again.hash) == (kit.map, kit.hash)


def test_make_writes_what_the_names_mean(toys: Path, tmp_path: Path) -> None:
    shown = run(
        "make",
        "--count",
        2,
        "--seed",
        11,
        "--from",
        "one,other",
        "--spread",
        0.8,
        "--out",
        tmp_path,
        "--kit-path",
        toys,
    ).output
    names = kit_names(["random:11..12:from=one+other:spread=0.8"], [toys])
    assert [line.split(": /")[0] for line in shown.splitlines()] == list(names)
    written = {path.read_text(encoding="utf-8") for path in tmp_path.glob("*.yaml")}
    assert written == {map_text(find_map(name, [toys])) for name in names}


def test_a_map_that_was_changed_by_hand_is_not_written_over(toys: Path, tmp_path: Path) -> None:
    make = ("make", "--from", "one,other", "--out", tmp_path, "--kit-path", toys)
    run(*make)
    (written,) = tmp_path.glob("*.yaml")
    content = written.read_bytes()
    run(*make)
    assert written.read_bytes() == content
    written.write_bytes(content + b"# mine\n")
    with pytest.raises(UsageError, match="is there already"):
        run(*make)
    with pytest.raises(UsageError, match="is there already"):
        run("morph", "one", "other", "0.3", "--out", written, "--kit-path", toys)
    assert written.read_bytes() == content + b"# mine\n"


def test_morph_writes_a_map_under_the_name_of_its_file(toys: Path, tmp_path: Path) -> None:
    run("morph", "one", "other", "0.3", "--out", tmp_path / "mine.yaml", "--kit-path", toys)
    written = load_map(tmp_path / "mine.yaml")
    assert written.articulations == find_map("morph:one+other:0.3", [toys]).articulations
    with pytest.raises(UsageError, match=r"followed by \.yaml"):
        run("morph", "one", "other", "0.3", "--out", tmp_path / "Mine.txt", "--kit-path", toys)


def test_show_tells_where_a_made_kit_comes_from(toys: Path) -> None:
    shown = run("show", "random:7:from=one+other", "--kit-path", toys).output
    assert "made as: random:7:from=one+other, from one, other" in shown
    assert "kick.tuning_semitones" in shown
    assert "stemgmd kits build random:7:from=one+other" in shown
    assert "split: none" in shown


def test_random_kits_come_from_training_donors_unless_told_otherwise() -> None:
    training = {donor.name for donor in donors(Role.TRAIN)}
    held_out = {recording.kit for name in HELD_OUT for recording in shipped(name).measured_on}
    for seed in SHIPPED_SEEDS:
        kit = drawn(seed)
        assert kit.origin is not None
        assert set(kit.origin.kits) <= training
        assert split_of(kit.name, kit.origin) == "train"
        assert kit.measured_on
        assert kit.room is not None
        assert len(map_text(kit).encode()) <= LARGEST_MAP_BYTES
        assert not {recording.kit for recording in kit.measured_on} & held_out


def test_a_made_kit_belongs_where_all_its_parents_do() -> None:
    def split(word: str) -> str:
        kit = load_kit(word)
        assert kit_split(kit) == split_of(kit.name, kit.map.origin)
        return kit_split(kit)

    assert split(f"morph:{TRAINING[0]}+{TRAINING[1]}:0.5") == "train"
    assert split(f"morph:{HELD_OUT[0]}+{HELD_OUT[1]}:0.5") == "heldout"
    assert split(f"random:1:from={'+'.join(HELD_OUT)}") == "heldout"
    assert split(f"morph:{TRAINING[0]}+{HELD_OUT[0]}:0.5") == ""
    assert split(f"morph:{TRAINING[0]}+{HELD_OUT[0]}:1") == "heldout"
    assert split(TRAINING[0]) == "train"
    validation = "+".join(donor.name for donor in donors(Role.VALIDATION))
    assert split(f"random:1:from={validation}") == ""


def test_parents_that_were_made_themselves_tell_of_their_own_parents(tmp_path: Path) -> None:
    write_map(drawn(1), tmp_path / "random_1.yaml")
    kit = load_kit(f"morph:random_1+{HELD_OUT[0]}:0.5", [tmp_path])
    assert kit.map.origin is not None
    assert split_of(kit.name, kit.map.origin) == ""
    again = load_kit(f"morph:random_1+{TRAINING[0]}:0.5", [tmp_path])
    assert split_of(again.name, again.map.origin) == kit_split(again) == "train"
    write_map(drawn(2), tmp_path / "random_2.yaml")
    assert kit_split(load_kit("morph:random_1+random_2:0.5", [tmp_path])) == "train"


def test_recordings_and_rights_of_all_parents_are_named(tmp_path: Path) -> None:
    write_map(toy_model("one", license="CC-BY-4.0"), tmp_path / "one.yaml")
    write_map(toy_model("other", license="CC0-1.0"), tmp_path / "other.yaml")
    kit = load_kit("morph:one+other:0.5", [tmp_path]).map
    assert (kit.license, kit.attribution) == ("CC-BY-4.0", "maker of one; maker of other")
    assert [recording.kit for recording in kit.measured_on] == ["one_recorded", "other_recorded"]
    alone = load_kit("morph:one+other:1", [tmp_path]).map
    assert (alone.license, alone.attribution) == ("CC0-1.0", "maker of other")
    assert [recording.kit for recording in alone.measured_on] == ["other_recorded"]


def test_makers_of_recordings_are_named_once(tmp_path: Path) -> None:
    recordings = [Recording(kit=kit, license="CC0-1.0", attribution=f"maker of {kit}") for kit in ("a", "b", "c")]
    for name, own in (("one", recordings[:2]), ("other", recordings[1:])):
        write_map(toy_model(name, measured_on=own, attribution=attribution_over(own)), tmp_path / f"{name}.yaml")
    write_map(toy_model("third", attribution="somebody else"), tmp_path / "third.yaml")
    fitted = load_kit("morph:one+other:0.5", [tmp_path]).map.attribution
    assert fitted == attribution_over(recordings)
    mixed = load_kit("morph:one+third:0.5", [tmp_path]).map.attribution
    assert [mixed.count(one) for one in ("maker of a", "maker of b", "somebody else")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("licenses", "strict"),
    [
        (["Apache-2.0", "CC0-1.0"], "Apache-2.0"),
        (["CC-BY-4.0", "Apache-2.0", "MIT"], "CC-BY-4.0"),
        (["CC-BY-SA-3.0", "CC-BY-4.0"], "CC-BY-SA-3.0"),
        (["LicenseRef-mine", "CC-BY-4.0"], "LicenseRef-mine"),
        (["MIT", "Apache-2.0"], "Apache-2.0 AND MIT"),
    ],
)
def test_the_strictest_licence_wins(licenses: list[str], strict: str) -> None:
    assert strictest(licenses) == strict


def test_thousands_of_kits_are_named_without_making_one(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise RuntimeError("a kit was made")

    monkeypatch.setattr(library, "generated_map", never)
    many = kits_named(["random:0..4999:from=one+other", "morph:one+other:0.3"], [toys])
    assert kit_split(load_kit("random:1")) == "train"
    assert len({kit.key for kit in many}) == len({kit.name for kit in many}) == 5001
    assert all(kit.is_generated and len(pickle.dumps(kit)) < 1000 for kit in many)
    with pytest.raises(RuntimeError, match="was made"):
        _ = many[0].map


def test_the_key_of_a_made_kit_is_that_of_all_it_is_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_toy_models(tmp_path)

    def key(word: str) -> str:
        return load_kit(word, [tmp_path]).key

    first = key("random:1:from=one+other")
    assert key("random:1:from=other+one:spread=1") == first
    words = ("random:2:from=one+other", "random:1:from=one+third", "random:1:from=one+other:spread=0.5")
    assert len({first, *map(key, words)}) == 4
    kit = load_kit("random:1:from=one+other", [tmp_path])
    monkeypatch.setattr(library, "SPACE_VERSION", library.SPACE_VERSION + 1)
    assert key("random:1:from=one+other") != first
    monkeypatch.undo()
    write_map(load_map(tmp_path / "one.yaml").model_copy(update={"gain_db": -3.0}), tmp_path / "one.yaml")
    assert key("random:1:from=one+other") != first
    with pytest.raises(KitError, match="maps of its parents have changed"):
        _ = kit.map


def test_another_way_of_making_kits_has_another_version(toys: Path) -> None:
    """What names stood for under a version stays in the row of that version: add one, never change one."""
    maps = [find_map(word, [toys]) for word in ("random:7:from=one+other+third:spread=1.5", "morph:one+other:0.3")]
    texts = [kit.model_dump_json(include={"articulations", "room"}, exclude_none=True) for kit in maps]
    digests = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    stood_for = {
        1: ["df248f552133ca13", "7c28a70d4a4ae8ad"],
        2: ["3a2ddebfd4639be0", "7c28a70d4a4ae8ad"],
        3: ["1674fc238bf270e1", "7c28a70d4a4ae8ad"],
        4: ["0539f7891eacb0fa", "7c28a70d4a4ae8ad"],
        5: ["35b6f65c52a21adf", "40617f447a02c65f"],
        6: ["24850248cb325b19", "40617f447a02c65f"],
        7: ["1dbaadca5f16a813", "40617f447a02c65f"],
    }
    assert stood_for[SPACE_VERSION] == digests
