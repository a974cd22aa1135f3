"""Trials of damaged inputs: batches in processes of their own; the smallest input that shows something is kept."""

from __future__ import annotations

import json
import math
import mmap
import os
import selectors
import signal
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.torture.loaders import Loader
from benchmarks.torture.results import Tally
from benchmarks.torture.worker import run_batch

BATCH_S = 10.0
"""About how long a batch takes."""
STUCK_S = 180.0
"""A call that has not ended by then hangs, however busy the machine is."""
SCHEDULE = (20, 2000)
"""Smallest and largest batch."""


@dataclass
class Batch:
    """Trials of one loader in a process."""

    loader: Loader
    first: int
    last: int
    seed: int
    pid: int = 0
    pipe: int = -1
    text: bytes = b""
    began: float = field(default_factory=time.monotonic)
    _moved: tuple[int, float] = (-1, 0.0)

    def __post_init__(self) -> None:
        """Start."""
        self.done = mmap.mmap(-1, 8)
        self.done[:8] = struct.pack("<q", self.first)
        self.pipe, theirs = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            code = 1
            try:
                os.close(self.pipe)
                run_batch(self.loader, self.first, self.last, self.seed, self.done, theirs)
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        self._moved = (self.first, time.monotonic())

    @property
    def number(self) -> int:
        """The trial at hand; the end of the range when all are done."""
        return int(struct.unpack("<q", self.done[:8])[0])

    def end_if_stuck(self) -> None:
        """Kill a process whose trial does not end."""
        if self.number != self._moved[0]:
            self._moved = (self.number, time.monotonic())
        elif time.monotonic() - self._moved[1] > STUCK_S:
            os.kill(self.pid, signal.SIGKILL)

    def take(self) -> bool:
        """Take in what the process reports; return whether it has ended."""
        data = os.read(self.pipe, 1 << 20)
        self.text += data
        return not data

    def findings(self) -> Iterator[dict[str, Any]]:
        """Yield what was found, after the process has ended: its reports, and how it ended if not well."""
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        yield from (json.loads(line) for line in self.text.splitlines())
        code = os.waitstatus_to_exitcode(status)
        if code:
            name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            why = {"SIGPROF": "computes without end", "SIGKILL": "hangs, or takes too much memory"}.get(name, name)
            yield {"number": self.number, "fault": f"the process ends: {why}"}


def run_inputs(
    loaders: Sequence[Loader], tally: Tally, *, trials: int, seed: int, jobs: int, deadline: float, folder: Path
) -> None:
    """Try damaged inputs until there were so many trials of all loaders together, or until a moment.

    :param tally: what there was before, and what is added.
    :param deadline: of ``time.monotonic``.
    :param folder: where inputs that show something are kept.
    """
    waiting, running = list(loaders), selectors.DefaultSelector()
    total = sum(loader.share for loader in loaders)
    each = {loader.name: math.ceil(trials * loader.share / total) for loader in loaders}
    sizes = {loader.name: SCHEDULE[0] for loader in loaders}
    while waiting or running.get_map():
        while waiting and len(running.get_map()) < jobs and time.monotonic() < deadline:
            loader = min(waiting, key=lambda one: tally.trials(one.name) / one.share)
            waiting.remove(loader)
            first = tally.trials(loader.name)
            if first < each[loader.name]:
                batch = Batch(loader, first, min(first + sizes[loader.name], each[loader.name]), seed)
                running.register(batch.pipe, selectors.EVENT_READ, batch)
        if not running.get_map():
            return
        for key, _ in running.select(1.0):
            batch = key.data
            if batch.take():
                running.unregister(key.fd)
                _finish(batch, tally, folder)
                took = max(time.monotonic() - batch.began, 0.01)
                size = (batch.last - batch.first) * BATCH_S / took
                sizes[batch.loader.name] = int(min(max(size, SCHEDULE[0]), SCHEDULE[1]))
                waiting.append(batch.loader)
        for key in list(running.get_map().values()):
            key.data.end_if_stuck()


def _finish(batch: Batch, tally: Tally, folder: Path) -> None:
    """Count the trials of a batch that has ended, and keep what it found."""
    findings = list(batch.findings())
    died = bool(findings) and "content" not in findings[-1]
    tally.count(batch.loader.name, batch.number + died - batch.first)
    for finding in findings:
        content = finding.pop("content", None)
        is_new = tally.find(batch.loader.name, finding["fault"], finding["number"])
        if is_new and content is not None:
            name = f"{batch.loader.name.replace(' ', '_').replace(',', '')}-{finding['number']}-{finding['file']}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bytes.fromhex(content))
    tally.save()
