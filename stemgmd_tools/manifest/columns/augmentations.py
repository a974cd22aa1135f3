"""Columns of ``augmentations``; :mod:`stemgmd_tools.augment.chain.manifest_rows` makes the rows."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.manifest.columns.common import count_column, hash_column, kit_key, performance_column
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.pieces import PIECES

COLUMNS: Final = Columns(
    "augmentations",
    (
        performance_column("performance", "the example, a performance of this corpus: `parent+kit+copy`"),
        kit_key(None),
        performance_column("parent", "performance that the example was made from"),
        count_column("copy", "number of the copy of that performance and kit, from 1", low=1),
        count_column("step", "number of the step in the chain, from 1; 0 for the source of the example"),
        count_column("line", "number of the row within its step, from 0"),
        Column("effect", Dtype.TEXT, "name of the effect; `source` for step 0"),
        Column("scope", Dtype.TEXT, "scope of the draw", allowed=("example", "stem", "target", "song", "mixture")),
        Column(
            "stem",
            Dtype.TEXT,
            "stem that the effect was applied to; missing for all stems or the mixture",
            nullable=True,
            allowed=tuple(piece.value for piece in PIECES),
        ),
        Column("parameters", Dtype.TEXT, "every parameter, a JSON object"),
        count_column("seed", "seed of the draws"),
        Column("chain", Dtype.TEXT, "name of the chain"),
        hash_column("chain_hash", "chain's content", None),
        Column("device", Dtype.TEXT, "device that computed the effects", allowed=("cpu", "cuda")),
        Column("version", Dtype.TEXT, "version of the code"),
        Column("libraries", Dtype.TEXT, "names and versions of the libraries that computed the sound"),
    ),
)
