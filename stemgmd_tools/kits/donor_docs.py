"""Generate the Markdown table of the donors."""

from __future__ import annotations

from collections.abc import Iterator

from stemgmd_tools.kits.donors import Donor, DonorEntry, Role, donor_table, donors
from stemgmd_tools.kits.generate.parents import voice_of
from stemgmd_tools.kits.voices.loudness import pitch_hz
from stemgmd_tools.markdown import markdown_table


def table() -> str:
    """Return the table of all recordings: role, maker, licence, and what their donors give."""
    fitted = {donor.name: donor for role in Role for donor in donors(role)}
    header = ("recording", "role", "maker", "licence", "gives", "kick, Hz", "why this role")
    return markdown_table(header, [tuple(_row(entry, fitted.get(entry.name))) for entry in donor_table()])


def _row(entry: DonorEntry, donor: Donor | None) -> Iterator[str]:
    yield f"`{entry.recording}`"
    yield entry.role
    yield entry.maker
    yield entry.license or (donor.map.measured_on[0].license if donor else "")
    yield ", ".join(donor.instruments) if donor else "-"
    yield _kick_hz(donor) if donor else "-"
    yield entry.why


def _kick_hz(donor: Donor) -> str:
    if "kick" not in donor.instruments:
        return "-"
    pitch = pitch_hz(voice_of(donor.map.articulations["kick"]))
    return "?" if pitch is None else f"{pitch:.0f}"
