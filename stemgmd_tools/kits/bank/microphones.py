"""The microphones of a kit as a bank of their own: every one-shot once for each microphone.

The one-shots are treated as those of the kit's bank and aligned with them: the sounds of all microphones add up to the
sound in the kit's bank, apart from rounding. Kit and microphones have their levels and positions in the mix.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.dc_offset import centred
from stemgmd_tools.kits.bank.one_shots import Stereo, mixed, treated
from stemgmd_tools.kits.bank.pcm import SILENCE, PcmSink, quantise, window
from stemgmd_tools.kits.bank.sound_sources import NO_MICROPHONE, ArticulationSource, FileSource, Recipes
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.numerics.amplitude import first_reaching, last_reaching
from stemgmd_tools.pieces import ARTICULATIONS, NOTES, PIECES

OTHER: Final = "other"
"""Name of the tracks of sounds that no named microphone recorded; with a number if a microphone has it."""


def microphone_names(kit: Kit) -> tuple[str, ...]:
    """Return the names of a kit's microphones, ascending; :data:`OTHER` is among them if it is needed.

    :raises UsageError: if the kit does not have several.
    """
    named = () if kit.is_generated else tuple(kit.map.microphones or ())
    if len(named) < 2:
        raise UsageError(
            f"kit {kit.name} was not recorded with several microphones; name kits that were with --kits, see "
            "`stemgmd kits list`"
        )
    if not _has_other_sounds(kit):
        return tuple(sorted(named))
    numbered = (f"{OTHER}_{number}" for number in count(2))
    return tuple(sorted({*named, OTHER if OTHER not in named else next(n for n in numbered if n not in named)}))


def _has_other_sounds(kit: Kit) -> bool:
    placed = any(one.channels for one in (kit.map.microphones or {}).values())
    return any(
        bool(sound.channels) or not placed
        for articulation in kit.map.articulations.values()
        for layer in articulation.layers or ()
        for sound in layer.files or ()
    )


@dataclass(frozen=True, slots=False, eq=False)
class MicrophoneBank:
    """The bank of a kit's microphones."""

    names: tuple[str, ...]
    bank: Bank
    """As the kit's bank, with one row of ``samples`` for each microphone and row of the kit's bank, microphone by
    microphone. A one-shot that a microphone did not record has no frames."""

    @property
    def one_shots(self) -> int:
        """Number of one-shots of each microphone: that of the kit's bank."""
        return len(self.bank.samples) // len(self.names)

    @cached_property
    def loudest(self) -> tuple[int, ...]:
        """Index of the microphone in which each piece is loudest, by the peaks of its one-shots."""
        samples = self.bank.samples
        power = np.where(samples["frames"] > 0, samples["scale"].astype(np.float64) ** 2, 0.0)
        piece = np.array([note.piece.axis for note in NOTES])[samples["articulation"]]
        microphone = np.arange(len(samples)) // self.one_shots
        total = np.zeros((len(self.names), len(PIECES)))
        np.add.at(total, (microphone, piece), power)
        return tuple(total.argmax(axis=0).tolist())


class _Place(NamedTuple):
    """A one-shot of the kit's bank, and how to read it."""

    row: int
    degree: int
    layer: int
    variation: int
    source: ArticulationSource


def compile_microphones(kit: Kit, bank: Bank, sink: BinaryIO | None = None) -> Bank:
    """Compile the microphones of a kit.

    :param bank: the kit's bank.
    :param sink: receives the PCM as in :func:`~stemgmd_tools.kits.bank.compile.compile_bank`.
    :raises UsageError: if the kit does not have several microphones.
    :raises KitError: if a sample file cannot be used.
    """
    names = microphone_names(kit)
    writer = PcmSink(sink)
    table = np.tile(bank.samples, (len(names), 1))
    done: dict[int, int] = {}
    for place in _places(kit, bank):
        start = int(bank.samples["start"][place.row])  # borrowed sounds share their PCM
        if start in done:
            for name in ("start", "frames", "onset", "scale", "crc32"):
                table[name][:, place.row] = table[name][:, done[start]]
            continue
        done[start] = place.row
        for index, sound in enumerate(_sounds(kit, bank, place, names)):
            _store(writer, table[index], place.row, sound)
    return replace(
        bank, pcm=writer.content, samples=table.reshape(-1), pcm_sha256=writer.sha256, warnings=(), guard=None
    )


