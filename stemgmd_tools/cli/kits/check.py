"""``stemgmd kits check``: look for faults in kits."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stemgmd_tools.cli.kits.table import table
from stemgmd_tools.cli.support.options import jobs_option, kit_path_option
from stemgmd_tools.cli.support.paths import LocalName
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.kits.checks.run import CheckResult


@click.command()
@click.argument("names", nargs=-1, required=True, type=LocalName())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each kit, on a line of its own.")
@click.option("--levels", "with_levels", is_flag=True, help="Also list the level of every velocity layer.")
@jobs_option
@kit_path_option
def check(
    names: tuple[str, ...], as_json: bool, with_levels: bool, jobs: int | None, kit_path: tuple[Path, ...]
) -> None:
    """Check the recordings of kits. NAMES are as for `render --kits`.

    Prints a line for each fault: severity, rule, place, and what was measured. The exit code is 1 if there is an error.

    With --levels, and with --json, also the level of each velocity layer as recorded, and what the velocity curve of
    the bank adds to it.
    """
    from stemgmd_tools.kits.checks.base import Severity
    from stemgmd_tools.kits.checks.run import check_named
    from stemgmd_tools.kits.library import kit_names, search_path
    from stemgmd_tools.runtime.progress import counter_on
    from stemgmd_tools.runtime.workers import cpu_count

    failed = False
    folders = search_path(kit_path)
    for name in kit_names(names, folders):
        with counter_on(sys.stderr) as progress:
            result = check_named(name, folders, progress, jobs=jobs or cpu_count())
        lines = _lines(result) + (_levels(result) if with_levels else [])
        click.echo(json.dumps(_plain(result)) if as_json else "\n".join(lines))
        failed = failed or result.count(Severity.ERROR) > 0
    if failed:
        sys.exit(1)


def _lines(result: CheckResult) -> list[str]:
    from stemgmd_tools.kits.checks.base import Severity

    counts = ", ".join(
        counted(result.count(severity), severity.value, "advice" if severity is Severity.ADVICE else "")
        for severity in Severity
    )
    lines = [f"{result.kit}: {counted(result.takes, 'take')}; {counts}"]
    return lines + [
        f"  {rule.severity.value}: {rule.name}: {finding.place}: {finding.message}" for rule, finding in result.findings
    ]


def _levels(result: CheckResult) -> list[str]:
    rows = [
        (
            level.articulation,
            "" if level.openness is None else f"{level.openness:g}",
            str(level.layer),
            str(level.velocity),
            f"{level.level_db:.1f}",
            f"{level.added_db:+.1f}",
        )
        for level in result.levels
    ]
    return ["", *table(("articulation", "openness", "layer", "at velocity", "level (dB)", "added (dB)"), rows)]


def _plain(result: CheckResult) -> dict[str, Any]:
    return {
        "kit": result.kit,
        "takes": result.takes,
        "findings": [
            {
                "severity": rule.severity.value,
                "rule": rule.name,
                "place": finding.place,
                "message": finding.message,
                "value": finding.value,
            }
            for rule, finding in result.findings
        ],
        "layers": [asdict(level) for level in result.levels],
    }
