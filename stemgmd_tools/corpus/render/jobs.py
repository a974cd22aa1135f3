"""The jobs of a rendered corpus: stems, single hits and MIDI. Each writes its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.records import MIDI, SINGLE_HITS, STEMS, FileEntry
from stemgmd_tools.corpus.render.microphones import write_with_microphones
from stemgmd_tools.corpus.render.single_hits import write_single_hits
from stemgmd_tools.corpus.render.writer import write_performance
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank, open_microphones
from stemgmd_tools.kits.bank.microphones import MicrophoneBank
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.mapped_midi import mapped_midi
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.storage.files import write_together
from stemgmd_tools.storage.paths import inside

FIXED_COST_S: Final = 2.0
"""Fixed cost of a job, for tails and a dozen files to open, in seconds of performance."""
SINGLE_HIT_COST_S: Final = 0.3
"""Cost of one single hit in seconds of performance."""
MIDI_COST_S: Final = 0.5

_OPEN_BANKS: Final = 2
"""Number of banks a process keeps mapped: opening one takes a millisecond, but its pages count as its memory."""


class StemsTask:
    """What jobs that write all tracks of one performance and kit have in common."""

    __slots__ = ()
    performance: Performance

    @property
    def performance_id(self) -> str:
        """The performance's id."""
        return self.performance.id

    @property
    def cost_s(self) -> float:
        """Length of the performance plus the fixed cost."""
        return self.performance.duration_s + FIXED_COST_S

    @property
    def performance_s(self) -> float:
        """Length of the performance."""
        return self.performance.duration_s

    def file_count(self, settings: RenderSettings) -> int:
        """One file per track."""
        return len(layout.tracks(settings))


