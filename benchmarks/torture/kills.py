"""Trials of kills: a command is ended at a random moment, once or several times, then run until it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.torture.commands import IGNORED, Command
from benchmarks.torture.material import environment
from benchmarks.torture.recorded import shipping
from stemgmd_tools.cli import main
from stemgmd_tools.seeds import stream

MOST_KILLS = 4
"""Of one trial, before the command may finish."""
PATIENCE_S = 600.0
"""A command that has not ended by then hangs, however busy the machine is."""
ORPHANS_S = 15.0
"""How long workers may outlive the process that started them."""
LEFT = (".part", ".building", ".tmp", ".work")


class Started:
    """A command in a session of its own, forked from this process, which has imported everything."""

    def __init__(self, command: Command, place: Path, cache: Path, said: Path) -> None:
        """Start."""
        self._shared = _shared_names()  # of other processes, whose numbers may come round again
        self.pid = os.fork()
        if not self.pid:
            _become(command, place, cache, said)
        self.code: int | None = None
        self.all_killed = False
        """Then nobody is left who could remove the names of the semaphores of the workers' queues."""
        self.pids = {self.pid}

    def wait(self, seconds: float) -> bool:
        """Wait until it ends, or until a time is over; return whether it has ended."""
        until = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                return False
            else:
                time.sleep(0.002)
        return True

    def kill(self, *, everyone: bool) -> None:
        """End it by SIGKILL, its workers with it or left behind."""
        self.pids |= session(self.pid)
        self.all_killed = everyone
        (os.killpg if everyone else os.kill)(self.pid, signal.SIGKILL)
        self.wait(PATIENCE_S)

    def in_shared_memory(self) -> bool:
        """Return whether names that came since then hold the number of one of its processes."""
        return any(_belongs(name, self.pids) for name in _shared_names() - self._shared)

    def orphans(self) -> set[int]:
        """Return what of its session is left after a while, and end it."""
        until = time.monotonic() + ORPHANS_S
        while (left := session(self.pid)) and time.monotonic() < until:
            time.sleep(0.02)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # it has ended since
                os.kill(pid, signal.SIGKILL)
        return left


def _become(command: Command, place: Path, cache: Path, said: Path) -> None:
    """Turn the forked process into the command; does not return."""
    code = 1
    try:
        os.setsid()
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(output, number)
        os.environ.clear()
        os.environ.update(environment(cache, place / "data"))
        torch.set_num_threads(1)
        sys.modules["__main__"] = main  # as `python -m stemgmd_tools.cli.main` does; workers look there
        sys.argv = ["stemgmd", *command.arguments(place)]
        with shipping(command.catalogue):
            main.run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the process ends here, and tells it first
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def session(leader: int) -> set[int]:
    """Return the processes of a session that are not over."""
    processes = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            processes.add(int(path.parent.name))
    return processes


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a command does when it is left alone."""

    digests: dict[str, str]
    seconds: float


def undisturbed(command: Command, scratch: Path, cache: Path) -> Undisturbed:
    """Run a command once.

    :raises RuntimeError: if it fails.
    """
    began = time.monotonic()
    place, cache, said = _room(command, scratch, cache)
    started = Started(command, place, cache, said)
    if not started.wait(PATIENCE_S) or started.code:
        raise RuntimeError(f"{command.name}: {said.read_text(errors='replace')}")
    return Undisturbed(digests(place), time.monotonic() - began)


def faults(
    command: Command, number: int, seed: int, expected: Undisturbed, scratch: Path, cache: Path
) -> tuple[int, list[str]]:
    """Kill a command at random moments, let it finish, and compare.

    :return: how often it was killed, and what is wrong with what came of it.
    """
    rng = stream(seed, "torture", command.name, number)
    place, cache, said = _room(command, scratch, cache)
    failures: list[str] = []
    kills = 0
    for _ in range(int(rng.integers(1, MOST_KILLS + 1))):
        moment, everyone = float(rng.random()) * expected.seconds, bool(rng.random() < 0.5)
        started = Started(command, place, cache, said)
        if started.wait(moment):
            if started.code:
                failures.append("fails after a kill")
            break
        started.kill(everyone=everyone)
        kills += 1
        failures += _left_of(started)
    last = Started(command, place, cache, said)
    if not last.wait(PATIENCE_S):
        last.kill(everyone=True)
        failures.append("hangs after a kill")
    elif last.code:
        failures.append("fails after a kill")
    elif digests(place) != expected.digests:
        failures.append("another result after a kill")
    failures += [*_left_of(last), *_leftovers(place)]
    if "Traceback" in said.read_text(errors="replace"):
        failures.append("traceback")
    return kills, list(dict.fromkeys(failures))


def _room(command: Command, scratch: Path, cache: Path) -> tuple[Path, Path, Path]:
    """Return an empty folder, the cache of the command, and the file that takes what it says."""
    shutil.rmtree(scratch, ignore_errors=True)
    place = scratch / "place"
    place.mkdir(parents=True)
    for folder in command.copies:
        shutil.copytree(folder, place / folder.name)
    return place, place / "cache" if command.own_cache else cache, scratch / "said"


def _left_of(started: Started) -> Iterator[str]:
    if started.orphans():
        yield "leaves processes behind"
    if not started.all_killed and started.in_shared_memory():
        yield "leaves files in /dev/shm"


def _shared_names() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _belongs(name: str, pids: set[int]) -> bool:
    """Return whether a name holds the number of one of the processes."""
    words = "".join(one if one.isdigit() else " " for one in name).split()
    return any(int(word) in pids for word in words)


def _leftovers(place: Path) -> Iterator[str]:
    names = [path.name for path in place.rglob("*")]
    if any(name.endswith(LEFT) or name.startswith(".tmp") for name in names):
        yield "leaves temporary files"


def digests(place: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, those left out that tell times or locks."""
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not _is_ignored(path.relative_to(place))
    }


def _is_ignored(path: Path) -> bool:
    return any(part in IGNORED or part.endswith(".lock") for part in path.parts)
