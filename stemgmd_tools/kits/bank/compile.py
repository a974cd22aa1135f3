"""Compile a kit to PCM and tables, with one one-shot in memory at a time."""

from __future__ import annotations

import hashlib
import io
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.bank.bank import NO_GROUP, SAMPLE_DTYPE, Bank
from stemgmd_tools.kits.bank.dc_offset import centred
from stemgmd_tools.kits.bank.one_shots import Stereo, Treatment, treated
from stemgmd_tools.kits.bank.sound_sources import ArticulationSource, Recipes, take_label
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB, VELOCITIES, Dynamics, dynamics, energy
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES, first_reaching, last_reaching, one_of_equals, peak
from stemgmd_tools.numerics.elementary import log10
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION

PCM_DTYPE: Final = np.dtype("<i2")
SILENCE: Final = 2.0**-16
"""Half a step of 16-bit output (-96 dB): sounds are cut after the last frame above it."""
APART_DB: Final = 3.0
"""Takes of one layer that differ by more than this cause a warning: they are strokes of different strengths."""
LEAD_IN_S: Final = 0.005
"""Longest part before the attack that is part."""
LEAD_IN_FADE_S: Final = 0.002
"""Length of the fade-in of a lead-in that was cut."""
_HASHED_BYTES: Final = 1 << 18
"""Bytes that both checksums read in turn, so that the second finds them in the processor's cache."""


class Shot(NamedTuple):
    """A one-shot in the PCM."""

    start: int
    frames: int
    onset: int
    scale: float
    crc32: int
    energy: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """One articulation at one degree of openness, compiled."""

    openness: float
    shots: tuple[tuple[Shot, ...], ...]
    """By layer and variation."""
    dynamics: Dynamics

    @property
    def apart_db(self) -> float:
        """Largest level difference between the takes of a layer."""
        ratios = [max(shot.energy for shot in row) / min(shot.energy for shot in row) for row in self.shots]
        return 10.0 * log10(max(ratios))


def compile_bank(kit: Kit, sample_rate: int = 44_100, sink: BinaryIO | None = None) -> Bank:
    """Compile a kit.

    :param sample_rate: sample rate of the bank in Hz.
    :param sink: receives the PCM (little-endian int16, interleaved stereo) while it is computed; the returned bank then
        has none. Without a sink the bank holds its PCM in memory.
    :raises KitError: if a sample file cannot be used or is silent.
    :raises UsageError: for a sample rate outside 8,000..192,000 Hz.
    """
    if not units.LOWEST_RATE <= sample_rate <= units.HIGHEST_RATE:
        raise UsageError(f"sample_rate is {sample_rate} Hz; allowed: {units.LOWEST_RATE}..{units.HIGHEST_RATE}")
    pcm = PcmSink(sink)
    writer = _ShotWriter(kit, sample_rate, pcm)
    warnings: list[str] = []
    cells: list[list[_Cell]] = []
    recipes = Recipes(kit)
    for name in ARTICULATIONS:
        source = recipes[name]
        cells.append([_cell(writer, source, degree) for degree in range(len(source.degrees))])
        warnings += _warnings(name, source, cells[-1])
    warnings += _offset_warnings(writer.offsets)
    bank = _tables(kit, sample_rate, cells)
    return replace(bank, pcm=pcm.content, pcm_sha256=pcm.sha256, warnings=tuple(warnings))


class PcmSink:
    """Appends one-shots to the PCM of a bank, in a file or in memory."""

    def __init__(self, file: BinaryIO | None) -> None:
        """Start empty; without a file, :attr:`content` holds what is written."""
        self.frames = 0
        self._digest = hashlib.sha256()
        self._memory = io.BytesIO()
        self._file = self._memory if file is None else file

    def write(self, pcm: NDArray[np.int16]) -> int:
        """Append a one-shot, shape (frames, 2); return its CRC-32."""
        content = np.ascontiguousarray(pcm, PCM_DTYPE).reshape(-1).view(np.uint8).data
        crc32 = 0
        for start in range(0, len(content), _HASHED_BYTES):
            part = content[start : start + _HASHED_BYTES]
            self._digest.update(part)
            crc32 = zlib.crc32(part, crc32)
        self._file.write(content)
        self.frames += len(pcm)
        return crc32

    @property
    def sha256(self) -> str:
        """SHA-256 of all that was written."""
        return self._digest.hexdigest()

    @property
    def content(self) -> NDArray[np.int16]:
        """The PCM, interleaved; empty if it was written to a file."""
        return np.frombuffer(self._memory.getbuffer(), PCM_DTYPE)


