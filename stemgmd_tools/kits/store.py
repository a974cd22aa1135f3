"""Banks on disk: compiled once, kept in the user's cache under the kit's hash, mapped into memory when opened.

One folder per kit and rate: ``pcm.i16`` (interleaved stereo, little-endian int16), ``index.npz`` (the tables),
``meta.json`` (hashes and sizes). A folder is built under a temporary name while a lock is held, then renamed, so a
folder that has its name is whole; the lock goes with its process, and the next one clears away what a killed one left.
A new bank may push old ones out: :mod:`stemgmd_tools.kits.eviction`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock

from stemgmd_tools import data
from stemgmd_tools.errors import AudioError, KitError
from stemgmd_tools.files import put_in_place, write_bytes
from stemgmd_tools.kits.bank import Bank
from stemgmd_tools.kits.compile import PCM_DTYPE, compile_bank
from stemgmd_tools.kits.eviction import limit_bytes, make_room, note_use
from stemgmd_tools.kits.kit import Kit
from stemgmd_tools.processes import delayed, results_of, workers

FORMAT: Final = 1
"""Version of the folder's layout; a folder of another version is built again."""
PCM_FILE: Final = "pcm.i16"
INDEX_FILE: Final = "index.npz"
META_FILE: Final = "meta.json"

_SCALARS: Final = ("kit", "kit_hash", "sample_rate", "pcm_sha256", "warnings")
_TABLES: Final = tuple(field.name for field in fields(Bank) if field.name not in {*_SCALARS, "pcm"})
_HASH_IN_NAME: Final = 16
_TEMPORARY: Final = ".building"


