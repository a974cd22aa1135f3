"""The cache of compiled banks: built once, stored in the user's cache folder, and memory-mapped when opened.

There is one folder per kit and rate, and one for its microphones if they are rendered: ``pcm.i16`` (interleaved stereo,
little-endian int16), ``index.npz`` (the tables), ``meta.json`` (hashes and sizes). A folder is built under a temporary
name while a lock is held, then renamed, so a folder with its final name is complete. Leftovers of killed processes are
removed by the next build.

Damaged banks are logged and rebuilt: sizes, tables and ``meta.json`` are compared with their hashes when a bank is
opened, each one-shot when it is first played (:mod:`stemgmd_tools.kits.bank.checksums`). Other processes keep the files
that they have mapped. Old banks may be removed for new ones, see :mod:`stemgmd_tools.kits.bank.eviction`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.checksums import Guard, checked_before, damaged_rows
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.eviction import limit_bytes, make_room, note_use
from stemgmd_tools.kits.bank.microphones import MicrophoneBank, compile_microphones, microphone_names
from stemgmd_tools.kits.bank.pcm import PCM_DTYPE
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import put_in_place
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.locks import file_lock
from stemgmd_tools.storage.npz import read_arrays

FORMAT: Final = 2
"""Version of the folder's layout; folders of other versions are rebuilt."""
PCM_FILE: Final = "pcm.i16"
INDEX_FILE: Final = "index.npz"
META_FILE: Final = "meta.json"

_SCALARS: Final = ("kit", "kit_hash", "sample_rate", "pcm_sha256", "warnings")
_TABLES: Final = tuple(field.name for field in fields(Bank) if field.name not in {*_SCALARS, "pcm", "guard"})
_MICROPHONES: Final = "-microphones"
"""End of the name of the folder of a kit's microphones."""
_HASH_IN_NAME: Final = 16
_TEMPORARY: Final = ".building"
_SEAL: Final = "sha256"
"""Key of ``meta.json``: the hash of all its other keys."""
_LOG: Final = logging.getLogger(__name__)


