"""The tables of the torture benchmark, for a terminal and for ``docs/robustness.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.torture.results import Line, lines_of
from stemgmd_tools.markdown import markdown_table

_HEADS = {"kills": ("command", "kills", "findings"), "inputs": ("loader", "damaged inputs", "findings")}


def text(lines: Sequence[Line]) -> str:
    """Return totals and findings for a terminal."""
    rows = [f"{line.kind:7} {line.name:32} {line.trials:7,}  {_summary(line)}" for line in lines]
    totals = [f"{kind}: {trials:,} trials, {findings:,} findings" for kind, trials, findings in _totals(lines)]
    return "\n".join([*rows, *totals])


def markdown(content: dict[str, Any]) -> str:
    """Return the tables, with what they were measured on."""
    lines = list(lines_of(content))
    named = content["machine"]
    about = f"{named['processor']}, {named['cores']} cores, Python {named['Python']}, seed {content['seed']}"
    totals = "; ".join(f"{trials:,} {kind}, {findings:,} findings" for kind, trials, findings in _totals(lines))
    tables = [
        markdown_table(head, [(line.name, f"{line.trials:,}", _summary(line)) for line in lines if line.kind == kind])
        for kind, head in _HEADS.items()
    ]
    return "\n\n".join([f"{about}: {totals}.", *tables])


def _summary(line: Line) -> str:
    return "; ".join(f"{fault} ({len(numbers)})" for fault, numbers in line.findings.items()) or "none"


def _totals(lines: Sequence[Line]) -> list[tuple[str, int, int]]:
    """Return trials and kinds of findings, of kills and of inputs."""
    totals = []
    for kind in _HEADS:
        own = [line for line in lines if line.kind == kind]
        totals.append((kind, sum(line.trials for line in own), sum(len(line.findings) for line in own)))
    return totals
