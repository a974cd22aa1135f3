"""Generate the tables of ``docs/donors.md``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from stemgmd_tools.kits.donors import Donor, DonorEntry, Role, donor_table, donors
from stemgmd_tools.markdown import markdown_table
from tools.donor_gate import Row, read_rows


def table() -> str:
    """Return the table of all recordings: role, maker, licence, and what their donors give."""
    fitted = {donor.name: donor for role in Role for donor in donors(role)}
    header = (
        "recording",
        "role",
        "maker",
        "licence",
        "gives",
        "kick's strongest partial, Hz",
        "hats: shut, open",
        "why this role",
    )
    figures = {(row.recording, row.articulation): row for row in read_rows()}
    return markdown_table(header, [tuple(_row(entry, fitted.get(entry.name), figures)) for entry in donor_table()])


def _row(entry: DonorEntry, donor: Donor | None, figures: dict[tuple[str, str], Row]) -> Iterator[str]:
    yield f"`{entry.recording}`"
    yield entry.role
    yield entry.maker
    yield entry.license or (donor.map.measured_on[0].license if donor else "")
    yield ", ".join(donor.instruments) if donor else "-" if entry.role is Role.UNTOUCHED else "refused"
    kick = figures.get((entry.recording, "kick"))
    yield f"{float(kick.pitch_hz):.0f}" if kick and donor and "kick" in donor.instruments else "-"
    hats = [figures.get((entry.recording, f"hihat_{state}_bow")) for state in ("closed", "open")]
    yield "; ".join(_hat(hat) for hat in hats if hat) if donor and "hihat" in donor.instruments else "-"
    yield entry.why


def _hat(row: Row) -> str:
    return f"{float(row.ring_s):.2f} s, {float(row.centroid_hz) / 1000:.1f} kHz"


def left_out() -> str:
    """Return the table of what is left out of donors, and why."""
    rows = [row for row in read_rows() if row.left_out]
    grouped = [
        (f"`{recording}`", reason, ", ".join(row.articulation for row in group))
        for (recording, reason), group in groupby(rows, key=lambda row: (row.recording, row.left_out))
    ]
    return markdown_table(("recording", "reason", "left out"), grouped)
