"""Whole corpora: one process and two, all performances through ten kits, and the wait for the first file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clips import Clip
from benchmarks.clock import Work, in_turn
from benchmarks.results import Row
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.source import PerformanceSource
from stemgmd_tools.rendering.settings import RenderSettings

SPEEDUP_REACH = 1.85
MINUTES_REACH = 42.0
FIRST_STEM_REACH_S = 60.0
ALL_KITS = 10
POLL_S = 0.05


def _corpus(clips: Sequence[Clip], kits: Sequence[Kit], collection: PerformanceSource, jobs: int) -> Work:
    request = Request(
        [clip.performance for clip in clips],
        collection.midi(),
        collection.kind.value,
        kits,
        RenderSettings(),
        single_hits=False,
    )

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
            render_corpus(Path(folder, "corpus"), request, jobs=jobs)

    return work


def rows(
    clips: Sequence[Clip],
    kits: Sequence[Kit],
    collection: PerformanceSource,
    repeats: int,
    stands_for: float,
) -> list[Row]:
    """Measure one process and two on the same jobs; extrapolate to all performances and ten kits.

    :param stands_for: how many times the work of the clips all performances are, through one kit.
    """
    one, two = in_turn([_corpus(clips, kits, collection, jobs) for jobs in (1, 2)], repeats, warm=False)
    seconds = sum(clip.performance.duration_s for clip in clips) * len(kits)
    minutes = two.wall_s / len(kits) * stands_for * ALL_KITS / 60
    note = f"{len(clips) * len(kits)} jobs, {seconds / 60:.0f} minutes of performance; default settings"
    return [
        Row("two processes over one", one.wall_s / two.wall_s, "times", at_least=SPEEDUP_REACH, note=note),
        Row("corpus on two processes", seconds / two.wall_s, "x", note="by the clock; MIDI and manifests included"),
        Row(
            f"all performances x {ALL_KITS} kits on two processes, extrapolated",
            minutes,
            "min",
            at_most=MINUTES_REACH,
            note="banks built",
        ),
    ]


def first_stem() -> Row:
    """Start the quick start's render with an empty cache and wait for the first finished stem."""
    with tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        out = Path(folder, "corpus")
        command = [sys.executable, "-m", "stemgmd_tools.cli.main", "render", "--quiet", "--kits", "all", "--out", out]
        others = {name: value for name, value in os.environ.items() if name != "STEMGMD_GMD"}
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**others, "STEMGMD_CACHE": str(Path(folder, "cache"))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None and not any(out.glob("audio/**/*.flac")):
                time.sleep(POLL_S)
            waited = time.perf_counter() - start
        finally:
            process.terminate()
            process.wait()
        has_audio = any(out.glob("audio/**/*.flac"))
    return Row(
        "first stems on disk, empty cache, ten kits",
        waited if has_audio else None,
        "s",
        at_most=FIRST_STEM_REACH_S,
        note="from the start of the command" if has_audio else "the command failed",
    )
