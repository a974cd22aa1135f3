"""Archives that other people made: nothing is written outside the folder, and nothing remains of a bad one."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources import tar_archive
from stemgmd_tools.kits.sources.tar_archive import unpack_tar


def unpack(archive: Path, folder: Path) -> None:
    unpack_tar(archive, folder, "kit.xml")


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def archive_of(path: Path, *members: tarfile.TarInfo, content: bytes = b"sound") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info in members:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return path


def test_the_folder_of_the_definition_is_unpacked(tmp_path: Path) -> None:
    members = member("kit", tarfile.DIRTYPE), member("kit/a/b.wav"), member("./kit/kit.xml"), member("other/kit.xml")
    archive = archive_of(tmp_path / "a.tar.gz", *members)
    unpack(archive, tmp_path / "out")
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {"a/b.wav", "kit.xml"}
    assert (tmp_path / "out" / "a" / "b.wav").read_bytes() == b"sound"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "out"]


def test_an_archive_without_a_definition_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", member("a.wav"))
    with pytest.raises(KitError, match=r"holds no kit\.xml"):
        unpack(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (member("../evil"), "points outside"),
        (member("/tmp/evil"), "points outside"),
        (member("a/../../evil"), "points outside"),
        (member("C:/evil"), "points outside"),
        (member("a\\evil"), "points outside"),
        (member("link", tarfile.SYMTYPE, "/etc/passwd"), "is a link or a device"),
        (member("link", tarfile.LNKTYPE, "good.wav"), "is a link or a device"),
        (member("pipe", tarfile.FIFOTYPE), "is a link or a device"),
        (member("null", tarfile.CHRTYPE), "is a link or a device"),
        (member("good.wav"), "occurs twice"),
    ],
    ids=range(10),
)
def test_unsafe_members_are_refused_and_nothing_remains(tmp_path: Path, bad: tarfile.TarInfo, reason: str) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", member("good.wav"), bad)
    with pytest.raises(KitError, match=reason):
        unpack(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def _large(path: Path) -> Path:
    info = member("large.wav")
    info.size = tar_archive.MAX_MEMBER_BYTES + 1
    path.write_bytes(gzip.compress(info.tobuf()))
    return path


def _large_header(path: Path) -> Path:
    info = member("pax", tarfile.XHDTYPE)
    info.size = 1 << 30
    with gzip.open(path, "wb") as file:
        file.write(info.tobuf())
        file.write(bytes(8 << 20))
    return path


def _cut(path: Path) -> Path:
    archive_of(path, member("a.wav"), content=bytes(range(256)) * 4000)
    path.write_bytes(path.read_bytes()[:-2000])
    return path


def _changed(path: Path) -> Path:
    archive_of(path, member("a.wav"), content=bytes(range(256)) * 4000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    return path


def _text(path: Path) -> Path:
    path.write_text("<html>not found</html>" * 100)
    return path


@pytest.mark.parametrize("make", [_large, _large_header, _cut, _changed, _text])
def test_damaged_archives_are_one_line_and_nothing_remains(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    archive = make(tmp_path / "a.h2drumkit")
    with pytest.raises(KitError, match=r"a\.h2drumkit"):
        unpack(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def test_the_number_of_files_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_archive, "MAX_MEMBERS", 3)
    archive = archive_of(tmp_path / "a.tar.gz", *(member(f"{number}.wav") for number in range(4)))
    with pytest.raises(KitError, match="exceeds 3 files"):
        unpack(archive, tmp_path / "out")


def test_a_folder_that_holds_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(KitError, match="holds files already"):
        unpack(archive_of(tmp_path / "a.tar.gz", member("a.wav")), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
