"""Memory of one worker beyond the mapped bank: what it allocated itself, at its highest.

Run as a program in a process of its own: ``python -m benchmarks.memory KIT [GMD]`` renders the longest performance to
FLAC and prints the peak in MB.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.results import Row

REACH_MB = 500.0
INTERVAL_S = 0.005
STATUS = Path("/proc/self/status")


def rows(kit: str, gmd: Path | None) -> list[Row]:
    """Measure in a process of its own."""
    what = "memory per worker beyond the mapped bank, longest performance"
    if not STATUS.is_file():
        return [Row(what, None, "MB", at_most=REACH_MB, note="needs Linux")]
    command = [sys.executable, "-m", "benchmarks.memory", kit, *([str(gmd)] if gmd else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak_mb, duration_s = map(float, done.stdout.split())
    return [Row(what, peak_mb, "MB", at_most=REACH_MB, note=f"{duration_s:.0f} s of performance")]


def anonymous_mb() -> float:
    """Return what this process allocated itself, files that it maps not counted."""
    match = re.search(r"RssAnon:\s*(\d+) kB", STATUS.read_text(encoding="ascii"))
    return int(match[1]) / 1024 if match else 0.0


@contextmanager
def watched() -> Iterator[list[float]]:
    """Yield a list whose one value is, afterwards, the most that this process held of its own meanwhile, in MB."""
    done = threading.Event()
    peak = [anonymous_mb()]

    def watch() -> None:
        while not done.wait(INTERVAL_S):
            peak[0] = max(peak[0], anonymous_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def main() -> None:
    """Render, watched by a thread."""
    from benchmarks.material import performances
    from stemgmd_tools.corpus.render.writer import write_performance
    from stemgmd_tools.kits.bank.cache import open_bank
    from stemgmd_tools.kits.library import load_kit
    from stemgmd_tools.rendering.settings import RenderSettings

    kit, *gmd = sys.argv[1:]
    longest = max(performances(Path(gmd[0]) if gmd else None), key=lambda one: one.duration_s)
    bank = open_bank(load_kit(kit))
    with watched() as peak, tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        write_performance(Path(folder), longest, bank, RenderSettings())
    print(peak[0], longest.duration_s)


if __name__ == "__main__":
    main()
