"""Import a drum library: find its format, make a sample map, and put map and samples where kits are found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.importing.build_map import ImportedKit, build_map
from stemgmd_tools.kits.sample_map.kit import load_kit_file, sample_files
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Region
from stemgmd_tools.runtime.plugins import declared
from stemgmd_tools.storage.files import put_in_place, write_bytes
from stemgmd_tools.strict_yaml.problem import nearest

_PACKAGE: Final = "stemgmd_tools.kits.sources"
_MISSING_SHOWN: Final = 3
OFF_DB: Final = -144.0
"""Gain of a microphone that is switched off: below the last bit of 24-bit samples."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user decides about an import."""

    overrides: Mapping[str, str]
    """Note or name -> articulation."""
    format_options: Mapping[str, str] = field(default_factory=dict)
    """Options of the library's format."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Descriptive keys of the map, such as ``license`` and ``attribution``, that replace what the library says."""
    microphones_db: Mapping[str, float] | None = None
    """Microphone -> gain; :data:`OFF_DB` silences it. Microphones that are not named keep the library's gain."""
    copy: bool = False
    """Whether to copy the samples instead of linking to their folder."""
    replace: bool = False
    """Whether to replace a kit of the same name."""


def kit_formats() -> tuple[KitFormat, ...]:
    """Return all formats of drum libraries."""
    return declared(_PACKAGE, "FORMAT", KitFormat)


def find_format(source: Path) -> KitFormat:
    """Return the format of a file or a folder.

    :raises UsageError: if it does not exist or has no known format.
    """
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    formats = kit_formats()
    by_suffix = [one for one in formats if source.suffix.lower() in one.suffixes]
    for one in dict.fromkeys([*by_suffix, *formats]):
        if one.accepts(source):
            return one
    known = "; ".join(f"{one.name} ({', '.join(one.suffixes)})" for one in formats)
    raise UsageError(f"{source}: is of no known format; known: {known}")


def find_source(name: str) -> Path:
    """Return the path of a library: a file or a folder, or the name of one that a program has installed.

    :raises UsageError: if there is neither.
    """
    path = Path(name).expanduser()
    if path.exists():
        return path
    installed = {known: place for one in kit_formats() for known, place in one.installed().items()}
    if name in installed:
        return installed[name]
    raise UsageError(f"{name}: no such file or folder{nearest(name, installed)}")


def _read(source: Path, extracted: Path, options: Mapping[str, str]) -> DrumLibrary:
    library_format = find_format(source)
    for name in options:
        if name not in library_format.options:
            known = ", ".join(library_format.options) or "none"
            raise UsageError(f"--option {name}: the format {library_format.name} has no such option; known: {known}")
    return library_format.read(source.absolute(), extracted, **options)


def import_kit(source: Path, map_file: Path, options: ImportOptions) -> ImportedKit:
    """Make a kit of a drum library: a sample map, and beside it a folder or a link of the same name with its samples.

    :param source: a file or a folder of any format.
    :param map_file: the sample map to write; its stem is the kit's name.
    :raises UsageError: for an unknown format, a kit of that name that is there already, or an invalid override.
    :raises KitError: if the library cannot be used.
    """
    folder = map_file.with_suffix("")
    _check_free(map_file, folder, options)
    map_file.parent.mkdir(parents=True, exist_ok=True)
    with _samples_folder(folder) as extracted:
        library = _present(_read(source, extracted, options.format_options))
        imported = build_map(library, map_file.stem, options.overrides)
        imported = replace(imported, map=_adjusted(imported.map, options))
        inside = library.folder == extracted
        if options.copy and not inside:
            _copy(imported.map, library.folder, extracted)
        _remove(folder)
        if inside or options.copy:
            put_in_place([(extracted, folder)])
        else:
            folder.symlink_to(library.folder, target_is_directory=True)
        write_bytes(map_file, map_text(imported.map).encode())
    load_kit_file(map_file)
    return imported


