"""Read arrays from NumPy's ``.npz``; every kind of damage raises ``ValueError``."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.storage.archives import BAD_ARCHIVE


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` by name.

    :raises ValueError: if the archive cannot be read or holds pickled objects.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (*BAD_ARCHIVE, KeyError, OSError, OverflowError, MemoryError, AttributeError) as error:
        # sizes that are none are among these; a bare .npy has no files
        raise ValueError(f"not a sound .npz ({error})") from error