class _ShotWriter:
    """Treats one-shots and appends them to the PCM, each once."""

    def __init__(self, kit: Kit, sample_rate: int, sink: PcmSink) -> None:
        self._kit = kit
        self._sample_rate = sample_rate
        self._sink = sink
        self._shots: dict[tuple[str, Treatment], Shot] = {}
        self.offsets: dict[str, float] = {}
        """Name -> removed DC offset, as a share of the peak."""

    def shot(self, name: str, treatment: Treatment, make: Callable[[], tuple[Stereo, float]]) -> Shot:
        """Return the one-shot ``name`` with a treatment; if it is new, call ``make`` and write it."""
        key = (name, treatment)
        if key not in self._shots:
            raw, rate = make()
            sound, offset = centred(raw)
            if offset:
                self.offsets[name] = offset
            prepared = treated(sound, rate, self._sample_rate, treatment)
            part = window(prepared, self._sample_rate)
            if part is None:
                raise KitError(
                    f"kit {self._kit.name}: one-shot {take_label(name)} is silent; remove it or give another file"
                )
            self._shots[key] = self._write(*quantise(part.cut(prepared)))
        return self._shots[key]

    def _write(self, pcm: NDArray[np.int16], scale: float) -> Shot:
        start = self._sink.frames
        onset = onset_frame(pcm, self._sample_rate) or 0
        loudness = energy(pcm, onset, scale, self._sample_rate)
        return Shot(start, len(pcm), onset, scale, self._sink.write(pcm), loudness)


def quantise(sound: Stereo) -> tuple[NDArray[np.int16], float]:
    """Return a sound as int16 and the amplitude of one unit: the least power of two that holds the peak.

    Rounds to the nearest integer, ties to even. Samples of up to 16 bits that use their full range are not changed.
    """
    loudest = peak(sound)
    exponent = math.frexp(loudest)[1]
    if np.rint(math.ldexp(loudest, 15 - exponent)) > np.iinfo(np.int16).max:
        exponent += 1
    pcm = np.empty(sound.shape, np.int16)
    samples = one_of_equals(sound)
    for start in range(0, len(samples), BLOCK_FRAMES):
        scaled = np.ldexp(samples[start : start + BLOCK_FRAMES], 15 - exponent)  # exact, also in single precision
        pcm[start : start + BLOCK_FRAMES] = np.rint(scaled, out=scaled)
    return pcm, math.ldexp(1.0, exponent - 15)


class Window(NamedTuple):
    """The part of a sound that a bank keeps."""

    start: int
    stop: int
    fade_frames: int
    """Length of the fade-in; 0 if nothing audible lies before the part."""

    def cut(self, sound: Stereo) -> Stereo:
        """Return the part of a sound."""
        part = sound[self.start : self.stop]
        if self.fade_frames:
            part = part.astype(np.float64)
            part[: self.fade_frames] *= np.linspace(0.0, 1.0, self.fade_frames, endpoint=False)[:, None]
        return part


def window(sound: Stereo, sample_rate: int) -> Window | None:
    """Return a sound's part without silence at its ends and with a lead-in of limited length; None for silence."""
    audible, onset = first_reaching(sound, SILENCE), onset_frame(sound, sample_rate)
    last = last_reaching(sound, SILENCE)
    if audible is None or onset is None or last is None:
        return None
    first = min(audible, onset)
    start = max(first, onset - units.frames_of(LEAD_IN_S, sample_rate))
    fade = min(units.frames_of(LEAD_IN_FADE_S, sample_rate), last + 1 - start) if start > first else 0
    return Window(start, last + 1, fade)


