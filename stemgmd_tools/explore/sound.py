"""The sound of clips in parts of some seconds, as WAV and as peaks for waveforms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from cachetools import LRUCache

from stemgmd_tools import units
from stemgmd_tools.audio.encoding import flac_bytes, wav_bytes
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.errors import UsageError
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.stems import Pcm

PART_S: Final = 30
"""Length of a part in seconds: a browser holds nine decoded stems of it in 95 MB, and clips last up to 23 minutes."""
TRACKS: Final = tuple(piece.value for piece in PIECES)
_PARTS: Final = 3
"""Parts in memory, 24 MB each at 16 bits and 44.1 kHz."""
_COLUMNS: Final = 1200


class Sounds:
    """Parts of the clips of a corpus; safe to use from several threads."""

    def __init__(self, source: StemSource) -> None:
        """Render or read nothing yet."""
        self._source = source
        self._lock = threading.Lock()
        self._parts: LRUCache[tuple[str, str, int], Pcm] = LRUCache(_PARTS)

    @property
    def part_frames(self) -> int:
        """Length of all parts but the last in frames."""
        return PART_S * self._source.sample_rate

    def length(self, performance: str, kit: str) -> int:
        """Return the length of a clip in frames.

        :raises UsageError: if there is no such clip.
        """
        with self._lock:
            return self._source.length(performance, kit)

    def stems(self, performance: str, kit: str, part: int) -> Pcm:
        """Return a part of the nine stems, shape (9, 2, frames). Not to be changed.

        :raises UsageError: if there is no such clip or part.
        """
        key = (performance, kit, part)
        with self._lock:
            if key not in self._parts:
                frames = self._source.length(performance, kit)
                start = part * self.part_frames
                if start >= max(frames, 1):
                    raise UsageError(f"part {part} of {performance} through {kit}: begins after the end")
                count = min(self.part_frames, frames - start)
                self._parts[key] = self._source.stems(performance, kit, start, count)
            return self._parts[key]

    def wav(self, performance: str, kit: str, part: int, track: str) -> bytes:
        """Return a part of a stem as a WAV file of the corpus's bit depth.

        :raises UsageError: if there is no such clip, part or track.
        """
        pcm = self._track(performance, kit, part, track)
        return wav_bytes(pcm, self._source.sample_rate, self._source.bit_depth)

    def flac(self, performance: str, kit: str, part: int, track: str) -> bytes | None:
        """Return a part of a stem as a 16-bit FLAC file; None for silence."""
        pcm = self._track(performance, kit, part, track)
        if not pcm.any():
            return None
        if self._source.bit_depth > 16:
            pcm = pcm >> (self._source.bit_depth - 16)
        return flac_bytes(pcm.astype(np.int16), self._source.sample_rate)

    def _track(self, performance: str, kit: str, part: int, track: str) -> Pcm:
        """Return one track, shape (frames, 2)."""
        if track not in TRACKS:
            raise UsageError(f"track {track!r}: not known; there are {', '.join(TRACKS)}")
        stem = self.stems(performance, kit, part)[TRACKS.index(track)]
        return np.ascontiguousarray(stem.T.astype(np.int16 if self._source.bit_depth == 16 else np.int32))

    def peaks(self, performance: str, kit: str, part: int) -> list[dict[str, Any]]:
        """Return the waveform of every stem: ``peak_dbfs``, None for silence; ``low`` and ``high`` in percent of it."""
        return [self._waveform(stem) for stem in self.stems(performance, kit, part)]

    def _waveform(self, stem: Pcm) -> dict[str, Any]:
        top = max(int(stem.max(initial=0)), -int(stem.min(initial=0)))
        if top == 0:
            return {"peak_dbfs": None, "low": [], "high": []}
        edges = np.unique(np.linspace(0, stem.shape[1], _COLUMNS, endpoint=False).astype(np.int64))

        def percents(extreme: Callable[..., Any]) -> list[int]:
            """Return one value for each column of the picture."""
            values = extreme.reduceat(extreme.reduce(stem, axis=0), edges)  # type: ignore[attr-defined]
            return [int(value) for value in np.rint(values.astype(np.float64) * 100 / top)]

        peak_dbfs = 20 * float(np.log10(top / units.full_scale(self._source.bit_depth)))
        return {"peak_dbfs": round(peak_dbfs, 1), "low": percents(np.minimum), "high": percents(np.maximum)}
