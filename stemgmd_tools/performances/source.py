"""Find the performances to read: from a given path, the environment, the cache or the starter set."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from stemgmd_tools.data import cache_dir, shipped
from stemgmd_tools.errors import PerformanceError, UsageError
from stemgmd_tools.performances.folder import read_folder
from stemgmd_tools.performances.gmd.dataset import read_gmd
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi_storage import INFO_CSV, MidiSource
from stemgmd_tools.performances.types import Performance

GMD_VARIABLE: Final = "STEMGMD_GMD"
STARTER: Final = "starter"
"""Folder of the starter set in ``manifests/``."""


class SourceKind(StrEnum):
    """Kind of a collection."""

    GMD = "gmd"
    STARTER = "starter"
    FOLDER = "folder"
    """Other MIDI files, or a single one."""


@dataclass(frozen=True, slots=True)
class PerformanceSource:
    """A collection of performances and the origin of its path."""

    kind: SourceKind
    path: Path
    origin: str
    """Origin of the path: ``--gmd``, ``STEMGMD_GMD``, ``--midi``, ``the cache`` or ``the package``."""
    mapping: NoteMapping = NoteMapping.TD11

    @property
    def notice(self) -> str:
        """One line about the collection, for the command line."""
        if self.kind is SourceKind.STARTER:
            return (
                "no Groove MIDI Dataset is configured: using the starter set "
                "(`stemgmd fetch gmd` gets GMD, `--gmd PATH` names a copy)"
            )
        name = "Groove MIDI Dataset" if self.kind is SourceKind.GMD else "MIDI files"
        return f"{name}: {self.path} (from {self.origin})"

    def read(self, *, use_cache: bool = True, strict: bool = False) -> list[Performance]:
        """Return all performances of the collection; from a folder of MIDI files, those that can be used.

        :param strict: raise an error if a file cannot be used.
        :warns LeftOutWarning: for each file that cannot be used.
        :warns StemgmdWarning: for each file that had to be repaired.
        :raises PerformanceError: as :func:`~stemgmd_tools.performances.gmd.dataset.read_gmd` and
            :func:`~stemgmd_tools.performances.folder.read_folder` do.
        """
        if self.kind is SourceKind.FOLDER:
            return read_folder(self.path, mapping=self.mapping, strict=strict)
        return read_gmd(self.path, use_cache=use_cache)

    def midi(self) -> MidiSource:
        """Return the source of the MIDI files of the performances."""
        if self.kind is SourceKind.FOLDER:
            return MidiSource(self.path.parent if self.path.is_file() else self.path)
        return MidiSource.of_gmd(self.path)


def cached_gmd() -> Path:
    """Return the default folder of ``stemgmd fetch gmd``; it need not exist."""
    return cache_dir() / "gmd"


def find_source(
    *, gmd: Path | None = None, midi: Path | None = None, mapping: NoteMapping = NoteMapping.TD11
) -> PerformanceSource:
    """Return the collection to read: ``gmd`` or ``midi`` if given, else ``STEMGMD_GMD``, the cache, the starter set.

    :param gmd: a copy of GMD, folder or official zip.
    :param midi: a folder of drum MIDI files, or one file.
    :param mapping: note mapping of the files of ``midi``.
    :raises UsageError: if both are given, or a mapping together with GMD.
    :raises PerformanceError: if a given path does not exist.
    """
    if gmd is not None and midi is not None:
        raise UsageError("--gmd and --midi name two collections; give one")
    if midi is None and mapping is not NoteMapping.TD11:
        raise UsageError(f"the note mapping {mapping} goes with --midi; GMD's notes are {NoteMapping.TD11}")
    if midi is not None:
        return PerformanceSource(SourceKind.FOLDER, _existing(midi, "--midi"), "--midi", mapping)
    if gmd is not None:
        return PerformanceSource(SourceKind.GMD, _existing(gmd, "--gmd"), "--gmd")
    configured = os.environ.get(GMD_VARIABLE)
    if configured:
        path = _existing(Path(configured).expanduser(), GMD_VARIABLE)
        return PerformanceSource(SourceKind.GMD, path, GMD_VARIABLE)
    if (cached_gmd() / INFO_CSV).is_file():
        return PerformanceSource(SourceKind.GMD, cached_gmd(), "the cache")
    return starter_set()


def starter_set() -> PerformanceSource:
    """Return the performances that ship with the package."""
    return PerformanceSource(SourceKind.STARTER, shipped("manifests") / STARTER, "the package")


def _existing(path: Path, origin: str) -> Path:
    if not path.exists():
        raise PerformanceError(f"{path}: no such file or folder, but {origin} names it; correct the path")
    return path
