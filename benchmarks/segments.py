"""Random segments of all stems, rendered and read: ``python -m benchmarks.segments``.

One run, one core, CPU time: segments as training takes them, of a virtual corpus and of the FLAC and the WAV files of
the same corpus, in turn; then the memory of a process that reads thousands of segments at random. Prints one table and
writes it to ``benchmarks/segments.json``, from which ``python docs/generate.py`` makes its part of
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import copy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks import material, report
from benchmarks.clock import OtherLoad, Work, in_turn
from benchmarks.memory import STATUS, anonymous_mb
from benchmarks.results import Results, Row, machine
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.kits.library import kits_named
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.source import PerformanceSource
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.settings import Container, RenderSettings
from stemgmd_tools.seeds import stream

SEGMENT_S = 11.85
"""As LarsNet trains on."""
FLAC_REACH, WAV_REACH = 10.0, 2.0
MEMORY_REACH_MB = 500.0
GROWTH_REACH_MB = 50.0
RESULTS = Path(__file__).with_name("segments.json")


class Segment(NamedTuple):
    """A part of one performance through one kit."""

    performance: str
    kit: str
    start: int


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    long: int
    """Performances among those of two minutes and more."""
    short: int
    """Performances among the others."""
    segments: int
    repeats: int
    endured: int
    """Segments read at random while memory is watched."""


FULL = Size(long=3, short=8, segments=40, repeats=3, endured=3000)
QUICK = Size(long=1, short=4, segments=10, repeats=1, endured=50)
LONG_S = 120.0


def chosen(performances: Sequence[Performance], size: Size) -> list[Performance]:
    """Return some long and some short performances, spread evenly over each."""
    ordered = sorted(performances, key=lambda one: (one.duration_s, one.id))
    border = sum(one.duration_s < LONG_S for one in ordered)
    return [*_spread(ordered[:border], size.short), *_spread(ordered[border:], size.long)]


def _spread(ordered: Sequence[Performance], count: int) -> list[Performance]:
    count = min(count, len(ordered))
    return [ordered[(2 * i + 1) * len(ordered) // (2 * count)] for i in range(count)]


def drawn(source: VirtualCorpus, count: int, frames: int, *names: str | int) -> list[Segment]:
    """Return random segments: every second of every performance and kit is as likely, as in training."""
    keys = [(name, kit) for name in source.performances["performance"] for kit in source.kits_of(name)]
    weights = np.array([source.played(performance).duration_s for performance, _ in keys])
    draws = stream(0, "segments", *names)
    segments = []
    for index in draws.choice(len(keys), count, p=weights / weights.sum()).tolist():
        performance, kit = keys[index]
        last = max(source.length(performance, kit) - frames, 0)
        segments.append(Segment(performance, kit, int(draws.integers(0, last + 1))))
    return segments


Reader = Callable[[Segment, int], object]


def _by_soundfile(corpus: Corpus) -> Reader:
    """Read nine files as int16, as anyone would: open, seek, decode."""
    paths = _paths(corpus)

    def read(segment: Segment, frames: int) -> object:
        sounds = []
        for path in paths[segment.performance, segment.kit]:
            with soundfile.SoundFile(path) as file:
                file.seek(segment.start)
                sounds.append(file.read(frames, dtype="int16"))
        return sounds

    return read


def _floats_by_soundfile(corpus: Corpus) -> Reader:
    """Read them as float32 into an array that is used again, as :func:`_floats` renders."""
    paths = _paths(corpus)
    out: list[NDArray[np.float32]] = []

    def read(segment: Segment, frames: int) -> object:
        if not out:
            out.append(np.empty((len(PIECES), frames, 2), np.float32))
        for stem, path in zip(out[0], paths[segment.performance, segment.kit], strict=True):
            with soundfile.SoundFile(path) as file:
                file.seek(segment.start)
                file.read(out=stem, fill_value=0)
        return out[0]

    return read


def _paths(corpus: Corpus) -> dict[tuple[str, str], list[Path]]:
    """Return the files of the nine stems by performance and kit."""
    tracks = corpus.tracks
    stems = tracks[tracks["track"].isin([piece.value for piece in PIECES])]
    return {key: [corpus.root / path for path in rows] for key, rows in stems.groupby(["performance", "kit"])["path"]}


def _integers(source: VirtualCorpus | Corpus) -> Reader:
    return lambda segment, frames: source.stems(*segment, frames)


def _floats(source: VirtualCorpus) -> Reader:
    """Render into an array that is used again, as a worker does that hands on batches."""
    out: list[NDArray[np.float32]] = []

    def read(segment: Segment, frames: int) -> object:
        out[:] = [source.floats(*segment, frames, out=out[0] if out else None)]
        return out[0]

    return read


def _anew(source: VirtualCorpus) -> Reader:
    """Render as a process does that meets this performance and kit for the first time, its bank lying in the cache."""
    return lambda segment, frames: copy.copy(source).stems(*segment, frames)


def _all(read: Reader, segments: Sequence[Segment], frames: int) -> Work:
    def work() -> None:
        for segment in segments:
            read(segment, frames)

    return work


def rates(source: VirtualCorpus, flac: Corpus, wav: Corpus, size: Size) -> list[Row]:
    """Measure all ways to get the same segments, in turn."""
    frames = round(SEGMENT_S * source.sample_rate)
    segments = drawn(source, size.segments, frames, "rates")
    for segment in segments[:3]:
        if not all(
            np.array_equal(source.stems(*segment, frames), other.stems(*segment, frames)) for other in (flac, wav)
        ):
            raise SystemExit(f"{segment}: rendered and read segments differ")
    readers: dict[str, Reader] = {
        "rendered": _integers(source),
        "FLAC": _by_soundfile(flac),
        "WAV": _by_soundfile(wav),
        "rendered, float32": _floats(source),
        "FLAC, float32": _floats_by_soundfile(flac),
        "WAV, float32": _floats_by_soundfile(wav),
        "open_corpus, FLAC": _integers(flac),
        "open_corpus, WAV": _integers(wav),
        "rendered, first time": _anew(source),
    }
    timings = in_turn([_all(read, segments, frames) for read in readers.values()], size.repeats)
    cost_s = {name: timing.cpu_s / len(segments) for name, timing in zip(readers, timings, strict=True)}
    note = f"{len(segments)} segments of {SEGMENT_S} s, one core, CPU time"
    rows = [
        Row(f"segments: {name}", SEGMENT_S / cost, "x", note=f"{1000 * cost:.1f} ms each")
        for name, cost in cost_s.items()
    ]
    for kind, kinds in (("as int16", ""), ("as float32", ", float32")):
        for files, reach in (("FLAC", FLAC_REACH), ("WAV", WAV_REACH)):
            ratio = cost_s[files + kinds] / cost_s["rendered" + kinds]
            rows.append(Row(f"rendering over reading {files}, {kind}", ratio, "times", at_least=reach, note=note))
    return rows


def measure(size: Size, gmd: Path | None, names: Sequence[str]) -> Results:
    """Write the corpora, measure, endure."""
    others = OtherLoad()
    collection = material.source(gmd)
    performances = chosen(collection.read(), size)
    kits = kits_named(names)
    with tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        flac, wav = (_written(Path(folder), container, performances, kits, collection) for container in ("flac", "wav"))
        rows = rates(VirtualCorpus(performances, kits, flac.identity.settings), flac, wav, size)
    rows += endurance(names, gmd, size.endured)
    seconds = sorted(round(one.duration_s) for one in performances)
    share = others.share()
    busy = "" if share is None else f"; other processes used {share:.0%} of the machine meanwhile"
    about = (
        f"{len(performances)} performances of {seconds[0]} to {seconds[-1]} s, {sum(seconds) / 60:.0f} minutes, kits "
    )
    return Results(machine(), about + ", ".join(kit.name for kit in kits) + busy, rows)


def _written(
    folder: Path,
    container: Container,
    performances: Sequence[Performance],
    kits: Sequence[Kit],
    source: PerformanceSource,
) -> Corpus:
    request = Request(
        performances,
        source.midi(),
        source.kind.value,
        kits,
        RenderSettings(container=container),
        single_hits=False,
    )
    render_corpus(folder / container, request, jobs=1)
    return Corpus(folder / container)


def endurance(names: Sequence[str], gmd: Path | None, count: int) -> list[Row]:
    """Watch the memory of a process of its own that renders segments of all performances at random."""
    what = f"memory of a process of its own, {count:,} random segments"
    if not STATUS.is_file():
        return [Row(what, None, "MB", at_most=MEMORY_REACH_MB, note="needs Linux")]
    command = [sys.executable, "-m", "benchmarks.segments", "--endure", str(count), "--kits", ",".join(names)]
    done = subprocess.run([*command, *(["--gmd", str(gmd)] if gmd else [])], capture_output=True, text=True, check=True)
    early, late, seconds = map(float, done.stdout.split())
    note = (
        f"of all performances, {seconds / count * 1000:.1f} ms each by the clock, scores that were forgotten included"
    )
    return [
        Row(what, late, "MB", at_most=MEMORY_REACH_MB, note=note),
        Row("growth over the last three quarters of them", late - early, "MB", at_most=GROWTH_REACH_MB),
    ]


def _endure(source: VirtualCorpus, count: int) -> None:
    """Render, and print the memory after a quarter, at the end, and the seconds."""
    frames = round(SEGMENT_S * source.sample_rate)
    segments = drawn(source, count, frames, "endurance")
    fresh = copy.copy(source)
    start, early = time.perf_counter(), 0.0
    for index, segment in enumerate(segments):
        fresh.stems(*segment, frames)
        if index == count // 4:
            early = anonymous_mb()
    print(early, anonymous_mb(), time.perf_counter() - start)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segments", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small sample")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--kits", default="cedar_hall,birch_room", help="comma-separated; default: %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    parser.add_argument("--endure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.kits.split(",")
    if given.endure:
        _endure(VirtualCorpus(material.performances(given.gmd), kits_named(names)), given.endure)
        return
    results = measure(QUICK if given.quick else FULL, given.gmd, names)
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
