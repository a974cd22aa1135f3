"""Audio files: the only package that touches soundfile."""

from __future__ import annotations

from stemgmd_tools.audio.library import Pcm
from stemgmd_tools.audio.reading import AUDIO_SUFFIXES, TrackReader, read_audio, read_pcm
from stemgmd_tools.audio.writing import (
    TEMPORARY_SUFFIX,
    TrackWriter,
    commit_all,
    copy_file,
    file_sha256,
    wav_container,
    write_bytes,
)

__all__ = [
    "AUDIO_SUFFIXES",
    "TEMPORARY_SUFFIX",
    "Pcm",
    "TrackReader",
    "TrackWriter",
    "commit_all",
    "copy_file",
    "file_sha256",
    "read_audio",
    "read_pcm",
    "wav_container",
    "write_bytes",
]
