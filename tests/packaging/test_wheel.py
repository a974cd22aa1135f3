"""The built wheel carries its data and renders in an empty folder, with nothing of the checkout in reach."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_carries_sample_maps_manifests_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "stemgmd_tools/py.typed" in names
    for folder in ("sample_maps", "manifests"):
        shipped = {path for path in (ROOT / folder).rglob("*") if path.is_file()}
        packed = {name for name in names if name.startswith(f"stemgmd_tools/_data/{folder}/")}
        assert packed == {f"stemgmd_tools/_data/{path.relative_to(ROOT).as_posix()}" for path in shipped}


def test_the_wheel_carries_the_ready_chains(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    chains = {path.relative_to(ROOT).as_posix() for path in (ROOT / "stemgmd_tools/augment/chain/chains").iterdir()}
    assert len(chains) >= 6
    assert chains <= names


def test_the_wheel_carries_the_style_and_the_scripts_of_kit_pages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "stemgmd_tools/rendering/kit_page/assets"
    assets = {path.relative_to(ROOT).as_posix() for path in folder.iterdir()}
    assert {Path(asset).suffix for asset in assets} == {".html", ".css", ".js"}
    assert assets <= names


def test_the_wheel_carries_the_reference_weights_and_their_card(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = "stemgmd_tools/separation/weights/reference"
    assert {f"{folder}/larsnet-s.safetensors", f"{folder}/larsnet-s.md"} <= names


@pytest.mark.slow
def test_an_installed_wheel_renders_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel, cwd=empty)
    # -P keeps the current folder out, PYTHONPATH puts the wheel's package before an editable one.
    python = (sys.executable, "-P", "-c")
    isolated = {"PYTHONPATH": str(site)}
    where = _run(*python, "import stemgmd_tools; print(stemgmd_tools.__file__)", cwd=empty, **isolated)
    assert Path(where.strip()).is_relative_to(site)
    program = "import sys; from stemgmd_tools.cli.main import run; sys.argv[0] = 'stemgmd'; run()"
    kits = _run(*python, program, "kits", "list", cwd=empty, **isolated)
    assert kits.strip()
    _run(*python, program, "render", "--kits", KIT, "--limit", "1", "--out", "corpus", cwd=empty, **isolated)
    _run(*python, program, "verify", "corpus", cwd=empty, **isolated)
    assert len(list((empty / "corpus" / "audio").rglob("*.flac"))) == STEMS_AND_MIXTURE


KIT = "cedar_hall"
STEMS_AND_MIXTURE = 10
