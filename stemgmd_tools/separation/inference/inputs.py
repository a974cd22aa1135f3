"""Find the recordings to separate, and name the folders of their stems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools.audio import AUDIO_SUFFIXES, FFMPEG_SUFFIXES, holds_audio
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.storage.listing import list_files

STANDARD: Final = "-"
"""Denotes standard input or output."""
_STDIN_NAME: Final = "stdin"
_SUFFIXES: Final = AUDIO_SUFFIXES | FFMPEG_SUFFIXES


class Source(NamedTuple):
    """A recording to separate."""

    path: Path | None
    """None: standard input."""
    name: str
    """Folder of its stems, relative to the output folder."""
    fault: str | None = None
    """Why it cannot be read, if already known."""

    @property
    def title(self) -> str:
        """Name for messages."""
        return "standard input" if self.path is None else shown(self.path)


class Inputs(NamedTuple):
    """The recordings in a list of files, folders and ``-``."""

    sources: tuple[Source, ...]
    skipped: tuple[Path, ...]
    """Files in folders that are not audio, by suffix and first bytes."""


def find_sources(inputs: Sequence[str], out: Path | None) -> Inputs:
    """Return the recordings in a list of files, folders and ``-``, in the given order, folders sorted by name.

    Files with the same name are distinguished by their suffixes, or by as many parent folders as needed.

    :param out: output folder, ignored if it is inside an input folder.
    :raises UsageError: if there are no recordings, one is missing, or one is given twice.
    """
    sources: list[Source] = []
    skipped: list[Path] = []
    for text in inputs:
        path = Path(text)
        if text == STANDARD:
            sources.append(Source(None, _STDIN_NAME))
        elif path.is_dir():
            for entry in _in_folder(path, out):
                if isinstance(entry, Source):
                    sources.append(entry)
                else:
                    skipped.append(entry)
        elif path.exists():
            sources.append(Source(path, _stem(path.name)))
        else:
            raise UsageError(
                f"{shown(text)}: no such file or folder; give audio files, folders of them, or - for standard input"
            )
    if not sources:
        raise UsageError(
            f"{', '.join(map(shown, inputs))}: no audio file in there ({', '.join(sorted(AUDIO_SUFFIXES))})"
        )
    named = _with_unique_names(sources)
    _refuse_shared_folders(named)
    return Inputs(tuple(named), tuple(skipped))


def _in_folder(folder: Path, out: Path | None) -> Iterator[Source | Path]:
    """Yield the recordings of a folder, and the paths of its other files."""
    out_folder = None if out is None else out.resolve()
    if out_folder == folder.resolve():
        raise UsageError(f"--out {out}: is also the input folder; choose another")
    listing = list_files(folder, without=out_folder)
    for path in listing.files:
        if path.suffix.lower() in _SUFFIXES or holds_audio(path):
            below = path.relative_to(folder)
            yield Source(path, (below.parent / _stem(below.name)).as_posix())
        else:
            yield path
    for fault in listing.ending_in(_SUFFIXES).faults:
        yield Source(fault.path, fault.path.relative_to(folder).as_posix(), fault.reason)


def _stem(name: str) -> str:
    """Return a file name without its suffix, unless only dots would remain, which name other folders."""
    stem = Path(name).stem
    return stem if stem.strip(".") else name


def _with_unique_names(sources: Sequence[Source]) -> list[Source]:
    """Return sources with unique names: duplicates get their suffixes, or their parent folders."""
    named = [*sources]
    for duplicates in _by_name(sources):
        endings = {source.path.suffix for _, source in duplicates if source.path is not None}
        if len(endings) == len(duplicates):
            for place, source in duplicates:
                named[place] = source._replace(name=source.name + (source.path.suffix if source.path else ""))
    for duplicates in _by_name(named):
        for place, name in _with_folders(duplicates).items():
            named[place] = named[place]._replace(name=name)
    return named


def _by_name(sources: Sequence[Source]) -> list[list[tuple[int, Source]]]:
    """Return the files, with their indices, of every duplicate name."""
    places: dict[str, list[tuple[int, Source]]] = {}
    for place, source in enumerate(sources):
        if source.path is not None:
            places.setdefault(source.name, []).append((place, source))
    return [duplicates for duplicates in places.values() if len(duplicates) > 1]


def _with_folders(duplicates: Sequence[tuple[int, Source]]) -> dict[int, str]:
    """Return names with as many parent folders as needed to be unique; empty if this is not possible."""
    parts = {place: one.path.resolve().with_suffix("").parts[1:] for place, one in duplicates if one.path is not None}
    for depth in range(2, max(map(len, parts.values()), default=0) + 1):
        longer = {place: "/".join(one[-depth:]) for place, one in parts.items()}
        if len(set(longer.values())) == len(longer):
            return longer
    return {}


def _refuse_shared_folders(sources: Sequence[Source]) -> None:
    owner: dict[str, Source] = {}
    for source in sources:
        first = owner.setdefault(source.name, source)
        if first is not source:
            raise UsageError(
                f"{first.title} and {source.title}: the stems of both would go to {shown(source.name)}/; separate "
                "them with different --out"
            )
