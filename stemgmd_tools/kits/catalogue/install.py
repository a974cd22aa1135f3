"""Install kits of the catalogue: get their files, verify them, and import them by the entry's recipe.

The publisher's files stay in ``libraries/NAME`` beside the folder of imported kits, whose map and link lead there. They
are verified one by one, so that an interrupted installation continues where it was; a record is written last.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools import data
from stemgmd_tools.errors import FetchError, KitError, UsageError
from stemgmd_tools.kits.catalogue.loader import CatalogueKit, PinnedFile, Subset
from stemgmd_tools.kits.catalogue.origin import (
    Origin,
    archive_name,
    archive_url,
    check_bytes,
    copy_files,
    file_url,
    find_archive,
)
from stemgmd_tools.kits.catalogue.unpack import in_folder, unpack
from stemgmd_tools.kits.importing.assign import NOTHING, parse_overrides
from stemgmd_tools.kits.importing.build_map import ImportedKit
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import import_kit
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, copy_file, file_sha256, write_bytes, written
from stemgmd_tools.storage.http import Download, Patience, download_all
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.locks import LOCK_FILE, locked

_LIBRARIES: Final = "libraries"
_ARCHIVES: Final = ".archives"
_SOUNDFONTS: Final = (".sf2", ".sf3")
_AT_ONCE: Final = 4
"""Files that are hashed in parallel."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Result of :func:`install`."""

    kit: CatalogueKit
    imported: ImportedKit | None
    """None if the kit was complete already, so that nothing was done."""


def libraries_dir() -> Path:
    """Return the folder of the publishers' files of installed kits."""
    return data.kits_dir().parent / _LIBRARIES


def is_installed(name: str) -> bool:
    """Return whether a kit of the catalogue was installed, without checking its files."""
    map_file = _map_file(name)
    return _record_path(name).is_file() and map_file.is_file() and map_file.with_suffix("").is_dir()


def install(
    kits: Sequence[CatalogueKit],
    *,
    subset: Subset = "full",
    origin: Origin = Origin(),  # noqa: B008 - immutable
    patience: Patience = Patience(),  # noqa: B008 - immutable
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Installed]:
    """Install kits one after the other; yield each when it can be used.

    :param progress: receives numbers of downloaded bytes.
    :raises UsageError: if a kit of one of the names was made in another way, or ``origin`` does not have the files.
    :raises FetchError: if a file cannot be downloaded, or another process is installing.
    :raises KitError: if a file has other bytes, or the library cannot be imported.
    """
    root = libraries_dir()
    with written(root, FetchError):
        root.mkdir(parents=True, exist_ok=True)
        in_use = FetchError(f"{root}: another process is installing kits; wait for it")
        with locked(root / LOCK_FILE, in_use):
            for kit in kits:
                _check_free(kit)
            for kit in kits:
                yield _install(kit, subset, origin, patience, progress)
            shutil.rmtree(root / _ARCHIVES, ignore_errors=True)


def _install(
    kit: CatalogueKit, subset: Subset, origin: Origin, patience: Patience, progress: Callable[[int], None]
) -> Installed:
    missing = _missing(kit, subset)
    if not missing and _is_recorded(kit, subset):
        return Installed(kit, None)
    folder = _folder(kit.name)
    if kit.entry.source.archive is not None:
        if missing or not kit.files or not folder.is_dir():
            _from_archive(kit, missing, origin, patience, progress)
    elif origin.folder is not None:
        copy_files(kit, missing, origin.folder, folder)
    else:
        download_all(
            [Download(file_url(kit, one, origin.mirror), folder / one.path, one.bytes, one.sha256) for one in missing],
            patience=patience,
            progress=progress,
        )
    if kit.entry.source.archive is None:
        _remove_others(kit, subset)
    for abandoned in (*folder.rglob(f"*{TEMPORARY_SUFFIX}"), *folder.parent.glob(f"{kit.name}.json.*")):
        abandoned.unlink(missing_ok=True)
    imported = _import(kit, subset)
    record = {"entry": _digest(kit), "subset": subset if kit.has_light else "full"}
    write_bytes(_record_path(kit.name), json.dumps(record).encode())
    return Installed(kit, imported)


def _remove_others(kit: CatalogueKit, subset: Subset) -> None:
    """Remove files of a larger subset, such as those of an interrupted installation: what is there is imported."""
    for file in set(kit.files) - set(kit.chosen(subset)):
        (_folder(kit.name) / file.path).unlink(missing_ok=True)


def _check_free(kit: CatalogueKit) -> None:
    """Refuse a name that a kit made in another way has."""
    if _map_file(kit.name).exists() and not _folder(kit.name).is_dir():
        raise UsageError(
            f"{_map_file(kit.name)}: is there already and was not installed from the catalogue; rename or remove it"
        )


