"""IDMT-SMT-Drums: ``audio/X#MIX.wav`` and ``annotation_xml/X#MIX.xml`` (Dittmar & Gärtner 2014)."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.pieces import PIECES_OF_GROUP as OF_GROUP
from stemgmd_tools.pieces import Group
from stemgmd_tools.separation.evaluation.recordings.annotations import strokes_of
from stemgmd_tools.separation.evaluation.recordings.labels import IDMT
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording

_MIX: Final = "#MIX"


def _events(path: Path) -> list[tuple[float, str]]:
    try:
        events = list(ElementTree.parse(path).iter("event"))  # noqa: S314 - a file of the user's
        return [(float(event.findtext("onsetSec", "")), event.findtext("instrument", "")) for event in events]
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise UsageError(f"{shown(path)}: cannot be read as an annotation of IDMT-SMT-Drums: {error}") from error


def _recordings(folder: Path) -> list[Recording]:
    recordings = []
    for audio in sorted((folder / "audio").glob(f"*{_MIX}.wav")):
        annotation = folder / "annotation_xml" / f"{audio.stem}.xml"
        strokes = strokes_of(annotation, _events(annotation), IDMT, ())
        recordings.append(Recording(audio.stem.removesuffix(_MIX), (audio,), *strokes))
    return recordings


LAYOUT: Final = Layout(
    "idmt",
    "IDMT-SMT-Drums",
    lambda folder: (folder / "annotation_xml").is_dir(),
    _recordings,
    (*OF_GROUP[Group.KICK], *OF_GROUP[Group.SNARE], *OF_GROUP[Group.HIHAT]),
)
