"""Imports and installations that are killed before any of their changes to the disk."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from toy_kits import tone, write_sound

PROGRAM = """
import os, shutil, sys
from dataclasses import replace
from pathlib import Path
from kill_points import killed_everywhere
from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.catalogue.install import install, is_installed
from stemgmd_tools.kits.catalogue.loader import load_entry
from stemgmd_tools.kits.catalogue.origin import Origin
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import import_kit
from stemgmd_tools.kits.library import known_maps, load_kit, search_path

root = Path(sys.argv[1])
library = root / "drums" / "kit.sfz"
place = root / "data"
os.environ["STEMGMD_DATA"] = str(place)
options = ImportOptions(copy=True, replace=True, overrides={}, metadata={"title": "new"})


def old():
    shutil.rmtree(place, ignore_errors=True)
    if case == "replaced":
        import_kit(library, data.kits_dir() / "tiny.yaml", replace(options, metadata={"title": "old"}))


def work():
    if case == "installed":
        list(install([load_entry(root / "files" / "tiny.yaml")], origin=Origin(folder=root)))
    elif case == "unpacked":
        list(install([load_entry(root / "archive" / "tiny.yaml")], origin=Origin(folder=root / "archive")))
    else:
        import_kit(library, data.kits_dir() / "tiny.yaml", options)


def check_killed():
    if data.kits_dir().is_dir() and "tiny" in known_maps(search_path()):
        kit = load_kit("tiny")  # what is listed can be used, all of it
        assert kit.title == "new" or (case == "replaced" and kit.title == "old")
    if is_installed("tiny"):
        load_kit("tiny")


def check_done():
    assert load_kit("tiny").title == "new"
    left = [path.relative_to(place).as_posix() for path in place.rglob("*")]
    assert not [name for name in left if ".part" in name or ".work" in name or ".archives" in name], left
    expected = {path.name for path in (root / "drums").rglob("*.wav")}
    assert {path.name for path in place.rglob("*.wav")} == expected


checks = {"check_killed": check_killed, "check_done": check_done}
for case, step in (("new", 4), ("replaced", 1), ("installed", 5), ("unpacked", 5)):
    print(case, killed_everywhere(work, place, prepare=old, step=step, **checks))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a library, its entry in a catalogue, and an archive of it."""
    drums = tmp_path / "drums"
    names = {"kick": 36, "snare": 38, "closed": 42, "open": 46}
    for number, name in enumerate(names):
        write_sound(drums / f"{name}.wav", tone(hertz=200.0 + 50 * number, seconds=0.1))
    (drums / "kit.sfz").write_text("\n".join(f"<region> sample={name}.wav key={key}" for name, key in names.items()))
    files = sorted(drums.iterdir())
    (tmp_path / "archive").mkdir()
    archive = tmp_path / "archive" / "tiny.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in files:
            opened.write(path, f"drums/{path.name}")
    return tmp_path


def write_entry(root: Path, folder: str, source: dict[str, object]) -> None:
    """Write an entry of the catalogue and its table."""
    about = {
        "schema": "stemgmd-recorded/1",
        "name": "tiny",
        "title": "new",
        "description": "For tests.",
        "license": "CC0-1.0",
        "license_checked": ["here", "there"],
        "attribution": "A. Drummer",
        "homepage": "https://example.org/tiny",
        "verified": True,
        "source": source,
        "definition": "kit.sfz",
    }
    (root / folder).mkdir(exist_ok=True)
    (root / folder / "tiny.yaml").write_text(json.dumps(about))
    rows = ["path,bytes,sha256,subset"]
    for path in sorted((root / "drums").iterdir()):
        content = path.read_bytes()
        rows.append(f"{path.name},{len(content)},{hashlib.sha256(content).hexdigest()},light")
    (root / folder / "tiny.csv").write_text("\n".join(rows) + "\n")


def test_what_is_killed_anywhere_leaves_no_half_kit_and_is_completed(root: Path) -> None:
    content = (root / "archive" / "tiny.zip").read_bytes()
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "folder": "drums"}
    write_entry(root, "files", {"github": "some/drums", "commit": "0" * 40, "folder": "drums"})
    write_entry(root, "archive", {"archive": "https://example.org/tiny.zip", **about})
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "helpers"), "STEMGMD_FSYNC": "0"}
    words = [sys.executable, "-c", PROGRAM, str(root)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr[-3000:]
    kills = dict(line.split() for line in done.stdout.splitlines())
    assert set(kills) == {"new", "replaced", "installed", "unpacked"}
    assert min(map(int, kills.values())) >= 5
