"""A corpus on disk, opened for reading."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pandas as pd

from stemgmd_tools.corpus.collect import MANIFEST_FOLDER
from stemgmd_tools.corpus.identity import Identity, require_identity
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest.files import read_manifest


@dataclass(frozen=True)
class Corpus:
    """A finished corpus: what it was made with, and its manifests as typed frames.

    :param root: the corpus's folder.
    :raises CorpusError: if there is no corpus, or it is not complete yet.
    """

    root: Path
    identity: Identity = field(init=False, repr=False)
    """Settings, source, kits and version it was made with."""

    def __post_init__(self) -> None:
        """Look whether it is one."""
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "identity", require_identity(self.root))
        if not (self.root / MANIFEST_FOLDER / "stems.parquet").is_file():
            raise CorpusError(
                f"{self.root}: not complete yet; run the `render` that began it again, or merge its shards"
            )

    @property
    def performances(self) -> pd.DataFrame:
        """One row per performance."""
        return self.manifest("performances")

    @property
    def stems(self) -> pd.DataFrame:
        """One row per track."""
        return self.manifest("stems")

    @property
    def hits(self) -> pd.DataFrame:
        """One row per hit of every performance."""
        return self.manifest("hits")

    @property
    def single_hits(self) -> pd.DataFrame:
        """One row per single hit."""
        return self.manifest("single_hits")

    @property
    def kits(self) -> pd.DataFrame:
        """One row per kit."""
        return self.manifest("kits")

    @property
    def figures(self) -> pd.DataFrame:
        """One row per kit that was made from others, one column per figure; NaN where a kit has no such figure."""
        made = self.kits.dropna(subset="figures")
        rows = [json.loads(text) for text in made["figures"]]
        return pd.DataFrame(rows, index=pd.Index(made["kit"].tolist(), name="kit"), dtype="float64")

    def manifest(self, name: str) -> pd.DataFrame:
        """Return a manifest; read once, a copy each time.

        :raises CorpusError: if it is missing or damaged.
        """
        path = self.root / MANIFEST_FOLDER / f"{name}.parquet"
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            stamp = 0  # reading says what is wrong
        return _manifest(path, stamp).copy()


@lru_cache(maxsize=8)
def _manifest(path: Path, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - a changed file is another entry
    return read_manifest(path)
