"""What the tests of whole corpora share."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

IDS = ("drummer13/session1/7", "drummer11/session1/4", "drummer11/session2/2", "drummer12/eval_session/3")
"""Short performances of the starter set from all three splits."""
MANY = ("drummer11/session1/*",)
"""Enough work to be interrupted."""


def digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a corpus, records included, locks and notes on shards left out."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {"locks", "shards"} & set(path.relative_to(root).parts)
    }


def fresh_copy(source: Path, target: Path) -> Path:
    """Copy a corpus."""
    shutil.copytree(source, target)
    return target
