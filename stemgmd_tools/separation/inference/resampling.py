"""Another sample rate for a sound that arrives piece by piece."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Shape (frame, channel)."""

QUALITY: Final = "VHQ"
"""Of soxr: errors lie below what 24 bits hold."""


class Resampler:
    """Changes the sample rate; the same samples come out whatever the pieces are, none of them late or early.

    As many frames come out as lie within the sound, give or take one. Where both rates are equal, nothing changes.

    :param rate_in: Hz.
    :param rate_out: Hz.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        """Begin with nothing heard."""
        self._channels = channels
        self._stream: soxr.ResampleStream | None = None
        if rate_in != rate_out:
            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality=QUALITY)

    def push(self, block: Block) -> Block:
        """Take in the next frames; return those that are certain by now."""
        return block if self._stream is None else self._pass(block, last=False)

    def finish(self) -> Block:
        """Return the frames that are left."""
        nothing = np.empty((0, self._channels), np.float32)
        return nothing if self._stream is None else self._pass(nothing, last=True)

    def _pass(self, block: Block, *, last: bool) -> Block:
        if self._stream is None:
            return block
        resampled: Block = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return resampled
