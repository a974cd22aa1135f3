"""Generate the Markdown reference of the figures from their table."""

from __future__ import annotations

from stemgmd_tools.kits.generate.draw import MOST_GRAIN, SCATTER
from stemgmd_tools.kits.generate.figures import FIGURES, Figure


def reference() -> str:
    """Return the table of all figures."""
    rows = [f"| `{name}` | {_drawn(name, figure)} | {figure.meaning} |" for name, figure in FIGURES.items()]
    return "\n".join(["| figure | drawn with | what it is |", "|---|---|---|", *rows])


def _drawn(name: str, figure: Figure) -> str:
    if name.endswith(".scatter"):
        return f"{SCATTER:g}"
    return f"0 to {MOST_GRAIN:g}" if name.endswith(".grain") else f"sd {figure.spread:g}"
