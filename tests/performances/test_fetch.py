"""Fetching over a real, bad server: cut connections, ignored ranges, wrong bytes, hostile archives."""

from __future__ import annotations

import ast
import errno
import hashlib
import io
import socket
import stat
import zipfile
from pathlib import Path

import pytest
from bad_server import Behaviour, serving
from click.testing import CliRunner
from filelock import FileLock

import stemgmd_tools
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.data import cache_dir
from stemgmd_tools.errors import FetchError
from stemgmd_tools.performances import read_gmd
from stemgmd_tools.performances.gmd import download as download_module
from stemgmd_tools.performances.gmd import unpack as unpack_module
from stemgmd_tools.performances.gmd.download import download
from stemgmd_tools.performances.gmd.fetch import GMD_SHA256, GMD_URL, fetch_gmd
from stemgmd_tools.performances.gmd.unpack import unpack
from stemgmd_tools.performances.source import cached_gmd, find_source
from stemgmd_tools.storage.http import Patience

QUICK = Patience(attempts=4, pause_s=0.0, timeout_s=5.0, max_bytes=1 << 22)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def archive(starter_dir: Path) -> bytes:
    """Return the starter set packed as GMD's official archive is: below ``groove/``, folders listed too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in [starter_dir, *sorted(starter_dir.rglob("*"))]:
            opened.write(path, Path("groove") / path.relative_to(starter_dir))
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cached_archive(digest: str) -> Path:
    return cache_dir() / "downloads" / digest / f"{digest}.zip"


def archives() -> list[Path]:
    return [path for path in (cache_dir() / "downloads").rglob("*") if path.is_file() and path.suffix != ".lock"]


def fetched(behaviour: Behaviour, target: Path, patience: Patience = QUICK, content: bytes = CONTENT) -> bytes:
    with serving(behaviour) as url:
        download(url, target, sha256(content), patience=patience, show_progress=False)
    return target.read_bytes()


# --- download ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(CONTENT),
        Behaviour(CONTENT, chunked=True),
        Behaviour(CONTENT, state_length=False),
        Behaviour(CONTENT, cut_after=100_000, cuts=2),
        Behaviour(CONTENT, cut_after=100_000, cuts=2, chunked=True),
        Behaviour(CONTENT, statuses=[503, 429, 500]),
    ],
    ids=["whole", "chunked", "without length", "cut", "chunked and cut", "passing errors"],
)
def test_whole_content_arrives(tmp_path: Path, behaviour: Behaviour) -> None:
    assert fetched(behaviour, tmp_path / "a.zip") == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("present", [b"", CONTENT[:77_777], CONTENT + b"more", b"something else"])
def test_a_file_with_other_content_is_replaced(tmp_path: Path, present: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(present)
    assert fetched(Behaviour(CONTENT), tmp_path / "a.zip") == CONTENT


def test_a_file_with_the_right_content_is_not_downloaded(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(CONTENT)
    behaviour = Behaviour(CONTENT)
    assert fetched(behaviour, tmp_path / "a.zip") == CONTENT
    assert behaviour.requests == []


@pytest.mark.parametrize("status", [404, 403, 410])
def test_lasting_errors_are_not_tried_again(tmp_path: Path, status: int) -> None:
    behaviour = Behaviour(CONTENT, statuses=[status])
    with pytest.raises(FetchError, match=f"the server answered {status} .*; is the address right"):
        fetched(behaviour, tmp_path / "a.zip")
    assert len(behaviour.requests) == 1


def test_endless_cuts_end(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"the connection failed \(.*\), after 4 attempts; run the same"):
        fetched(Behaviour(CONTENT, cut_after=10), tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FetchError, match=r"the connection failed \(.*refused"):
        download(f"http://127.0.0.1:{port}/x", tmp_path / "a", "0" * 64, patience=QUICK, show_progress=False)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "groove.zip", "", "http:///x", "http://a b/x"]
)
def test_only_http_is_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="only http and https"):
        download(url, tmp_path / "a", "0" * 64, patience=QUICK)


@pytest.mark.parametrize("url", ["http://[bad/x", "http://127.0.0.1:99999/x"])
def test_what_is_no_address_is_not_tried(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="not an address"):
        download(url, tmp_path / "a", "0" * 64, patience=QUICK)


def test_an_endless_answer_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="more than 1000 bytes"):
        fetched(Behaviour(CONTENT), tmp_path / "a.zip", Patience(attempts=1, max_bytes=1000))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_and_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download_module._Limited, "flush", full)
    behaviour = Behaviour(CONTENT)
    with pytest.raises(FetchError, match=r"a\.zip: the disk is full; make room and run"):
        fetched(behaviour, tmp_path / "a.zip")
    assert len(behaviour.requests) == 1
    assert list(tmp_path.iterdir()) == []


# --- unpack -----------------------------------------------------------------------------------------------------------


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in members:
            opened.writestr(name, data)
    return path


def linked(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("/etc/cron.d/x", "points outside"),
        ("../x", "points outside"),
        ("groove/../../x", "points outside"),
        ("..\\x", "points outside"),
        ("C:/x", "points outside"),
        (linked("groove/x", stat.S_IFLNK), "is a link or a device"),
        (linked("groove/x", stat.S_IFIFO), "is a link or a device"),
    ],
)
def test_hostile_members_stop_everything(tmp_path: Path, member: str | zipfile.ZipInfo, reason: str) -> None:
    archive = packed(tmp_path / "a.zip", ("groove/good", b"1"), (member, b"/etc/passwd"))
    target = tmp_path / "below" / "target"
    target.mkdir(parents=True)
    with pytest.raises(FetchError, match=f"{reason}.*; nothing was unpacked"):
        unpack(archive, target)
    assert list(target.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "below"]


def test_doubles_and_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = packed(tmp_path / "double.zip", ("x", b"1"), ("x", b"2"))
    with pytest.raises(FetchError, match="occurs twice"):
        unpack(archive, tmp_path)
    archive = packed(tmp_path / "big.zip", ("x", b"0" * 500), ("y", b"0" * 500))
    monkeypatch.setattr(unpack_module, "MAX_TOTAL_BYTES", 999)
    with pytest.raises(FetchError, match="2 members of 1000 bytes"):
        unpack(archive, tmp_path)
    monkeypatch.setattr(unpack_module, "MAX_MEMBER_BYTES", 499)
    with pytest.raises(FetchError, match="unpacks to 500 bytes, more than 499"):
        unpack(archive, tmp_path)


def test_a_member_that_is_larger_than_it_says_is_not_believed(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("x", b"0" * 500))
    stored = bytearray(archive.read_bytes())
    entry = stored.find(b"PK\x01\x02")
    stored[entry + 24 : entry + 28] = (5).to_bytes(4, "little")
    archive.write_bytes(stored)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(FetchError, match="damaged archive"):
        unpack(archive, target)


def test_bytes_that_are_no_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(CONTENT)
    with pytest.raises(FetchError, match=r"a\.zip: damaged archive"):
        unpack(tmp_path / "a.zip", tmp_path)


# --- fetch ------------------------------------------------------------------------------------------------------------


def test_fetched_data_is_found_and_read(archive: bytes, starter_dir: Path) -> None:
    behaviour = Behaviour(archive, cut_after=len(archive) // 3, cuts=2)
    with serving(behaviour) as url:
        done = fetch_gmd(url=url, sha256=sha256(archive), patience=QUICK, show_progress=False)
        again = fetch_gmd(url=url, sha256=sha256(archive), patience=QUICK, show_progress=False)
    assert (done.already_present, again.already_present, done.performances) == (False, True, 33)
    assert len(behaviour.requests) == 3
    assert find_source().path == done.folder == cached_gmd()
    theirs = {p.id: p.hits.tobytes() for p in read_gmd(starter_dir)}
    assert {p.id: p.hits.tobytes() for p in find_source().read()} == theirs
    assert {path.name for path in cache_dir().iterdir()} == {"downloads", "gmd", "performances"}
    assert archives() == []


def test_what_a_killed_process_left_is_removed(archive: bytes) -> None:
    """Killed while it unpacked, and killed when all was in place."""
    digest = sha256(archive)
    scratch = cached_gmd().with_name(f".tmp-gmd-{digest[:16]}")
    for _ in range(2):
        (scratch / "unpacked").mkdir(parents=True)
        part = cached_archive(digest)
        part.parent.mkdir(parents=True, exist_ok=True)
        part.with_name("tmp_of_a_killed_process").write_bytes(archive[:1000])
        with serving(Behaviour(archive)) as url:
            assert fetch_gmd(url=url, sha256=digest, patience=QUICK, show_progress=False).performances == 33
        assert not scratch.exists()
        assert not part.parent.exists()


def test_wrong_bytes_are_dropped_before_anything_is_unpacked(archive: bytes) -> None:
    with serving(Behaviour(CONTENT)) as url, pytest.raises(FetchError, match="SHA-256 of its content is not"):
        fetch_gmd(url=url, sha256=sha256(archive), patience=QUICK, show_progress=False)
    assert not cached_gmd().exists()
    assert archives() == []


def test_a_partial_file_of_something_else_is_replaced_by_itself(archive: bytes) -> None:
    part = cached_archive(sha256(archive))
    part.parent.mkdir(parents=True)
    part.write_bytes(b"something else")
    with serving(Behaviour(archive)) as url:
        assert fetch_gmd(url=url, sha256=sha256(archive), patience=QUICK, show_progress=False).performances == 33


def test_an_archive_that_came_whole_before_is_only_unpacked(archive: bytes) -> None:
    part = cached_archive(sha256(archive))
    part.parent.mkdir(parents=True)
    part.write_bytes(archive)
    behaviour = Behaviour(archive)
    with serving(behaviour) as url:
        assert (
            fetch_gmd(url=url, sha256=sha256(archive).upper(), patience=QUICK, show_progress=False).performances == 33
        )
    assert behaviour.requests == []


def test_an_archive_of_something_else_is_not_put_in_place(tmp_path: Path) -> None:
    other = packed(tmp_path / "other.zip", ("groove/readme", b"hello")).read_bytes()
    with serving(Behaviour(other)) as url, pytest.raises(FetchError, match="not GMD's archive"):
        fetch_gmd(tmp_path / "to", url=url, sha256=sha256(other), patience=QUICK, show_progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "other.zip"]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "thesis.txt").write_text("all of it")
    with pytest.raises(FetchError, match="is not a whole copy of GMD"):
        fetch_gmd(tmp_path / "to", url="http://127.0.0.1:9/", patience=QUICK)
    assert (tmp_path / "to" / "thesis.txt").read_text() == "all of it"


def test_an_empty_folder_is_filled(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "to").mkdir()
    with serving(Behaviour(archive)) as url:
        fetch_gmd(tmp_path / "to", url=url, sha256=sha256(archive), patience=QUICK, show_progress=False)
    assert len(read_gmd(tmp_path / "to")) == 33


def test_two_at_once_are_not_let_in(archive: bytes) -> None:
    lock = cache_dir() / "downloads" / f"{sha256(archive)}.lock"
    lock.parent.mkdir(parents=True)
    with FileLock(lock), pytest.raises(FetchError, match="another process is fetching"):
        fetch_gmd(url="http://127.0.0.1:9/", sha256=sha256(archive), patience=QUICK)


def test_a_full_disk_while_unpacking_leaves_nothing(
    tmp_path: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack_module.shutil, "copyfileobj", full)
    with serving(Behaviour(archive)) as url, pytest.raises(FetchError, match="the disk is full; make room"):
        fetch_gmd(tmp_path / "to", url=url, sha256=sha256(archive), patience=QUICK, show_progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert len(archives()) == 1, "the checked archive is kept for the next call"


def test_the_command_says_what_it_did(tmp_path: Path, archive: bytes) -> None:
    runner = CliRunner()
    with serving(Behaviour(archive)) as url:
        arguments = ["fetch", "gmd", "--url", url, "--sha256", sha256(archive)]
        first = runner.invoke(stemgmd, arguments)
        second = runner.invoke(stemgmd, arguments)
        elsewhere = runner.invoke(stemgmd, [*arguments, "--to", str(tmp_path / "to")])
    assert first.output == f"Groove MIDI Dataset: 33 performances fetched to {cached_gmd()}\n"
    assert second.output == f"Groove MIDI Dataset: 33 performances already in {cached_gmd()}\n"
    assert f"--gmd {tmp_path / 'to'}" in elsewhere.output
    assert (first.exit_code, second.exit_code, elsewhere.exit_code) == (0, 0, 0)


def test_the_command_fails_with_one_line(archive: bytes) -> None:
    with serving(Behaviour(archive, statuses=[404])) as url:
        result = CliRunner().invoke(stemgmd, ["fetch", "gmd", "--url", url])
    assert isinstance(result.exception, FetchError)
    assert "\n" not in str(result.exception)
    with pytest.raises(FetchError, match="64 hexadecimal digits"):
        fetch_gmd(sha256="abc")


def test_the_official_archive_is_the_default() -> None:
    assert GMD_URL.startswith("https://storage.googleapis.com/magentadata/datasets/groove/")
    assert GMD_SHA256.startswith("651cbc52")


def test_nothing_else_in_the_package_can_touch_the_network() -> None:
    package = Path(stemgmd_tools.__file__).parent
    network = {"urllib", "http", "socket", "ssl", "ftplib", "requests", "httpx", "aiohttp", "pooch", "asyncio"}
    importers = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if network & {name.split(".")[0] for name in names}:
                importers.add(path.relative_to(package).as_posix())
    served = {"explore/server.py"}  # listens on the loopback interface, connects to nothing
    assert importers == {"performances/gmd/download.py", "storage/http.py"} | served
