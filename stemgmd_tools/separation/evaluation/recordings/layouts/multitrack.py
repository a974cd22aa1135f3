"""Multitracks: a folder for each track, with one audio file or several for each piece or stem, and perhaps the mixture.

The names of the files say what they are, as those of drum libraries do (``Kick In``, ``SN top``, ``Tom 2``). A file
named ``mix`` or ``mixture``, or ending in that, is the mixture; without it, the sum of all files is. Files of the whole
kit, such as overheads and rooms, are in that sum and in no stem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.sources.stem_files import audio_in, names_mixture
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.kits.recognition.names import articulation_of_names
from stemgmd_tools.kits.recognition.vocabulary import WEAK
from stemgmd_tools.pieces import GROUPS, NOTE_OF_ARTICULATION, PIECES
from stemgmd_tools.separation.evaluation.recordings.annotations import annotation_beside, read_annotation
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording

_WHOLE_KIT: Final = re.compile(r"(?:.*[^a-z])?(?:oh|overheads?|rooms?|amb|ambience)(?:[^a-z].*)?", re.IGNORECASE)
_FEWEST_STEMS: Final = 2


def _group(audio: Path) -> str | None:
    """Return the stem to which a file belongs by its name; None if the name does not say it."""
    guess = articulation_of_names([audio.stem])
    if guess is None or guess.articulation is None or guess.certainty <= WEAK:
        return None
    return NOTE_OF_ARTICULATION[guess.articulation].piece.group.value


def _track(folder: Path, name: str) -> Recording | None:
    """Return the track in a folder; None if it holds none.

    :raises UsageError: if a file is not known by its name.
    """
    files = audio_in(folder)
    mixtures = tuple(filter(names_mixture, files))
    parts = {audio: _group(audio) for audio in files if audio not in mixtures}
    stems = {
        group.value: tuple(audio for audio, own in parts.items() if own == group.value)
        for group in GROUPS
        if group.value in parts.values()
    }
    if len(stems) < _FEWEST_STEMS or any(map(annotation_beside, parts)):
        return None
    for audio, group in parts.items():
        if group is None and not _WHOLE_KIT.fullmatch(audio.stem):
            raise UsageError(
                f"{shown(audio)}: the name says no piece; name it after one (kick, snare, tom, hihat, ride, crash), "
                "mixture, overhead or room, or move it elsewhere"
            )
    if len(mixtures) > 1:
        raise UsageError(
            f"{shown(mixtures[1])}: is a second mixture beside {shown(mixtures[0].name)}; move one elsewhere"
        )
    annotation = next(filter(None, map(annotation_beside, mixtures)), None)
    strokes, ignored = read_annotation(annotation) if annotation else (None, 0)
    return Recording(name, mixtures or tuple(parts), strokes, ignored, stems)


def _tracks(folder: Path) -> Iterator[Recording]:
    for inner in (folder, *sorted(path for path in folder.rglob("*") if path.is_dir())):
        name = inner.relative_to(folder).as_posix() if inner != folder else inner.absolute().name
        track = _track(inner, name)
        if track is not None:
            yield track


LAYOUT: Final = Layout(
    "multitrack",
    "multitracks",
    lambda folder: next(_tracks(folder), None) is not None,
    lambda folder: list(_tracks(folder)),
    PIECES,
)