@dataclass(frozen=True, slots=True, eq=False)
class StemsJob(StemsTask):
    """All tracks of one performance through one kit."""

    performance: Performance
    kit: Kit
    microphones: int = 0
    """Number of microphones whose tracks are written, too."""
    kind = STEMS

    @property
    def name(self) -> str:
        """``<kit>/<performance>``."""
        return f"{self.kit.name}/{self.performance.id}"

    @property
    def kit_name(self) -> str:
        """The kit's name."""
        return self.kit.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """Performance and kit."""
        return performance_digest(self.performance), self.kit.key

    @property
    def cost_s(self) -> float:
        """Each microphone costs as much as the stems."""
        return (self.performance.duration_s + FIXED_COST_S) * (1 + self.microphones)

    def file_count(self, settings: RenderSettings) -> int:
        """One file per track."""
        return len(layout.tracks(settings)) + self.microphones * len(layout.MICROPHONE_TRACKS)

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Render the tracks."""
        bank = bank_of(self.kit, settings.sample_rate)
        content: dict[str, Any] = {"bank_sha256": bank.pcm_sha256, "kit_hash": self.kit.key}
        if not self.microphones:
            content["rows"] = write_performance(root, self.performance, bank, settings)
            return files_of(content["rows"]), content
        microphones = _opened_microphones(_KitKey(self.kit), settings.sample_rate)
        rows, microphone_rows = write_with_microphones(root, self.performance, bank, microphones, settings)
        content |= {"rows": rows, "microphones": microphone_rows, "microphones_sha256": microphones.bank.pcm_sha256}
        return files_of([*rows, *microphone_rows]), content


@dataclass(frozen=True, slots=True, eq=False)
class SingleHitsJob:
    """All single hits of one kit."""

    kit: Kit
    kind = SINGLE_HITS
    performance_id = ""

    @property
    def name(self) -> str:
        """The kit's name."""
        return self.kit.name

    @property
    def kit_name(self) -> str:
        """The kit's name."""
        return self.kit.name

    @property
    def cost_s(self) -> float:
        """One short track per articulation and velocity."""
        return SINGLE_HIT_COST_S * len(ARTICULATIONS) * len(layout.SINGLE_HIT_VELOCITIES)

    @property
    def performance_s(self) -> float:
        """0: single hits belong to no performance."""
        return 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """The kit."""
        return (self.kit.key,)

    def file_count(self, settings: RenderSettings) -> int:  # noqa: ARG002
        """One file per articulation and velocity."""
        return len(ARTICULATIONS) * len(layout.SINGLE_HIT_VELOCITIES)

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Render the single hits."""
        bank = bank_of(self.kit, settings.sample_rate)
        rows = write_single_hits(root, bank, settings)
        return files_of(rows), {"bank_sha256": bank.pcm_sha256, "kit_hash": self.kit.key, "rows": rows}


@dataclass(frozen=True, slots=True, eq=False)
class MidiJob:
    """The two MIDI files of one performance, and its hits."""

    performance: Performance
    midi: bytes
    """The source file's bytes."""
    kind = MIDI
    kit_name = ""

    @property
    def name(self) -> str:
        """The performance's id."""
        return self.performance.id

    @property
    def performance_id(self) -> str:
        """The performance's id."""
        return self.performance.id

    @property
    def cost_s(self) -> float:
        """A small constant."""
        return MIDI_COST_S

    @property
    def performance_s(self) -> float:
        """0: nothing is rendered."""
        return 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Performance and source file."""
        return performance_digest(self.performance), hashlib.sha256(self.midi).hexdigest()

    def file_count(self, settings: RenderSettings) -> int:  # noqa: ARG002
        """The source file and the mapped one."""
        return 2

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:  # noqa: ARG002
        """Copy the source file, write the mapped one."""
        return write_midi(root, self.performance, self.midi), performance_content(self.performance)


def write_midi(root: Path, performance: Performance, source: bytes) -> list[FileEntry]:
    """Write the source MIDI file of a performance and the one mapped to the nine pieces; return their entries."""
    contents = dict(zip(layout.midi_paths(performance), (source, mapped_midi(performance)), strict=True))
    write_together({inside(root, path): content for path, content in contents.items()})
    return [
        FileEntry(path.as_posix(), hashlib.sha256(content).hexdigest(), len(content))
        for path, content in contents.items()
    ]


def performance_digest(performance: Performance) -> str:
    """Return a digest of a performance: its events, duration and metadata."""
    digest = hashlib.sha256(json.dumps([performance.id, performance.duration_s]).encode())
    digest.update(json.dumps(dict(performance.metadata), sort_keys=True).encode())
    for table in (performance.hits, performance.pedal, performance.chokes):
        digest.update(f"\n{len(table)}\n".encode())
        digest.update(table.tobytes())
    return digest.hexdigest()


def performance_content(performance: Performance) -> dict[str, Any]:
    """Return a performance in JSON's types: nominal duration, metadata, hits by column."""
    hits = performance.hits
    return {
        "duration_s": float(performance.duration_s),
        "metadata": dict(performance.metadata),
        "hits": {
            "time_s": hits["time_s"].tolist(),
            "note": hits["note"].tolist(),
            "velocity": hits["velocity"].tolist(),
            "openness": [float(str(value)) for value in hits["openness"]],  # the shortest decimals of a float32
        },
    }


class _KitKey:
    """A hashable key of a kit, equal for kits of equal name and content."""

    __slots__ = ("kit",)

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    def __hash__(self) -> int:
        return hash((self.kit.name, self.kit.key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _KitKey) and (self.kit.name, self.kit.key) == (other.kit.name, other.kit.key)


def bank_of(kit: Kit, sample_rate: int) -> Bank:
    """Return a kit's bank, opened once per process."""
    return _opened(_KitKey(kit), sample_rate)


@lru_cache(maxsize=_OPEN_BANKS)
def _opened(key: _KitKey, sample_rate: int) -> Bank:
    return open_bank(key.kit, sample_rate)


@lru_cache(maxsize=_OPEN_BANKS)
def _opened_microphones(key: _KitKey, sample_rate: int) -> MicrophoneBank:
    return open_microphones(key.kit, sample_rate)


def files_of(rows: list[Any] | list[Mapping[str, Any]]) -> list[FileEntry]:
    """Return the files of manifest rows."""
    return [FileEntry(row["path"], row["content_hash"], row["bytes"]) for row in rows]
