"""MDB Drums: ``audio/drum_only/X_Drum.wav`` and ``annotations/subclass/X_subclass.txt`` (Southall et al. 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools.pieces import PIECES
from stemgmd_tools.separation.evaluation.recordings.annotations import read_events
from stemgmd_tools.separation.evaluation.recordings.labels import MDB, MDB_IGNORED
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording

_SUFFIX: Final = "_Drum"


def _root(folder: Path) -> Path:
    """Return the folder of audio and annotations: this one, or the one that the repository has them in."""
    inner = folder / "MDB Drums"
    return inner if inner.is_dir() else folder


def _recordings(folder: Path) -> list[Recording]:
    root = _root(folder)
    recordings = []
    for audio in sorted((root / "audio" / "drum_only").glob(f"*{_SUFFIX}.wav")):
        name = audio.stem.removesuffix(_SUFFIX)
        annotation = root / "annotations" / "subclass" / f"{name}_subclass.txt"
        recordings.append(Recording(name, (audio,), *read_events(annotation, MDB, MDB_IGNORED)))
    return recordings


LAYOUT: Final = Layout(
    "mdb",
    "MDB Drums",
    lambda folder: (_root(folder) / "annotations" / "subclass").is_dir(),
    _recordings,
    PIECES,
)
