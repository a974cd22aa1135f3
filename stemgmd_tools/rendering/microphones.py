"""Mix what each microphone of a recorded kit hears of each piece, to integers that add up exactly.

For every microphone m and piece p there is a track T[m, p]. The tracks of a piece add up to its stem, those of a
microphone to the microphone's own track, and all of them to the mixture, to the last bit. A stem is the same whether
its microphones are rendered or not: every T[m, p] is rounded on its own, except that of the microphone in which the
piece is loudest, which is the stem minus the others. This moves it by some units of the least significant bit.

Microphones are heard at their levels and positions in the kit's mix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.errors import RenderError
from stemgmd_tools.kits.bank.bank import CHANNELS, Bank
from stemgmd_tools.kits.bank.microphones import MicrophoneBank
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.headroom import Peaks, headroom_db, peak_headroom_db
from stemgmd_tools.rendering.mix import BLOCK_FRAMES, ROUNDING_MARGIN, Mixer, integer_scale
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.rendering.runs import Runs, add_up, runs_of
from stemgmd_tools.rendering.stems import Pcm

WIDE: Final = np.int32
"""Type of sums: a track may need one bit more than the output until it is checked."""


def plan_of_microphone(plan: Plan, bank: Bank, microphones: MicrophoneBank, index: int) -> Plan:
    """Return a plan that plays what one microphone recorded, for the bank of the microphones.

    :param plan: a plan for the kit's bank.
    :param bank: the kit's bank.
    :param index: of the microphone in ``microphones.names``.
    """
    strikes = plan.strikes.copy()
    rows = strikes["sample"] + index * microphones.one_shots
    # The scales are powers of two, so the gain stays exact.
    strikes["gain"] *= microphones.bank.samples["scale"][rows] / bank.samples["scale"][strikes["sample"]]
    strikes["sample"] = rows
    return replace(plan, strikes=strikes)


class Block(NamedTuple):
    """A part of all tracks of one performance and kit."""

    stems: Pcm
    """Shape (9, frames, 2)."""
    mixture: Pcm
    """Shape (frames, 2)."""
    parts: Pcm
    """Shape (microphone, 9, frames, 2)."""


class MicrophoneMixer:
    """Mixes one plan for all microphones, block by block."""

    def __init__(self, plan: Plan, bank: Bank, microphones: MicrophoneBank) -> None:
        """Compute the runs of the plan for every microphone."""
        self._bank, self._microphones = bank, microphones
        self._mixer = Mixer(plan, bank)
        count = range(len(microphones.names))
        self._parts = [Mixer(plan_of_microphone(plan, bank, microphones, m), microphones.bank) for m in count]

    @property
    def frames(self) -> int:
        """Length of every track."""
        return self._mixer.frames

    def headroom_db(self, bit_depth: int) -> float:
        """Return the gain in dB, 0 or less, at which no stem and no track of a microphone can clip."""
        gain = headroom_db(self._mixer.runs, self._bank, bit_depth)
        runs = [mixer.runs for mixer in self._parts]
        return min(gain, microphone_headroom_db(runs, self._microphones, bit_depth))

    def blocks(self, bit_depth: int, gain_db: float = 0.0, block_frames: int = BLOCK_FRAMES) -> Iterator[Block]:
        """Yield all tracks block by block; each block reuses the buffers of the last one.

        :param bit_depth: 16 (int16) or 24 (int32).
        :param gain_db: see :meth:`headroom_db`.
        """
        scale = float(integer_scale(bit_depth, gain_db))
        sounds = [mixer.float_blocks(scale, block_frames) for mixer in self._parts]
        for (stems, mixture), *floats in zip(
            self._mixer.blocks(bit_depth, gain_db, block_frames), *sounds, strict=True
        ):
            flat = stems.reshape(len(PIECES), -1)
            parts = split_between_microphones(flat, floats, self._microphones.loudest, bit_depth)
            yield Block(stems, mixture, parts.reshape(len(floats), len(PIECES), -1, CHANNELS))


def split_between_microphones(
    stems: Pcm, sounds: Sequence[NDArray[np.float32]], loudest: Sequence[int], bit_depth: int
) -> Pcm:
    """Return integers of every microphone and piece that add up to the stems.

    :param stems: shape (piece, samples).
    :param sounds: for each microphone, its sound in integer units, shape (piece, samples); overwritten.
    :param loudest: for each piece, the microphone that gets the remainder.
    :return: shape (microphone, piece, samples), in the type of ``stems``.
    :raises RenderError: if a track leaves the integer range.
    """
    limit = units.full_scale(bit_depth) - 1
    parts = np.empty((len(sounds), *stems.shape), WIDE)
    for part, sound in zip(parts, sounds, strict=True):
        np.rint(sound, out=sound)
        np.copyto(part, sound, casting="unsafe")
    for piece, microphone in enumerate(loudest):
        parts[microphone, piece] = 0
        parts[microphone, piece] = stems[piece] - parts[:, piece].sum(axis=0)
    for sums in (parts, parts.sum(axis=1)):
        highest = max(int(sums.max(initial=0)), -int(sums.min(initial=0)))
        if highest > limit:
            raise RenderError(f"a microphone peaks at {highest} of {limit}; lower the levels of the kit's microphones")
    narrowed: Pcm = parts.astype(np.int16) if bit_depth == 16 else parts
    return narrowed


def microphone_headroom_db(
    runs: Sequence[Runs], microphones: MicrophoneBank, bit_depth: int, *, peaks: Peaks | None = None
) -> float:
    """Return the gain in dB, 0 or less, at which no track of a microphone can clip.

    :param runs: those of every microphone.
    :param peaks: cached peaks of the bank of the microphones.
    """
    # The remainder holds a rounding of every microphone, and the 16 bits of the one-shots.
    margin = ROUNDING_MARGIN * (len(runs) + 1) * units.full_scale(bit_depth) / units.full_scale(16)
    peaks = peaks or Peaks(microphones.bank)
    return min(peak_headroom_db(one, microphones.bank, bit_depth, margin, peaks=peaks) for one in runs)


def microphone_segment(
    runs: Runs, bank: Bank, span: range, axes: Sequence[int], scale: np.float32
) -> NDArray[np.float32]:
    """Return a part of some pieces as one microphone hears them, in integer units, shape (piece, samples).

    :param span: frames; those beyond the end are silent.
    :param axes: of the pieces.
    """
    sound = np.zeros((len(axes), len(span) * CHANNELS), np.float32)
    scratch = np.empty(sound.shape[1], np.float32)
    cuts = runs.cut(span.start * CHANNELS, span.stop * CHANNELS, scale, axes)
    for stem, stem_cuts in zip(sound, cuts, strict=True):
        covered = add_up(bank.sound, stem_cuts, stem, scratch)
        stem[covered:] = 0.0
    return sound


def microphone_runs(plan: Plan, bank: Bank, microphones: MicrophoneBank) -> list[Runs]:
    """Return the runs of every microphone."""
    return [
        runs_of(plan_of_microphone(plan, bank, microphones, index), microphones.bank)
        for index in range(len(microphones.names))
    ]
