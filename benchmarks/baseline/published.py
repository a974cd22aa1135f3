"""The reference weights beside what was published of LarsNet, for ``docs/baseline.md``."""

from __future__ import annotations

from typing import Final

from benchmarks.baseline.results import RESULTS, Result

HELD_OUT: Final = "heldout"
WEIGHTS: Final = "larsnet-s"
BOUND: Final = "psm-2048-512"
"""The best masks in 0..1, by the window that reaches most."""

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

ABOVE: Final = {"above NMFD, pooled": ("nmfd", "6.73"), "above semi-adaptive NMF, pooled": ("sanmf", "10.46")}
"""Of each figure the method, and how far LarsNet was published to be above it."""


def markdown() -> str:
    """Return the table, or that a part of it was not measured yet."""
    paths = [RESULTS / "session.json", RESULTS / "methods.json"]
    if not all(path.is_file() for path in paths):
        return "Not measured yet."
    whole, short = (Result.load(path) for path in paths)
    header = (
        "nSDR, dB",
        "LarsNet, published, on StemGMD",
        f"`{WEIGHTS}`, whole clips",
        f"`{WEIGHTS}`, first 30 s",
        "best masks in 0..1, first 30 s",
    )
    rows = [
        (name, told, *(found.cell(section, column, (method, HELD_OUT)) for found, method in _columns(whole, short)))
        for name, (section, column, told) in ABSOLUTE.items()
    ]
    above = f"nSDR of {WEIGHTS} above others, dB"
    rows += [
        (name, told, "", short.cell(above, "pooled", (method, HELD_OUT)), "") for name, (method, told) in ABOVE.items()
    ]
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _columns(whole: Result, short: Result) -> list[tuple[Result, str]]:
    return [(whole, WEIGHTS), (short, WEIGHTS), (short, BOUND)]
