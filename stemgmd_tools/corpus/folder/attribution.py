"""Say whom a corpus must credit, and under which conditions it may be passed on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from stemgmd_tools.kits.sample_map.licence import Condition, condition_of
from stemgmd_tools.markdown import markdown_table

ATTRIBUTION_FILE: Final = "ATTRIBUTION.md"
"""File at the top of a corpus."""
_PERFORMANCES: Final = {
    "gmd": "Performances: the Groove MIDI Dataset by Google LLC, CC BY 4.0, "
    "https://magenta.tensorflow.org/datasets/groove (Gillick et al., Learning to Groove with Inverse Sequence "
    "Transformations, ICML 2019).",
    "starter": "Performances: the starter set of stemgmd-tools, Apache-2.0.",
}
_OWN: Final = "Performances: MIDI files of a folder, under their own licence."
_MEANING: Final = {
    Condition.SHARE_ALIKE: "share-alike: what contains their sound is passed on under the same licence",
    Condition.COPYLEFT: "copyleft: what contains their sound is passed on under the same licence",
    Condition.NON_COMMERCIAL: "for non-commercial use only",
    Condition.UNKNOWN: "under an unknown licence: ask before anything is published",
}


def attribution_lines(kits: pd.DataFrame, source: str) -> list[str]:
    """Return the credits of a corpus and the conditions of its licences as lines of Markdown.

    :param kits: the manifest ``kits``.
    :param source: collection of the performances, as in the corpus's identity.
    """
    columns = kits[["kit", "license", "attribution", "source_url"]].astype(object).fillna("")
    rows = [tuple(str(cell).replace("|", "/") for cell in row) for row in columns.to_numpy().tolist()]
    table = markdown_table(("kit", "licence", "attribution", "source"), rows)
    return [_PERFORMANCES.get(source, _OWN), "", *table.splitlines(), "", *_conditions(kits)]


def attribution_text(kits: pd.DataFrame, source: str) -> str:
    """Return the content of :data:`ATTRIBUTION_FILE`."""
    return "\n".join(["# Attribution", "", *attribution_lines(kits, source)]) + "\n"


def _conditions(kits: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each condition, with the kits that it comes from."""
    by_condition: dict[Condition, list[str]] = {}
    for kit, license_name in zip(kits["kit"], kits["license"].fillna(""), strict=True):
        by_condition.setdefault(condition_of(license_name), []).append(f"{kit} ({license_name or 'no licence'})")
    strict = [condition for condition in _MEANING if condition in by_condition]
    for condition in strict:
        yield f"These kits are {_MEANING[condition]}: {', '.join(by_condition[condition])}."
    if not strict:
        yield "No kit asks for more than attribution or a notice."
    elif len(by_condition) > 1:
        yield "The whole corpus is bound by these conditions; leave these kits out of one that is to be free of them."
