"""Write the result of a curation: manifest, list of clips to keep, report."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from stemgmd_tools.curation.base import Preset, Severity
from stemgmd_tools.curation.run import Curation, rules
from stemgmd_tools.curation.table import CURATION_TABLE
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.runtime.quantities import counted, duration_text
from stemgmd_tools.storage.files import write_bytes

REPORT: Final = "report.md"
_MOST_SHOWN: Final = 50
"""Violations that the report lists; the manifest has all."""


def keep_bytes(result: Curation) -> bytes:
    """Return the list of the clips to keep as CSV: performance and kit; an empty kit stands for all."""
    text, dropped = io.StringIO(), result.dropped
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("performance", "kit"))
    writer.writerows((clip.performance, clip.kit or "") for clip in result.clips if clip.name not in dropped)
    return text.getvalue().encode()


def write_results(out: Path, result: Curation, preset: Preset, keep: Path) -> None:
    """Write ``curation.parquet``, ``curation.csv`` and ``report.md`` to a folder, and the list of clips to keep.

    :raises StemgmdError: if a file cannot be written.
    """
    write_manifest(out, CURATION_TABLE, result.table)
    write_bytes(keep, keep_bytes(result))
    write_bytes(out / REPORT, _report(result, preset).encode())


def _report(result: Curation, preset: Preset) -> str:
    table = result.table
    counts = [
        (
            f"`{rule.name}`",
            rule.description,
            *(
                str(int(((table["rule"] == rule.name) & (table["severity"] == severity.value)).sum()))
                for severity in (Severity.ERROR, Severity.WARNING, Severity.ADVICE)
            ),
        )
        for rule in rules()
    ]
    worst = table[table["severity"] != Severity.OK.value]
    worst = worst.assign(rank=[list(Severity).index(Severity(one)) for one in worst["severity"]])
    worst = worst.sort_values(["rank", "rule", "clip"]).head(_MOST_SHOWN)
    rows = [
        (str(row["severity"]), f"`{row['rule']}`", str(row["clip"]), _text(row["where"]), _text(row["message"]))
        for row in worst.to_dict("records")
    ]
    retained = len(result.clips) - len(result.dropped)
    return (
        "# Curation\n\n"
        f"{counted(len(result.clips), 'clip')}, {duration_text(result.duration_s)}, preset `{preset.value}`; "
        f"{counted(retained, 'clip')} to keep.\n\n"
        + markdown_table(("rule", "what is a fault", "errors", "warnings", "advice"), counts)
        + "\n\n## Violations\n\n"
        + (markdown_table(("severity", "rule", "clip", "where", "message"), rows) if rows else "None.")
        + "\n"
    )


def _text(value: object) -> str:
    return value.replace("|", "\\|") if isinstance(value, str) else ""
