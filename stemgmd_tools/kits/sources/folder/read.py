"""The format ``folder``: one-shots in folders, described by their names, by a pattern or by a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from stemgmd_tools.audio import AUDIO_SUFFIXES
from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Microphone, Region
from stemgmd_tools.kits.sources.folder.files import has_file, sound_files
from stemgmd_tools.kits.sources.folder.layers import regions_of
from stemgmd_tools.kits.sources.folder.pattern import Pattern, strokes_of_pattern
from stemgmd_tools.kits.sources.folder.strokes import MAIN_MICROPHONE, strokes_of_names, without_partial
from stemgmd_tools.kits.sources.folder.table import FILE_NAME, read_table
from stemgmd_tools.storage.paths import leads_out

_DEFINITIONS: Final = (".sfz", ".sf2", ".sf3", ".h2drumkit", ".xml")
"""Suffixes of files that say better how the sounds beside them are played."""
_SHOWN: Final = 3


def accepts(path: Path) -> bool:
    """Return whether a path is a table of one-shots, or a folder of sounds without another format's definition."""
    try:
        if not path.is_dir():
            return path.suffix.lower() == ".csv" and path.is_file()
    except (OSError, ValueError):
        return False
    if _has_table(path):
        return True
    return has_file(path, tuple(AUDIO_SUFFIXES)) and not has_file(path, _DEFINITIONS, depth=1)


def read(path: Path, _: Path, *, pattern: str = "") -> DrumLibrary:
    """Read a folder of one-shots, or a table that lists them.

    :param path: the folder or the table; a folder's own table is ``kit.csv``.
    :param pattern: see :class:`stemgmd_tools.kits.sources.folder.pattern.Pattern`; it goes before a table.
    :raises KitError: if there is no sound file, the table is wrong, or no name follows the pattern.
    :raises UsageError: for a pattern that cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    table = path if folder != path else path / FILE_NAME
    if not pattern and (_has_table(folder) if folder == path else table.is_file()):
        return _library(folder, read_table(table), [])
    if folder != path:
        raise KitError(f"{shown(path)}: no such table; name a folder or a CSV file")
    files, notices = sound_files(folder)
    if pattern:
        strokes, others = strokes_of_pattern(Pattern(pattern), files)
        if others:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            notices.append(f"left out, since they do not follow the pattern: {', '.join(others[:_SHOWN])}{more}")
    else:
        strokes, partial = without_partial(strokes_of_names(files))
        notices += partial
    regions, unreadable = regions_of(folder, strokes)
    return _library(folder, regions, [*notices, *unreadable])


def _has_table(folder: Path) -> bool:
    """Return whether a folder has a table of its own, which is no link that leads out of it."""
    return (folder / FILE_NAME).is_file() and not leads_out(folder, FILE_NAME)


def _library(folder: Path, regions: list[Region], notices: list[str]) -> DrumLibrary:
    names = list(dict.fromkeys(name for region in regions for name in region.sounds))
    if any(names):
        regions = [_with_main(region) for region in regions]
        names = list(dict.fromkeys(name or MAIN_MICROPHONE for name in names))
    return DrumLibrary(
        folder=folder,
        regions=tuple(regions),
        title=folder.resolve().name,
        microphones={name: Microphone() for name in names if name},
        notices=tuple(dict.fromkeys(notices)),
    )


def _with_main(region: Region) -> Region:
    """Return a region whose unnamed microphone has a name, in a library with named ones."""
    return replace(region, sounds={name or MAIN_MICROPHONE: sound for name, sound in region.sounds.items()})


FORMAT: Final = KitFormat(
    name="folder",
    description="folder of one-shots, described by their names, by a pattern or by a table kit.csv",
    suffixes=(".csv",),
    accepts=accepts,
    read=read,
    options={"pattern": "pattern of the names in a folder, such as `{piece}/{layer}_{take}`"},
)
