"""Doing: strikes become nine integer stems. Pure numpy, no files.

Every operation on samples is an elementwise IEEE 754 one, applied to each output sample in the order of the strikes.
The result therefore does not depend on how the time line is cut into blocks, on the number of workers, or on the
machine. One-shots are interleaved, so a strike is one multiplication and one addition over a contiguous run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank import Bank
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.plan import NOT_CHOKED, Plan, strike_ends
from stemgmd_tools.rendering.stems import Pcm, Stems

CHANNELS: Final = 2
BLOCK_FRAMES: Final = 1 << 17
"""Frames mixed at a time: one stem's float block (1 MB) stays in the processor's cache."""
TILE_FRAMES: Final = 1 << 11
"""Frames over which peaks are looked at when the mixture's range is checked."""
ROUNDING_MARGIN: Final = 16.0
"""Nine roundings of half a unit each can move a mixture by 4.5 units; at 24 bits the float sums err by some more."""
GAIN_STEP_DB: Final = 0.01
"""The headroom gain is a whole number of these steps, so that its decimal form in the manifest is exact."""


class _Run(NamedTuple):
    """A contiguous part of one strike, in samples (two per frame) of the output."""

    start: int
    stop: int
    source: int
    """Where the part starts in the bank's PCM."""
    gain: np.float32
    fade: NDArray[np.float32] | None
    """Gain of each sample of the part when it is the fade of a choked sound."""


class Overload(Exception):  # noqa: N818 - control flow inside the package, never an error to report
    """The mixture or a stem does not fit the integer range at the gain that was tried."""


