"""Resample a sound block by block."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Shape (frame, channel)."""

QUALITY: Final = "VHQ"
"""Quality of soxr: errors are below 24-bit resolution."""


class Resampler:
    """Changes the sample rate without delay; the result does not depend on the blocks.

    The output has the duration of the input, within one frame. If both rates are equal, nothing changes.

    :param rate_in: Hz.
    :param rate_out: Hz.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        """Start before the first frame."""
        self._channels = channels
        self._stream: soxr.ResampleStream | None = None
        if rate_in != rate_out:
            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality=QUALITY)

    def push(self, block: Block) -> Block:
        """Add the next frames; return those that are final."""
        return block if self._stream is None else self._pass(block, last=False)

    def finish(self) -> Block:
        """Return the remaining frames."""
        nothing = np.empty((0, self._channels), np.float32)
        return nothing if self._stream is None else self._pass(nothing, last=True)

    def _pass(self, block: Block, *, last: bool) -> Block:
        if self._stream is None:
            return block
        resampled: Block = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return resampled
