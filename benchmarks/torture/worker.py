"""The process that calls loaders on damaged files: bounded in memory and time, and unable to write elsewhere unseen."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from mmap import mmap
from pathlib import Path
from typing import Any

from benchmarks.torture.loaders import Loader
from benchmarks.torture.mutate import Edit, damage, edited
from stemgmd_tools.errors import StemgmdError, StemgmdWarning
from stemgmd_tools.seeds import stream

MEMORY_BYTES = 1 << 30
"""What a call may take beside what the process has."""
CPU_S = 20.0
"""What a call may compute."""
LONGEST_MESSAGE = 300
_WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_LINKS = {"os.link", "os.symlink"}
"""They write their second path."""


class WrongError(Exception):
    """What a loader did that it may not do."""


def damaged(loader: Loader, number: int, seed: int) -> tuple[Path, bytes, tuple[Edit, ...]]:
    """Return the file of a trial, what of it is damaged, and how."""
    rng = stream(seed, "torture", loader.name, number)
    file = loader.files[int(rng.integers(len(loader.files)))]
    inside = loader.codec.inside(file.read_bytes())
    return file, inside, damage(inside, rng, text=loader.text)


_COPIES: dict[Path, int] = {}
"""Folders that were copied, by number: several may have one name."""


def fault_of(loader: Loader, file: Path, edits: Sequence[Edit], scratch: Path) -> str | None:
    """Return what is wrong with how a loader takes a damaged file, named by kind and place; None if nothing is."""
    root = file.parents[loader.above]
    copy = scratch / str(_COPIES.setdefault(root, len(_COPIES))) / root.name
    if loader.fresh or not copy.exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(*(".lock", "*.lock")))
    target, content = copy / file.relative_to(root), file.read_bytes()
    promised = _promised(loader, target, content) if loader.promised else None
    target.write_bytes(loader.codec.outside(content, edited(loader.codec.inside(content), edits)))
    signal.setitimer(signal.ITIMER_PROF, CPU_S)  # its signal ends the process, whatever it is doing
    try:
        return _outcome(loader, target, promised)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        target.write_bytes(content)


def _outcome(loader: Loader, target: Path, promised: str | None) -> str | None:
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", StemgmdWarning)
            loaded = loader.call(target)
        actual = loader.promised(loaded) if loader.promised else None
    except StemgmdError as error:
        return _message_fault(str(error), _place(error))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        return f"{type(error).__name__} in {_place(error)}"
    if actual != promised and actual is not None:
        return "another result than the checksum promises"
    notes = [str(one.message) for one in warned if issubclass(one.category, StemgmdWarning)]
    return next(filter(None, (_message_fault(note, "a warning") for note in notes)), None)


def _message_fault(message: str, place: str) -> str | None:
    if len(message) > LONGEST_MESSAGE:
        return f"more than {LONGEST_MESSAGE} characters in {place}"
    return f"several lines in {place}" if len(message.splitlines()) != 1 else None


_PROMISES: dict[tuple[str, Path], str | None] = {}


def _promised(loader: Loader, target: Path, content: bytes) -> str | None:
    """Return the digest of what the sound file gives."""
    key = loader.name, target
    if key not in _PROMISES and loader.promised:
        target.write_bytes(content)
        _PROMISES[key] = loader.promised(loader.call(target))
    return _PROMISES[key]


def _place(error: BaseException) -> str:
    """Return the innermost place in this package that an error came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "stemgmd_tools" in frame.filename]
    if not frames:
        return "the loader"
    last = frames[-1]
    return f"{last.filename.partition('stemgmd_tools/')[2]}:{last.name}"


def confine(scratch: Path) -> None:
    """Bound this process's memory and report whatever it writes outside of a folder."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    inside = str(scratch.resolve())

    def hook(event: str, arguments: Sequence[Any]) -> None:
        writes = event in _WRITES or (event == "open" and _opens_to_write(arguments))
        written = arguments[1 if event in _LINKS else 0] if writes else None
        if isinstance(written, str | bytes | os.PathLike):
            path = os.path.abspath(os.fsdecode(written))  # noqa: PTH100 - no more work than needed in a hook
            if not path.startswith((inside, "/dev/null")):
                raise WrongError(f"writes to {path}")

    sys.addaudithook(hook)


def _opens_to_write(arguments: Sequence[Any]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def run_batch(loader: Loader, first: int, last: int, seed: int, done: mmap, report: int) -> None:
    """Try a range of trials; called in a process of its own, which ends here.

    :param done: eight bytes that hold the number of the trial at hand.
    :param report: pipe that takes a line of JSON for every finding.
    """
    scratch = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        _quiet()
        tempfile.tempdir = str(scratch)
        os.chdir(scratch)
        confine(scratch)
        for number in range(first, last):
            done[:8] = struct.pack("<q", number)
            file, inside, edits = damaged(loader, number, seed)
            fault = fault_of(loader, file, edits, scratch)
            if fault:
                smaller = smallest(edits, lambda some: fault_of(loader, file, some, scratch) == fault)  # noqa: B023
                finding = {"number": number, "fault": fault, "edits": len(smaller)}
                content = loader.codec.outside(file.read_bytes(), edited(inside, smaller))
                finding |= {"file": file.name, "content": content.hex()}
                os.write(report, json.dumps(finding).encode() + b"\n")
        done[:8] = struct.pack("<q", last)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def smallest(edits: Sequence[Edit], fails: Callable[[Sequence[Edit]], bool]) -> tuple[Edit, ...]:
    """Return as few of the edits as still fail."""
    edits_left = tuple(edits)
    for edit in edits:
        fewer = tuple(one for one in edits_left if one is not edit)
        if fewer and fails(fewer):
            edits_left = fewer
    return edits_left


def _quiet() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    warnings.simplefilter("ignore")
