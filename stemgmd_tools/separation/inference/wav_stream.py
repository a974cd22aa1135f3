"""Write WAV to a pipe, with a header of unknown length since a pipe cannot seek."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = 0xFFFFFFFF
"""The size that readers interpret as "until the end", as written by ffmpeg and sox."""
_INTEGER, _FLOAT, _EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
_BYTES_OF: Final = {"int16": 2, "int24": 3, "float32": 4}


class WavePipe:
    """Writes WAV to a stream that cannot seek.

    :param stream: binary stream.
    :param channels: with more than two, the header assigns no loudspeaker positions.
    :param sample_format: ``int16``, ``int24`` or ``float32`` (float32 receives integers on the 24-bit grid).
    """

    def __init__(self, stream: BinaryIO, *, sample_rate: int, channels: int, sample_format: str) -> None:
        """Write the header."""
        self._stream, self._format = stream, sample_format
        width = _BYTES_OF[sample_format]
        kind = _FLOAT if sample_format == "float32" else _INTEGER
        frame = channels * width
        plain = struct.pack("<HIIHH", channels, sample_rate, sample_rate * frame, frame, 8 * width)
        if channels <= 2:
            format_chunk = struct.pack("<H", kind) + plain
        else:
            format_chunk = (
                struct.pack("<H", _EXTENSIBLE) + plain + struct.pack("<HHIH", 22, 8 * width, 0, kind) + _GUID_TAIL
            )
        header = (
            b"RIFF" + struct.pack("<I", UNKNOWN) + b"WAVEfmt " + struct.pack("<I", len(format_chunk)) + format_chunk
        )
        stream.write(header + b"data" + struct.pack("<I", UNKNOWN))

    def write(self, block: NDArray[np.int32]) -> None:
        """Append integers of shape (frame, channel)."""
        if self._format == "int16":
            content = block.astype("<i2").tobytes()
        elif self._format == "int24":
            content = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        else:
            content = (block.astype("<f4") / np.float32(1 << 23)).tobytes()
        self._stream.write(content)
        self._stream.flush()
