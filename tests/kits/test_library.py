"""Finding kits, hashing them, and what is said when something is not there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from toy_kits import layers, map_data, tone, toy_kit, write_map, write_sound

from stemgmd_tools import data
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits import library
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.sample_map.kit import load_kit_file


@pytest.fixture(autouse=True)
def _no_kit_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEMGMD_KITS", raising=False)


def test_a_map_beside_its_samples(tmp_path: Path) -> None:
    kit = library.load_kit(str(toy_kit(tmp_path)))
    assert (kit.name, kit.title, kit.license, kit.attribution) == ("toy", "Toy", "CC0-1.0", "nobody")
    assert kit.folder == tmp_path


def test_a_users_map_and_folder_on_the_kit_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_kit(tmp_path / "sounds" / "toybox").unlink()
    write_map(tmp_path / "maps", map_data({"kick": layers("soft.wav")}, folder="toybox"))
    monkeypatch.setenv("STEMGMD_KITS", os.pathsep.join([str(tmp_path / "maps"), str(tmp_path / "sounds")]))
    kit = library.load_kit("toy")
    assert kit.folder == tmp_path / "sounds" / "toybox"
    assert library.kits_named(["toy,toy"])[0].hash == kit.hash


def test_the_folder_itself_may_be_on_the_kit_path(tmp_path: Path) -> None:
    toy_kit(tmp_path / "toybox").unlink()
    path = write_map(tmp_path / "maps", map_data({"kick": layers("soft.wav")}, folder="toybox"))
    assert load_kit_file(path, [tmp_path / "toybox"]).folder == tmp_path / "toybox"


def test_samples_that_are_not_there(tmp_path: Path) -> None:
    write_map(
        tmp_path, map_data({"kick": layers("soft.wav")}, folder="away", source_url="https://github.com/a/b"), "toy"
    )
    with pytest.raises(KitError, match=r"no folder away/.*STEMGMD_KITS.*https://github"):
        library.load_kit("toy", [tmp_path])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = toy_kit(tmp_path)
    (tmp_path / "loud.wav").unlink()
    with pytest.raises(
        KitError, match=r"toy\.yaml:\d+: articulations\.kick\.layers\[1\]\.files\[0\]: no file .*loud\.wav"
    ):
        load_kit_file(path)


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'no kit "cedar_hal" \(did you mean "cedar_hall"\?\); known kits'):
        library.kit_names(["cedar_hal"])
    with pytest.raises(UsageError, match="kit salamander is not installed; run: stemgmd kits install salamander"):
        library.kit_names(["salamander"])
    with pytest.raises(UsageError, match="no kit is named"):
        library.kit_names([" , "])
    with pytest.raises(UsageError, match="no such folder"):
        library.search_path([tmp_path / "none"])


def test_two_maps_of_one_name(tmp_path: Path) -> None:
    write_map(tmp_path, map_data({"kick": layers("a.wav")}), "cedar_hall")
    with pytest.raises(KitError, match="cedar_hall is also in"):
        library.known_maps([tmp_path])


def test_maps_may_be_links_and_hidden_files_are_none(tmp_path: Path) -> None:
    own = toy_kit(tmp_path / "elsewhere" / "own")
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / own.name).symlink_to(own)
    (folder / f"._{own.name}").write_bytes(b"left by a Mac")
    (tmp_path / "link").symlink_to("maps")
    added = library.known_maps([tmp_path / "link"]).keys() - library.known_maps().keys()
    assert added == {own.stem}


def test_groups_are_the_rows_of_the_kit_table() -> None:
    rows = kit_table()
    names = [row.name for row in rows]
    shipped = {path.stem for path in (data.shipped("sample_maps") / "modelled").glob("*.yaml")}
    assert set(names) == shipped
    assert len(names) == len(set(names)) == 10
    assert list(library.kit_names(["all"])) == names
    train, heldout = library.kit_names(["train"]), library.kit_names(["heldout"])
    assert (len(train), len(heldout)) == (6, 4)
    assert set(train) | set(heldout) == set(names)
    assert library.kit_names(["test"]) == heldout
    assert library.kit_names([f"heldout,{train[0]}", "train"]) == (*heldout, train[0], *train[1:])
    assert {library.split_of(name) for name in train} == {"train"}
    assert library.split_of("salamander") == ""


def test_the_hash_is_that_of_the_sound(tmp_path: Path) -> None:
    path = toy_kit(tmp_path)
    first = load_kit_file(path).hash

    text = path.read_text()
    path.write_text("# a comment\n" + text.replace('"Toy"', "Another title").replace("127", "0x7f"))
    assert load_kit_file(path).hash == first

    write_map(tmp_path, map_data({"kick": layers("soft.wav", "loud.wav")}, gain_db=0))
    assert load_kit_file(path).hash == first

    write_map(tmp_path, map_data({"kick": layers("soft.wav", "loud.wav")}, gain_db=1))
    assert load_kit_file(path).hash != first

    path.write_text(text)
    write_sound(tmp_path / "soft.wav", tone(peak=0.1) + np.float64(2.0**-20))
    assert load_kit_file(path).hash != first


def test_every_shipped_map_has_a_licence_and_no_audio() -> None:
    folder = data.shipped("sample_maps")
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".yaml", ".json", ".md", ".csv"}


@pytest.fixture
def imported_kits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of imported kits with a permissive and a share-alike kit, and one whose samples are gone."""
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path))
    kits = tmp_path / "kits"
    for name, licence in (("free_one", "CC0-1.0"), ("shared_one", "CC-BY-SA-4.0"), ("gone_one", "MIT")):
        write_sound(kits / name / "a.wav", tone())
        write_map(kits, map_data({"kick": layers("a.wav")}, name=name, license=licence, folder=name), name)
    shutil.rmtree(kits / "gone_one")
    return kits


def test_groups_of_recorded_kits(imported_kits: Path) -> None:
    folders = library.search_path()
    assert library.kit_names(["imported"], folders) == ("free_one", "gone_one", "shared_one")
    assert library.kit_names(["recorded"], folders) == ("free_one", "shared_one")
    assert library.kit_names(["permissive"], folders) == ("free_one",)
    assert library.kit_names(["*_one,cedar*"], folders) == ("free_one", "gone_one", "shared_one", "cedar_hall")
    assert "gone_one" not in library.kit_names(["all"], folders)


def test_a_group_or_pattern_of_one_kit_names_it(imported_kits: Path) -> None:
    assert library.load_kit("free_*").name == library.load_kit("permissive").name == "free_one"
    assert library.find_map("free_*", library.search_path()).name == "free_one"
    with pytest.raises(UsageError, match=r"\*_one: stands for 3 kits; name one of them, such as free_one"):
        library.load_kit("*_one")
    with pytest.raises(UsageError, match="heldout: stands for 4 kits"):
        library.load_kit("heldout")


def test_an_empty_group_or_pattern_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path))
    with pytest.raises(UsageError, match="permissive: no such kit is there; see `stemgmd kits list`"):
        library.kit_names(["permissive"])
    with pytest.raises(UsageError, match=r"zz\*: matches no kit"):
        library.kit_names(["zz*"])
