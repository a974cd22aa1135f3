"""Imports and installations where the system refuses, another process is at work, or Ctrl-C comes."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_server import Behaviour, serving
from toy_kits import tone, write_sound

from stemgmd_tools.kits.library import load_kit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAMES = {"kick": 36, "snare": 38, "closed": 42, "open": 46}
PATIENCE_S = 120.0
INSTALL = """
import sys
from pathlib import Path
from stemgmd_tools import data
catalogue, shipped = Path(sys.argv.pop(1)), data.shipped
data.shipped = lambda name: catalogue if name == "sample_maps" else shipped(name)
from stemgmd_tools.cli import main
main.run()
"""
"""The program with another catalogue."""
MOST_BYTES = 40_000
"""Less than a sound of the library has."""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return the folder of a library; beside it lies the catalogue that holds it."""
    folder = tmp_path / "library"
    for number, name in enumerate(NAMES):
        write_sound(folder / f"{name}.wav", tone(hertz=200.0 + 50 * number, seconds=0.6))
    (folder / "kit.sfz").write_text("\n".join(f"<region> sample={name}.wav key={key}" for name, key in NAMES.items()))
    about = {
        "schema": "stemgmd-recorded/1",
        "name": "tiny",
        "title": "Tiny",
        "description": "For tests.",
        "license": "CC0-1.0",
        "license_checked": ["here", "there"],
        "attribution": "A. Drummer",
        "homepage": "https://example.org/tiny",
        "verified": True,
        "source": {"github": "some/drums", "commit": COMMIT},
        "definition": "kit.sfz",
    }
    catalogue = tmp_path / "catalogue" / "recorded"
    catalogue.mkdir(parents=True)
    (catalogue / "tiny.yaml").write_text(json.dumps(about))
    rows = ["path,bytes,sha256,subset"]
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        rows.append(f"{path.name},{len(content)},{hashlib.sha256(content).hexdigest()},light")
    (catalogue / "tiny.csv").write_text("\n".join(rows) + "\n")
    return folder


def start(library: Path, *words: object, before: str = "") -> subprocess.Popen[str]:
    """Start a command on kits, with a catalogue and a folder of kits of its own."""
    program = [sys.executable, "-c", INSTALL, str(library.parent / "catalogue"), "kits", *map(str, words)]
    environment = {**os.environ, "STEMGMD_DATA": str(library.parent / "data"), "no_proxy": "*"}
    return subprocess.Popen(
        ["/bin/sh", "-c", f'{before} exec "$@"', "sh", *program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code and the last line of standard error."""
    _, err = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    return process.returncode, (err.splitlines() or [""])[-1]


def require_whole(library: Path) -> None:
    """Check that the kit is there, and nothing temporary."""
    assert load_kit("tiny", (library.parent / "data" / "kits",)).title
    left = [path.name for path in (library.parent / "data").rglob("*") if ".part" in path.name or ".work" in path.name]
    assert left == []


def test_a_limit_of_file_sizes_is_named_and_nothing_is_left_half_done(library: Path) -> None:
    words = ("import", library / "kit.sfz", "--name", "tiny", "--copy")
    blocks = MOST_BYTES // 512
    code, line = ended(start(library, *words, before=f"ulimit -f {blocks};"))
    assert code == 1
    assert "is larger than a file may be here; raise the limit (ulimit -f)" in line
    assert not (library.parent / "data" / "kits" / "tiny.yaml").exists()
    code, line = ended(start(library, *words))
    assert code == 0, line
    require_whole(library)


@pytest.fixture
def disk(library: Path) -> Iterator[Path]:
    """Return a file system of 100 kB in the place of kits, or skip."""
    place = library.parent / "data"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_and_a_read_only_disk_are_named(library: Path, disk: Path) -> None:
    words = ("install", "tiny", "--from", library)

    def mount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)

    code, line = ended(start(library, *words))
    assert code == 1
    assert line.endswith("the disk is full; make room and run the same command again")
    mount("ro")
    code, line = ended(start(library, *words))
    assert code == 1
    assert "(the file system is read-only); choose another folder" in line
    mount("rw,size=4m")
    code, line = ended(start(library, *words))
    assert code == 0, line
    require_whole(library)


def served(library: Path) -> dict[str, bytes]:
    return {f"/some/drums/{COMMIT}/{path.name}": path.read_bytes() for path in library.iterdir()}


def wait_for(behaviour: Behaviour) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not behaviour.starts and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)


def test_ctrl_c_ends_a_download_from_a_server_that_says_nothing_and_another_run_completes_it(library: Path) -> None:
    behaviour = Behaviour(files=served(library), stall_after=20_000, ranges=True)
    with serving(behaviour) as url:
        process = start(library, "install", "tiny", "--mirror", url.rpartition("/")[0])
        wait_for(behaviour)
        second = start(library, "install", "tiny", "--mirror", url.rpartition("/")[0])
        code, line = ended(second)
        assert (code, "another process is installing kits; wait for it" in line) == (1, True), line
        process.send_signal(signal.SIGINT)
        code, line = ended(process)
    assert (code, line) == (130, "stemgmd: interrupted; run the same command again to continue")
    with serving(Behaviour(files=served(library), ranges=True)) as url:
        code, line = ended(start(library, "install", "tiny", "--mirror", url.rpartition("/")[0]))
    assert code == 0, line
    require_whole(library)


def test_two_imports_of_one_name_at_once_leave_one_whole_kit(library: Path) -> None:
    both = [start(library, "import", library / "kit.sfz", "--name", "tiny", "--copy", "--replace") for _ in range(2)]
    for code, line in map(ended, both):
        assert code == 0 or "another run is writing it" in line, line
    require_whole(library)