def _cell(writer: _ShotWriter, articulation: ArticulationSource, degree: int) -> _Cell:
    """Compile one articulation at one degree of openness."""
    source_degree = articulation.degrees[degree]
    layers = articulation.source.layers(source_degree)
    shots = tuple(
        tuple(
            writer.shot(name, articulation.treatment, partial(articulation.source.one_shot, source_degree, row, take))
            for take, name in enumerate(layer.takes)
        )
        for row, layer in enumerate(layers)
    )
    energies = [sum(shot.energy for shot in row) / len(row) for row in shots]
    return _Cell(
        articulation.openness(degree),
        shots,
        dynamics(
            layers,
            energies,
            articulation.gain_db,
            articulation.dynamics_db,
            is_smooth=articulation.is_smooth,
        ),
    )


def _warnings(name: str, articulation: ArticulationSource, cells: Sequence[_Cell]) -> list[str]:
    """Return the warnings about irregularities of an articulation."""
    messages = []
    if articulation.borrowed:
        own, lender = NOTE_OF_ARTICULATION[name].piece, NOTE_OF_ARTICULATION[articulation.borrowed[-1]].piece
        if own is not lender:
            messages.append(f"{name}: nothing recorded; {articulation.borrowed[-1]} stands in")
        return messages
    for cell in cells:
        where = "" if math.isnan(cell.openness) else f" at openness {cell.openness:g}"
        if cell.dynamics.dip_db > UNEVEN_DB:
            dip = f"{cell.dynamics.dip_db:.1f} dB"
            done = "levels evened out" if articulation.is_smooth else "played as recorded"
            messages.append(f"{name}: a harder layer is up to {dip} softer than one below{where}; {done}")
        if cell.apart_db > APART_DB:
            apart = f"{cell.apart_db:.1f} dB"
            messages.append(f"{name}: takes of one layer differ by up to {apart}{where}; they are played as they are")
    return messages


def _offset_warnings(offsets: Mapping[str, float]) -> list[str]:
    """Return the warning about removed DC offsets."""
    if not offsets:
        return []
    worst = max(offsets, key=lambda name: offsets[name])
    most = f"{offsets[worst]:.1%} of the peak ({take_label(worst)})"
    return [f"{len(offsets)} one-shots have a DC offset, up to {most}; it is taken away"]


def _tables(kit: Kit, sample_rate: int, cells: Sequence[Sequence[_Cell]]) -> Bank:
    """Return the cells as a bank without PCM."""
    shape = (len(cells), max(len(row) for row in cells), max(len(cell.shots) for row in cells for cell in row))
    rows: list[tuple[float, ...]] = []
    degrees = np.full(shape[:2], np.nan, np.float32)
    layer = np.zeros((*shape[:2], len(VELOCITIES)), np.uint8)
    gain = np.zeros((*shape[:2], len(VELOCITIES)), np.float32)
    first, variations = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for articulation, row in enumerate(cells):
        for degree, cell in enumerate(row):
            degrees[articulation, degree] = cell.openness
            layer[articulation, degree:] = cell.dynamics.layer
            gain[articulation, degree:] = cell.dynamics.gain
            for index, shots in enumerate(cell.shots):
                first[articulation, degree:, index:] = len(rows)
                variations[articulation, degree:, index:] = len(shots)
                rows += [(articulation, degree, index, take, *shot[:5]) for take, shot in enumerate(shots)]
    choices = [kit.map.articulations[name] for name in ARTICULATIONS]
    groups = sorted({choice.choke_group for choice in choices if choice.choke_group is not None})
    return Bank(
        kit=kit.name,
        kit_hash=kit.hash,
        sample_rate=sample_rate,
        pcm=np.empty(0, np.int16),
        samples=np.array(rows, SAMPLE_DTYPE),
        degrees=degrees,
        layer=layer,
        gain=gain,
        first=first,
        variations=variations,
        choke_group=np.array(
            [NO_GROUP if c.choke_group is None else groups.index(c.choke_group) for c in choices], np.int8
        ),
        chokes=np.array([choice.chokes for choice in choices]),
        release_frames=np.array([units.frames_of(c.release_s, sample_rate) for c in choices], np.int32),
        pcm_sha256="",
    )
