"""Mix the strikes of a plan to nine integer stems.

The result does not depend on the block size, the number of workers or the machine, see
:mod:`stemgmd_tools.rendering.runs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank.bank import CHANNELS, Bank
from stemgmd_tools.pieces import GROUPS, PIECES, PIECES_OF_GROUP
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.rendering.runs import add_up, runs_of
from stemgmd_tools.rendering.stems import Pcm, Stems

BLOCK_FRAMES: Final = 1 << 17
"""Frames per block: one stem's float block (1 MB) fits into the processor's cache."""
TILE_FRAMES: Final = 1 << 11
"""Frames per tile when the range of the mixture is checked."""
ROUNDING_MARGIN: Final = 16.0
"""Nine roundings of half a unit each can move a mixture by 4.5 units; at 24 bits the float sums err by some more."""
GROUP_AXES: Final = tuple(
    [piece.axis for piece in pieces] for group in GROUPS if len(pieces := PIECES_OF_GROUP[group]) > 1
)
"""Axes of the stems of each group with several stems. A group can clip where neither its stems nor the mixture do, as
another stem may cancel it. Groups count whether they are written or not, so that stems do not depend on that option."""
GAIN_STEP_DB: Final = 0.01
"""The headroom gain is a multiple of this step, so that its decimal form in the manifest is exact."""


class Overload(Exception):  # noqa: N818 - control flow inside the package, never an error to report
    """A stem, a group or the mixture exceeds the integer range at the gain that was tried."""


class Mixer:
    """Mixes one plan block by block, reusing its buffers.

    :param bank: the bank the plan was made for.
    """

    def __init__(self, plan: Plan, bank: Bank) -> None:
        """Compute the runs of the plan."""
        self.frames = plan.frames
        self.runs = runs_of(plan, bank)
        self.pcm = bank.sound

    def float_blocks(self, scale: float = 1.0, block_frames: int = BLOCK_FRAMES) -> Iterator[NDArray[np.float32]]:
        """Yield the stems as floats, shape (9, 2 * frames of the block), interleaved; each block reuses one buffer.

        :param scale: amplitude of full scale in the result.
        """
        width = min(block_frames, self.frames) * CHANNELS
        stems = np.empty((len(PIECES), width), np.float32)
        scratch = np.empty(width, np.float32)
        for begin in range(0, self.frames, block_frames):
            samples = min(block_frames, self.frames - begin) * CHANNELS
            cuts = self.runs.cut(begin * CHANNELS, begin * CHANNELS + samples, np.float32(scale))
            for stem, stem_cuts in zip(stems, cuts, strict=True):
                covered = add_up(self.pcm, stem_cuts, stem[:samples], scratch)
                stem[covered:samples] = 0.0
            yield stems[:, :samples]

    def blocks(
        self, bit_depth: int, gain_db: float = 0.0, block_frames: int = BLOCK_FRAMES
    ) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield integer stems and their mixture, block by block; each block reuses the same buffers.

        :param bit_depth: 16 (int16) or 24 (int32).
        :param gain_db: headroom gain, see :meth:`headroom_db`.
        :return: stems of shape (9, frames, 2) and the mixture (frames, 2), its exact sum.
        :raises Overload: if a stem, a group of them or the mixture leaves the integer range.
        """
        width = min(block_frames, self.frames) * CHANNELS
        stems = _silence((len(PIECES), width), bit_depth)
        filler = _Filler(self, bit_depth, gain_db, width)
        for begin in range(0, self.frames, block_frames):
            samples = min(block_frames, self.frames - begin) * CHANNELS
            block = stems[:, :samples]
            mixture = filler.fill(begin * CHANNELS, block)
            yield block.reshape(len(PIECES), -1, CHANNELS), mixture.reshape(-1, CHANNELS)
            for piece, covered in enumerate(filler.covered):
                block[piece, :covered] = 0

    def stems(self, bit_depth: int, gain_db: float = 0.0) -> Pcm:
        """Return all stems at once, shape (9, frames, 2).

        :raises Overload: if a stem, a group of them or the mixture leaves the integer range.
        """
        stems = _silence((len(PIECES), self.frames * CHANNELS), bit_depth)
        filler = _Filler(self, bit_depth, gain_db, min(BLOCK_FRAMES, self.frames) * CHANNELS)
        for begin in range(0, self.frames * CHANNELS, BLOCK_FRAMES * CHANNELS):
            filler.fill(begin, stems[:, begin : begin + BLOCK_FRAMES * CHANNELS])
        return stems.reshape(len(PIECES), self.frames, CHANNELS)

    def headroom_db(self, bit_depth: int) -> float:
        """Return the gain in dB, 0 or less, at which neither a stem, nor a group of them, nor the mixture can clip.

        0 unless the sound would leave the integer range; then the largest whole number of :data:`GAIN_STEP_DB` that
        keeps the float peak and all roundings inside it.
        """
        peak = 0.0
        for stems in self.float_blocks(units.full_scale(bit_depth)):
            peak = max(peak, peak_of(stems))
        return gain_of_peak(peak, bit_depth)


