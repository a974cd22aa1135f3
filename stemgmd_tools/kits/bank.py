"""A bank: one kit compiled to PCM at one sample rate, with the tables that turn a stroke into a sample and a gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CHANNELS: Final = 2

SAMPLE_DTYPE: Final = np.dtype(
    [
        ("articulation", "u1"),  # index into pieces.ARTICULATIONS
        ("degree", "u1"),  # index into the articulation's degrees of openness
        ("layer", "u1"),  # 0 = softest
        ("variation", "u1"),
        ("start", "i8"),  # first frame in the bank's PCM; rows of borrowed sounds share it
        ("frames", "i4"),
        ("onset", "i4"),  # frames from the sample's start to its attack
        ("scale", "f4"),  # amplitude of one PCM unit, a power of two
    ]
)

NO_GROUP: Final = -1
"""Choke group of a sound that nothing chokes."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """One-shots of one kit at one sample rate.

    Lookup tables have the shape (articulation, degree, ...) in the order of ``pieces.ARTICULATIONS``; articulations
    without degrees of openness have one degree. Past an articulation's own degrees the tables repeat its last one,
    past a degree's own layers its last layer, so no index leads to another sound.
    """

    kit: str
    kit_hash: str
    sample_rate: int
    pcm: NDArray[np.int16]
    """Interleaved stereo, shape (2 * frames,), usually a read-only memory map."""
    samples: NDArray[np.void]
    """One row per one-shot, :data:`SAMPLE_DTYPE`, sorted by articulation, degree, layer, variation."""
    degrees: NDArray[np.float32]
    """(22, D) hi-hat openness of each degree, ascending; NaN where there is none."""
    layer: NDArray[np.uint8]
    """(22, D, 128) velocity layer for each MIDI velocity."""
    gain: NDArray[np.float32]
    """(22, D, 128) amplitude ratio per MIDI velocity; the level it leads to is continuous across layers and never falls
    with velocity. Kit and articulation gain included; 0 at velocity 0."""
    first: NDArray[np.int32]
    """(22, D, L) row in ``samples`` of a cell's first variation."""
    variations: NDArray[np.int32]
    """(22, D, L) how many variations a cell has."""
    choke_group: NDArray[np.int8]
    """(22,) number of the choke group, -1 for none."""
    chokes: NDArray[np.bool_]
    """(22,) whether a stroke stops what rings in its choke group."""
    release_frames: NDArray[np.int32]
    """(22,) length of the fade when this articulation is choked."""
    pcm_sha256: str
    """SHA-256 of ``pcm`` as little-endian bytes, taken when it was compiled."""
    warnings: tuple[str, ...] = ()
    """What is uneven about the kit and how it was dealt with, one line each."""

    def one_shot(self, row: int) -> NDArray[np.int16]:
        """Return the PCM of one row of ``samples``, shape (frames, 2); a view. Times ``scale`` gives amplitudes."""
        start, frames = int(self.samples["start"][row]), int(self.samples["frames"][row])
        return self.pcm[CHANNELS * start : CHANNELS * (start + frames)].reshape(frames, CHANNELS)
