"""Download, verify and unpack the Groove MIDI Dataset."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.data import cache_dir
from stemgmd_tools.errors import FetchError, PerformanceError
from stemgmd_tools.performances.gmd.download import download
from stemgmd_tools.performances.gmd.info_csv import read_info
from stemgmd_tools.performances.gmd.unpack import unpack
from stemgmd_tools.performances.midi_storage import INFO_CSV, MidiSource
from stemgmd_tools.performances.source import cached_gmd
from stemgmd_tools.storage.files import put_in_place, write_failure
from stemgmd_tools.storage.http import Patience
from stemgmd_tools.storage.locks import locked

GMD_URL: Final = "https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip"
GMD_SHA256: Final = "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"
GMD_PATIENCE: Final = Patience(max_bytes=256 << 20)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Result of :func:`fetch_gmd`."""

    folder: Path
    performances: int
    already_present: bool
    """Whether the folder already contained a copy, so that nothing was downloaded."""


def fetch_gmd(
    folder: Path | None = None,
    *,
    url: str = GMD_URL,
    sha256: str = GMD_SHA256,
    patience: Patience = GMD_PATIENCE,
    show_progress: bool = True,
) -> Fetched:
    """Download GMD's MIDI-only archive and unpack it into ``folder`` (default: :func:`cached_gmd`).

    The archive is unpacked after its SHA-256 was verified, and the folder is created atomically.

    :param sha256: SHA-256 of the archive, 64 hexadecimal digits; the official one also for a mirror's ``url``.
    :raises FetchError: if the folder contains other files, another process downloads the same archive, the download
        fails, the checksum is wrong or the archive is not GMD's.
    """
    target = folder or cached_gmd()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise FetchError(f"sha256 is {sha256!r}; it must be 64 hexadecimal digits")
    present = _performances_in(target)
    if present:
        _clear(sha256.lower(), target)
        return Fetched(target, present, already_present=True)
    if not _is_free(target):
        raise FetchError(f"{target}: exists and is not a whole copy of GMD; move it away or choose another folder")
    with _alone(sha256.lower()) as archive:
        download(url, archive, sha256.lower(), patience=patience, show_progress=show_progress)
        _place(archive, target)
        shutil.rmtree(archive.parent)
    return Fetched(target, _performances_in(target), already_present=False)


def _is_free(target: Path) -> bool:
    """Return whether nothing is there yet, or an empty folder."""
    try:
        return not any(target.iterdir())
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return not target.exists()
    except OSError as error:
        raise FetchError(f"{target}: cannot be read ({error.strerror}); choose another folder") from error


def _performances_in(folder: Path) -> int:
    """Return the number of performances of a complete copy of GMD in ``folder``; 0 if there is none."""
    if not (folder / INFO_CSV).is_file():
        return 0
    try:
        source = MidiSource.of_gmd(folder)
        rows = read_info(source.read(INFO_CSV), source.where(INFO_CSV))
    except PerformanceError:
        return 0
    return len(rows) if all((folder / row.midi_filename).is_file() for row in rows) else 0


def _downloads() -> Path:
    return cache_dir() / "downloads"


@contextmanager
def _alone(sha256: str) -> Iterator[Path]:
    """Lock the download of an archive and yield its path, in a folder of its own."""
    downloads = _downloads()
    in_use = FetchError(f"{downloads}: another process is fetching this archive; wait for it")
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with locked(downloads / f"{sha256}.lock", in_use):
            archive = downloads / sha256 / f"{sha256}.zip"
            archive.parent.mkdir(exist_ok=True)
            for left in archive.parent.iterdir():
                if left != archive:  # of a process that was killed
                    left.unlink()
            yield archive
    except OSError as error:
        raise FetchError(f"{downloads}: cannot be written ({error.strerror}); set STEMGMD_CACHE") from error


def _scratch(sha256: str, target: Path) -> Path:
    """Return the temporary folder for unpacking an archive, beside its target."""
    return target.with_name(f".tmp-gmd-{sha256[:16]}")


def _clear(sha256: str, target: Path) -> None:
    """Remove files left by a killed process, unless another process holds the lock."""
    scratch = _scratch(sha256, target)
    if scratch.exists() or (_downloads() / sha256).exists():
        with suppress(FetchError), _alone(sha256) as archive:
            shutil.rmtree(archive.parent)
            shutil.rmtree(scratch, ignore_errors=True)


def _place(archive: Path, target: Path) -> None:
    """Unpack beside ``target``, then rename, so that the folder is created atomically."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = _scratch(archive.stem, target)
        shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
        scratch.mkdir()
    except OSError as error:
        raise write_failure(target.parent, error, FetchError) from error
    try:
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        unpack(archive, unpacked)
        content = unpacked if (unpacked / INFO_CSV).is_file() else unpacked / "groove"
        if not _performances_in(content):
            raise FetchError(f"{archive.name}: not GMD's archive (no info.csv whose MIDI files are all there)")
        put_in_place([(content, target)])
    except OSError as error:
        raise write_failure(target, error, FetchError) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
