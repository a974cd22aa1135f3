"""Zip archives that may be damaged."""

from __future__ import annotations

import zipfile
import zlib
from typing import Final

BAD_ARCHIVE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    UnicodeDecodeError,
)
"""What :mod:`zipfile` raises for damaged, encrypted or unusual archives, apart from what the system refuses."""
