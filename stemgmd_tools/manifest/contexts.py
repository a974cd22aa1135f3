"""What the functions of columns get, by table.

| table | known before rendering | once files are written |
|---|---|---|
| performances | :class:`PerformanceFacts` | :class:`MidiFiles` |
| hits | :class:`HitFacts`; values for all hits of a performance | |
| stems, microphones | :class:`TrackFacts` | :class:`TrackFile` |
| single_hits | | :class:`SingleHit` |
| kits | :class:`~stemgmd_tools.kits.sample_map.kit.Kit` | SHA-256 of the bank's PCM |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from stemgmd_tools.audio import Pcm
from stemgmd_tools.performances.tables import Records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import Note


class PerformanceFacts(NamedTuple):
    """A performance, as its record and its MIDI file hold it."""

    id: str
    duration_s: float
    """Nominal length in seconds."""
    hits: Records
    """Structured array (:data:`~stemgmd_tools.performances.tables.HIT_DTYPE`), sorted by time."""
    metadata: Mapping[str, Any]


class MidiFile(NamedTuple):
    """One MIDI file of a performance; missing values if it is not written."""

    path: str | None
    """Relative to the corpus."""
    sha256: str | None


class MidiFiles(NamedTuple):
    """The MIDI files of a performance."""

    source: MidiFile
    mapped: MidiFile
    """The file mapped to the nine pieces."""


class HitFacts(NamedTuple):
    """The hits of one performance. A function of it returns one value, or an array with one value per hit."""

    performance: str
    hits: Records
    """Structured array (:data:`~stemgmd_tools.performances.tables.HIT_DTYPE`), sorted by time."""
    sample_rate: int
    """In Hz."""


class TrackFormat(NamedTuple):
    """Format of the samples of a track."""

    sample_rate: int
    """In Hz."""
    bit_depth: int
    """16 or 24: full scale of the integers."""


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """What is known of a track before it is rendered."""

    performance: Performance
    track: str
    """One of the nine stems, the mixture or a group."""
    hits: int
    """Number of hits that the track plays."""
    format: TrackFormat
    seed: int
    """Seed of the corpus."""
    microphone: str = ""
    """The microphone that hears the track; empty for the kit's mix."""


class TrackFile(NamedTuple):
    """The file of a rendered track."""

    path: str
    """Relative to the corpus."""
    frames: int
    gain_db: float
    """Headroom gain applied to all tracks of this performance and kit alike."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class SingleHit:
    """One written one-shot."""

    kit: str
    note: Note
    velocity: int
    pcm: Pcm
    """Integers of shape (frames, 2)."""
    format: TrackFormat
    onset_frame: int
    """Frame of the attack."""
    file: TrackFile
