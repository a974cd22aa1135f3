"""Open a file or pipe with the right decoder, and check whether it is truncated."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from stemgmd_tools.audio.containers import layout_of
from stemgmd_tools.audio.decoders import Decoder, LibraryDecoder, PcmDecoder
from stemgmd_tools.audio.ffmpeg import FfmpegDecoder, has_ffmpeg
from stemgmd_tools.audio.library import LIBRARY_ERRORS, reason
from stemgmd_tools.audio.pipes import Joined, read_header, spooled
from stemgmd_tools.audio.truncation import fault_at_end
from stemgmd_tools.errors import AudioError, TruncatedError

_KNOWN: Final = "WAV, FLAC, AIFF, OGG and MP3 work"


def open_sound(source: Path | int, name: str, *, foreign: bool, allow_truncated: bool) -> tuple[Decoder, str | None]:
    """Open a file or a pipe.

    :param source: a path, or the descriptor of an open file, which stays open.
    :param name: name of the source in messages.
    :param foreign: whether ffmpeg may decode formats that libsndfile does not support.
    :param allow_truncated: whether to accept a truncated source.
    :return: the decoder, and a description of the missing part or None.
    :raises AudioError: if the source cannot be read as audio.
    :raises TruncatedError: if the source is truncated and ``allow_truncated`` is false.
    """
    try:
        file = os.fdopen(os.dup(source) if isinstance(source, int) else os.open(source, os.O_RDONLY), "rb")
    except OSError as error:
        raise AudioError(f"{name}: cannot be read ({error.strerror})") from error
    try:
        if _is_at_start_of_file(file):
            return _from_file(file, name, foreign=foreign, allow_truncated=allow_truncated)
        head, layout = read_header(file)
        if layout is not None:
            return PcmDecoder(Joined(head[layout.start :], file), layout), None
        with file:
            spool = spooled(head, file, name)
    except OSError as error:
        file.close()
        raise AudioError(f"{name}: cannot be read ({error.strerror})") from error
    except BaseException:
        file.close()
        raise
    return _from_file(spool, name, foreign=foreign, allow_truncated=allow_truncated)


def _is_at_start_of_file(file: BinaryIO) -> bool:
    """Return whether this is a regular file at its beginning, so that it can be read as if opened by name."""
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.tell() == 0


def truncated(name: str, lacks: str) -> TruncatedError:
    """Return the error for a truncated sound."""
    return TruncatedError(f"{name}: {lacks}; copy or download it again")


def _from_file(file: BinaryIO, name: str, *, foreign: bool, allow_truncated: bool) -> tuple[Decoder, str | None]:
    """Open a seekable file; the decoder closes it."""
    fault = fault_at_end(file)
    if fault is not None and not allow_truncated:
        file.close()
        raise truncated(name, fault)
    layout = layout_of(file)
    if layout is not None and layout.coding.subtype is not None and (layout.size is None or fault is not None):
        file.seek(layout.start)
        return PcmDecoder(file, layout), fault
    try:
        return LibraryDecoder(file), fault
    except LIBRARY_ERRORS as error:
        problem = f"{reason(error)}; {_KNOWN}"
    if foreign and has_ffmpeg():
        try:
            return FfmpegDecoder(file), fault
        except AudioError as error:
            problem = f"ffmpeg: {error}"
    elif foreign:
        problem += "; other formats need ffmpeg on PATH"
    file.close()
    raise AudioError(f"{name}: cannot be read as audio ({fault or problem})")
