"""Read and write audio files."""

from __future__ import annotations

from stemgmd_tools.audio.encoding import flac_bytes
from stemgmd_tools.audio.ffmpeg import FFMPEG_SUFFIXES
from stemgmd_tools.audio.library import Pcm
from stemgmd_tools.audio.reading import AUDIO_SUFFIXES, TrackReader, holds_audio, read_audio, read_pcm
from stemgmd_tools.audio.writing import TrackWriter, commit_all, wav_container

__all__ = [
    "AUDIO_SUFFIXES",
    "FFMPEG_SUFFIXES",
    "Pcm",
    "TrackReader",
    "TrackWriter",
    "commit_all",
    "flac_bytes",
    "holds_audio",
    "read_audio",
    "read_pcm",
    "wav_container",
]
