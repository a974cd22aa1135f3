"""Memory of one worker that augments the longest performance, all nine stems and the mixture, at its highest.

Run as a program in a process of its own: ``python -m benchmarks.augment.memory CHAIN`` prints the peak in MB, files
that are mapped not counted, the length of the performance in seconds, and how many seconds it took.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.memory import STATUS, watched
from benchmarks.results import Row

REACH_MB = 2500.0
CHAINS = ("larsnet", "studio")
KITS = ("cedar_hall", "birch_room", "copper_stage")
MOST_SEEDS = 64


def rows() -> list[Row]:
    """Measure each chain in a process of its own."""
    measured_rows = []
    for chain in CHAINS:
        what = f"memory of a worker, longest performance through {chain}"
        if not STATUS.is_file():
            measured_rows.append(Row(what, None, "MB", at_most=REACH_MB, note="needs Linux"))
            continue
        command = [sys.executable, "-m", "benchmarks.augment.memory", chain]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak_mb, duration_s, took_s = map(float, done.stdout.split())
        note = f"{duration_s:.0f} s of performance, made in {took_s:.0f} s"
        measured_rows.append(Row(what, peak_mb, "MB", at_most=REACH_MB, note=note))
    return measured_rows


def main() -> None:
    """Augment, watched by a thread: the first seed whose draw changes anything."""
    from benchmarks.material import performances
    from stemgmd_tools.augment.chain.chain import load_chain
    from stemgmd_tools.augment.corpus.jobs import AugmentJob
    from stemgmd_tools.augment.corpus.run import AugmentRequest
    from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
    from stemgmd_tools.corpus.folder.identity import Augmentation
    from stemgmd_tools.performances.select import Selection
    from stemgmd_tools.performances.source import find_source

    chain = load_chain(sys.argv[1])
    longest = max(performances(None), key=lambda one: one.duration_s)
    for seed in range(MOST_SEEDS):
        augmentation = Augmentation(chain.name, chain.hash, seed, "cpu")
        chosen = Selection(ids=(longest.id,))
        request = AugmentRequest(
            SourceSpec(None, kits=KITS),
            find_source().kind.value,
            augmentation,
            chain,
            selection=chosen,
            selected_kits=KITS[:1],
        )
        job = request.jobs()[0]
        if isinstance(job, AugmentJob) and job.drawn_rows():
            break
    start_s = time.perf_counter()
    with watched() as peak, tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        job.write(Path(folder), request.settings)
    print(peak[0], longest.duration_s, time.perf_counter() - start_s)


if __name__ == "__main__":
    main()
