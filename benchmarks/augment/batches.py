"""Examples per second of ``stemgmd augment``, one at a time and 24 together: rendered, augmented and written.

``python -m benchmarks.augment.batches`` measures only these and puts them into ``benchmarks/augment.json``.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from benchmarks import report
from benchmarks.augment.memory import KITS
from benchmarks.clock import OtherLoad
from benchmarks.results import Results, Row
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.corpus.jobs import AugmentJob
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.performances.select import Selection
from stemgmd_tools.performances.source import find_source

CHAIN: Final = "larsnet"
EXAMPLES: Final = 24
SIZES: Final = (1, 24)
CLOCKS: Final[dict[str, tuple[Callable[[], float], str]]] = {
    "cpu": (time.process_time, "one core, CPU time"),
    "cuda": (time.perf_counter, "one process, time"),
}
"""Clock of each device, and what it counts."""
RESULTS: Final = Path(__file__).parents[1] / "augment.json"
REPEATS: Final = 2


def rows(repeats: int) -> list[Row]:
    """Measure every device that is here with every size of batch, in turn; without a GPU there is no row of one."""
    torch.set_num_threads(1)
    measured_rows = []
    for device, (clock, counted) in CLOCKS.items():
        if device == "cuda" and not torch.cuda.is_available():
            continue
        request = _request(device)
        turns = [[_taken_s(request, size, clock) for size in SIZES] for _ in range(repeats + 1)][1:]
        length_s = statistics.fmean(job.performance_s for job in _jobs(request))
        note = f"{counted}; {EXAMPLES} examples of {length_s:.1f} s on average, nine stems and mixture"
        for size, taken_s in zip(SIZES, zip(*turns, strict=True), strict=True):
            measured_rows.append(Row(_what(device, size), EXAMPLES / statistics.median(taken_s), "/s", note=note))
    return measured_rows


def _what(device: str, size: int) -> str:
    return f"augment --chain {CHAIN} --batch {size} --device {device}, examples"


def _request(device: str) -> AugmentRequest:
    chain = load_chain(CHAIN)
    return AugmentRequest(
        SourceSpec(None, kits=KITS),
        find_source(gmd=None).kind.value,
        Augmentation(chain.name, chain.hash, 0, device),
        chain,
        selection=Selection(limit=EXAMPLES),
        selected_kits=KITS[:1],
    )


def _jobs(request: AugmentRequest) -> list[AugmentJob]:
    """Return the examples, the longest first, as a run computes them."""
    jobs = [job for job in request.jobs() if isinstance(job, AugmentJob)]
    return sorted(jobs, key=lambda job: (-job.cost_s, job.name))[:EXAMPLES]


def _taken_s(request: AugmentRequest, size: int, clock: Callable[[], float]) -> float:
    """Return the seconds that all examples take in batches of a size."""
    jobs = _jobs(request)
    with tempfile.TemporaryDirectory(prefix="stemgmd-benchmark-") as folder:
        start_s = clock()
        for first in range(0, len(jobs), size):
            _write(jobs[first : first + size], Path(folder), request)
        return clock() - start_s


def _write(jobs: Sequence[AugmentJob], folder: Path, request: AugmentRequest) -> None:
    for _ in jobs[0].write_together(jobs, folder, request.settings):
        pass


def main() -> None:
    """Measure, print, and put the rows in the place of earlier ones."""
    others = OtherLoad()
    measured_rows = rows(REPEATS)
    load = f"; other processes used {others.share() or 0:.0%} of the machine"
    measured_rows = [replace(row, note=row.note + load) for row in measured_rows]
    print(*map(report.line, measured_rows), sep="\n")
    results = Results.of(json.loads(RESULTS.read_text(encoding="utf-8")))
    names = {row.what for row in measured_rows}
    remaining = [row for row in results.rows if row.what not in names]
    Results(results.machine, results.material, [*remaining, *measured_rows]).save(RESULTS)


if __name__ == "__main__":
    main()
