"""The reference weights beside what was published of LarsNet (arXiv 2312.09663), for ``docs/baseline.md``."""

from __future__ import annotations

from typing import Final

from benchmarks.baseline.results import RESULTS, Result
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.separation.evaluation.table import KitSet

HELD_OUT: Final = KitSet.HELDOUT.value
WEIGHTS: Final = "larsnet-s"
ORACLE: Final = "psm-2048-512"
"""Masks in 0..1 that know the true stems."""

ABSOLUTE: Final = {
    "pooled over clips": ("Overview", "nSDR pooled, dB", "17.70"),
    "mean over stems": ("Overview", "nSDR stem mean, dB", "13.72"),
    "kick": ("nSDR by stem, dB", "kick", "27.19"),
    "snare": ("nSDR by stem, dB", "snare", "21.77"),
    "toms": ("nSDR by stem, dB", "toms", "9.10"),
    "hi-hat": ("nSDR by stem, dB", "hihat", "6.43"),
    "cymbals": ("nSDR by stem, dB", "cymbals", "4.09"),
    "absent stems": ("Absent stems and silence", "nSDR, dB", "-0.84"),
}
"""Of each figure the section, the column, and what LarsNet's authors published."""

ABOVE: Final = {"above NMFD, pooled": "nmfd", "above semi-adaptive NMF, pooled": "sanmf"}
"""Of each figure the method."""
PUBLISHED_ABOVE: Final = "6.73 or 10.46"
"""Above 10.97 and 7.24 dB: sources disagree which of both is NMFD and which semi-adaptive NMF."""


def markdown() -> str:
    """Return the table, or that a part of it was not measured yet."""
    paths = [RESULTS / f"{name}.json" for name in ("session", "methods", "test")]
    if not all(path.is_file() for path in paths):
        return "Not measured yet."
    whole, short, more = (Result.load(path) for path in paths)
    columns = [(whole, WEIGHTS), (short, WEIGHTS), (short, ORACLE), (more, WEIGHTS)]
    header = (
        "nSDR, dB",
        "LarsNet, published, on StemGMD",
        f"`{WEIGHTS}`, whole clips",
        f"`{WEIGHTS}`, first 30 s",
        f"oracle `{ORACLE}`, first 30 s",
        f"`{WEIGHTS}`, all of split test, first 30 s",
    )
    rows = [
        (name, published, *(result.cell(section, column, (method, HELD_OUT)) for result, method in columns))
        for name, (section, column, published) in ABSOLUTE.items()
    ]
    above = f"nSDR of {WEIGHTS} above others, dB"
    rows += [
        (name, PUBLISHED_ABOVE, "", short.cell(above, "pooled", (method, HELD_OUT)), "", "")
        for name, method in ABOVE.items()
    ]
    return markdown_table(header, rows)
