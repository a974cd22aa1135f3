"""Generate the Markdown reference of the figures from their table."""

from __future__ import annotations

from stemgmd_tools.kits.generate.draw import EVENED, MOST_GRAIN, PITCH_HZ, RETUNED, SCATTER, TAILS
from stemgmd_tools.kits.generate.figures import FIGURES, Figure


def reference() -> str:
    """Return the table of all figures."""
    rows = [f"| `{name}` | {_drawn(name, figure)} | {figure.meaning} |" for name, figure in FIGURES.items()]
    return "\n".join(["| figure | drawn with | what it is |", "|---|---|---|", *rows])


def _drawn(name: str, figure: Figure) -> str:
    if name.endswith(".scatter"):
        return f"{SCATTER:g}"
    if name.endswith(".evenness"):
        return f"0; in one kit of {1 / EVENED:.0f} 0 to {figure.limit:g}"
    if name.endswith(".grain"):
        return f"0 to {MOST_GRAIN:g}"
    if name.endswith(".tuning_semitones"):
        low_hz, high_hz = PITCH_HZ[name.partition(".")[0]]
        return f"sd {figure.spread:g}; in one kit of {1 / RETUNED:.0f} any pitch of {low_hz:g} to {high_hz:g} Hz"
    wider = f"; in one kit of {1 / TAILS:.0f} {figure.tail * figure.spread:g}" if figure.tail != 1.0 else ""
    return f"sd {figure.spread:g}{wider}"
