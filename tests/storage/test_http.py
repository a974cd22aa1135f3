"""Downloads from a real server that drops connections, ignores ranges and serves wrong bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bad_server import Behaviour, serving

from stemgmd_tools.errors import FetchError
from stemgmd_tools.storage import http
from stemgmd_tools.storage.files import written
from stemgmd_tools.storage.http import Download, Patience, download_all

QUICK = Patience(attempts=3, pause_s=0.0, timeout_s=5.0)
CONTENT = bytes(range(256)) * 4000


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def wanted(url: str, target: Path, content: bytes = CONTENT) -> Download:
    return Download(url, target, len(content), hashlib.sha256(content).hexdigest())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_dropped_connections_are_resumed_where_they_were(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, cut_after=200_000, ranges=True)
    received: list[int] = []
    with serving(behaviour) as url:
        download_all([wanted(url, tmp_path / "a")], patience=QUICK, progress=received.append)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert behaviour.starts == sorted(set(behaviour.starts))
    assert len(behaviour.starts) == 6  # 1,024,000 bytes in parts of nearly 200,000
    assert sum(received) == len(CONTENT)
    assert names(tmp_path) == ["a"]


def test_a_server_that_ignores_ranges_starts_over(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, cut_after=200_000, cuts=2)
    received: list[int] = []
    with serving(behaviour) as url:
        download_all([wanted(url, tmp_path / "a")], patience=QUICK, progress=received.append)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert sum(received) == len(CONTENT)


def test_wrong_bytes_are_named_and_not_kept(tmp_path: Path) -> None:
    wrong = CONTENT[:-1] + b"x"
    with serving(Behaviour(wrong)) as url, pytest.raises(FetchError, match="wrong bytes: expected SHA-256") as caught:
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert url in str(caught.value)
    assert hashlib.sha256(wrong).hexdigest()[:8] in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [CONTENT[:-5], CONTENT + b"more" * 100_000])
def test_a_wrong_size_is_named_and_not_kept_as_the_file(tmp_path: Path, content: bytes) -> None:
    with serving(Behaviour(content)) as url, pytest.raises(FetchError, match="1024000 bytes"):
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert "a" not in names(tmp_path)


def test_a_part_of_another_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"something else")
    behaviour = Behaviour(CONTENT, ranges=True)
    with serving(behaviour) as url:
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert behaviour.starts == [14, 0]


def test_one_missing_file_stops_the_others(tmp_path: Path) -> None:
    with serving(Behaviour(files={"/a": CONTENT})) as url:
        base = url.rpartition("/")[0]
        downloads = [wanted(f"{base}/{name}", tmp_path / name) for name in ("a", "none")]
        with pytest.raises(FetchError, match=r"/none: the server answered 404"):
            download_all(downloads, patience=QUICK)
    assert set(names(tmp_path)) <= {"a", "a.part"}


def test_a_server_that_gives_up_is_named_after_all_attempts(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, statuses=[503] * 9)
    with serving(behaviour) as url, pytest.raises(FetchError, match=r"503.*3 times; run the same command again"):
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert len(behaviour.requests) == 3


@pytest.mark.parametrize(
    ("address", "words", "requests"),
    [
        ("/again", "Exceeded 30 redirects", 31),
        ("ftp://host/a", "No connection adapters", 1),
        ("http://.host/a", "label empty", 1),
    ],
)
def test_an_address_that_leads_nowhere_is_asked_once(address: str, words: str, requests: int, tmp_path: Path) -> None:
    behaviour = Behaviour(redirect=address)
    with serving(behaviour) as url, pytest.raises(FetchError, match=f"{words}.*; is the address right"):
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert len(behaviour.requests) == requests


def test_a_killed_process_is_continued(tmp_path: Path) -> None:
    """Kill -9 while half of the file is there; the next process asks for the rest."""
    code = (
        "import sys; from pathlib import Path; from stemgmd_tools.storage.http import *\n"
        "url, target, size, sha = sys.argv[1:]\n"
        "download_all([Download(url, Path(target), int(size), sha)], patience=Patience())\n"
    )
    one = wanted("", tmp_path / "a")
    with serving(Behaviour(CONTENT, stall_after=500_000)) as url:
        words = [sys.executable, "-c", code, url, str(one.target), str(one.bytes), str(one.sha256)]
        process = subprocess.Popen(words, env=os.environ | {"no_proxy": "*"})
        part = tmp_path / "a.part"
        limit = time.monotonic() + 60
        while (not part.is_file() or part.stat().st_size < 100_000) and time.monotonic() < limit:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert names(tmp_path) == ["a.part"]
    behaviour = Behaviour(CONTENT, ranges=True)
    with serving(behaviour) as url:
        download_all([wanted(url, tmp_path / "a")], patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert behaviour.starts[0] >= 100_000


def unknown(url: str, target: Path) -> Download:
    return Download(url, target, None, None)


def test_a_part_of_unknown_size_is_fetched_anew_where_the_server_refuses_ranges(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(CONTENT)  # whole already: the server has no byte after it
    received: list[int] = []
    with serving(Behaviour(CONTENT, refuses_ranges=True)) as url:
        download_all([unknown(url, tmp_path / "a")], patience=QUICK, progress=received.append)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert sum(received) == len(CONTENT)


@pytest.mark.parametrize("known", [True, False])
def test_a_range_that_starts_elsewhere_is_not_kept(tmp_path: Path, known: bool) -> None:
    (tmp_path / "a.part").write_bytes(CONTENT[:5000])
    with serving(Behaviour(CONTENT, ranges=True, wrong_ranges=True)) as url:
        one = wanted(url, tmp_path / "a") if known else unknown(url, tmp_path / "a")
        download_all([one], patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("states_length", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_more_than_may_come_is_refused_and_not_kept(tmp_path: Path, known: bool, states_length: bool) -> None:
    patience = Patience(attempts=3, pause_s=0.0, timeout_s=5.0, max_bytes=100_000)
    behaviour = Behaviour(CONTENT, chunked=not states_length)
    received: list[int] = []
    with serving(behaviour) as url:
        one = Download(url, tmp_path / "a", 100_000 if known else None, None)
        with pytest.raises(FetchError, match="100000 bytes"):
            download_all([one], patience=patience, progress=received.append)
    assert names(tmp_path) == []
    assert len(behaviour.requests) == 1
    assert sum(received) == 0
    assert max(received, default=0) == 0 or not states_length, "what is stated as too large is not received"


def test_a_server_that_drips_is_given_up(tmp_path: Path) -> None:
    patience = Patience(attempts=2, pause_s=0.0, timeout_s=0.3)
    with serving(Behaviour(CONTENT, drip_s=0.05)) as url, pytest.raises(FetchError, match="2 times; run the same"):
        download_all([wanted(url, tmp_path / "a")], patience=patience)


def test_a_failure_does_not_wait_for_servers_that_say_nothing(tmp_path: Path) -> None:
    """The other download would be waited for until its timeout, much longer than a test may take."""
    patience = Patience(attempts=1, timeout_s=1e6)
    slow, gone = Behaviour(CONTENT, stall_after=0), Behaviour(statuses=[404] * 9)
    with serving(slow) as stalled, serving(gone) as missing, pytest.raises(FetchError, match="404"):
        download_all([wanted(stalled, tmp_path / "a"), wanted(missing, tmp_path / "b")], patience=patience)


def test_a_thread_that_is_left_behind_does_not_change_the_file_of_the_next_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LEAVE_S", 0.0)
    slow, gone = Behaviour(CONTENT, first_waits=threading.Event()), Behaviour(statuses=[404] * 9)
    before = set(threading.enumerate())
    with serving(slow) as url, serving(gone) as missing:
        one = wanted(url, tmp_path / "a")
        with pytest.raises(FetchError, match="404"):
            download_all([one, wanted(missing, tmp_path / "b")], patience=QUICK)
        left = [thread for thread in set(threading.enumerate()) - before if "work" in thread.name]
        while not slow.requests:
            time.sleep(0.001)
        download_all([one], patience=QUICK)
        assert slow.first_waits
        slow.first_waits.set()
        for thread in left:
            thread.join()
    assert len(slow.requests) == 2
    assert names(tmp_path) == ["a"]
    assert one.target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EDQUOT, "quota.*make room"),
        (errno.EACCES, "no permission.*choose another folder"),
        (errno.EROFS, "read-only.*choose another folder"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EIO, r"cannot be written \(Input/output error\)$"),
    ],
)
def test_what_the_system_refuses_is_said(number: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=f"a: .*{words}") as caught, written(tmp_path / "a", FetchError):
        raise OSError(number, os.strerror(number))
    assert ("make room" in str(caught.value)) == (number in (errno.ENOSPC, errno.EDQUOT))