def _places(kit: Kit, bank: Bank) -> Iterator[_Place]:
    """Yield every one-shot of the kit's bank, in its order."""
    recipes = Recipes(kit)
    for articulation, name in enumerate(ARTICULATIONS):
        source = recipes[name]
        for degree, source_degree in enumerate(source.degrees):
            for layer, row in enumerate(source.source.layers(source_degree)):
                first = int(bank.first[articulation, degree, layer])
                for variation in range(len(row.takes)):
                    yield _Place(first + variation, source_degree, layer, variation, source)


def _sounds(kit: Kit, bank: Bank, place: _Place, names: tuple[str, ...]) -> list[Stereo]:
    """Return the sound of each microphone, cut as the one-shot of the kit's bank; no frames if there is none."""
    source = place.source.source
    if not isinstance(source, FileSource):
        raise KitError(f"kit {kit.name}: plays modelled sounds, which no microphone recorded")
    recorded, rate = source.one_shot_by_microphone(place.degree, place.layer, place.variation)
    together = mixed(list(recorded.values()))
    moved = centred(together).sound
    part = window(treated(moved, rate, bank.sample_rate, place.source.treatment), bank.sample_rate)
    if part is None or part.stop - part.start != bank.samples["frames"][place.row]:
        raise KitError(f"kit {kit.name}: its files have changed since its bank was built; run the same command again")
    whole = [_of_length(scaled.stereo, len(together)) for scaled in recorded.values()]
    if moved is not together:
        whole = _without_offset(whole, _constant(together, moved))
    sounds = {
        name: part.cut(treated(sound, rate, bank.sample_rate, place.source.treatment))
        for name, sound in zip(recorded, whole, strict=True)
    }
    named = kit.map.microphones or {}
    return [sounds.get(name if name in named else NO_MICROPHONE, np.zeros((0, 2))) for name in names]


def _of_length(sound: Stereo, frames: int) -> Stereo:
    """Return a sound followed by silence."""
    rest = frames - len(sound)
    return np.concatenate([sound, np.zeros((rest, 2))]) if rest else sound


def _constant(sound: Stereo, moved: Stereo) -> NDArray[np.float64]:
    """Return the constant by which two sounds differ, by channel."""
    return np.asarray(sound[0], np.float64) - np.asarray(moved[0], np.float64)


def _without_offset(sounds: list[Stereo], offset: NDArray[np.float64]) -> list[Stereo]:
    """Remove a constant (DC) offset from a sum of sounds: from those that have one, and the rest where it is largest.

    The sums with and without it differ by exactly ``offset``, so that microphones still add up to the mix.
    """
    own = [_constant(sound, centred(sound).sound) for sound in sounds]
    most = max(range(len(own)), key=lambda index: float(np.abs(own[index]).max()))
    own[most] = own[most] + offset - sum(own)
    return [sound - constant if constant.any() else sound for sound, constant in zip(sounds, own, strict=True)]


def _store(writer: PcmSink, table: NDArray[np.void], row: int, sound: Stereo) -> None:
    """Write a sound and complete its row, which is that of the kit's bank so far."""
    first, last = first_reaching(sound, SILENCE), last_reaching(sound, SILENCE)
    if first is None or last is None:
        table["start"][row], table["frames"][row], table["onset"][row] = writer.frames, 0, 0
        table["scale"][row], table["crc32"][row] = 1.0, zlib.crc32(b"")
        return
    onset = int(table["onset"][row])
    first = min(first, onset)
    pcm, scale = quantise(sound[first : last + 1])
    table["start"][row], table["frames"][row], table["onset"][row] = writer.frames, len(pcm), onset - first
    table["scale"][row], table["crc32"][row] = scale, writer.write(pcm)
