"""Compile a kit to PCM and tables, with few one-shots in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from stemgmd_tools import units
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.bank.bank import NO_GROUP, SAMPLE_DTYPE, Bank
from stemgmd_tools.kits.bank.dc_offset import centred
from stemgmd_tools.kits.bank.one_shots import Stereo, Treatment, treated
from stemgmd_tools.kits.bank.pcm import PcmSink, quantise, window
from stemgmd_tools.kits.bank.sound_sources import ArticulationSource, Recipes, SourceLayer, take_label
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB, VELOCITIES, Dynamics, dynamics, energy
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.numerics.elementary import log10
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION
from stemgmd_tools.runtime.advance import in_advance

READ_IN_ADVANCE: Final = 1
"""One-shots that are read, or synthesised, while one is compiled."""
APART_DB: Final = 3.0
"""Takes of one layer that differ by more than this cause a warning: they are strokes of different strengths."""


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
    recipes = Recipes(kit)
    pcm = PcmSink(sink)
    written = _Shots(kit, sample_rate, pcm)
    cells: list[list[_Cell]] = []
    warnings: list[str] = []
    for name in ARTICULATIONS:  # one at a time, since modelled sources are large
        source = recipes[name]
        plans = [_plan(source, degree) for degree in range(len(source.degrees))]
        written.write(take for plan in plans for takes in plan.takes for take in takes)
        cells.append([_cell(plan, written) for plan in plans])
        warnings += _warnings(name, source, cells[-1])
    warnings += _offset_warnings(written.offsets)
    bank = _tables(kit, sample_rate, cells)
    return replace(bank, pcm=pcm.content, pcm_sha256=pcm.sha256, warnings=tuple(warnings))


class _Take(NamedTuple):
    """A variation of a layer."""

    name: str
    treatment: Treatment
    read: Callable[[], tuple[Stereo, float]]


class _Plan(NamedTuple):
    """What one articulation plays at one degree of openness."""

    articulation: ArticulationSource
    degree: int
    layers: tuple[SourceLayer, ...]
    takes: tuple[tuple[_Take, ...], ...]
    """By layer and variation."""


def _plan(articulation: ArticulationSource, degree: int) -> _Plan:
    source, source_degree = articulation.source, articulation.degrees[degree]
    layers = source.layers(source_degree)
    takes = tuple(
        tuple(
            _Take(name, articulation.treatment, partial(source.one_shot, source_degree, row, variation))
            for variation, name in enumerate(layer.takes)
        )
        for row, layer in enumerate(layers)
    )
    return _Plan(articulation, degree, layers, takes)


class _Shots:
    """The one-shots in the PCM of a bank, each once for each of its treatments."""

    def __init__(self, kit: Kit, sample_rate: int, sink: PcmSink) -> None:
        self._kit = kit
        self._sample_rate = sample_rate
        self._sink = sink
        self._shots: dict[tuple[str, Treatment], Shot] = {}
        self.offsets: dict[str, float] = {}
        """Name -> removed DC offset, as a share of the peak."""

    def write(self, takes: Iterable[_Take]) -> None:
        """Write the sounds of takes that are not written yet, in their order; the next one is read meanwhile."""
        new: dict[tuple[str, Treatment], _Take] = {}
        for take in takes:
            if (take.name, take.treatment) not in self._shots:
                new.setdefault((take.name, take.treatment), take)
        with in_advance([take.read for take in new.values()], READ_IN_ADVANCE) as sounds:
            for key, (sound, rate) in zip(new, sounds, strict=True):
                self._shots[key] = self._written(*key, sound, rate)

    def __getitem__(self, take: _Take) -> Shot:
        """Return the one-shot of a take that was written."""
        return self._shots[take.name, take.treatment]

    def _written(self, name: str, treatment: Treatment, raw: Stereo, rate: float) -> Shot:
        sound, offset = centred(raw)
        if offset:
            self.offsets[name] = offset
        sound = treated(sound, rate, self._sample_rate, treatment)
        part = window(sound, self._sample_rate)
        if part is None:
            label = take_label(name)
            raise KitError(f"kit {self._kit.name}: one-shot {label} is silent; remove it or give another file")
        pcm, scale = quantise(part.cut(sound))
        start = self._sink.frames
        onset = onset_frame(pcm, self._sample_rate) or 0
        loudness = energy(pcm, onset, scale, self._sample_rate)
        return Shot(start, len(pcm), onset, scale, self._sink.write(pcm), loudness)


def _cell(plan: _Plan, written: _Shots) -> _Cell:
    """Return an articulation at one degree of openness, whose one-shots are written."""
    shots = tuple(tuple(written[take] for take in row) for row in plan.takes)
    energies = [sum(shot.energy for shot in row) / len(row) for row in shots]
    source = plan.articulation
    levels = dynamics(plan.layers, energies, source.gain_db, source.dynamics_db, is_smooth=source.is_smooth)
    return _Cell(source.openness(plan.degree), shots, levels)


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
