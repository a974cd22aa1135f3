"""A lean install in an environment of its own: every command works, or names the extra that it needs in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from toy_kits import toy_kit

from stemgmd_tools.cli.main import stemgmd

ROOT = Path(__file__).resolve().parents[2]
TRACEBACK = "Traceback (most recent call last)"
NEEDS = re.compile(r"stemgmd: .*pip install 'stemgmd-tools\[([a-z,]+)\]'")
NO_INDEX = re.compile(r"No matching distribution|NewConnectionError|Could not fetch URL|Read timed out|ProxyError")
SKIPPED_WITHOUT_INDEX = "pip reaches no package index"

TYPED: dict[str, tuple[str, str]] = {
    "render": ("--kits kit/toy.yaml --limit 1 --jobs 1 --out corpus", ""),
    "augment": ("corpus --chain none --out augmented", "augment"),
    "baseline-train": ("--steps 1 --out run", "baseline"),
    "baseline-export": ("--out network.onnx", "baseline,onnx"),
    "baseline-join": ("some.safetensors --out joined.safetensors", "baseline"),
    "separate": ("kit/loud.wav", "baseline"),
    "evaluate": ("corpus --method mixture", "baseline"),
    "verify": ("corpus --jobs 1", ""),
    "info": ("corpus", ""),
    "curate": ("corpus --jobs 1 --out curated", ""),
    "explore": ("corpus --static 1 --out explore.html", ""),
    "export huggingface": ("corpus --out hub", ""),
    "export jams": ("corpus --out jams", ""),
    "export midi": ("corpus --out midi", ""),
    "export onsets": ("corpus --out annotations", ""),
    "export stemgmd": ("corpus --out original --jobs 1", ""),
    "export webdataset": ("corpus --out shards", ""),
    "plot": ("drummer12/session1/4 --kit kit/toy.yaml", "plot"),
    "merge": ("merged corpus --jobs 1", ""),
    "fetch gmd": ("--to groove --url ftp://nowhere", "an error"),
    "kits build": ("kit/toy.yaml --jobs 1", ""),
    "kits remix": ("kit/toy.yaml --mics room=-6 --name roomy", "an error"),
    "kits check": ("kit/toy.yaml", ""),
    "kits fit": ("kit/toy.yaml --no-report --out fitted.yaml", "an error"),
    "kits install": ("sams_sonor --from nowhere", "an error"),
    "kits list": ("", ""),
    "kits make": ("--out made", ""),
    "kits morph": ("cedar_hall birch_room 0.5 --out between.yaml", ""),
    "kits import": ("kit --name imported", "an error"),
    "kits page": ("kit/toy.yaml --out page.html", ""),
    "kits schema": ("", ""),
    "kits show": ("cedar_hall", ""),
}
"""What is typed after each command, and the extra that it needs: none, or for what cannot work here one line."""
VARIANTS = (
    ("augment corpus --out augmented", "augment"),
    ("augment corpus --chain none --dry-run", "augment"),
    ("augment corpus --chain none --preview 1 --out page", "augment"),
    ("augment corpus --replay rows.csv --out again", "augment"),
    ("augment --kits kit/toy.yaml --chain larsnet --out augmented", "augment"),
    ("baseline-train --ablate chain --dry-run", "baseline"),
    ("evaluate --virtual nothing --weights kit/loud.wav", "baseline"),
    ("kits show cedar_hall --plot picture.png", "plot"),
    ("render --kits kit/toy.yaml --limit 1 --scheduler tcp://127.0.0.1:9 --out other", "dask"),
    ("separate - --out -", "baseline"),
)
"""Options that lead elsewhere."""


def leaves(command: click.Command, name: str = "") -> Iterator[str]:
    """Yield the names of all commands that are no groups."""
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        subcommand = command.get_command(context, word)
        assert subcommand is not None
        yield from leaves(subcommand, f"{name} {word}".strip())


def test_every_command_is_typed() -> None:
    assert set(leaves(stemgmd)) == set(TYPED)


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program of a lean install: the wheel and what it depends on, no extras."""
    folder = tmp_path_factory.mktemp("lean")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode and NO_INDEX.search(done.stdout + done.stderr):
        pytest.skip(SKIPPED_WITHOUT_INDEX)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "stemgmd"


@pytest.fixture(scope="module")
def folder(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a kit and a corpus of it."""
    folder = tmp_path_factory.mktemp("empty")
    toy_kit(folder / "kit")
    (folder / "some.safetensors").write_bytes(b"")
    done = typed(program, f"render {TYPED['render'][0]}", folder)
    assert done.returncode == 0, done.stderr
    return folder


def typed(program: Path, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type a command."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "STEMGMD_GMD"}}
    command = [str(program), *line.split()]
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "extra"), [*((f"{name} {rest}", extra) for name, (rest, extra) in TYPED.items()), *VARIANTS]
)
def test_it_works_or_names_the_extra(program: Path, folder: Path, line: str, extra: str) -> None:
    done = typed(program, line, folder)
    assert TRACEBACK not in done.stdout + done.stderr
    if not extra:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode
    last = done.stderr.splitlines()[-1]
    assert last.startswith("stemgmd: ")
    named = NEEDS.match(last)
    assert (named[1] if named else "an error") == extra, last


@pytest.mark.slow
@pytest.mark.parametrize("group", ["", "kits", "fetch"])
def test_groups_show_what_there_is(program: Path, folder: Path, group: str) -> None:
    for line in (group, f"{group} --help"):
        done = typed(program, line, folder)
        assert "Commands:\n" in done.stdout + done.stderr
        assert TRACEBACK not in done.stderr


@pytest.mark.slow
def test_every_command_has_help(program: Path, folder: Path) -> None:
    for name in TYPED:
        done = typed(program, f"{name} --help", folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Usage: stemgmd {name}")
