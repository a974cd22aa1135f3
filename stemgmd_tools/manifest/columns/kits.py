"""Columns of ``kits``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, TypeAlias

from stemgmd_tools.kits.library import shipped_splits, split_of
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest.columns import common
from stemgmd_tools.manifest.columns.common import hash_column, kit_key, one_line
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Known, Written

_Known: TypeAlias = Known[Kit]


def kit_split(kit: Kit) -> str:
    """Return the split of a kit; a generated kit is not generated for this if all its sources are in one split."""
    split_by_name = shipped_splits()
    splits = {split_by_name.get(name, "") for name in kit.parents}
    if len(splits) == 1 and "" not in splits:  # the sources of a kit without a split may have one
        return splits.pop()
    return split_of(kit.name, kit.map.origin)


def _figures(kit: Kit) -> str | None:
    origin = kit.map.origin
    return None if origin is None else json.dumps(origin.figures, separators=(",", ":"), sort_keys=True)


def _text(name: str, description: str, function: Callable[[Kit], object]) -> Column:
    return Column(name, Dtype.TEXT, description, nullable=True, value=Known(lambda kit: one_line(function(kit))))


COLUMNS: Final = Columns(
    "kits",
    (
        kit_key(_Known(lambda kit: kit.name)),
        common.kit_split(_Known(lambda kit: kit_split(kit) or None)),
        _text("title", "name for people", lambda kit: kit.title),
        _text("description", "how it sounds", lambda kit: kit.map.description),
        _text("license", "SPDX identifier of the licence of its sounds", lambda kit: kit.license),
        _text("attribution", "who made it", lambda kit: kit.attribution),
        _text("source_url", "where it comes from", lambda kit: kit.map.source_url),
        _text(
            "measured_on",
            "recorded kits that a model's figures were measured on, separated by spaces; missing if none",
            lambda kit: " ".join(recording.kit for recording in kit.map.measured_on),
        ),
        _text(
            "origin",
            "name that generates the kit, as `random:7`, for a kit made from others; else missing",
            lambda kit: kit.map.origin and kit.map.origin.name,
        ),
        _text(
            "parents",
            "kits it was made from, separated by spaces",
            lambda kit: kit.map.origin and " ".join(kit.map.origin.kits),
        ),
        _text(
            "figures",
            "every figure drawn or given for the kit, a JSON object of numbers; read it with `Corpus.figures`",
            _figures,
        ),
        common.kit_hash(_Known(lambda kit: kit.key)),
        hash_column("bank_sha256", "PCM of the bank that the audio was made from", Written[str](lambda bank: bank)),
    ),
)
