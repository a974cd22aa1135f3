"""The notebooks run from top to bottom, on kits of tones, which compile in moments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tone_kits import tone_kits

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def code_of(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@pytest.mark.slow
def test_the_notebook_goes_from_a_corpus_to_a_separated_loop(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    kits = [str(kit) for kit in tone_kits(tmp_path)[:2]]
    code = code_of(EXAMPLES / "corpus_to_separated_loop.ipynb")
    shown = 'KITS = ["cedar_hall", "birch_room"]'
    assert shown in code
    done = subprocess.run(
        [sys.executable, "-c", code.replace(shown, f"KITS = {kits!r}")],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    corpus, batch, losses, *stems = done.stdout.splitlines()
    assert corpus.startswith("7 performances, ")
    assert batch == "torch.Size([8, 5, 2, 44100])"
    first, last = (float(part.split()[-1]) for part in losses.split(","))
    assert last < first
    assert [line.partition(":")[0] for line in stems] == ["kick", "snare", "toms", "hihat", "cymbals"]


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)
