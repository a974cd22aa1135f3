"""A distribution made on the fly that adds one module through an entry point, as a user's own package would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class ToyPackage(NamedTuple):
    """An installed distribution."""

    folder: Path

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``stemgmd`` with the package on the path."""
        return self.python("-m", "stemgmd_tools.cli.main", *command, check=check)

    def python(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Python with the package on the path, in the checkout."""
        checkout = Path(__file__).parents[2]
        path = os.pathsep.join([str(self.folder), str(checkout), os.environ.get("PYTHONPATH", "")])
        result = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
            cwd=checkout,
        )
        assert not check or result.returncode == 0, result.stderr
        return result


def install(folder: Path, group: str, source: str, name: str = "toy_module") -> ToyPackage:
    """Install a distribution with one module, declared as entry point of ``group``.

    :param group: the package that is extended, such as ``stemgmd_tools.separation.models``.
    :param source: text of the module.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
    return ToyPackage(folder)
