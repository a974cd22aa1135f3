"""The documents say what is true: generated parts are current, commands parse, Python runs, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tone_kits import tone_kits

from stemgmd_tools.cli.main import stemgmd

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks" / "results").glob("*.md")),
]
MOST_LINES = 200
"""Of a page of the documentation."""
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _commands() -> list[str]:
    options = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        lines = [line for block in _blocks(text, "sh") + _blocks(text, "bash") for line in block.splitlines()]
        options += [part for line in lines for part in re.findall(r"(?:^|&& )(stemgmd .*?)(?= &&|\s+#|$)", line)]
    return options


def test_generated_parts_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_pages_are_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) < MOST_LINES, "move a section to a page of its own"


def test_the_quick_start_is_two_commands() -> None:
    quick = README.split("## Quick start")[1].split("\n## ")[0]
    install, test = _blocks(quick, "sh")
    assert install.count("\n") == test.count("\n") == 1
    assert '".[all]"' in install
    assert "stemgmd render --kits all" in install
    assert test.rstrip().endswith("pytest -n auto")


def test_the_documents_show_commands() -> None:
    assert {command.split()[1] for command in _commands()} >= {"render", "fetch", "kits"}


@pytest.mark.parametrize("text", _commands())
def test_commands_in_the_documents_exist_with_their_options(text: str) -> None:
    command: click.Command = stemgmd
    _, *words = shlex.split(text)
    names = ["stemgmd"]
    while isinstance(command, click.Group):
        names.append(words.pop(0))
        child = command.get_command(click.Context(command), names[-1])
        assert child is not None, f"{text}: no command {' '.join(names)}"
        command = child
    command.make_context(" ".join(names), words, resilient_parsing=True)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word.partition("=")[0] for word in words if word.startswith("-")} - known
    assert not unknown, f"{text}: unknown options {unknown}"


def _run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::UserWarning", "-c", code],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("code", _blocks(README, "python"))
def test_python_in_the_readme_runs(code: str, tmp_path: Path) -> None:
    _run(code, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["augmentation.md", "virtual-corpus.md"])
def test_python_about_corpora_runs(name: str, tmp_path: Path) -> None:
    """On kits of tones, with smaller numbers: what is shown builds six banks and augments minutes of sound."""
    pytest.importorskip("torch")
    kits = tone_kits(tmp_path)
    line = ["render", *(word for kit in kits for word in ("--kits", kit)), "--id", "drummer11/session1/*", "--quiet"]
    rendered = CliRunner().invoke(
        stemgmd, [*line, "--out", str(tmp_path / "corpus"), "--jobs", "1", "--no-single-hits"]
    )
    assert rendered.exit_code == 0, rendered.output
    code = "\n".join(_blocks((ROOT / "docs" / name).read_text(encoding="utf-8"), "python"))
    smaller = {
        '"train",': f"{list(kits)!r},",
        "cedar_hall": Path(kits[0]).stem,
        "522_585": "22_050",
        "size=24": "size=2",
    }
    for shown, small in smaller.items():
        code = code.replace(shown, small)
    printed = _run(code, tmp_path)
    assert ("[2, 5, 2, 22050]" if name == "augmentation.md" else "(2, 2, 22050)") in printed


def test_the_way_from_a_manifest_to_a_batch_is_short() -> None:
    text = (ROOT / "docs" / "augmentation.md").read_text(encoding="utf-8")
    shown = next(block for block in _blocks(text, "python") if ".augmented(" in block)
    assert len([line for line in shown.splitlines() if line]) < 15


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", document.read_text(encoding="utf-8"))
    missing = []
    for name, anchor in links:
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            missing.append(f"{name}#{anchor}")
    assert not missing


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
