"""Check the tracks of microphones: those of a piece add up to its stem, those of a microphone to its mixture."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import TrackReader
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.verify.audio_checks import StemSet, TrackFile, check_hash
from stemgmd_tools.corpus.verify.findings import Findings
from stemgmd_tools.errors import AudioError
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.runtime.quantities import counted

_BLOCK_FRAMES: Final = 1 << 16
_FULL_SCALE: Final = units.full_scale(24)
"""Samples of 16 and of 24 bits are whole numbers at this scale, and exact as float32 of full scale 1.0."""


def check_microphones(root: Path, stems: StemSet) -> Findings:
    """Check the tracks of all microphones of one performance and kit.

    Compares hashes and lengths with the manifest, and sums with the stems and the microphones' mixtures, integer for
    integer. All files are read side by side, block by block.
    """
    findings = Findings()
    files = [track for tracks in stems.microphones.values() for track in tracks.values()]
    hashes = [check_hash(root, track.path, track.sha256, findings) for track in files]
    expected = {*(piece.value for piece in PIECES), layout.MIXTURE}
    for microphone, tracks in stems.microphones.items():
        if set(tracks) != expected:
            findings.add("rows", f"microphone {microphone}", counted(len(tracks), "track"), f"{len(expected)}")
            return findings
    if not all(hashes):
        return findings
    try:
        with ExitStack() as stack:
            opened = {track.path: _Reader(root, track, stack) for track in (*files, *stems.tracks.values())}
            if _compare(stems, opened, findings):
                _check_silence(files, opened, findings)
    except AudioError as error:
        findings.add("decode", str(error), "cannot be decoded", "sound")
    return findings


class _Reader:
    """Reads one track block by block."""

    def __init__(self, root: Path, track: TrackFile, stack: ExitStack) -> None:
        """Open the file; ``stack`` closes it."""
        self._track = track
        self._blocks = stack.enter_context(TrackReader(root / track.path)).blocks(_BLOCK_FRAMES)
        self.sounds = False
        """Whether a sample was not zero so far."""

    def next(self, length: int, findings: Findings) -> NDArray[np.int32] | None:
        """Return the next block; None if the track ends before."""
        block = next(self._blocks, np.zeros((0, 2), np.float32))
        if block.shape != (length, 2):
            findings.add("frames", self._track.path, "another length", f"{self._track.frames} frames")
            return None
        self.sounds = self.sounds or bool(block.any())
        return np.rint(block * _FULL_SCALE).astype(np.int32)


def _compare(stems: StemSet, opened: dict[str, _Reader], findings: Findings) -> bool:
    """Compare all sums; return False at the first track that ends early or differs."""
    frames = stems.tracks[layout.MIXTURE].frames
    for begin in range(0, frames, _BLOCK_FRAMES):
        length = min(_BLOCK_FRAMES, frames - begin)
        of_piece = {piece.value: np.zeros((length, 2), np.int32) for piece in PIECES}
        for tracks in stems.microphones.values():
            total = np.zeros((length, 2), np.int32)
            for piece, added in of_piece.items():
                block = opened[tracks[piece].path].next(length, findings)
                if block is None:
                    return False
                np.add(total, block, out=total)
                np.add(added, block, out=added)
            if not _equals(opened, tracks[layout.MIXTURE], total, begin, findings):
                return False
        for piece, added in of_piece.items():
            if not _equals(opened, stems.tracks[piece], added, begin, findings):
                return False
    return True


def _check_silence(files: Sequence[TrackFile], opened: dict[str, _Reader], findings: Findings) -> None:
    """Compare the column ``silent`` with the sound."""
    for track in files:
        if opened[track.path].sounds == track.silent:
            findings.add("silent", track.path, *(("sound", "silence") if track.silent else ("silence", "sound")))


def _equals(
    opened: dict[str, _Reader], track: TrackFile, total: NDArray[np.int32], begin: int, findings: Findings
) -> bool:
    """Return whether the next block of a track is a sum of microphones."""
    written = opened[track.path].next(len(total), findings)
    if written is None:
        return False
    differs = (written != total).any(axis=1)
    if not differs.any():
        return True
    first = int(differs.argmax())
    where, expected = f"{track.path} frame {begin + first}", total[first].tolist()
    findings.add("sum", where, written[first].tolist(), f"{expected}, as in the microphones")
    return False
