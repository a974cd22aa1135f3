"""Reading all files of a copy of GMD, first and from the cache, beside MIDI libraries that only parse them."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mido
import pretty_midi

from benchmarks.clock import in_turn, once
from benchmarks.results import Row
from stemgmd_tools.performances import read_gmd

CACHED_REACH_S = 1.0
FIRST_REACH_S = 12.0
CACHED_REPEATS = 3


@contextmanager
def own_cache() -> Iterator[Path]:
    """Use an empty cache for a while."""
    before = os.environ.get("STEMGMD_CACHE")
    with tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        os.environ["STEMGMD_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["STEMGMD_CACHE"]
            else:
                os.environ["STEMGMD_CACHE"] = before


def rows(folder: Path, every: int) -> list[Row]:
    """Measure CPU time: our reader on all files, and the other libraries on every ``every``-th, scaled to all."""
    files = [str(path) for path in sorted(folder.rglob("*.mid*"))]
    with own_cache():
        first = once(lambda: read_gmd(folder))
        (cached,) = in_turn([lambda: read_gmd(folder)], CACHED_REPEATS)
    count = f"{len(files):,} files"
    measured_rows = [
        Row(f"read all {count}, first time", first.cpu_s, "s", at_most=FIRST_REACH_S),
        Row(f"read all {count}, cached", cached.cpu_s, "s", at_most=CACHED_REACH_S),
    ]
    sample = files[::every]
    for name, parse in _parsers():
        if parse is None:
            measured_rows.append(Row(f"peer: {name} parses {count}", None, "s", note="not installed"))
            continue
        timing = once(lambda parse=parse: [parse(path) for path in sample])
        note = f"scaled from every {every}th" if every > 1 else ""
        measured_rows.append(
            Row(f"peer: {name} parses {count}", timing.cpu_s * len(files) / len(sample), "s", note=note)
        )
    return measured_rows


def _parsers() -> Sequence[tuple[str, Callable[[str], object] | None]]:
    try:
        symusic = importlib.import_module("symusic").Score
    except ImportError:
        symusic = None
    return (("symusic", symusic), ("mido", mido.MidiFile), ("pretty_midi", pretty_midi.PrettyMIDI))
