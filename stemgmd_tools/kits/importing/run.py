"""Import a drum library: find its format, make a sample map, and put map and samples in place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.importing.build_map import ImportedKit, build_map
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.placement import placement
from stemgmd_tools.kits.sample_map.schema import OFF_DB, KitMap
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Region, SoundFile
from stemgmd_tools.runtime.plugins import declared
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.strict_yaml.problem import nearest

_PACKAGE: Final = "stemgmd_tools.kits.sources"
_MISSING_SHOWN: Final = 3
_SHORTEST_SOUND_S: Final = 0.002


def kit_formats() -> tuple[KitFormat, ...]:
    """Return all formats of drum libraries."""
    return declared(_PACKAGE, "FORMAT", KitFormat)


def find_format(source: Path) -> KitFormat:
    """Return the format of a file or a folder.

    :raises UsageError: if it does not exist or has no known format.
    """
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    if not (source.is_file() or source.is_dir()):
        raise UsageError(f"{source}: is a pipe or a device; name a file or a folder")
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
    return library_format.read(source, extracted, **options)


def import_kit(source: Path, map_file: Path, options: ImportOptions) -> ImportedKit:
    """Make a kit of a drum library: a sample map, and beside it a folder or a link of the same name with its samples.

    :param source: a file or a folder of any format.
    :param map_file: the sample map to write; its stem is the kit's name.
    :raises UsageError: for an unknown format, a kit of that name that is there already, or an invalid override.
    :raises KitError: if the library cannot be used.
    """
    with placement(map_file, replace=options.replace) as place:
        library = _present(
            _without_silent(_read(Path(os.path.realpath(source)), place.samples, options.format_options))
        )
        place.refuse_own(library.folder)
        imported = build_map(library, map_file.stem, options.overrides)
        imported = replace(imported, map=_adjusted(imported.map, options))
        place.put(imported.map, library.folder, copy=options.copy)
    return imported


def _without_silent(library: DrumLibrary) -> DrumLibrary:
    """Return a library without the regions that their envelopes silence at once.

    :raises KitError: if none remains.
    """
    audible = [any(map(_is_audible, region.sounds.values())) for region in library.regions]
    regions = tuple(compress(library.regions, audible))
    silent = [region for region, sounds in zip(library.regions, audible, strict=True) if not sounds]
    if not silent:
        return library
    if not regions:
        raise KitError(f"{silent[0].place}: every sound is silenced by its envelope; check the library")
    count = "1 stroke" if len(silent) == 1 else f"{len(silent)} strokes"
    notice = f"{silent[0].place}: the envelope leaves nothing to hear, left out: {count}"
    return replace(library, regions=regions, notices=(*library.notices, notice))


def _is_audible(sound: SoundFile) -> bool:
    silent_after_s = None if sound.envelope is None else sound.envelope.silent_after_s
    return silent_after_s is None or silent_after_s > _SHORTEST_SOUND_S


def _present(library: DrumLibrary) -> DrumLibrary:
    """Return a library without the regions whose files are missing or lie outside its folder."""
    folder = Path(os.path.realpath(library.folder))
    missing: dict[Path, None] = {}

    def usable(region: Region) -> bool:
        faults = [sound.path for sound in region.sounds.values() if not _is_file_in(sound.path, folder)]
        missing.update(dict.fromkeys(faults))
        return not faults

    regions = tuple(region for region in library.regions if usable(region))
    if library.regions and not regions:
        raise KitError(
            f"{library.folder}: {counted(len(missing), 'sample file')} and none is there, such as {next(iter(missing))}"
        )
    if not missing:
        return library
    names = ", ".join(path.name for path in list(missing)[:_MISSING_SHOWN])
    more = f" and {len(missing) - _MISSING_SHOWN} more" if len(missing) > _MISSING_SHOWN else ""
    return replace(
        library,
        regions=regions,
        notices=(*library.notices, f"missing: {counted(len(missing), 'sample file')}: {names}{more}"),
    )


def _is_file_in(path: Path, folder: Path) -> bool:
    """Return whether a file exists and lies in a folder, links followed."""
    try:
        return path.is_file() and Path(os.path.realpath(path)).is_relative_to(folder)
    except OSError:  # a name that is too long, a folder that may not be read
        return False


def _adjusted(kit_map: KitMap, options: ImportOptions) -> KitMap:
    """Return a map with the user's descriptive keys, velocity curve and microphones."""
    kit_map = kit_map.model_copy(update={**options.metadata, "velocity_curve": options.velocity_curve})
    return with_microphones(kit_map, options.microphones_db) if options.microphones_db else kit_map


def with_microphones(kit_map: KitMap, gains_db: Mapping[str, float]) -> KitMap:
    """Return a map with other gains of microphones.

    :param gains_db: microphone -> gain in dB; :data:`OFF_DB` silences it.
    :raises UsageError: for a name that is none of the kit's microphones, or if a sound is recorded only by microphones
        that are switched off.
    """
    microphones = kit_map.microphones or {}
    for name in gains_db:
        if name not in microphones:
            raise UsageError(
                f"--mics {name}: the kit has no such microphone; known: {', '.join(microphones) or 'none'}"
            )
    changed = {
        name: one.model_copy(update={"gain_db": gains_db[name]}) if name in gains_db else one
        for name, one in microphones.items()
    }
    off = {name for name, one in changed.items() if one.gain_db <= OFF_DB}
    for name, articulation in kit_map.articulations.items():
        for layer in articulation.layers or ():
            if any(take.keys() <= off for take in layer.takes or ()):
                raise UsageError(f"--mics: {name} would be silent; leave on one of {', '.join((layer.takes or ())[0])}")
    return kit_map.model_copy(update={"microphones": changed})
