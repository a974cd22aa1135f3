"""Trials of kills side by side: processes that take one trial after the other."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.torture.commands import Command
from benchmarks.torture.kills import Undisturbed, faults, undisturbed
from benchmarks.torture.results import Tally


def run_kills(
    commands: Sequence[Command],
    tally: Tally,
    *,
    kills: int,
    seed: int,
    jobs: int,
    deadline: float,
    cache: Path,
    folder: Path,
) -> None:
    """Kill commands until there were so many kills of all of them together, or until a moment.

    :param tally: what there was before, and what is added; it counts kills, of which a trial has several.
    :param deadline: of ``time.monotonic``.
    :param cache: of all commands that do not write to it.
    :param folder: where it is kept what commands said in trials that show something.
    """
    begun = {command.name: tally.trials(command.name) for command in commands}
    numbers = {name: 1000 * done for name, done in begun.items()}  # a run that goes on makes other trials
    waiting = selectors.DefaultSelector()
    with contextlib.ExitStack() as stack:
        lanes = [stack.enter_context(_lane(commands, seed, cache, folder)) for _ in range(jobs)]
        for lane in lanes:
            waiting.register(lane, selectors.EVENT_READ)
            _give(lane, commands, tally, numbers)
        while waiting.get_map():
            for key, _ in waiting.select():
                lane = key.fileobj
                assert isinstance(lane, socket.socket)
                name, number, count, faults = json.loads(_line(lane))
                tally.count(name, count, "kills")
                for fault in faults:
                    tally.find(name, fault, number, "kills")
                tally.save()
                if time.monotonic() < deadline and sum(tally.trials(one.name) for one in commands) < kills:
                    _give(lane, commands, tally, numbers)
                else:
                    waiting.unregister(lane)


def _give(lane: socket.socket, commands: Sequence[Command], tally: Tally, numbers: dict[str, int]) -> None:
    """Give a lane a trial of the command that was killed least for its share."""
    index = min(range(len(commands)), key=lambda one: tally.trials(commands[one].name) / commands[one].share)
    name = commands[index].name
    tally.count(name, 0, "kills")
    numbers[name] += 1
    lane.sendall(json.dumps([index, numbers[name]]).encode() + b"\n")


def _line(lane: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = lane.recv(1 << 16)
        if not part:
            raise RuntimeError("a process that kills commands has ended; what it said stands above")
        line += part
    return line


@contextlib.contextmanager
def _lane(commands: Sequence[Command], seed: int, cache: Path, folder: Path) -> Iterator[socket.socket]:
    """Start a process that makes trials; yield the socket that takes them and gives what was found."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        ours.close()
        try:
            _work(theirs, commands, seed, cache, folder)
        except BaseException:  # noqa: BLE001 - the process ends here, and tells it first
            traceback.print_exc()
        finally:
            os._exit(0)
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _work(lane: socket.socket, commands: Sequence[Command], seed: int, cache: Path, folder: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="torture-"))
    known: dict[str, Undisturbed] = {}
    try:
        with lane.makefile("r") as tasks:
            for task in tasks:
                index, number = json.loads(task)
                command = commands[index]
                if command.name not in known:
                    known[command.name] = undisturbed(command, scratch / "trial", cache)
                count, trial_faults = faults(command, number, seed, known[command.name], scratch / "trial", cache)
                if trial_faults:
                    folder.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(scratch / "trial" / "said", folder / f"{command.name}-{number}.txt")
                lane.sendall(json.dumps([command.name, number, count, trial_faults]).encode() + b"\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
