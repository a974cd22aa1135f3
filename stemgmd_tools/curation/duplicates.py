"""Find clips with the same hits or nearly the same sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.curation.measures import ClipMeasures, Sound

LEAST: Final = 0.97
"""Correlation of fingerprints from which on two mixtures count as one sound."""
_FEWEST_HITS: Final = 8
_ORDER: Final = ("test", "validation", "train", "")
"""Of clips that are the same, the first in this order of splits is retained."""
_ROWS: Final = 512
_FRAMES: Final = 500
"""Of 20 ms in a fingerprint."""


def fingerprint(sound: Sound, sample_rate: int) -> tuple[int, ...]:
    """Return the rises of level over 10 s from the start of the sound on, 20 ms apart, in dB; empty for silence.

    Gain, silence before the sound, and lossy coding change it little.

    :param sound: shape (frame, channel).
    """
    power = _power(sound, sample_rate)
    if not len(power) or power.max() <= 0:
        return ()
    start = int(np.argmax(power > 1e-4 * power.max()))
    pairs = power[start : start + 2 * _FRAMES]
    pairs = pairs[: len(pairs) // 2 * 2].reshape(-1, 2).mean(axis=1)
    level_db = 10.0 * np.log10(pairs / power.max() + 1e-5)
    return tuple(int(value) for value in np.rint(np.maximum(np.diff(level_db, prepend=-50.0), 0.0)))


def _power(sound: Sound, sample_rate: int) -> NDArray[np.float64]:
    """Return the mean power of frames of 10 ms."""
    hop = max(1, round(0.01 * sample_rate))
    rows = sound[: len(sound) // hop * hop].reshape(-1, hop * sound.shape[1])
    power: NDArray[np.float64] = np.einsum("ij,ij->i", rows, rows).astype(np.float64) / rows.shape[1]
    return power


def same_clips(clips: Sequence[ClipMeasures]) -> dict[str, tuple[str, float]]:
    """Return, for each clip that is the same as one that is retained, the name of that clip and the similarity.

    The same performance through several kits is no duplicate.
    """
    ranked = sorted(clips, key=lambda clip: (_ORDER.index(clip.split) if clip.split in _ORDER else 0, clip.name))
    same: dict[str, tuple[str, float]] = {}
    for first, second, value in (*_same_hits(ranked), *_same_sound(ranked)):
        if first.name not in same:
            same.setdefault(second.name, (first.name, value))
    return same


def _same_hits(clips: Sequence[ClipMeasures]) -> Iterator[tuple[ClipMeasures, ClipMeasures, float]]:
    """Yield clips of two performances with the same hits, to a millisecond after the first, through one kit."""
    first: dict[object, ClipMeasures] = {}
    for clip in clips:
        if clip.hits is None or sum(map(len, clip.hits.values())) < _FEWEST_HITS:
            continue
        start = min(times[0] for times in clip.hits.values() if times)
        notes = tuple(
            sorted((round(1000 * (time - start)), name) for name, times in clip.hits.items() for time in times)
        )
        other = first.setdefault((clip.kit, notes), clip)
        if other.performance != clip.performance:
            yield other, clip, 1.0


def _same_sound(clips: Sequence[ClipMeasures]) -> Iterator[tuple[ClipMeasures, ClipMeasures, float]]:
    """Yield clips of two performances whose fingerprints correlate; compares blocks of rows, to bound the memory."""
    sounding = [clip for clip in clips if sum(clip.fingerprint) > 0]
    if len(sounding) < 2:
        return
    length = max(len(clip.fingerprint) for clip in sounding)
    rows = np.zeros((len(sounding), length), np.float32)
    for row, clip in zip(rows, sounding, strict=True):
        row[: len(clip.fingerprint)] = clip.fingerprint
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    for start in range(0, len(rows), _ROWS):
        similar = rows[start : start + _ROWS] @ rows.T
        for one, other in zip(*np.nonzero(similar >= LEAST), strict=True):
            first, second = sounding[start + one], sounding[other]
            if start + one < other and first.performance != second.performance:
                yield first, second, float(similar[one, other])


def splits_of(clips: Sequence[ClipMeasures]) -> Mapping[str, str]:
    """Return the split of each clip by its name."""
    return {clip.name: clip.split for clip in clips}
