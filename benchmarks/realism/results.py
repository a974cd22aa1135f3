"""What a run found: sections of rows with the figure each has to reach, their intervals, and tables of details."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results import Row

RESULTS = Path(__file__).parents[1] / "realism.json"


class Skipped(Exception):  # noqa: N818 - not a failure: the run goes on with the other sections
    """A section that cannot be measured here; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """Details under a section."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of proof."""

    title: str
    text: str
    """What was measured and how: a paragraph of Markdown."""
    rows: list[Row]
    tables: list[Table] = field(default_factory=list)
    seconds: float = 0.0
    """How long it took."""

    @classmethod
    def of(cls, content: dict[str, Any]) -> Section:
        """Return the section that :meth:`Results.save` wrote."""
        rows = [Row(**row) for row in content["rows"]]
        tables = [
            Table(table["title"], tuple(table["header"]), [tuple(row) for row in table["rows"]])
            for table in content["tables"]
        ]
        return cls(content["title"], content["text"], rows, tables, content["seconds"])


@dataclass(frozen=True, slots=True)
class Results:
    """All sections by name."""

    machine: dict[str, str]
    sections: dict[str, Section]

    def save(self, path: Path) -> None:
        """Write as JSON, sections in the order of their names in this object."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what :meth:`save` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        sections = {name: Section.of(section) for name, section in content["sections"].items()}
        return cls(content["machine"], sections)