def open_bank(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> Bank:
    """Return the bank of a kit, compiling it first if the cache does not hold an intact one.

    :param cache: the cache folder; default: :func:`stemgmd_tools.data.cache_dir`.
    :return: the bank; its PCM is a read-only memory map.
    :raises KitError: if a sample file cannot be used, or the cache cannot be written.
    :raises UsageError: if the cache limit in the environment is not a number.
    """
    folder = _known_folder(kit, sample_rate, cache) or bank_folder(kit, sample_rate, cache=cache)
    return _open(_mixed(folder, kit, sample_rate))


def open_microphones(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> MicrophoneBank:
    """Return the bank of a kit's microphones, compiling it and the kit's bank first as :func:`open_bank` does.

    :raises UsageError: if the kit was not recorded with several microphones.
    :raises KitError: as :func:`open_bank`.
    """
    names = microphone_names(kit)
    mixed = open_bank(kit, sample_rate, cache=cache)
    folder = bank_folder(kit, sample_rate, cache=cache)
    folder = folder.with_name(f"{folder.name}{_MICROPHONES}")
    return MicrophoneBank(names, _open(_Place(folder, kit, sample_rate, partial(compile_microphones, kit, mixed))))


class _Place(NamedTuple):
    """A folder of the cache, and what belongs there."""

    folder: Path
    kit: Kit
    sample_rate: int
    compile: Callable[[BinaryIO], Bank]
    """Compiles it and writes its PCM to a file."""


def _mixed(folder: Path, kit: Kit, sample_rate: int) -> _Place:
    """Return the folder of the bank of a kit as it is heard."""
    return _Place(folder, kit, sample_rate, partial(compile_bank, kit, sample_rate))


def _open(place: _Place) -> Bank:
    """Return the bank of a folder; compile it if it is not there, not intact or of another kit."""
    folder = place.folder
    bank = _opened(place)
    if bank is not None:
        note_use(folder / META_FILE)
        return bank
    limit = limit_bytes()  # an invalid limit is reported before a bank is built
    with _cache_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.with_name(f"{folder.name}.lock")):
            bank = _opened(place)
            if bank is None:
                if folder.exists():
                    _LOG.warning("%s: %s; the bank is built again", folder, _fault(place))
                _build(place)
                bank = _opened(place)
                make_room(folder.parent, folder, META_FILE, limit)
    if bank is None:
        raise KitError(f"{folder}: was written but cannot be read back; is the disk sound?")
    return bank


def bank_folder(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> Path:
    """Return the folder of a kit's bank in the cache; it need not exist."""
    name = f"{kit.name}-{kit.hash[:_HASH_IN_NAME]}-{sample_rate}"
    return (data.cache_dir() if cache is None else cache) / "banks" / name


def is_built(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the cache holds the bank of a kit (sizes and tables are checked, PCM is not hashed)."""
    return _opened(_mixed(bank_folder(kit, sample_rate, cache=cache), kit, sample_rate)) is not None


def seems_built(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the cache holds the bank of a kit, without generating the kit."""
    if not kit.is_generated:
        return is_built(kit, sample_rate, cache=cache)
    return _known_folder(kit, sample_rate, cache) is not None


def stored_sha256(name: str, key: str, sample_rate: int, *, cache: Path | None = None) -> str | None:
    """Return the PCM hash of a kit's cached bank, from its ``meta.json``; None if there is no bank.

    :param key: key of the kit, see :attr:`~stemgmd_tools.kits.sample_map.kit.Kit.key`.
    """
    for folder in _folders(name, sample_rate, cache):
        meta = _meta(folder)
        if key in (meta.get("kit_key"), meta.get("kit_hash")) and meta.get("format") == FORMAT:
            return str(meta["pcm_sha256"])
    return None


def check_bank(kit: Kit, sample_rate: int = 44_100, *, cache: Path | None = None) -> bool:
    """Return whether the cached bank is intact, including the hash of its PCM; a damaged bank is removed.

    The next :func:`open_bank` rebuilds it.
    """
    folder = bank_folder(kit, sample_rate, cache=cache)
    bank = _opened(_mixed(folder, kit, sample_rate))
    if bank is not None and hashlib.sha256(bank.pcm.data).hexdigest() == bank.pcm_sha256:
        return True
    with _cache_errors(folder):
        if folder.exists():
            with file_lock(folder.with_name(f"{folder.name}.lock")):
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
    """Compile the banks of several kits, ``jobs`` at a time in separate processes.

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
    """Return the folder of a generated kit's bank without generating the kit; None if there is none."""
    if not kit.is_generated:
        return None
    folders = _folders(kit.name, sample_rate, cache)
    return next((folder for folder in folders if _meta(folder).get("kit_key") == kit.key), None)


def _folders(name: str, sample_rate: int, cache: Path | None) -> list[Path]:
    """Return the folders of all banks of kits of this name."""
    banks = (data.cache_dir() if cache is None else cache) / "banks"
    return sorted(banks.glob(f"{name}-{'?' * _HASH_IN_NAME}-{sample_rate}"))


def _meta(folder: Path) -> dict[str, Any]:
    """Return the content of ``meta.json``; empty if it cannot be read or does not match its hash."""
    try:
        meta = parse_json((folder / META_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(meta, dict):
        return {}
    seal = meta.pop(_SEAL, None)
    return meta if seal == _seal(meta) else {}


def _seal(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


class _Unusable(Exception):  # noqa: N818 - control flow inside this module, never an error to report
    """Raised if a folder does not hold the requested bank; the message says why."""


def _opened(place: _Place) -> Bank | None:
    """Return the bank in a folder, or None if it is missing, of another kit or format, or visibly damaged."""
    try:
        return _read(place)
    except _Unusable:
        return None


def _fault(place: _Place) -> str:
    """Return the reason why a folder does not hold the requested bank."""
    try:
        _read(place)
    except _Unusable as reason:
        return str(reason)
    return "another process has rebuilt it"


def _read(place: _Place) -> Bank:
    """Return the bank in a folder; its one-shots are verified when they are played.

    :raises _Unusable: if the bank has to be rebuilt, for any reason.
    """
    folder, kit, sample_rate, _ = place
    meta = _meta(folder)
    if not meta:
        raise _Unusable(f"{META_FILE} is damaged, or of a version without checksums")
    kit_hash = meta.get("kit_hash") if meta.get("kit_key") == kit.key else kit.hash
    expected = {"format": FORMAT, "kit": kit.name, "kit_hash": kit_hash, "sample_rate": sample_rate}
    try:
        for key, value in expected.items():
            if meta[key] != value:
                raise _Unusable(f"{META_FILE} says {key} {meta[key]}, this version needs {value}")
        size, stated = (folder / PCM_FILE).stat().st_size, meta["pcm_bytes"]
        if size != stated:
            raise _Unusable(f"{PCM_FILE} has {size} bytes, not {stated}")
        index = (folder / INDEX_FILE).read_bytes()
        if hashlib.sha256(index).hexdigest() != meta["index_sha256"]:
            raise _Unusable(f"{INDEX_FILE} does not have its checksum")
        stored = read_arrays(index)
        tables: dict[str, Any] = {name: stored[name] for name in _TABLES}
        pcm = np.memmap(folder / PCM_FILE, PCM_DTYPE, mode="r")
        checked = checked_before(folder / PCM_FILE, len(tables["samples"]))
        rebuild = partial(_rebuilt, place, meta["pcm_sha256"])
        return Bank(
            **tables,
            kit=kit.name,
            kit_hash=meta["kit_hash"],
            sample_rate=sample_rate,
            pcm=pcm,
            pcm_sha256=meta["pcm_sha256"],
            warnings=tuple(meta["warnings"]),
            guard=Guard(pcm, tables["samples"], checked, rebuild),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _Unusable(f"cannot be read ({error})") from error


def _rebuilt(place: _Place, pcm_sha256: str, rows: NDArray[np.intp]) -> Guard:
    """Rebuild a bank with damaged one-shots, unless another process has done so, and return its guard.

    :param rows: the one-shots that are needed.
    :raises KitError: if the bank cannot be written or its new content differs.
    """
    folder = place.folder
    with _cache_errors(folder), file_lock(folder.with_name(f"{folder.name}.lock")):
        bank = _opened(place)
        damaged = 0 if bank is None else len(damaged_rows(bank.pcm, bank.samples, rows))
        if bank is None or damaged:
            _LOG.warning("%s: %d one-shots do not have their checksums; the bank is built again", folder, damaged)
            _build(place)
            bank = _opened(place)
    if bank is None or bank.guard is None or bank.pcm_sha256 != pcm_sha256:
        raise KitError(
            f"{folder}: was damaged, and built again with other content; run the same command again, in another folder "
            "if this one holds audio that was rendered before"
        )
    return bank.guard


def _build(place: _Place) -> None:
    """Compile a bank into its folder; the caller must hold the lock."""
    folder, kit = place.folder, place.kit
    for leftover in folder.parent.glob(f"{folder.name}{_TEMPORARY}*"):
        _remove(leftover)
    temporary = folder.with_name(f"{folder.name}{_TEMPORARY}-{os.getpid()}")
    temporary.mkdir()  # not tempfile's: its folders are for one user only, and a cache may be shared
    try:
        with (temporary / PCM_FILE).open("wb") as sink:
            bank = place.compile(sink)
        with (temporary / INDEX_FILE).open("wb") as file:
            np.savez(file, **{name: getattr(bank, name) for name in _TABLES})
        meta = {
            "format": FORMAT,
            "kit_key": kit.key,
            **{name: getattr(bank, name) for name in _SCALARS},
            "pcm_bytes": (temporary / PCM_FILE).stat().st_size,
            "index_sha256": hashlib.sha256((temporary / INDEX_FILE).read_bytes()).hexdigest(),
        }
        sealed = {**meta, _SEAL: _seal(meta)}
        (temporary / META_FILE).write_bytes((json.dumps(sealed, indent=1) + "\n").encode())
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
    """Turn an :class:`OSError` into a :class:`KitError`."""
    try:
        yield
    except OSError as error:
        raise KitError(
            f"{folder}: the bank cannot be written ({error.strerror or error}); "
            f"free some disk, or set STEMGMD_CACHE to a folder that can be written"
        ) from error
