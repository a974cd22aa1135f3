"""Archives of drum libraries for `kits install`: sound ones, and ones contents to do harm."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.torture.drum_libraries import SOUNDS
from benchmarks.torture.watch import watched
from stemgmd_tools.kits.catalogue.install import install
from stemgmd_tools.kits.catalogue.loader import CatalogueKit
from stemgmd_tools.kits.catalogue.origin import Origin
from stemgmd_tools.kits.catalogue.schema import Entry
from stemgmd_tools.kits.catalogue.unpack import in_folder, unpack
from stemgmd_tools.kits.library import load_kit

_BLOCK = 512
_CHECKSUM = slice(148, 156)
OUTSIDE = "/tmp/torture-outside"
_BOMB_BYTES = 8 << 20
_NAMES = ("top/\udce9.wav", f"top/{'x' * 300}", f"top/{'a/' * 400}b.wav", "top/a\nb.wav", ".", "")
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)


def write_archives(material: Path, library: Path) -> tuple[Path, ...]:
    """Write a library in every kind of archive; return their paths."""
    folder = material / "archives"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = ["kit.sfz", "maps/hats.sfz", *(f"samples/{name}.wav" for name in SOUNDS)]
    files = {f"top/{name}": (library.parent / name).read_bytes() for name in names}
    plain = _tar((name, content) for name, content in files.items())
    contents = {
        "kit.tar": plain,
        "kit.tar.gz": gzip.compress(plain, mtime=0),
        "kit.tar.xz": lzma.compress(plain, preset=0),
        "kit.deb": _deb({"debian-binary": b"2.0\n", "data.tar.gz": gzip.compress(plain, mtime=0)}),
        "plain.deb": _deb({"data.tar": plain}),
        "kit.zip": _zip(files.items()),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return tuple(folder / name for name in contents)


def write_hostile_archives(material: Path) -> tuple[Path, ...]:
    """Write archives that lead out, link, or unpack to far more than they should; return their paths."""
    folder = material / "hostile"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    members: dict[str, list[tuple[str | tarfile.TarInfo, bytes]]] = {
        "up": [("../../outside.wav", b"x"), ("top/../../outside.wav", b"x")],
        "absolute": [(f"{OUTSIDE}/a.wav", b"x"), ("C:\\outside.wav", b"x"), ("//host/share.wav", b"x")],
        "link": [_special("top/link", tarfile.SYMTYPE, OUTSIDE), ("top/link/a.wav", b"x")],
        "link up": [_special("top/link", tarfile.SYMTYPE, "../../.."), ("top/link/outside.wav", b"x")],
        "hard link": [_special("top/a.wav", tarfile.LNKTYPE, "/etc/passwd"), ("top/a.wav", b"x")],
        "devices": [_special(f"top/{kind!r}.wav", kind) for kind in _DEVICES],
        "names": [(name, b"x") for name in _NAMES],
        "folder and file": [("top/a", b"x"), ("top/a/b.wav", b"x"), ("top/a", b"y")],
        "twice": [("top/a.wav", b"x"), ("top/a.wav", b"yy"), ("top/A.wav", b"zzz")],
        "bomb": [("top/kit.sfz", bytes(_BOMB_BYTES)), ("other/large.bin", bytes(_BOMB_BYTES))],
        "many": [(f"top/{number}.wav", b"") for number in range(150)],
    }
    paths = []
    for name, rows in members.items():
        tar = _tar(iter(rows))
        for suffix, content in (("tar", tar), ("tar.gz", gzip.compress(tar, mtime=0))):
            paths.append(folder / f"{name}.{suffix}")
            paths[-1].write_bytes(content)
        paths.append(folder / f"{name}.zip")
        paths[-1].write_bytes(_zip((row[0], row[1]) for row in rows if isinstance(row[0], str)))
    for name, info in _lying():
        paths.append(folder / f"{name}.tar")
        paths[-1].write_bytes(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + bytes(4 * _BLOCK))
    link = zipfile.ZipInfo("top/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    paths.append(folder / "link.zip")
    paths[-1].write_bytes(_zip([(link, OUTSIDE.encode()), ("top/link/a.wav", b"x")]))
    return tuple(paths)


def _lying() -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield headers whose sizes are wrong."""
    for kind_name, kind in (
        ("file", tarfile.REGTYPE),
        ("name", tarfile.GNUTYPE_LONGNAME),
        ("settings", tarfile.XHDTYPE),
        ("sparse", tarfile.GNUTYPE_SPARSE),
    ):
        for size in (-_BLOCK, -1, 1 << 33, 1 << 62):
            info = tarfile.TarInfo("top/a.wav")
            info.type, info.size = kind, size
            yield f"{kind_name} of {size}", info


