"""Locks between real processes: on disks that lock files, and on those that cannot."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from stemgmd_tools.storage.files import temporary_beside
from stemgmd_tools.storage.locks import alone_in, file_lock, require_unlocked

HOLDER = """
import errno, fcntl, sys
from pathlib import Path
number = int(sys.argv[2])
if number:
    def refuse(*_):
        raise OSError(number, "no locks here")
    fcntl.flock = refuse
from stemgmd_tools.storage.locks import file_lock
with file_lock(Path(sys.argv[1]), timeout=0):
    print("held", flush=True)
    sys.stdin.read()
"""
KINDS = {"flock": 0, "ENOLCK": errno.ENOLCK, "ENOSYS": errno.ENOSYS, "EOPNOTSUPP": errno.EOPNOTSUPP}


def hold(path: Path, number: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLDER, str(path), str(number)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kind", KINDS)
def test_one_at_a_time_and_a_killed_one_does_not_count(tmp_path, kind):
    path = tmp_path / "x.lock"
    first = hold(path, KINDS[kind])
    assert first.stdout.readline() == "held\n"
    out, err = hold(path, KINDS[kind]).communicate(timeout=60)
    assert not out
    assert "Timeout" in err
    first.send_signal(signal.SIGKILL)
    first.communicate()
    third = hold(path, KINDS[kind])
    assert third.stdout.readline() == "held\n", third.communicate()
    assert third.communicate(timeout=60)[1] == ""
    fourth = hold(path, KINDS[kind])
    assert fourth.stdout.readline() == "held\n", fourth.communicate()
    fourth.communicate(timeout=60)


def test_a_lock_file_that_flock_left_holds_nobody_up_without_it(tmp_path, monkeypatch):
    path = tmp_path / "x.lock"
    with file_lock(path, timeout=0):
        pass
    assert path.exists()

    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    with file_lock(path, timeout=0), pytest.raises(Timeout), file_lock(path, timeout=0):
        pass


def test_only_what_a_killed_run_was_writing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    ours = [temporary_beside(tmp_path / "last.safetensors"), temporary_beside(tmp_path / "clips" / "one.json")]
    others = [tmp_path / "film.mp4.part", tmp_path / "1.part"]
    for path in (*ours, *others):
        path.touch()
    require_unlocked(tmp_path)
    assert all(path.exists() for path in ours)
    with alone_in(tmp_path):
        assert not any(path.exists() for path in ours)
    require_unlocked(tmp_path)
    assert all(path.exists() for path in others)
