"""What a run found: rows with the figure each has to reach, peers, and the machine they were measured on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "soundfile", "symusic", "tinysoundfont", "pretty_midi", "mido", "pyfluidsynth")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure."""

    what: str
    figure: float | None
    """None when it could not be measured; ``note`` says why."""
    unit: str = ""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the figure is where it should be; None without a figure or without a reach."""
        if self.figure is None or (self.at_least is None and self.at_most is None):
            return None
        above = self.at_least is None or self.figure >= self.at_least
        below = self.at_most is None or self.figure <= self.at_most
        return above and below


@dataclass(frozen=True, slots=True)
class Results:
    """One run."""

    machine: dict[str, str]
    material: str
    """What was rendered."""
    rows: list[Row]

    def save(self, path: Path) -> None:
        """Write the run as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def of(cls, content: dict[str, Any]) -> Results:
        """Return the run that :meth:`save` wrote."""
        return cls(content["machine"], content["material"], [Row(**row) for row in content["rows"]])


def machine() -> dict[str, str]:
    """Describe the machine without naming it: processor, cores, memory, libraries."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": platform.system(),
        "Python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    try:
        match = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        match = None
    return match[1].strip() if match else platform.processor() or platform.machine()
