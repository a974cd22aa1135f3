"""Read arrays from NumPy's ``.npz``; every kind of damage raises ``ValueError``."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` by name.

    :raises ValueError: if the archive cannot be read or holds pickled objects.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise ValueError(f"not a sound .npz ({error})") from error
    except (OSError, OverflowError, MemoryError, AttributeError) as error:  # sizes that are none; a bare .npy
        raise ValueError(f"not a sound .npz ({error})") from error