class Mixer:
    """Mixes one plan block by block, with buffers that are used again for every block and every stem.

    :param bank: the bank the plan was made for.
    """

    def __init__(self, plan: Plan, bank: Bank) -> None:
        """Sort the strikes into runs, stem by stem."""
        self.frames = plan.frames
        self._pcm = np.asarray(bank.pcm)  # a memory map's own slices cost more than the sums
        self._runs = _runs(plan, bank)
        self._starts = [np.array([run.start for run in runs], np.int64) for runs in self._runs]
        self._stops = [np.array([run.stop for run in runs], np.int64) for runs in self._runs]

    def float_blocks(self, scale: float = 1.0, block_frames: int = BLOCK_FRAMES) -> Iterator[NDArray[np.float32]]:
        """Yield the stems as floats, shape (9, 2 * frames of the block), interleaved; each block reuses one buffer.

        :param scale: amplitude of full scale in the result.
        """
        width = min(block_frames, self.frames) * CHANNELS
        stems = np.empty((len(PIECES), width), np.float32)
        scratch = np.empty(width, np.float32)
        for begin in range(0, self.frames, block_frames):
            samples = min(block_frames, self.frames - begin) * CHANNELS
            for piece in range(len(PIECES)):
                covered = self.mix_piece(piece, begin * CHANNELS, stems[piece, :samples], scratch, np.float32(scale))
                stems[piece, covered:samples] = 0.0
            yield stems[:, :samples]

    def blocks(
        self, bit_depth: int, gain_db: float = 0.0, block_frames: int = BLOCK_FRAMES
    ) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield integer stems and their mixture, block by block; each block reuses the same buffers.

        :param bit_depth: 16 (int16) or 24 (int32).
        :param gain_db: headroom gain, see :meth:`headroom_db`.
        :return: stems of shape (9, frames, 2) and the mixture (frames, 2), its exact sum.
        :raises Overload: if a stem or the mixture leaves the integer range.
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

        :raises Overload: if a stem or the mixture leaves the integer range.
        """
        stems = _silence((len(PIECES), self.frames * CHANNELS), bit_depth)
        filler = _Filler(self, bit_depth, gain_db, min(BLOCK_FRAMES, self.frames) * CHANNELS)
        for begin in range(0, self.frames * CHANNELS, BLOCK_FRAMES * CHANNELS):
            filler.fill(begin, stems[:, begin : begin + BLOCK_FRAMES * CHANNELS])
        return stems.reshape(len(PIECES), self.frames, CHANNELS)

    def headroom_db(self, bit_depth: int) -> float:
        """Return the gain in dB, 0 or less, at which neither a stem nor the mixture can clip.

        0 unless the sound would leave the integer range; then the largest whole number of :data:`GAIN_STEP_DB` that
        keeps the float peak and all roundings inside it.
        """
        full = units.full_scale(bit_depth)
        peak = 0.0
        for stems in self.float_blocks(full):
            mixture = stems[0].copy()
            for stem in stems[1:]:
                mixture += stem
            peak = max(peak, float(stems.max()), -float(stems.min()), float(mixture.max()), -float(mixture.min()))
        ratio_db = units.db_of_gain((full - ROUNDING_MARGIN) / peak) if peak else 0.0
        return min(0.0, round(math.floor(ratio_db / GAIN_STEP_DB) * GAIN_STEP_DB, 2))

    def mix_piece(
        self,
        piece: int,
        origin: int,
        out: NDArray[np.float32],
        scratch: NDArray[np.float32],
        scale: np.float32,
    ) -> int:
        """Write the sum of a piece's runs that fall into a block to ``out``; return how many samples are filled.

        Samples before ``mark`` hold sound; beyond it nothing was written yet, so the first sound there is stored
        instead of added and the buffer need not be cleared.
        """
        mark = 0
        end = origin + len(out)
        for index in np.flatnonzero((self._stops[piece] > origin) & (self._starts[piece] < end)).tolist():
            start, stop, source, gain, fade = self._runs[piece][index]
            first, last = max(start, origin), min(stop, end)
            sound = self._pcm[source + first - start : source + last - start]
            envelope = None if fade is None else fade[first - start : last - start]
            first -= origin
            last -= origin
            if first > mark:
                out[mark:first] = 0.0
                mark = first
            added = min(mark, last) - first
            if added > 0:
                part = scratch[:added]
                _scaled(sound[:added], gain * scale, None if envelope is None else envelope[:added], part)
                target = out[first : first + added]
                np.add(target, part, out=target)
            if last > mark:
                _scaled(sound[added:], gain * scale, None if envelope is None else envelope[added:], out[mark:last])
                mark = last
        return mark


class _Filler:
    """Fills blocks of silent integers with sound, with buffers of its own that are used again."""

    def __init__(self, mixer: Mixer, bit_depth: int, gain_db: float, width: int) -> None:
        """Make buffers for blocks of up to ``width`` samples."""
        self._mixer = mixer
        self._limit = units.full_scale(bit_depth) - 1
        self._scale = _scale(bit_depth, gain_db)
        self._sound, self._scratch = np.empty(width, np.float32), np.empty(width, np.float32)
        self._mixture = _silence((width,), bit_depth)
        self.covered = [0] * len(PIECES)
        """How many samples of each stem the last block filled; the rest of it was left as it was."""

    def fill(self, origin: int, block: Pcm) -> Pcm:
        """Write the stems from sample ``origin`` on to a silent ``block`` of shape (9, samples); return their sum.

        :raises Overload: if a stem or the sum leaves the integer range.
        """
        samples = block.shape[1]
        for piece, stem in enumerate(block):
            covered = self._mixer.mix_piece(piece, origin, self._sound[:samples], self._scratch, self._scale)
            _round_into(self._sound[:covered], stem, self._limit)
            self.covered[piece] = covered
        mixture = self._mixture[:samples]
        _sum_into(block, mixture, self._limit)
        return mixture


def mix(plan: Plan, bank: Bank, *, bit_depth: int = 16) -> Stems:
    """Render a whole plan in memory.

    :param bit_depth: 16 or 24.
    :return: stems of shape (9, 2, frames); their headroom gain is 0 dB unless they would clip.
    """
    mixer = Mixer(plan, bank)
    gain_db = 0.0
    try:
        pcm = mixer.stems(bit_depth)
    except Overload:
        gain_db = mixer.headroom_db(bit_depth)
        pcm = mixer.stems(bit_depth, gain_db)
    return Stems(pcm.transpose(0, 2, 1), plan.sample_rate, bit_depth, gain_db)


def _silence(shape: tuple[int, ...], bit_depth: int) -> Pcm:
    """Return silence of the given shape in the integer type of a bit depth."""
    return np.zeros(shape, np.int16) if bit_depth == 16 else np.zeros(shape, np.int32)


def _scale(bit_depth: int, gain_db: float) -> np.float32:
    """Return the factor from amplitude to integer units; a power of two when there is no headroom gain."""
    return np.float32(units.full_scale(bit_depth) * (units.gain_of_db(gain_db) if gain_db else 1.0))


def _scaled(
    sound: NDArray[np.int16], gain: np.float32, envelope: NDArray[np.float32] | None, out: NDArray[np.float32]
) -> None:
    """Write ``sound * gain``, times the envelope if there is one, to ``out``.

    Converting first and multiplying in place takes a fifth less time than one multiplication of mixed types.
    """
    np.copyto(out, sound)
    np.multiply(out, gain, out=out)
    if envelope is not None:
        np.multiply(out, envelope, out=out)


def _round_into(sound: NDArray[np.float32], out: Pcm, limit: int) -> None:
    """Round ``sound``, already in integer units, to the nearest integers, ties to even.

    :raises Overload: if a value leaves -limit .. limit.
    """
    if not len(sound):
        return
    np.rint(sound, out=sound)
    if sound.max() > limit or sound.min() < -limit:
        raise Overload
    np.copyto(out[: len(sound)], sound, casting="unsafe")


def _sum_into(stems: Pcm, out: Pcm, limit: int) -> None:
    """Write the sum of the stems, shape (9, samples), to ``out``.

    At 16 bits a sum may leave the range. Tiles whose stem peaks add up to less than the limit cannot; only the others
    are summed again in 32 bits to look.

    :raises Overload: if the sum leaves -limit .. limit.
    """
    np.add.reduce(stems, axis=0, dtype=out.dtype, out=out)
    if out.dtype == np.int32:
        if out.max(initial=0) > limit or out.min(initial=0) < -limit:
            raise Overload
        return
    tile = TILE_FRAMES * CHANNELS
    starts = np.arange(0, stems.shape[1], tile)
    highest = np.maximum.reduceat(stems, starts, axis=1).astype(np.int32)
    lowest = np.minimum.reduceat(stems, starts, axis=1).astype(np.int32)
    bound = np.maximum(highest, -lowest).sum(axis=0)
    for start in starts[bound > limit]:
        exact = stems[:, start : start + tile].sum(axis=0, dtype=np.int32)
        if exact.max() > limit or exact.min() < -limit:
            raise Overload


def _runs(plan: Plan, bank: Bank) -> tuple[list[_Run], ...]:
    """Return the runs of each stem in the order of the strikes, those of a choked sound cut in body and fade."""
    by_piece: tuple[list[_Run], ...] = tuple([] for _ in PIECES)
    strikes = plan.strikes
    rows = bank.samples[strikes["sample"]]
    begins = strikes["frame"] - rows["onset"]
    ends = np.minimum(strike_ends(strikes, bank), plan.frames)
    sources = rows["start"]
    skipped = np.maximum(-begins, 0)  # an attack on frame 0 has no room for what comes before it
    fades: dict[int, NDArray[np.float32]] = {}
    table = zip(
        strikes["piece"].tolist(),
        (begins + skipped).tolist(),
        ends.tolist(),
        (sources + skipped).tolist(),
        strikes["gain"],
        strikes["choke_frame"].tolist(),
        strikes["release_frames"].tolist(),
        strict=True,
    )
    for piece, begin, end, source, gain, choke, release in table:
        body_end = end if choke == NOT_CHOKED else min(end, choke)
        runs = by_piece[piece]
        if body_end > begin:
            runs.append(_Run(begin * CHANNELS, body_end * CHANNELS, source * CHANNELS, gain, None))
        if end > body_end:
            fade = fades.setdefault(release, _fade(release))
            start = source + body_end - begin
            runs.append(_Run(body_end * CHANNELS, end * CHANNELS, start * CHANNELS, gain, fade))
    return by_piece


def _fade(frames: int) -> NDArray[np.float32]:
    """Return a fade from 1 to 0 over ``frames`` frames, each value twice for the two interleaved channels.

    The square of a straight line: it starts at once as a gripped cymbal does, and ends without a step.
    """
    line = 1.0 - np.arange(frames, dtype=np.float64) / frames
    return np.repeat(np.square(line).astype(np.float32), CHANNELS)
