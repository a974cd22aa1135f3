"""Measuring: medians of repeated calls, in turn, in CPU seconds of this process and its children."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """What one piece of work cost: medians over its repeats."""

    wall_s: float
    cpu_s: float
    """User and system time of the process, its threads and its finished children."""


def once(work: Work) -> Timing:
    """Run ``work`` once."""
    cpu_s, start_s = _cpu_s(), time.perf_counter()
    work()
    return Timing(time.perf_counter() - start_s, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def in_turn(works: Sequence[Work], repeats: int, *, warm: bool = True) -> list[Timing]:
    """Run all works once unmeasured (``warm``), then ``repeats`` times in turn; return the median of each.

    Taking turns lets a change of the machine's speed meet all of them alike.
    """
    for work in works if warm else ():
        work()
    rounds = [[once(work) for work in works] for _ in range(repeats)]
    return [median([one[index] for one in rounds]) for index in range(len(works))]


class OtherLoad:
    """How much of the machine other processes used while this one measured: what a reader has to know."""

    def __init__(self) -> None:
        """Start counting."""
        self._start = _machine_s(), _family_s()

    def share(self) -> float | None:
        """Return the share of all processor time that others used, 0..1; None where the system does not tell."""
        (start, own_start), now, own = self._start, _machine_s(), _family_s()
        if start is None or now is None or now.total <= start.total:
            return None
        return max(0.0, (now.busy - start.busy - (own - own_start)) / (now.total - start.total))


class _MachineTime(NamedTuple):
    busy: float
    total: float


def _family_s() -> float:
    """Return the CPU seconds of this process, its finished children, and its children at work."""
    children_s = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # gone since it was listed
            continue
        if int(fields[1]) == os.getpid():
            children_s += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return _cpu_s() + children_s


def _machine_s() -> _MachineTime | None:
    """Return the processor seconds since boot, over all cores, from ``/proc/stat``."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    ticks = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields]
    idle = ticks[3] + ticks[4]
    return _MachineTime(sum(ticks) - idle, sum(ticks))


def median(timings: Sequence[Timing]) -> Timing:
    """Return the median of each figure."""
    return Timing(statistics.median(t.wall_s for t in timings), statistics.median(t.cpu_s for t in timings))
