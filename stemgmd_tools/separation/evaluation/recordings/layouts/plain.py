"""Plain folders: ``X.wav`` (or another audio file) beside ``X.txt``, ``X.csv`` or ``X.tsv``, in any subfolders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools.audio import AUDIO_SUFFIXES
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.separation.evaluation.recordings.labels import MDB_IGNORED, PLAIN
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording, read_events

_ANNOTATIONS: Final = (".txt", ".csv", ".tsv")


def _annotation(audio: Path) -> Path | None:
    return next((path for path in map(audio.with_suffix, _ANNOTATIONS) if path.is_file()), None)


def _audio_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())


def _recordings(folder: Path) -> list[Recording]:
    recordings = []
    for audio in _audio_files(folder):
        annotation = _annotation(audio)
        if annotation is None:
            raise UsageError(
                f"{shown(audio)}: has no annotation beside it; add {shown(audio.stem)}.txt, .csv or .tsv, "
                "or move the audio elsewhere"
            )
        name = audio.relative_to(folder).with_suffix("").as_posix()
        recordings.append(Recording(name, audio, *read_events(annotation, PLAIN, MDB_IGNORED)))
    return recordings


LAYOUT: Final = Layout(
    "plain",
    "plain folders",
    lambda folder: any(_annotation(audio) for audio in _audio_files(folder)),
    _recordings,
    PIECES,
)
