"""The core runs without torch, pedalboard and the other extras; imports point down only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IMPORT_ALL = """
import importlib, pkgutil, sys

class Refuse:
    banned = {"torch", "pedalboard", "dask", "distributed", "matplotlib", "symusic", "tinysoundfont"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.banned:
            raise ModuleNotFoundError(f"{name} is out of reach", name=name)

sys.meta_path.insert(0, Refuse())
import stemgmd_tools
names, refused = [], []
for module in pkgutil.walk_packages(stemgmd_tools.__path__, "stemgmd_tools."):
    names.append(module.name)
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        refused.append(module.name)
print(len(names), *refused)
"""

WITH_TORCH = tuple(
    f"stemgmd_tools.{name}"
    for name in ("augment.audio.", "augment.corpus.", "augment.dataset", "devices", "separation.")
)
"""What cannot be imported without the extra ``augment`` or ``baseline``, and nothing else."""

LIGHT_COMMAND = """
import sys
from stemgmd_tools.cli.main import stemgmd
stemgmd.main(["--version"], standalone_mode=False)
print(sorted({"pandas", "scipy", "pyarrow", "pretty_midi", "soundfile", "torch"} & set(sys.modules)))
"""


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_imports_without_the_extras() -> None:
    modules, *refused = _python(IMPORT_ALL).split()
    assert int(modules) == len(list((ROOT / "stemgmd_tools").rglob("*.py"))) - 1  # the package itself
    assert [name for name in refused if not name.startswith(WITH_TORCH)] == []


def test_the_command_alone_imports_nothing_heavy() -> None:
    assert _python(LIGHT_COMMAND).splitlines()[-1] == "[]"


def test_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


COMMAND_WITHOUT_EXTRAS = """
import sys

class Refuse:
    banned = {"dask", "distributed", "matplotlib"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.banned:
            raise ModuleNotFoundError(f"{name} is out of reach", name=name)

sys.meta_path.insert(0, Refuse())
from stemgmd_tools.cli.main import run
sys.argv = ["stemgmd", *sys.argv[1:]]
run()
"""


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("kits", "show", "cedar_hall", "--plot", "picture.png"), "plot"),
        (("render", "--kits", "cedar_hall", "--limit", "1", "--scheduler", "tcp://127.0.0.1:1"), "dask"),
    ],
)
def test_a_command_says_in_one_line_which_extra_is_missing(words: tuple[str, ...], extra: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMAND_WITHOUT_EXTRAS, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"pip install 'stemgmd-tools[{extra}]'" in done.stderr.splitlines()[-1]
