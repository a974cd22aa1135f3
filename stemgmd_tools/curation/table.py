"""Columns of the manifest ``curation``: one row per clip and rule."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import Severity
from stemgmd_tools.manifest.schema import Column, Dtype, Table

CURATION_TABLE: Final = Table(
    "curation",
    "The verdict of every rule on every clip: one row per clip and rule.",
    (
        Column("clip", Dtype.TEXT, "`<kit>/<performance>`, or the path of a song"),
        Column("rule", Dtype.TEXT, "name of the rule"),
        Column("performance", Dtype.TEXT, "performance, or the path of a song"),
        Column("kit", Dtype.TEXT, "kit; missing for corpora without kits", nullable=True),
        Column("severity", Dtype.TEXT, "`ok` if the rule is not violated", allowed=tuple(Severity)),
        Column("value", Dtype.REAL, "what was measured, at the worst place", nullable=True),
        Column("threshold", Dtype.REAL, "limit of the value", nullable=True),
        Column("unit", Dtype.TEXT, "unit of value and threshold"),
        Column("where", Dtype.TEXT, "stem or other place of the value", nullable=True),
        Column("message", Dtype.TEXT, "what is wrong; missing if nothing is", nullable=True),
    ),
    key=("clip", "rule"),
)
