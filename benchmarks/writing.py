"""One job from plan to files, beside the encoder alone on the same integers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.clips import Clip, total_s, weighted
from benchmarks.clock import Work, in_turn
from benchmarks.results import Row
from stemgmd_tools.corpus.render.writer import write_performance
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import DEFAULT_FLAC_LEVEL, RenderSettings

FLAC_REACH = 1.15
WAV_REACH = 400.0
FLAC_LEVEL_5 = 5 / 8
"""libsndfile counts compression from 0 to 1."""


def _encoder(clip: Clip, bank: Bank, folder: Path) -> Work:
    stems = mix(plan(clip.performance, bank), bank)
    tracks = [np.ascontiguousarray(track.T) for track in (*stems.pcm, stems.mixture)]

    def work() -> None:
        into = _new(folder)
        for number, track in enumerate(tracks):
            with soundfile.SoundFile(
                into / f"{number}.flac", "w", 44_100, 2, "PCM_16", format="FLAC", compression_level=FLAC_LEVEL_5
            ) as file:
                file.write(track)

    return work


def _job(clip: Clip, bank: Bank, folder: Path, settings: RenderSettings) -> Work:
    return lambda: write_performance(_new(folder), clip.performance, bank, settings)


def _new(folder: Path) -> Path:
    """Return a new folder: replacing files would cost what a corpus never pays."""
    return Path(tempfile.mkdtemp(dir=folder))


@dataclass(frozen=True, slots=True)
class Measured:
    """Costs in CPU seconds of everything the clips stand for, through one kit."""

    rows: list[Row]
    default_s: float
    """With the default settings, from the clips to everything they stand for."""
    sample_s: float
    """What the clips themselves cost so."""


def measure(clips: Sequence[Clip], bank: Bank, repeats: int) -> Measured:
    """Measure FLAC and WAV jobs and the encoder alone, in turn on each clip."""
    costs: list[list[float]] = []
    walls: list[list[float]] = []
    for index, clip in enumerate(clips):
        folder = Path(tempfile.mkdtemp(prefix="stemgmd-benchmark-"))
        try:
            works = [
                _job(clip, bank, folder, RenderSettings(flac_level=5)),
                _encoder(clip, bank, folder),
                _job(clip, bank, folder, RenderSettings(container="wav")),
                _job(clip, bank, folder, RenderSettings()),
            ]
            timings = in_turn(works, repeats, warm=index == 0)
            costs.append([timing.cpu_s for timing in timings])
            walls.append([timing.wall_s for timing in timings])
        finally:
            shutil.rmtree(folder)
    flac, alone, wav, default = (weighted(clips, column) for column in zip(*costs, strict=True))
    flac_wall, alone_wall, wav_wall, _ = (weighted(clips, column) for column in zip(*walls, strict=True))
    everything = total_s(clips)
    rows = [
        Row(
            "FLAC 16 level 5 on disk, stems + mixture, over encoding alone",
            flac / alone,
            "times",
            at_most=FLAC_REACH,
            note=f"CPU time; by the clock {flac_wall / alone_wall:.2f}",
        ),
        Row("FLAC 16 level 5 on disk, stems + mixture", everything / flac, "x", note="per core"),
        Row(f"FLAC 16 level {DEFAULT_FLAC_LEVEL} (the default) on disk", everything / default, "x", note="per core"),
        Row("encoding alone of the same int16 arrays", everything / alone, "x", note="per core"),
        Row(
            "WAV 16 on disk, stems + mixture",
            everything / wav,
            "x",
            at_least=WAV_REACH,
            note=f"per core, CPU time; by the clock {everything / wav_wall:.0f}x",
        ),
    ]
    return Measured(rows, default, sum(column[3] for column in costs))
