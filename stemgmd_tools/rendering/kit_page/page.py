"""Put the page of a kit together: description, sounds, groove and findings as JSON in an HTML document."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.html import script_page
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.checks.run import check_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.outline import kind
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.kit_page.articulations import VELOCITIES, described_articulations
from stemgmd_tools.rendering.kit_page.excerpts import Excerpts
from stemgmd_tools.rendering.kit_page.groove import rendered_groove
from stemgmd_tools.storage.files import remove_abandoned, write_bytes
from stemgmd_tools.version import __version__

SUFFIXES: Final = (".html", ".htm")
_SCRIPTS: Final = ("dom", "audio", "spectrogram", "sounds", "groove", "charts", "about", "main")
"""Script files, in the order in which they are joined."""


def write_kit_page(kit: Kit, path: Path) -> None:
    """Write the page of a kit, one HTML file that needs no network. The kit is compiled if it is not yet.

    :param path: ends in .html; an existing file is replaced.
    :raises UsageError: if the suffix is another.
    :raises StemgmdError: if the kit cannot be used or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: the page is HTML; end its name in .html")
    remove_abandoned(path)
    write_bytes(path, kit_page(kit))


def kit_page(kit: Kit) -> bytes:
    """Return the page of a kit as UTF-8.

    :raises StemgmdError: if the kit cannot be used.
    """
    return script_page(
        asset("page.html"),
        title=kit.title,
        style=asset("page.css"),
        data=_content(kit),
        scripts=[asset(f"{name}.js") for name in _SCRIPTS],
    )


def asset(name: str) -> str:
    """Return the text of a file of the page, which the page of a corpus uses too."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _content(kit: Kit) -> dict[str, Any]:
    """Return everything that the page shows."""
    bank = open_bank(kit)
    excerpts = Excerpts(bank)
    articulations = described_articulations(bank, kit.map, excerpts)
    return {
        "kit": _description(kit),
        "version": __version__,
        "sample_rate": bank.sample_rate,
        "velocities": VELOCITIES,
        "pieces": [piece.value for piece in PIECES],
        "articulations": articulations,
        "sounds": excerpts.encoded(),
        "groove": rendered_groove(bank),
        "check": _findings(kit),
        "warnings": bank.warnings,
    }


def _description(kit: Kit) -> dict[str, Any]:
    kit_map = kit.map
    return {
        "name": kit.name,
        "title": kit_map.title,
        "kind": kind(kit_map),
        "description": kit_map.description,
        "license": kit_map.license,
        "attribution": kit_map.attribution,
        "source_url": kit_map.source_url,
        "measured_on": [
            {"kit": one.kit, "license": one.license, "attribution": one.attribution, "source_url": one.source_url}
            for one in kit_map.measured_on
        ],
    }


def _findings(kit: Kit) -> dict[str, Any] | None:
    """Return what the rules find in the recordings; None for a kit without recordings."""
    if kit.folder is None:
        return None
    result = check_kit(kit)
    return {
        "takes": result.takes,
        "findings": [
            {"severity": rule.severity.value, "rule": rule.name, "place": finding.place, "message": finding.message}
            for rule, finding in result.findings
        ],
    }
