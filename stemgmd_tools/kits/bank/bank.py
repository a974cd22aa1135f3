"""A bank: one kit compiled to PCM at one sample rate, with tables that map a stroke to a sample and a gain."""

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
    without degrees of openness have one degree. Tables are padded by repeating an articulation's last degree and a
    degree's last layer.
    """

    kit: str
    kit_hash: str
    sample_rate: int
    pcm: NDArray[np.int16]
    """Interleaved stereo, shape (2 * frames,), usually a read-only memory map; read it through :attr:`sound`."""
    samples: NDArray[np.void]
    """One row per one-shot, :data:`SAMPLE_DTYPE`, sorted by articulation, degree, layer, variation."""
    degrees: NDArray[np.float32]
    """(22, D) hi-hat openness of each degree, ascending; NaN for padding and for other pieces."""
    layer: NDArray[np.uint8]
    """(22, D, 128) velocity layer for each MIDI velocity."""
    gain: NDArray[np.float32]
    """(22, D, 128) amplitude ratio per MIDI velocity; the resulting level is continuous across layers and never falls
    with velocity. Includes the gains of kit and articulation; 0 at velocity 0."""
    first: NDArray[np.int32]
    """(22, D, L) row in ``samples`` of a cell's first variation."""
    variations: NDArray[np.int32]
    """(22, D, L) number of variations of a cell."""
    choke_group: NDArray[np.int8]
    """(22,) number of the choke group, -1 for none."""
    chokes: NDArray[np.bool_]
    """(22,) whether a stroke stops ringing sounds of its choke group."""
    release_frames: NDArray[np.int32]
    """(22,) length of the fade when this articulation is choked."""
    pcm_sha256: str
    """SHA-256 of ``pcm`` as little-endian bytes, computed when it was compiled."""
    warnings: tuple[str, ...] = ()
    """Irregularities of the kit and how they were corrected, one line each."""
    guard: Guard | None = None
    """Verifies one-shots read from disk; None for a bank in memory."""

    @property
    def sound(self) -> NDArray[np.int16]:
        """``pcm`` as a plain array, since slicing a memory map is slow. Call :meth:`require` before reading."""
        return np.asarray(self.pcm if self.guard is None else self.guard.pcm)

    def require(self, rows: NDArray[np.integer]) -> None:
        """Verify the one-shots of ``rows`` of ``samples``, and rebuild the bank if one is damaged.

        :raises KitError: if one is damaged and the bank cannot be built again.
        """
        if self.guard is not None:
            self.guard.require(rows)

    def one_shot(self, row: int) -> NDArray[np.int16]:
        """Return a view of the PCM of one row of ``samples``, shape (frames, 2); multiply by ``scale`` for amplitudes.

        :raises KitError: as :meth:`require`.
        """
        self.require(np.array([row]))
        start, frames = int(self.samples["start"][row]), int(self.samples["frames"][row])
        return self.sound[CHANNELS * start : CHANNELS * (start + frames)].reshape(frames, CHANNELS)
