"""Plain folders: ``X.wav`` (or another audio file) beside ``X.txt``, ``.csv``, ``.tsv`` or ``.mid``, in any folders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools.audio import AUDIO_SUFFIXES
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.separation.evaluation.recordings.annotations import annotation_beside, read_annotation
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording


def _audio_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())


def _recordings(folder: Path) -> list[Recording]:
    recordings = []
    for audio in _audio_files(folder):
        annotation = annotation_beside(audio)
        if annotation is None:
            raise UsageError(
                f"{shown(audio)}: has no annotation beside it; add {shown(audio.stem)}.txt, .csv, .tsv or .mid, "
                "or move the audio elsewhere"
            )
        name = audio.relative_to(folder).with_suffix("").as_posix()
        recordings.append(Recording(name, (audio,), *read_annotation(annotation)))
    return recordings


LAYOUT: Final = Layout(
    "plain",
    "plain folders",
    lambda folder: any(annotation_beside(audio) for audio in _audio_files(folder)),
    _recordings,
    PIECES,
)