def _special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def _tar(members: Iterator[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as opened:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content) if info.isreg() else 0
            opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _zip(members: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members:  # type: ignore[attr-defined]
            if not isinstance(name, str) or (name and name.isprintable()):
                opened.writestr(name, content)
    return buffer.getvalue()


def _deb(members: dict[str, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(
        f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode() + body + b"\n" * (len(body) % 2)
        for name, body in members.items()
    )


class TarHeaders:
    """A plain tar archive whose headers get right checksums after damage."""

    def inside(self, content: bytes) -> bytes:
        """Return the archive."""
        return content

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the damaged archive; blocks that were headers are summed anew."""
        mended = bytearray(damaged)
        for place in range(0, min(len(content), len(damaged)) - _BLOCK + 1, _BLOCK):
            if content[place + 257 : place + 262] == b"ustar":
                block = bytearray(mended[place : place + _BLOCK])
                block[_CHECKSUM] = b" " * 8
                block[_CHECKSUM] = b"%06o\0 " % sum(block)
                mended[place : place + _BLOCK] = block
        return bytes(mended)


class Gzipped:
    """A tar archive in gzip; what is inside is damaged, and packed again."""

    def inside(self, content: bytes) -> bytes:
        """Return the plain archive."""
        return gzip.decompress(content)

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the damaged archive, packed."""
        return gzip.compress(TarHeaders().outside(gzip.decompress(content), damaged), compresslevel=1, mtime=0)


def unpacked(path: Path) -> object:
    """Unpack an archive into a folder beside it.

    :raises ValueError: if it wrote a link, a device or temporary files, or anything elsewhere.
    """
    target = path.parent / "to" / "here"
    with watched(path.parent):
        try:
            return unpack(path, target, in_folder("top", first_level=False))
        finally:
            _require_files(path.parent)
            if Path(OUTSIDE).exists() or {one.name for one in (path.parent / "to").glob("*")} - {"here"}:
                raise ValueError("writes outside")


def installed(path: Path) -> object:
    """Install a kit from an archive whose hash nobody knew, as an unverified entry of the catalogue does."""
    data = path.parent / "data"
    os.environ["STEMGMD_DATA"] = str(data)  # of a process that does nothing else
    entry = Entry.model_validate(
        {
            "schema": "stemgmd-recorded/1",
            "name": "toy",
            "title": "toy",
            "description": "tones",
            "license": "CC0-1.0",
            "license_checked": ("here",),
            "license_doubt": "none is known",
            "attribution": "nobody",
            "homepage": "https://example.org",
            "verified": False,
            "source": {"archive": f"https://example.org/{path.name}", "folder": "top"},
            "definition": "kit.sfz",
        }
    )
    with watched(path.parent):
        list(install([CatalogueKit(entry, ())], origin=Origin(folder=path.parent)))
        _require_files(data / "libraries")
        return load_kit("toy", (data / "kits",)).name


def _require_files(folder: Path) -> None:
    for place in folder.rglob("*"):
        mode = place.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(f"unpacks {stat.filemode(mode)}")
        if place.name.endswith(".part"):
            raise ValueError("leaves temporary files")
