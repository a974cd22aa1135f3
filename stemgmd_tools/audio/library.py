"""What reading and writing share about libsndfile."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

Pcm: TypeAlias = NDArray[np.int16] | NDArray[np.int32]
"""Integer samples, shape (frames, channels); 24-bit values lie in int32."""

LIBRARY_ERRORS: Final = (soundfile.SoundFileError, OSError, RuntimeError)
"""What soundfile raises when a file cannot be read or written."""


def reason(error: Exception) -> str:
    """Return what libsndfile says, without the name it puts before."""
    return (getattr(error, "error_string", None) or str(error)).removeprefix("Error : ").rstrip(".")
