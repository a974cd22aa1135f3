"""Types and errors of libsndfile that reading and writing share."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

Pcm: TypeAlias = NDArray[np.int16] | NDArray[np.int32]
"""Integer samples, shape (frames, channels); 24-bit values lie in int32."""

LIBRARY_ERRORS: Final = (soundfile.SoundFileError, OSError, RuntimeError)
"""Errors that soundfile raises when a file cannot be read or written."""


def reason(error: Exception) -> str:
    """Return libsndfile's message without its prefix."""
    return (getattr(error, "error_string", None) or str(error)).removeprefix("Error : ").rstrip(".")