def _from_archive(
    kit: CatalogueKit,
    missing: Sequence[PinnedFile],
    origin: Origin,
    patience: Patience,
    progress: Callable[[int], None],
) -> None:
    """Take the missing files of a library out of its archive, or all of it if none is pinned, and verify them."""
    folder, source = _folder(kit.name), kit.entry.source
    if origin.folder is not None:
        archive = find_archive(kit, origin.folder)
        if archive is None:
            raise UsageError(f"--from {origin.folder}: holds no {archive_name(kit)}, which {kit.name} needs")
    else:
        url = archive_url(kit, origin.mirror)
        named = hashlib.sha256(url.encode()).hexdigest()[:16] if source.sha256 is None else source.sha256[:16]
        archive = libraries_dir() / _ARCHIVES / f"{named}-{archive_name(kit)}"
        if not archive.is_file():
            download_all([Download(url, archive, source.bytes, source.sha256)], patience=patience, progress=progress)
    if archive_name(kit).endswith(_SOUNDFONTS):
        copy_file(archive, folder / kit.entry.definition)
    else:
        try:
            unpack(archive, folder, _chosen(kit, missing))
        except KitError:
            if origin.folder is None and source.sha256 is None:  # perhaps no archive at all: fetch it again next time
                archive.unlink()
            raise
    for file in missing:
        if not (folder / file.path).is_file():
            raise KitError(f"{archive}: holds no {file.path}, which {kit.name} needs")
        check_bytes(folder / file.path, file.bytes, file.sha256)


def _chosen(kit: CatalogueKit, missing: Sequence[PinnedFile]) -> Callable[[str], str | None]:
    """Return which files of the entry's archive are unpacked, and where to: all if none is pinned."""
    source = kit.entry.source
    inside = in_folder(source.folder, first_level=source.commit is not None)
    names = {file.path for file in missing}

    def chosen(name: str) -> str | None:
        path = inside(name)
        return path if path is not None and (not kit.files or path in names) else None

    return chosen


def _import(kit: CatalogueKit, subset: Subset) -> ImportedKit:
    entry = kit.entry
    chosen = entry.map.items()
    if subset == "light" and kit.has_light:  # what an entry leaves out is not in the light subset
        chosen = {name: articulation for name, articulation in chosen if articulation != NOTHING}.items()
    options = ImportOptions(
        overrides=parse_overrides(f"{name}={articulation}" for name, articulation in chosen),
        format_options=entry.options,
        metadata={
            "title": entry.title,
            "description": entry.description,
            "license": entry.license,
            "attribution": entry.attribution,
            "source_url": entry.homepage,
        },
        replace=True,
    )
    definition = _folder(kit.name) / entry.definition
    if not definition.exists():
        raise KitError(f"{definition}: is missing in the library's archive; the publisher changed it")
    return import_kit(definition, _map_file(kit.name), options)


def _missing(kit: CatalogueKit, subset: Subset) -> tuple[PinnedFile, ...]:
    """Return the files of a subset that are not there with their size and hash."""
    folder = _folder(kit.name)
    if not folder.is_dir():
        return kit.chosen(subset)
    files = kit.chosen(subset)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        present = threads.map(lambda file: _is_there(folder / file.path, file), files)
        return tuple(file for file, there in zip(files, present, strict=True) if not there)


def _is_there(path: Path, file: PinnedFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes and file_sha256(path) == file.sha256


def _is_recorded(kit: CatalogueKit, subset: Subset) -> bool:
    """Return whether the kit was imported from this entry and at least this subset."""
    if not is_installed(kit.name):
        return False
    try:
        record = parse_json(_record_path(kit.name).read_bytes())
    except (OSError, ValueError):
        return False
    if not isinstance(record, dict) or record.get("entry") != _digest(kit):
        return False
    return record.get("subset") == "full" or subset == record.get("subset")


def _digest(kit: CatalogueKit) -> str:
    """Return a digest of everything that decides the imported kit."""
    text = json.dumps([kit.entry.model_dump(mode="json"), [(one.path, one.sha256) for one in kit.files]])
    return hashlib.sha256(text.encode()).hexdigest()


def _folder(name: str) -> Path:
    return libraries_dir() / name


def _record_path(name: str) -> Path:
    return libraries_dir() / f"{name}.json"


def _map_file(name: str) -> Path:
    return data.kits_dir() / f"{name}.yaml"


def download_bytes(kits: Iterable[CatalogueKit], subset: Subset) -> int:
    """Return how much the installation of kits downloads, archives that several share once."""
    archives = {kit.entry.source.archive: kit.entry.source.bytes or 0 for kit in kits if kit.entry.source.archive}
    return sum(archives.values()) + sum(
        kit.download_bytes(subset) or 0 for kit in kits if kit.entry.source.archive is None
    )