def _check_free(map_file: Path, folder: Path, options: ImportOptions) -> None:
    for path in (map_file, folder):
        if not options.replace and (path.exists() or path.is_symlink()):
            raise UsageError(f"{path}: is there already; choose another --name, or replace it with --replace")
    if folder.is_dir() and not folder.is_symlink() and not map_file.is_file():
        raise UsageError(f"{folder}: is a folder of something else; choose another --name")


@contextmanager
def _samples_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside the final one; remove it if it was not moved there."""
    temporary = Path(mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def _present(library: DrumLibrary) -> DrumLibrary:
    """Return a library without the regions whose files are missing or lie outside its folder."""
    folder = Path(os.path.realpath(library.folder))
    missing: dict[Path, None] = {}

    def usable(region: Region) -> bool:
        faults = [
            sound.path
            for sound in region.sounds.values()
            if not sound.path.is_file() or not Path(os.path.realpath(sound.path)).is_relative_to(folder)
        ]
        missing.update(dict.fromkeys(faults))
        return not faults

    regions = tuple(region for region in library.regions if usable(region))
    if library.regions and not regions:
        raise KitError(
            f"{library.folder}: none of its {len(missing)} sample files is there, such as {next(iter(missing))}"
        )
    if not missing:
        return library
    names = ", ".join(path.name for path in list(missing)[:_MISSING_SHOWN])
    more = f" and {len(missing) - _MISSING_SHOWN} more" if len(missing) > _MISSING_SHOWN else ""
    count = "1 sample file is" if len(missing) == 1 else f"{len(missing)} sample files are"
    return replace(library, regions=regions, notices=(*library.notices, f"{count} missing: {names}{more}"))


def _adjusted(kit_map: KitMap, options: ImportOptions) -> KitMap:
    """Return a map with the user's descriptive keys and microphones."""
    if options.metadata:
        kit_map = kit_map.model_copy(update=options.metadata)
    return with_microphones(kit_map, options.microphones_db) if options.microphones_db else kit_map


def with_microphones(kit_map: KitMap, gains_db: Mapping[str, float]) -> KitMap:
    """Return a map with other gains of microphones.

    :param gains_db: microphone -> gain in dB; :data:`OFF_DB` silences it.
    :raises UsageError: for a name that is none of the kit's microphones.
    """
    microphones = kit_map.microphones or {}
    for name in gains_db:
        if name not in microphones:
            raise UsageError(
                f"--mics {name}: the kit has no such microphone; known: {', '.join(microphones) or 'none'}"
            )
    silent = min(-144.0, 0.0)
    changed = {
        name: one.model_copy(update={"gain_db": silent if gains_db[name] is None else gains_db[name]})
        if name in gains_db
        else one
        for name, one in microphones.items()
    }
    return kit_map.model_copy(update={"microphones": changed})


def parse_options(entries: Iterable[str]) -> dict[str, str]:
    """Return the options of ``--option NAME=VALUE``.

    :raises UsageError: for an entry of another form.
    """
    pairs = [entry.partition("=") for entry in entries]
    for name, separator, value in pairs:
        if not (name and separator and value):
            raise UsageError(f"--option {name}{separator}{value}: give NAME=VALUE, such as preset=128:8")
    return {name: value for name, _, value in pairs}


def parse_microphones(text: str) -> dict[str, float]:
    """Return the gains of ``--mics NAME=DB,NAME=off``.

    :raises UsageError: for an entry of another form.
    """
    gains: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = entry.partition("=")
        try:
            gains[name.strip()] = OFF_DB if value.strip() == "off" else float(value)
        except ValueError:
            separator = ""
        if not separator:
            raise UsageError(f"--mics {entry}: give NAME=DB or NAME=off, such as room=-6")
    return gains


def _copy(kit_map: KitMap, source: Path, target: Path) -> None:
    for name in sorted({file.name for file in sample_files(kit_map)}):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
