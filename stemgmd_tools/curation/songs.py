"""Clips of a corpus: which files hold their stems and mixture, and what is known of their hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import numpy as np

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE
from stemgmd_tools.corpus.folder.layout import MIXTURE
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.stem_files import audio_in, names_mixture
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.performances.select import spread
from stemgmd_tools.pieces import PIECES

_SPLITS: Final = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}
"""Names of folders that are splits, as MUSDB and others have them."""
_FEWEST_STEMS: Final = 2
_TRACK_OF_FOLDER: Final = {**{piece.value: piece.value for piece in PIECES}, "crash_left": "crash", MIXTURE: MIXTURE}
"""Folder of StemGMD -> track."""
_GROUP_FOLDERS: Final = frozenset({"toms", "hihat", "cymbals"})
"""Folders of StemGMD with sums of others."""
_MOISESDB_FILE: Final = "data.json"
"""Beside the folders of stems of a song of MoisesDB."""


@dataclass(frozen=True)
class Song:
    """A clip: a performance, through a kit if the corpus has kits."""

    performance: str
    kit: str | None = None
    split: str = ""
    """Empty if not known."""
    stems: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Files whose sum is a stem, by its name; empty for a virtual corpus."""
    mixture: tuple[Path, ...] = ()
    """Files whose sum is the mixture; empty if there is none."""
    hits: Mapping[str, tuple[float, ...]] | None = None
    """Times of hits in seconds, ascending, by stem; None if not known."""
    is_sum: bool = True
    """Whether the mixture has to be the sum of the stems; false after effects on mixtures."""

    @property
    def name(self) -> str:
        """Name of the clip in tables: ``<kit>/<performance>``, or the performance alone."""
        return self.performance if self.kit is None else f"{self.kit}/{self.performance}"


def songs_of(folder: Path) -> list[Song]:
    """Return the clips of a folder: a corpus of this toolkit, StemGMD, MUSDB, MoisesDB, or a folder per song.

    :raises StemgmdError: if there are none, or a corpus is not complete.
    """
    if (folder / IDENTITY_FILE).is_file():
        return _of_corpus(Corpus(folder))
    if not folder.is_dir():
        raise UsageError(f"{shown(folder)}: no such folder; give a corpus or a folder with a folder for each song")
    songs = sorted(_of_folder(folder), key=lambda song: song.name)
    if not songs:
        raise UsageError(
            f"{shown(folder)}: holds no stems; give a corpus, or a folder with a folder for each song and one audio "
            "file for each stem"
        )
    return songs


def songs_of_source(source: StemSource) -> list[Song]:
    """Return the clips of a virtual corpus; their stems are rendered when they are measured."""
    hits = _hits(source)
    splits = _splits(source)
    return [
        Song(name, kit, splits[name], hits=hits.get(name, {}))
        for name in source.performances["performance"].tolist()
        for kit in source.kits_of(name)
    ]


def choose(songs: Sequence[Song], splits: Sequence[str], ids: Sequence[str], limit: int | None) -> list[Song]:
    """Return the clips of given splits whose performances match a shell pattern, at most ``limit``, evenly spread.

    :param splits: names of splits; empty: all.
    :param ids: shell patterns; empty: all.
    :raises UsageError: if there is none.
    """
    chosen = [
        song
        for song in songs
        if (not splits or song.split in splits) and (not ids or any(fnmatchcase(song.performance, one) for one in ids))
    ]
    if not chosen or (limit is not None and limit < 1):
        raise UsageError(f"no clip is left of {len(songs)}; give other values of --split, --id or --limit")
    return spread(chosen, limit)


def _splits(source: StemSource) -> dict[str, str]:
    rows = source.performances
    return dict(zip(rows["performance"].tolist(), rows["gmd_split"].fillna("").tolist(), strict=True))


def _hits(source: StemSource) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return the times of hits by performance and piece."""
    times: dict[str, dict[str, tuple[float, ...]]] = {}
    for (performance, piece), rows in source.hits.groupby(["performance", "piece"])["time_s"]:
        times.setdefault(str(performance), {})[str(piece)] = tuple(np.sort(rows.to_numpy()).tolist())
    return times


def _of_corpus(corpus: Corpus) -> list[Song]:
    hits, splits = _hits(corpus), _splits(corpus)
    changed: set[str] = set()
    if corpus.identity.augmentation is not None:
        rows = corpus.manifest("augmentations")
        changed = set(rows.loc[rows["scope"] == "mixture", "performance"].tolist())
    pieces = {piece.value for piece in PIECES}
    songs = []
    for (performance, kit), rows in corpus.tracks.groupby(["performance", "kit"]):
        paths = {track: (corpus.root / path,) for track, path in zip(rows["track"], rows["path"], strict=True)}
        songs.append(
            Song(
                str(performance),
                str(kit),
                splits.get(str(performance), ""),
                {track: path for track, path in paths.items() if track in pieces},
                paths.get(MIXTURE, ()),
                hits.get(str(performance), {}),
                performance not in changed,
            )
        )
    return songs


def _of_folder(root: Path) -> Iterator[Song]:
    """Yield the songs of a folder without manifests."""
    for folder in (root, *sorted(path for path in root.rglob("*") if path.is_dir())):
        parts = folder.relative_to(root).parts
        name = "/".join(parts) or folder.absolute().name
        split = next((_SPLITS[part.lower()] for part in parts[:1] if part.lower() in _SPLITS), "")
        if (folder / _MOISESDB_FILE).is_file():
            stems = {inner.name: files for inner in _folders(folder) if (files := audio_in(inner))}
            if len(stems) >= _FEWEST_STEMS:
                yield Song(name, None, split, stems)
            continue
        inner_names = {inner.name for inner in _folders(folder)}
        if len(inner_names & _TRACK_OF_FOLDER.keys()) >= _FEWEST_STEMS:
            yield from _of_stemgmd(folder, parts, split)
            continue
        if inner_names & _TRACK_OF_FOLDER.keys() or folder.name in _TRACK_OF_FOLDER.keys() | _GROUP_FOLDERS:
            continue
        files = audio_in(folder)
        mixtures = tuple(path for path in files if names_mixture(path))
        stems = {path.stem: (path,) for path in files if path not in mixtures}
        if len(stems) >= _FEWEST_STEMS and not (folder.parent / _MOISESDB_FILE).is_file():
            yield Song(name, None, split, stems, mixtures[:1])


def _of_stemgmd(folder: Path, parts: tuple[str, ...], split: str) -> Iterator[Song]:
    """Yield the clips of a folder ``<drummer>/<session>/<kit>`` of StemGMD, which has a folder for each stem."""
    tracks = {_TRACK_OF_FOLDER[inner.name]: inner for inner in _folders(folder) if inner.name in _TRACK_OF_FOLDER}
    files = {track: {path.stem: path for path in audio_in(inner)} for track, inner in tracks.items()}
    for name in sorted({name for named in files.values() for name in named}):
        paths = {track: (named[name],) for track, named in files.items() if name in named}
        mixture = paths.pop(MIXTURE, ())
        yield Song("/".join((*parts[:-1], name)), folder.name, split, paths, mixture)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())
