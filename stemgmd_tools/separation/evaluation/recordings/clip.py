"""Recordings as clips that methods separate, and estimates that another program wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr

from stemgmd_tools.audio import AUDIO_SUFFIXES, read_audio
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method
from stemgmd_tools.separation.evaluation.recordings.track import Recording
from stemgmd_tools.separation.inference.resampling import QUALITY
from stemgmd_tools.storage.files import file_sha256
from stemgmd_tools.storage.paths import inside

SAMPLE_RATE: Final = 44_100
"""Every recording is brought to this rate before it is separated and measured."""


@dataclass(frozen=True)
class RecordedSound:
    """The sound of a recording, whose stems are not known."""

    sound: Frames
    """Shape (2, frame)."""
    sample_rate: int = SAMPLE_RATE

    def floats(self, performance: str, kit: str, start: int = 0, frames: int | None = None) -> Frames:  # noqa: ARG002
        """Refuse: a recording has no true stems.

        :raises UsageError: always.
        """
        raise UsageError(f"{performance}: the true stems of a recording are not known; give another method")


@dataclass(frozen=True)
class RecordingClip(Clip):
    """A whole recording."""

    source: RecordedSound
    references: Mapping[str, Frames] = field(default_factory=dict)
    """Isolated stems by name, shape (2, frame); those of which no file is there are missing."""

    def mixture(self, start: int, frames: int) -> Frames:
        """Return a part of the recording, shape (2, frame); silence beyond its end."""
        part = self.source.sound[:, start : start + frames]
        return np.pad(part, ((0, 0), (0, frames - part.shape[1])))


def recording_clip(recording: Recording, stems: Sequence[str]) -> RecordingClip:
    """Read a recording.

    :raises StemgmdError: if it cannot be read, is empty, or has more than two channels, or its files differ in length.
    """
    sound = _sum(recording.audio)
    references = {stem: _sum(recording.stems[stem]) for stem in stems if stem in recording.stems}
    for stem, reference in references.items():
        _check_length(recording.stems[stem][0], reference, sound.shape[1])
    return RecordingClip(RecordedSound(sound), recording.name, "recording", tuple(stems), sound.shape[1], references)


def _sum(files: Sequence[Path]) -> Frames:
    """Return the sum of sound files of the same length."""
    first, *others = files
    total = read_stereo(first)
    for path in others:
        sound = read_stereo(path)
        _check_length(path, sound, total.shape[1])
        total += sound
    return total


def _check_length(path: Path, sound: Frames, frames: int) -> None:
    if sound.shape[1] != frames:
        raise UsageError(
            f"{shown(path)}: has {sound.shape[1]} frames at 44.1 kHz, the recording {frames}; both need the same length"
        )


def read_stereo(path: Path) -> Frames:
    """Return a sound file at 44.1 kHz, shape (2, frame); both channels of a mono file are equal.

    :raises StemgmdError: if it cannot be read, is empty, or has more than two channels.
    """
    sound, sample_rate = read_audio(path, foreign=True)
    frames, channels = sound.shape
    if channels > 2 or not frames:
        raise UsageError(
            f"{shown(path)}: has {channels} channels and {frames} frames; 1 or 2 channels with sound are needed"
        )
    if sample_rate != SAMPLE_RATE:
        sound = soxr.resample(sound, sample_rate, SAMPLE_RATE, quality=QUALITY)
    return np.ascontiguousarray(np.broadcast_to(sound.T, (2, len(sound))), np.float32)


class Estimates(Method):
    """Stems that another program wrote: ``<recording>/<stem>.wav``, or another audio file, in a folder.

    :raises UsageError: if a recording or stem is missing.
    """

    def __init__(self, folder: Path, recordings: Sequence[Recording], stems: Sequence[str]) -> None:
        """Look for the files of all recordings."""
        self.name = folder.absolute().name
        self._files = {
            recording.name: {stem: _file(folder, recording.name, stem) for stem in stems} for recording in recordings
        }

    @property
    def about(self) -> Mapping[str, Any]:
        """The digest of all files."""
        digests = [file_sha256(path) for stems in self._files.values() for path in stems.values()]
        return {"name": self.name, "sha256": hashlib.sha256("".join(digests).encode()).hexdigest()}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield the written stems of a recording.

        :raises UsageError: if the length of a stem is not that of the recording.
        """
        stems = []
        for stem in clip.stems:
            path = self._files[clip.performance][stem]
            sound = read_stereo(path)
            _check_length(path, sound, clip.frames)
            stems.append(sound)
        yield np.stack(stems)


def _file(folder: Path, recording: str, stem: str) -> Path:
    """Return the file of a stem."""
    beside = inside(folder, recording)
    path = next((path for suffix in sorted(AUDIO_SUFFIXES) if (path := beside / f"{stem}{suffix}").is_file()), None)
    if path is None:
        raise UsageError(
            f"{shown(beside)}: has no {stem}.wav; --estimates needs DIR/<recording>/<stem>.wav for each stem"
        )
    return path
