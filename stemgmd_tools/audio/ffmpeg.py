"""Decode formats that libsndfile does not support with the program ffmpeg."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from typing import BinaryIO, Final

from stemgmd_tools.audio.decoders import Block, PcmDecoder
from stemgmd_tools.audio.pipes import Joined, read_header
from stemgmd_tools.errors import AudioError

FFMPEG_SUFFIXES: Final = frozenset(
    {
        *(".m4a", ".m4b", ".mp4", ".aac", ".wma", ".asf", ".mka", ".webm", ".weba", ".mp2", ".mp1", ".ac3", ".eac3"),
        *(".dts", ".amr", ".3gp", ".ape", ".wv", ".tta", ".tak", ".mpc", ".spx", ".ra", ".rm", ".mov", ".mkv", ".avi"),
    }
)
"""Suffixes of formats that only ffmpeg decodes, in lower case."""

_PREFIX: Final = re.compile(r"^(\[[^\]]*\] *)?(file:/dev/fd/\d+: )?")
"""Prefix of ffmpeg's messages: the name and memory address of a component, the file."""
_MOST_REASON: Final = 120


def has_ffmpeg() -> bool:
    """Return whether the program is on PATH."""
    return shutil.which("ffmpeg") is not None


class FfmpegDecoder:
    """Decodes the first audio stream of a file.

    :param file: an open file; closed with the decoder.
    :raises AudioError: with ffmpeg's message, if there is no such stream or nothing of it can be decoded.
    """

    sample_format = "int24"

    def __init__(self, file: BinaryIO) -> None:
        """Start ffmpeg and read the header of its output."""
        self._file = file
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the decoder
        number = file.fileno()
        # Other protocols would let a playlist in disguise read from the network.
        read = ("-protocol_whitelist", "file,crypto,data", "-i", f"file:/dev/fd/{number}")
        self._process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", *read, "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            pass_fds=(number,),
            start_new_session=True,
        )
        stream = self._process.stdout
        head, layout = (b"", None) if stream is None else read_header(stream)
        if stream is None or layout is None:
            message = self._message() or "no sound"
            self.close()
            raise AudioError(message)
        self._pcm = PcmDecoder(Joined(head[layout.start :], stream), layout)
        self.sample_rate, self.channels = self._pcm.sample_rate, self._pcm.channels
        self.frames: int | None = None

    def read(self, frames: int) -> Block:
        """Return the next frames; fewer at the end."""
        return self._pcm.read(frames)

    def fault(self) -> str | None:
        """Return ffmpeg's first message, if any."""
        message = self._message()
        return f"damaged or cut short (ffmpeg: {message})" if message else None

    def _message(self) -> str | None:
        """Wait for ffmpeg to end; return the first line of its messages, or None if it succeeded without any."""
        status = self._process.wait()
        self._messages.seek(0)
        lines = self._messages.read(4096).decode(errors="replace").splitlines()
        if lines:
            return _PREFIX.sub("", lines[0]).replace("file:/dev/fd/", "file ")[:_MOST_REASON]
        return f"exit code {status}" if status else None

    def close(self) -> None:
        """End ffmpeg and close all files."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._messages.close()
        self._file.close()
