"""Estimate the files, hours, disk space and time of a run from measured averages."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.job import Job
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS, read_record, record_path
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.kits.bank.cache import seems_built
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.runtime.quantities import counted, duration_text, size_text

TAIL_S: Final = 1.2
"""Mean time for which stems ring on after the nominal duration, over GMD and the modelled kits."""
SINGLE_HIT_S: Final = 1.65
"""Mean length of a single hit, over all articulations and modelled kits."""
FLAC_BITS: Final = {
    "int16": {"stem": 1.55, "group": 2.7, "mixture": 7.8, "single_hit": 4.6},
    "int24": {"stem": 4.1, "group": 6.9, "mixture": 15.9, "single_hit": 9.0},
}
"""Mean bits per sample and channel in FLAC at level 3, over GMD and modelled kits; stems are mostly silence."""
WAV_BITS: Final = {"int16": 16.0, "int24": 24.0, "float32": 32.0}
_CHANNELS: Final = 2
MIDI_BYTES: Final = 10_000
"""Size of the source and the mapped MIDI file of a performance, its record and its rows."""
RECORD_BYTES: Final = 8_000
"""Size of the record and the manifest rows of one performance and kit."""
SAFETY: Final = 1.15
"""Factor on the estimate of the required disk space."""
SPEED: Final = {"flac": 105.0, "wav": 330.0}
"""Seconds of performance, all tracks together, rendered per second by one core of 2020s hardware."""
MODELLED_BANK_S: Final = 8.0
"""Time of one core to build the bank of a modelled kit ..."""
RECORDED_BANK_S: Final = 2.5
"""... and that of a recorded one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated size and cost of a run."""

    performances: int
    performance_h: float
    """Sum of the performances' nominal durations in hours, each counted once, however many kits."""
    kits: int
    stems: int
    """Stem files: nine for each performance and kit; mixtures and groups not counted."""
    files: int
    """All audio and MIDI files."""
    nominal_h: float
    """Stem hours by the performances' nominal durations."""
    with_tails_h: float
    """Stem hours including the time that the last sounds ring out; estimated."""
    bytes: int
    """Estimated disk space of the whole corpus."""
    bytes_missing: int
    """Estimated disk space of the missing files."""
    work_s: float
    """Seconds of performance still to be rendered."""
    container: str
    banks: int
    """Number of banks to build."""
    bank_s: float
    """Time that one core needs to build them."""

    def lines(self, workers: int) -> list[str]:
        """Return the estimate as lines of text."""
        processes = counted(workers, "process", "processes")
        render_s = self.work_s / SPEED[self.container] / workers
        bank_s = self.bank_s / min(workers, max(1, self.banks))
        banks = counted(self.banks, "bank")
        building = f", {duration_text(bank_s)} of it to build {banks}" if self.banks else ""
        stems = counted(self.stems, "stem")
        performances = f"{counted(self.performances, 'performance')} ({self.performance_h:,.2f} performance hours)"
        return [
            f"{performances} x {counted(self.kits, 'kit')} = {stems}, {counted(self.files, 'file')}",
            f"{self.nominal_h:,.1f} stem hours by nominal duration, about {self.with_tails_h:,.1f} with tails",
            f"about {size_text(self.bytes)} on disk, {size_text(self.bytes_missing)} of it still to be written",
            f"about {duration_text(bank_s + render_s)} with {processes}{building}",
        ]


def estimate(root: Path, jobs: Sequence[Job], settings: RenderSettings, kits: Sequence[Kit] = ()) -> Estimate:
    """Return the estimate for ``jobs``; jobs with a record in ``root`` count as done.

    :param kits: kits whose banks are needed for unfinished jobs; without kits, banks are not counted.
    """
    stems = [job for job in jobs if job.kind == STEMS]
    tail_s = TAIL_S if settings.tail == "natural" else 0.0
    needed = {id(job): _bytes(job, settings, tail_s) for job in jobs}
    missing = [job for job in jobs if read_record(record_path(root, job.kind, job.name)) is None]
    nominal_s = sum(job.performance_s for job in stems)
    needed_kits = {job.kit_name for job in missing}
    unbuilt = [kit for kit in kits if kit.name in needed_kits and not seems_built(kit, settings.sample_rate)]
    return Estimate(
        performances=len({job.performance_id for job in stems}),
        performance_h=sum({job.performance_id: job.performance_s for job in stems}.values()) / 3600,
        kits=len({job.kit_name for job in jobs} - {""}),
        stems=len(stems) * len(PIECES),
        files=sum(job.file_count(settings) for job in jobs),
        nominal_h=nominal_s * len(PIECES) / 3600,
        with_tails_h=(nominal_s + tail_s * len(stems)) * len(PIECES) / 3600,
        bytes=round(sum(needed.values())),
        bytes_missing=round(sum(needed[id(job)] for job in missing)),
        work_s=sum(job.cost_s for job in missing),
        container=settings.container,
        banks=len(unbuilt),
        bank_s=sum(MODELLED_BANK_S if kit.folder is None else RECORDED_BANK_S for kit in unbuilt),
    )


def require_disk(root: Path, estimated: Estimate) -> None:
    """Check that the disk has room for the missing files.

    :raises CorpusError: if the estimate times :data:`SAFETY` exceeds the free space.
    """
    free = free_bytes(root.absolute())
    needed = estimated.bytes_missing * SAFETY
    if needed > free:
        raise CorpusError(
            f"{root}: the disk has {size_text(free)} free, the rest of this corpus needs about {size_text(needed)}; "
            "make room, choose another --out, or render less (--limit, --kits, --format flac)"
        )


def _bytes(job: Job, settings: RenderSettings, tail_s: float) -> float:
    """Return the estimated size of a job's files."""
    if job.kind == STEMS:
        bits = sum(_bits(settings, _kind_of(track)) for track in layout.tracks(settings))
        microphones = (job.file_count(settings) - len(layout.tracks(settings))) // len(layout.MICROPHONE_TRACKS)
        bits += microphones * sum(_bits(settings, _kind_of(track)) for track in layout.MICROPHONE_TRACKS)
        return (job.performance_s + tail_s) * settings.sample_rate * _CHANNELS * bits / 8 + RECORD_BYTES
    if job.kind == SINGLE_HITS:
        bits = job.file_count(settings) * _bits(settings, "single_hit")
        return SINGLE_HIT_S * settings.sample_rate * _CHANNELS * bits / 8 + RECORD_BYTES
    return MIDI_BYTES


def _kind_of(track: str) -> str:
    if track == layout.MIXTURE:
        return "mixture"
    return "stem" if track in tuple(PIECES) else "group"


def _bits(settings: RenderSettings, kind: str) -> float:
    """Return the mean bits per sample and channel of a kind of file."""
    if settings.container == "wav":
        return WAV_BITS[settings.sample_format]
    return FLAC_BITS[settings.sample_format][kind]


def free_bytes(path: Path) -> int:
    """Return the number of free bytes on the disk of ``path``, which need not exist."""
    existing = path.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free