class _Filler:
    """Mixes integer blocks, reusing its buffers."""

    def __init__(self, mixer: Mixer, bit_depth: int, gain_db: float, width: int) -> None:
        """Make buffers for blocks of up to ``width`` samples."""
        self._mixer = mixer
        self._limit = units.full_scale(bit_depth) - 1
        self._scale = integer_scale(bit_depth, gain_db)
        self._sound, self._scratch = np.empty(width, np.float32), np.empty(width, np.float32)
        self._mixture = _silence((width,), bit_depth)
        self.covered = [0] * len(PIECES)
        """Number of samples of each stem that the last block filled; the rest was not written."""

    def fill(self, origin: int, block: Pcm) -> Pcm:
        """Write the stems from sample ``origin`` on to a silent ``block`` of shape (9, samples); return their sum.

        :raises Overload: if a stem, a group of them or the sum leaves the integer range.
        """
        samples = block.shape[1]
        cuts = self._mixer.runs.cut(origin, origin + samples, self._scale)
        for piece, (stem, stem_cuts) in enumerate(zip(block, cuts, strict=True)):
            covered = add_up(self._mixer.pcm, stem_cuts, self._sound[:samples], self._scratch)
            round_into(self._sound[:covered], stem, self._limit)
            self.covered[piece] = covered
        mixture = self._mixture[:samples]
        _sum_into(block, mixture, self._limit)
        return mixture


def mix(plan: Plan, bank: Bank, *, bit_depth: int = 16, gain_db: float = 0.0) -> Stems:
    """Render a whole plan in memory.

    :param bit_depth: 16 or 24.
    :param gain_db: headroom gain, 0 or less.
    :return: stems of shape (9, 2, frames); their headroom gain is ``gain_db`` unless they would clip.
    """
    mixer = Mixer(plan, bank)
    try:
        pcm = mixer.stems(bit_depth, gain_db)
    except Overload:
        gain_db = mixer.headroom_db(bit_depth)
        pcm = mixer.stems(bit_depth, gain_db)
    return Stems(pcm.transpose(0, 2, 1), plan.sample_rate, bit_depth, gain_db)


def _silence(shape: tuple[int, ...], bit_depth: int) -> Pcm:
    """Return silence of the given shape in the integer type of a bit depth."""
    return np.zeros(shape, np.int16) if bit_depth == 16 else np.zeros(shape, np.int32)


def peak_of(stems: NDArray[np.float32]) -> float:
    """Return the largest absolute value of any stem, shape (9, samples), of any group of them and of their sum."""
    mixture = stems[0].copy()
    for stem in stems[1:]:
        mixture += stem
    groups = (stems[axes].sum(axis=0) for axes in GROUP_AXES)
    return max(max(float(sound.max()), -float(sound.min())) for sound in (stems, mixture, *groups))


def highest_of(stems: Pcm) -> int:
    """Return the largest absolute value of any stem, of any group of them and of their sum, which may leave int16."""
    wide = stems.astype(np.int32)
    sums = (wide, wide.sum(axis=0), *(wide[axes].sum(axis=0) for axes in GROUP_AXES))
    return max(int(np.abs(sound).max(initial=0)) for sound in sums)


def gain_of_peak(peak: float, bit_depth: int, margin: float = ROUNDING_MARGIN) -> float:
    """Return the headroom gain in dB for a float peak in integer units, as :meth:`Mixer.headroom_db` does.

    :param margin: distance from full scale that is kept, in integer units.
    """
    ratio_db = units.db_of_gain((units.full_scale(bit_depth) - margin) / peak) if peak else 0.0
    return min(0.0, round(math.floor(ratio_db / GAIN_STEP_DB) * GAIN_STEP_DB, 2))


def integer_scale(bit_depth: int, gain_db: float) -> np.float32:
    """Return the factor from amplitude to integer units; a power of two when there is no headroom gain."""
    return np.float32(units.full_scale(bit_depth) * (units.gain_of_db(gain_db) if gain_db else 1.0))


def round_into(sound: NDArray[np.float32], out: Pcm, limit: int | None = None) -> None:
    """Round ``sound``, already in integer units, to the nearest integers, ties to even; ``sound`` is overwritten.

    :param limit: the largest absolute value allowed; None if the values are known to fit.
    :raises Overload: if a value is outside -limit .. limit.
    """
    if not len(sound):
        return
    np.rint(sound, out=sound)
    if limit is not None and (sound.max() > limit or sound.min() < -limit):
        raise Overload
    np.copyto(out[: len(sound)], sound, casting="unsafe")


def _sum_into(stems: Pcm, out: Pcm, limit: int) -> None:
    """Write the sum of the stems, shape (9, samples), to ``out``.

    Tiles whose stem peaks add up to less than the limit cannot leave the range; only the others are looked at.

    :raises Overload: if the sum, or a group of stems, leaves -limit .. limit.
    """
    np.add.reduce(stems, axis=0, dtype=out.dtype, out=out)
    tile = TILE_FRAMES * CHANNELS
    starts = np.arange(0, stems.shape[1], tile)
    highest = np.maximum.reduceat(stems, starts, axis=1).astype(np.int32)
    lowest = np.minimum.reduceat(stems, starts, axis=1).astype(np.int32)
    bound = np.maximum(highest, -lowest).sum(axis=0)
    for start in starts[bound > limit]:
        if highest_of(stems[:, start : start + tile]) > limit:
            raise Overload
