"""Credits of a corpus, and the conditions of its licences."""

from __future__ import annotations

import pandas as pd
import pytest

from stemgmd_tools.corpus.folder.attribution import attribution_lines, attribution_text
from stemgmd_tools.kits.sample_map.licence import Condition, condition_of


def kits(**licences: str | None) -> pd.DataFrame:
    rows = [
        {"kit": kit, "license": name, "attribution": f"by {kit}", "source_url": None} for kit, name in licences.items()
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("license_name", "condition"),
    [
        ("CC0-1.0", Condition.ATTRIBUTION),
        ("CC-BY-4.0", Condition.ATTRIBUTION),
        ("Apache-2.0", Condition.ATTRIBUTION),
        ("CC-BY-SA-3.0", Condition.SHARE_ALIKE),
        ("CC-BY-NC-SA-4.0", Condition.NON_COMMERCIAL),
        ("GPL-2.0-only", Condition.COPYLEFT),
        ("LicenseRef-unknown", Condition.UNKNOWN),
        ("", Condition.UNKNOWN),
    ],
)
def test_conditions(license_name: str, condition: Condition) -> None:
    assert condition_of(license_name) is condition


def test_one_share_alike_kit_binds_the_corpus() -> None:
    text = "\n".join(attribution_lines(kits(free="CC0-1.0", shared="CC-BY-SA-4.0"), "gmd"))
    assert "Groove MIDI Dataset by Google LLC, CC BY 4.0" in text
    assert "| free | CC0-1.0 | by free |" in text
    assert "share-alike: what contains their sound is passed on under the same licence: shared (CC-BY-SA-4.0)." in text
    assert "The whole corpus is bound" in text
    assert "shared" not in "\n".join(attribution_lines(kits(free="CC0-1.0"), "gmd"))


def test_free_kits_and_unknown_licences() -> None:
    assert "No kit asks for more than attribution" in attribution_text(kits(free="CC0-1.0"), "folder")
    assert "MIDI files of a folder" in attribution_text(kits(free="CC0-1.0"), "folder")
    assert "unknown licence: ask before anything is published: odd (no licence)." in attribution_text(
        kits(odd=None), "starter"
    )
