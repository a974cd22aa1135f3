"""The program as a whole: what it says when it cannot do what is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEAN = """
import sys
from importlib.abc import MetaPathFinder

class NoTorch(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
from stemgmd_tools.cli.main import run
sys.argv = ["stemgmd", *sys.argv[1:]]
run()
"""


def said(program: str, *words: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("baseline-train", "--steps", "1"),
        ("separate", "song.wav"),
        ("evaluate", "--method", "mixture", "--virtual", "groove"),
        ("baseline-export", "--out", "drums.onnx"),
        ("baseline-join", "best.safetensors", "--out", "joined.safetensors"),
    ],
)
def test_without_torch_a_command_says_what_to_install(words: tuple[str, ...], tmp_path) -> None:
    code, output = said(LEAN, *words)
    assert code == 2
    assert "pip install 'stemgmd-tools[baseline" in output
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("separate", "--bogus"), "stemgmd: No such option"),
        (("rendr",), "stemgmd: No such command 'rendr'. Did you mean 'render'?"),
        (("kits", "shw"), "Did you mean 'show'?"),
        (("xyzzy",), "stemgmd: No such command 'xyzzy'."),
        (("kits", "show", "cedar_hal"), 'no kit "cedar_hal" (did you mean "cedar_hall"?)'),
        (("evaluate", "--jobs", "0"), "0 is not in the range x>=1. (see stemgmd evaluate --help)"),
    ],
)
def test_wrong_words_are_one_line(words: tuple[str, ...], wanted: str) -> None:
    code, output = said(LEAN, *words)
    assert code == 2
    assert output.count("\n") == 1
    assert wanted in output
