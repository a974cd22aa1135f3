"""What a run of the torture benchmark found, kept so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.results import machine

KINDS = ("kills", "inputs")


class Line(NamedTuple):
    """What there is to tell of a command or a loader."""

    kind: str
    """``kills`` or ``inputs``."""
    name: str
    trials: int
    findings: dict[str, list[int]]
    """What was found -> the numbers of the trials."""


class Tally:
    """Trials and findings by command and loader, on disk after every batch.

    :param path: JSON file; read if it is there.
    :param seed: of the draws; a file of another seed is not gone on with.
    :raises SystemExit: for a file of another seed.
    """

    def __init__(self, path: Path, seed: int) -> None:
        """Read what there is."""
        self._path = path
        self._content: dict[str, Any] = {"machine": machine(), "seed": seed, "parts": {}}
        if path.is_file():
            self._content = json.loads(path.read_text(encoding="utf-8"))
            if self._content["seed"] != seed:
                raise SystemExit(f"{path}: is of seed {self._content['seed']}; give that one, or another --out")

    def trials(self, name: str) -> int:
        """Return how many trials there were."""
        return int(self._content["parts"].get(name, {}).get("trials", 0))

    def count(self, name: str, trials: int, kind: str = "inputs") -> None:
        """Add trials."""
        self._part(name, kind)["trials"] += trials

    def find(self, name: str, fault: str, number: int, kind: str = "inputs") -> bool:
        """Add a finding; return whether it is the first of its kind."""
        numbers = self._part(name, kind)["findings"].setdefault(fault, [])
        numbers.append(number)
        return len(numbers) == 1

    def save(self) -> None:
        """Write the file."""
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(self._path)

    def lines(self) -> Iterator[Line]:
        """Yield what there is to tell, kills first."""
        yield from lines_of(self._content)

    def _part(self, name: str, kind: str) -> dict[str, Any]:
        part: dict[str, Any] = self._content["parts"].setdefault(name, {"kind": kind, "trials": 0, "findings": {}})
        return part


def lines_of(content: dict[str, Any]) -> Iterator[Line]:
    """Yield what a file tells, kills first."""
    for kind in KINDS:
        for name, part in content["parts"].items():
            if part["kind"] == kind:
                yield Line(kind, name, part["trials"], part["findings"])