def open_bank(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> Bank:
    """Return the bank of a kit, compiling it first if the cache does not hold it whole.

    :param cache: the cache folder; default: :func:`stemgmd_tools.data.cache_dir`.
    :return: the bank; its PCM is a read-only memory map.
    :raises KitError: if a sample file cannot be used, or the cache cannot be written.
    :raises UsageError: if the limit of the cache is no number.
    """
    folder = _known_folder(kit, sample_rate, cache) or bank_folder(kit, sample_rate, cache=cache)
    bank = _opened(folder, kit, sample_rate)
    if bank is not None:
        _note_key(folder, kit)
        note_use(folder / META_FILE)
        return bank
    limit = limit_bytes()  # a faulty one is told before a bank is built
    with _cache_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            bank = _opened(folder, kit, sample_rate)
            if bank is None:
                _build(folder, kit, sample_rate)
                bank = _opened(folder, kit, sample_rate)
                make_room(folder.parent, folder, META_FILE, limit)
    if bank is None:
        raise KitError(f"{folder}: was written but cannot be read back; is the disk sound?")
    return bank


def bank_folder(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> Path:
    """Return where the bank of a kit lies, or would lie, in the cache."""
    name = f"{kit.name}-{kit.hash[:_HASH_IN_NAME]}-{sample_rate}"
    return (data.cache_dir() if cache is None else cache) / "banks" / name


def is_built(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the cache holds the bank of a kit (sizes and tables are checked, PCM is not hashed)."""
    return _opened(bank_folder(kit, sample_rate, cache=cache), kit, sample_rate) is not None


def seems_built(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the cache holds the bank of a kit, as far as can be told without making the kit."""
    if not kit.is_made:
        return is_built(kit, sample_rate, cache=cache)
    return _known_folder(kit, sample_rate, cache) is not None


def check_bank(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the bank in the cache is whole, down to the hash of its PCM; a damaged one is removed.

    The next :func:`open_bank` then builds it again.
    """
    folder = bank_folder(kit, sample_rate, cache=cache)
    bank = _opened(folder, kit, sample_rate)
    if bank is not None and hashlib.sha256(bank.pcm.data).hexdigest() == bank.pcm_sha256:
        return True
    with _cache_errors(folder):
        if folder.exists():
            with FileLock(folder.with_name(f"{folder.name}.lock")):
                _remove(folder)
    return False


def build_banks(
    kits: Sequence[Kit],
    sample_rate: int = 44_100,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Compile the banks of several kits, ``jobs`` at a time in processes of their own.

    :param progress: called with a kit's name when its bank is in place.
    :raises KitError: as :func:`open_bank`.
    """
    cache = data.cache_dir() if cache is None else cache  # joblib's processes may be older than this environment
    for name in results_of(workers(jobs), (delayed(_built)(kit, sample_rate, cache) for kit in kits)):
        if progress is not None:
            progress(name)


def _built(kit: Kit, sample_rate: int, cache: Path | None) -> str:
    open_bank(kit, sample_rate, cache=cache)
    return kit.name


def _known_folder(kit: Kit, sample_rate: int, cache: Path | None) -> Path | None:
    """Return where the bank of a kit lies that is made where it is needed, without making it; None if none is known."""
    if not kit.is_made:
        return None
    banks = (data.cache_dir() if cache is None else cache) / "banks"
    folders = sorted(banks.glob(f"{kit.name}-{'?' * _HASH_IN_NAME}-{sample_rate}"))
    return next((folder for folder in folders if _meta(folder).get("kit_key") == kit.key), None)


def _meta(folder: Path) -> dict[str, Any]:
    """Return what a folder says of its bank; nothing if it cannot be read."""
    try:
        found = json.loads((folder / META_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note_key(folder: Path, kit: Kit) -> None:
    """Note the key of a made kit with a bank from before there were keys; a cache that is only read stays as it is."""
    meta = _meta(folder)
    if kit.is_made and "kit_key" not in meta:
        with suppress(AudioError):
            write_bytes(folder / META_FILE, _meta_bytes({**meta, "kit_key": kit.key}))


def _meta_bytes(meta: dict[str, Any]) -> bytes:
    return (json.dumps(meta, indent=1) + "\n").encode()


def _opened(folder: Path, kit: Kit, sample_rate: int) -> Bank | None:
    """Return the bank in a folder, or None if it is missing, of another kit or format, or visibly damaged."""
    meta = _meta(folder)
    kit_hash = meta.get("kit_hash") if meta.get("kit_key") == kit.key else kit.hash
    expected = {"format": FORMAT, "kit": kit.name, "kit_hash": kit_hash, "sample_rate": sample_rate}
    try:
        if any(meta[key] != value for key, value in expected.items()):
            return None
        if (folder / PCM_FILE).stat().st_size != meta["pcm_bytes"]:
            return None
        if hashlib.sha256((folder / INDEX_FILE).read_bytes()).hexdigest() != meta["index_sha256"]:
            return None
        with np.load(folder / INDEX_FILE) as index:
            tables: dict[str, Any] = {name: index[name] for name in _TABLES}
        pcm = np.memmap(folder / PCM_FILE, PCM_DTYPE, mode="r")
        return Bank(
            **tables,
            kit=kit.name,
            kit_hash=meta["kit_hash"],
            sample_rate=sample_rate,
            pcm=pcm,
            pcm_sha256=meta["pcm_sha256"],
            warnings=tuple(meta["warnings"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whatever is wrong with a cached folder, building it again mends it


def _build(folder: Path, kit: Kit, sample_rate: int) -> None:
    """Compile a bank into its folder; the caller holds the lock."""
    for leftover in folder.parent.glob(f"{folder.name}{_TEMPORARY}*"):
        _remove(leftover)
    temporary = folder.with_name(f"{folder.name}{_TEMPORARY}-{os.getpid()}")
    temporary.mkdir()  # not tempfile's: its folders are for one user only, and a cache may be shared
    try:
        with (temporary / PCM_FILE).open("wb") as sink:
            bank = compile_bank(kit, sample_rate, sink)
        with (temporary / INDEX_FILE).open("wb") as file:
            np.savez(file, **{name: getattr(bank, name) for name in _TABLES})
        meta = {
            "format": FORMAT,
            "kit_key": kit.key,
            **{name: getattr(bank, name) for name in _SCALARS},
            "pcm_bytes": (temporary / PCM_FILE).stat().st_size,
            "index_sha256": hashlib.sha256((temporary / INDEX_FILE).read_bytes()).hexdigest(),
        }
        (temporary / META_FILE).write_bytes(_meta_bytes(meta))
        if folder.exists():
            _remove(folder)
        put_in_place([(temporary, folder)])
    except BaseException:
        _remove(temporary)
        raise


def _remove(folder: Path) -> None:
    """Remove a folder; what cannot be removed is left for the next build."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _cache_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line."""
    try:
        yield
    except OSError as error:
        raise KitError(
            f"{folder}: the bank cannot be written ({error.strerror or error}); "
            f"free some disk, or set STEMGMD_CACHE to a folder that can be written"
        ) from error
