"""Generate the Markdown table of the catalogue and the reference of its format."""

from __future__ import annotations

from collections.abc import Iterator

from stemgmd_tools.kits.catalogue.choice import catalogue_kits
from stemgmd_tools.kits.catalogue.loader import CatalogueKit, json_schema
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.runtime.quantities import size_text
from stemgmd_tools.strict_yaml.docs import schema_reference


def table() -> str:
    """Return the table of all entries, and the doubts about their licences."""
    kits = catalogue_kits(["recorded"])
    header = ("kit", "title", "licence", "download", "light", "layers", "microphones", "verified")
    doubts = [f"- `{kit.name}`: {kit.entry.license_doubt}." for kit in kits if kit.entry.license_doubt]
    return "\n".join(
        [markdown_table(header, [tuple(_row(kit)) for kit in kits]), "", "Doubts about licences:", "", *doubts]
    )


def _row(kit: CatalogueKit) -> Iterator[str]:
    entry = kit.entry
    yield f"`{kit.name}`"
    yield f"[{entry.title}]({entry.homepage})"
    yield entry.license
    full, light = kit.download_bytes("full"), kit.download_bytes("light")
    yield "?" if full is None else size_text(full)
    yield size_text(light) if light is not None and kit.has_light else ""
    yield from (str(number or "") for number in (entry.layers, entry.microphones))
    yield "yes" if entry.verified else "no"


def format_reference() -> str:
    """Return the reference of an entry's keys."""
    return schema_reference(json_schema(), "Entry")
