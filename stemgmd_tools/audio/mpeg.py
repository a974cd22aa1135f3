"""Find where an MP3 file should end, from the Xing or Info header of its first frame or the length of its last frame.

Source: ISO/IEC 11172-3 and 13818-3 (headers of frames); the Xing header as LAME and others write it.
"""

from __future__ import annotations

from typing import BinaryIO, Final, NamedTuple

_KBITS: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Version (3: MPEG-1, 2: MPEG-2 and 2.5) -> kbit/s by index, of layer III."""
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Version (0: MPEG-2.5) -> Hz by index."""
_LAYER_3: Final = 1
_TELLS_FRAMES, _TELLS_BYTES = 1, 2
_XING_SEARCH_BYTES: Final = 64
"""Bytes of the first frame that contain a Xing header, which starts within the first 36."""


class _Frame(NamedTuple):
    start: int
    size: int


def mp3_end(file: BinaryIO, size: int) -> int | None:
    """Return where a file should end; None if it is no MP3 file or unknown bytes follow its frames."""
    file.seek(0)
    tag = file.read(10)
    start = 0
    if tag[:3] == b"ID3" and len(tag) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
    frame = _frame_at(file, start)
    if frame is None:
        return None
    stated = _stated_bytes(file, start)
    if stated is not None:
        return start + stated
    while frame.start + frame.size < size:
        following = _frame_at(file, frame.start + frame.size)
        if following is None:  # a tag, or the beginning of a frame's header
            return None
        frame = following
    return frame.start + frame.size


def _frame_at(file: BinaryIO, start: int) -> _Frame | None:
    """Return the layer III frame that starts at a position; None if there is none."""
    file.seek(start)
    header = file.read(4)
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if layer != _LAYER_3 or version not in _RATES or rate == 3 or bits in {0, 15}:
        return None
    per_kbit = 144_000 if version == 3 else 72_000
    return _Frame(start, per_kbit * _KBITS[3 if version == 3 else 2][bits] // _RATES[version][rate] + padding)


def _stated_bytes(file: BinaryIO, start: int) -> int | None:
    """Return the bytes that a Xing or Info header states; None without one."""
    file.seek(start)
    frame = file.read(_XING_SEARCH_BYTES)
    place = max(frame.find(b"Xing"), frame.find(b"Info"))
    if place < 0 or len(frame) < _XING_SEARCH_BYTES or not frame[place + 7] & _TELLS_BYTES:
        return None
    place += 12 if frame[place + 7] & _TELLS_FRAMES else 8
    return int.from_bytes(frame[place : place + 4])
