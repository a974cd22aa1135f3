"""ENST-Drums: ``drummer_N/audio/wet_mix/X.wav`` and ``drummer_N/annotation/X.txt`` (Gillet & Richard 2006)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools.pieces import PIECES, Piece
from stemgmd_tools.separation.evaluation.recordings.annotations import read_events
from stemgmd_tools.separation.evaluation.recordings.labels import ENST, ENST_IGNORED
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording

_CYMBALS: Final = ("rc", "cr", "ch", "spl", "c")
_LABELS: Final[dict[str, Piece]] = {
    **ENST,
    **{f"{label}{number}": ENST[label] for label in _CYMBALS for number in range(1, 10)},
}


def _recordings(folder: Path) -> list[Recording]:
    return [
        Recording(
            f"{audio.parents[2].name}/{audio.stem}",
            (audio,),
            *read_events(audio.parents[2] / "annotation" / f"{audio.stem}.txt", _LABELS, ENST_IGNORED),
        )
        for audio in sorted(folder.glob("drummer_*/audio/wet_mix/*.wav"))
    ]


LAYOUT: Final = Layout(
    "enst",
    "ENST-Drums",
    lambda folder: any(folder.glob("drummer_*/annotation")),
    _recordings,
    PIECES,
)
