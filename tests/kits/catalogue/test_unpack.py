"""Archives of publishers that are damaged or hostile: one line, and nothing outside the folder."""

from __future__ import annotations

import gzip
import io
import resource
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.catalogue import unpack as unpacking
from stemgmd_tools.kits.catalogue.unpack import in_folder, unpack
from stemgmd_tools.kits.sources.tar_archive import unpack_tar

SOUND = bytes(range(256)) * 20


def tarred(*members: tuple[tarfile.TarInfo | str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as opened:  # type: ignore[call-overload]
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            if info.isreg():
                info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in members:
            opened.writestr(name, content)
    return buffer.getvalue()


def zip_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def packaged(content: bytes, suffix: str = "") -> bytes:
    """Return a Debian package of a tar archive."""
    header = f"{'data.tar' + suffix:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return b"!<arch>\n" + header.encode() + content


LINKS = {
    "tar": tarred(
        ("../out.wav", SOUND),
        ("/tmp/out.wav", SOUND),
        special("link", tarfile.SYMTYPE, "/tmp"),
        ("link/out.wav", SOUND),
        special("hard", tarfile.LNKTYPE, "/etc/passwd"),
        special("null", tarfile.CHRTYPE),
        special("disk", tarfile.BLKTYPE),
        special("pipe", tarfile.FIFOTYPE),
        ("in.wav", SOUND),
    ),
    "zip": zipped(
        ("../out.wav", SOUND), ("/tmp/out.wav", SOUND), (zip_link("link"), b"/etc/passwd"), ("in.wav", SOUND)
    ),
}
LINKS["deb"] = packaged(gzip.compress(LINKS["tar"]), ".gz")


@pytest.mark.parametrize("kind", LINKS)
def test_only_regular_files_inside_are_written(kind: str, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(LINKS[kind])
    unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False))
    written = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if not path.is_dir()}
    assert set(written) <= {"archive", "to/in.wav", "to/link/out.wav"}  # a folder `link` of the target, no link
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
    assert written["to/in.wav"].read_bytes() == SOUND


def claiming(size: int, kind: bytes) -> bytes:
    """Return an archive whose only header claims a size."""
    info = tarfile.TarInfo("in.wav")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


WRONG_SUM = bytearray(gzip.compress(tarred(("in.wav", SOUND))))
WRONG_SUM[-6] ^= 1
DAMAGED = {
    "cut": tarred(("in.wav", SOUND))[:3000],
    "cut and compressed": gzip.compress(tarred(("in.wav", SOUND)))[:200],
    "a wrong checksum": bytes(WRONG_SUM),
    "other data in gzip": gzip.compress(b"no tar" * 1000),
    "a name of gigabytes": claiming(1 << 40, tarfile.GNUTYPE_LONGNAME),
    "settings of gigabytes": claiming(1 << 40, tarfile.XHDTYPE),
    "a file of terabytes": claiming(1 << 45, tarfile.REGTYPE),
    "a negative size": claiming(-512, tarfile.REGTYPE),
    "a negative name": claiming(-512, tarfile.GNUTYPE_LONGNAME),
    "a package of something else": packaged(b"x" * 100),
    "a package without data": b"!<arch>\n" + packaged(b"", ".gz").replace(b"data.tar", b"none.tar")[8:],
    "a package that goes back": b"!<arch>\n" + b"x".ljust(48) + b"-60".ljust(10) + b"`\n",
    "nothing": b"",
}


@pytest.mark.parametrize("fault", DAMAGED)
@pytest.mark.parametrize("reader", ["install", "h2drumkit"])
def test_a_damaged_archive_is_one_line(fault: str, reader: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(DAMAGED[fault])
    call: Callable[[], object] = (
        (lambda: unpack(archive, tmp_path / "to", in_folder(None, first_level=False)))
        if reader == "install"
        else (lambda: unpack_tar(archive, tmp_path / "to", "in.wav"))
    )
    with pytest.raises(KitError, match=r"archive: .*(damaged archive|holds no|exceeds|has -512 bytes)"):
        call()
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left <= {"archive", "to/in.wav"}, "the wrong checksum of an archive is seen at its end"


def test_a_zip_archive_with_a_name_of_no_letters_is_unpacked_without_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive", "w") as opened:
        opened.writestr("in.wav", SOUND)
        info = zipfile.ZipInfo("x")
        info.filename = ""
        with opened.open(info, "w") as stream:
            stream.write(SOUND)
    assert unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False)) == 1


def test_a_tar_that_ends_in_a_zip_is_read_as_a_tar(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(tarred(("in.wav", SOUND), ("extra.zip", zipped(("inner.txt", b"x")))))
    assert unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False)) == 2
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["extra.zip", "in.wav"]


@pytest.mark.parametrize("make", [tarred, zipped])
def test_a_file_may_have_the_name_of_a_temporary_one(make: Callable[..., bytes], tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(make(("a.part", b"other"), ("a", SOUND)))
    assert unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False)) == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "to").iterdir()} == {"a.part": b"other", "a": SOUND}


def test_an_empty_zip_has_no_files(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(zipped())
    assert unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False)) == 0


def test_files_that_are_left_out_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a small archive could be decompressed for hours without a file that is wanted."""
    monkeypatch.setattr(unpacking, "MAX_BYTES", 100_000)
    (tmp_path / "archive").write_bytes(gzip.compress(tarred(("other/a", bytes(200_000)), ("kit/in.wav", SOUND))))
    with pytest.raises(KitError, match="more than"):
        unpack(tmp_path / "archive", tmp_path / "to", in_folder("kit", first_level=False))


def test_what_the_disk_refuses_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(tarred(("in.wav", SOUND)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(KitError, match=r"in\.wav: is larger than a file may be here; raise the limit"):
            unpack(tmp_path / "archive", tmp_path / "to", in_folder(None, first_level=False))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["archive"]
