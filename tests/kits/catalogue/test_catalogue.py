"""The catalogue that ships, and what an entry may say."""

from __future__ import annotations

import zipfile
from pathlib import Path

import jsonschema
import pytest

from stemgmd_tools import data
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.catalogue.choice import catalogue_kits
from stemgmd_tools.kits.catalogue.loader import json_schema, load_entry, read_table
from stemgmd_tools.kits.catalogue.unpack import in_folder, unpack
from stemgmd_tools.kits.sample_map.licence import is_permissive
from stemgmd_tools.strict_yaml.parse import parse_yaml

LIGHT_BYTES = 62_000_000
"""60 MB of sounds, and the definitions."""
ENTRIES = data.shipped("sample_maps") / "recorded"
HYDROGEN = {"Audiophob", "ColomboAcousticDrumkit", "GMRockKit", "Millo-Drums_v.1", "Millo_MultiLayered2"}
HYDROGEN |= {"Millo_MultiLayered3", "The Black Pearl 1.0", "rumpf_kit_z01_h2"}
"""The only kits of Debian's Hydrogen packages that may be used; the others are kept for judging."""


def test_what_ships() -> None:
    kits = catalogue_kits(["recorded"])
    assert len(kits) >= 25
    assert sum(kit.entry.verified for kit in kits) >= 20
    for kit in kits:
        light = kit.download_bytes("light")
        assert not kit.entry.verified or light is not None
        assert kit.entry.source.archive is not None or (light is not None and light <= LIGHT_BYTES)
        if "hydrogen" in (kit.entry.source.archive or ""):
            assert (kit.entry.source.folder or "").rpartition("/")[2] in HYDROGEN
    permissive = catalogue_kits(["permissive"])
    assert 5 <= len(permissive) < len(kits)
    assert all(is_permissive(kit.entry.license) for kit in permissive)


def test_names_and_patterns() -> None:
    names = [kit.name for kit in catalogue_kits(["avl_red*,sams_sonor", "sams_sonor"])]
    assert names == ["avl_red_zeppelin", "avl_red_zeppelin_4pc", "sams_sonor"]
    with pytest.raises(UsageError, match=r'no kit "sams_sonr" can be installed \(did you mean "sams_sonor"'):
        catalogue_kits(["sams_sonr"])


def test_the_json_schema_accepts_what_ships() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(ENTRIES.glob("*.yaml")):
        assert not list(validator.iter_errors(parse_yaml(path).data)), path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "titel:", r"sams_sonor\.yaml:3: titel: unknown key"),
        ("verified: true", "verified: maybe", "verified"),
        ("definition: SamsSonor.sfz", "definition: ../x.sfz", "must be a path inside the folder"),
        ("- README.md in the repository\n", "", "needs a `license_doubt`"),
        ("name: sams_sonor", "name: other", 'it must be the file\'s name, "sams_sonor"'),
        ("  commit: ef", "  commit: zz", "commit"),
        ("  github: sfzinstruments/SamsSonor\n", "", "give `github` and `commit`, or `archive`"),
    ],
)
def test_a_faulty_entry_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (ENTRIES / "sams_sonor.yaml").read_text()
    assert old in text
    (tmp_path / "sams_sonor.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(KitError, match=message):
        load_entry(tmp_path / "sams_sonor.yaml")


@pytest.mark.parametrize("row", ["../a,1,{0},full", "a,-1,{0},full", "a,1,abc,full", "a,1,{0},some", "b,1,{0},full"])
def test_a_faulty_table_names_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"path,bytes,sha256,subset\nb,1,{'0' * 64},light\n{row.format('0' * 64)}\n")
    with pytest.raises(KitError, match=r"a\.csv:3: found"):
        read_table(path)
    path.write_text("path,bytes\n")
    with pytest.raises(KitError, match=r"a\.csv:1: must be path,bytes,sha256,subset"):
        read_table(path)


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    archive, target = tmp_path / "a.zip", tmp_path / "deep" / "target"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in ("top/../../evil.wav", "/evil.wav", "top/good.wav", "top/a/../../../evil.wav"):
            opened.writestr(name, b"x")
    assert unpack(archive, target, in_folder("top", first_level=False)) == 1
    assert [path.name for path in tmp_path.rglob("*.wav")] == ["good.wav"]


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_damaged_archive_is_one_line(tmp_path: Path, share: float) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("top/a.wav", bytes(range(256)) * 100)
    content = bytearray(archive.read_bytes())
    content[int(len(content) * share / 2)] ^= 0xFF
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(KitError, match=r"a\.zip: damaged archive"):
        unpack(archive, tmp_path / "target", in_folder(None, first_level=False))
