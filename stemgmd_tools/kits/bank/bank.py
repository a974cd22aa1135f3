"""A bank: one kit compiled to PCM at one sample rate, with the tables that turn a stroke into a sample and a gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.checksums import Guard

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
        ("crc32", "u4"),  # CRC-32 of the one-shot's PCM as little-endian bytes
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
    """Interleaved stereo, shape (2 * frames,), usually a read-only memory map; to be read by way of :attr:`sound`."""
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
    guard: Guard | None = None
    """Checks what is read from the disk; None for a bank in memory."""

    @property
    def sound(self) -> NDArray[np.int16]:
        """``pcm`` as a plain array: slices of a memory map are slow. One-shots are whole after :meth:`require`."""
        return np.asarray(self.pcm if self.guard is None else self.guard.pcm)

    def require(self, rows: NDArray[np.integer]) -> None:
        """Make sure that the one-shots of some rows of ``samples`` are as they were compiled.

        :raises KitError: if one is damaged and the bank cannot be built again.
        """
        if self.guard is not None:
            self.guard.require(rows)

    def one_shot(self, row: int) -> NDArray[np.int16]:
        """Return the PCM of one row of ``samples``, shape (frames, 2); a view. Times ``scale`` gives amplitudes.

        :raises KitError: as :meth:`require`.
        """
        self.require(np.array([row]))
        start, frames = int(self.samples["start"][row]), int(self.samples["frames"][row])
        return self.sound[CHANNELS * start : CHANNELS * (start + frames)].reshape(frames, CHANNELS)
