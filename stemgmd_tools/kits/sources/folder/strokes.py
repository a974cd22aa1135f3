"""Gather one-shots into strokes with their microphones, and number their layers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import commonpath
from typing import Final

from stemgmd_tools.kits.recognition.names import articulation_of_names
from stemgmd_tools.kits.recognition.vocabulary import CRASH, CYMBAL, HIHAT, TOM, WORDS
from stemgmd_tools.kits.recognition.words import tokens
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE
from stemgmd_tools.kits.sources.folder.marks import OneShot, layer_mark, read_marks, without_microphone

MAIN_MICROPHONE: Final = "main"
"""Microphone of files whose names tell none, where others do."""
MOST_LAYERS: Final = 24
"""Larger numbers behind a layer's mark are MIDI velocities."""
_MOST_INSTRUMENTS: Final = 4
"""Largest number that tells which of several toms or crashes a file holds, rather than which take."""
_SMALLEST_SIZE: Final = 6
"""Smallest diameter of a drum or cymbal in inches; takes are numbered from 0 or 1."""
_LARGEST_SIZE: Final = 24
_MOST_DEGREES: Final = 9
_FULL: Final = re.compile(r"[ _-]?full(y)?([ _/-].*)?", re.IGNORECASE)
"""What follows the name of a hi-hat that is open as far as it goes."""
_SAID: Final = 0.5
"""Score up to which the name of a tom leaves open which one it is."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One recorded stroke."""

    voice: str
    """What is struck and how: the name that its layers and takes share."""
    files: dict[str, str]
    """Microphone -> path relative to the folder."""
    layer: int | None = None
    """1 = softest; or a MIDI velocity, see :attr:`has_velocity`."""
    has_velocity: bool = False
    take: int | None = None
    key: int | None = None

    @property
    def place(self) -> str:
        """The file, for messages."""
        return next(iter(self.files.values()))


def strokes_of_names(paths: Iterable[str]) -> list[Stroke]:
    """Return the strokes that names of files tell."""
    shots = _with_instrument_numbers([read_marks(path) for path in paths])
    shots = _without_common_folder(shots)
    by_voice: dict[str, list[tuple[OneShot, dict[str, str]]]] = defaultdict(list)
    for shot, files in _merged(shots):
        by_voice[shot.voice].append((shot, files))
    return [stroke for voice, rows in by_voice.items() for stroke in _numbered(voice, rows)]


def without_partial(strokes: Sequence[Stroke]) -> tuple[list[Stroke], list[str]]:
    """Leave out strokes that lack a microphone which most strokes of their voice have: they would be too soft.

    :return: the others, and a notice for each voice that lost some.
    """
    by_voice: dict[str, list[Stroke]] = defaultdict(list)
    for stroke in strokes:
        by_voice[stroke.voice].append(stroke)
    partial: set[int] = set()
    notices = []
    for voice, rows in by_voice.items():
        counts = Counter(microphone for stroke in rows for microphone in stroke.files)
        usual = {microphone for microphone, count in counts.items() if 2 * count > len(rows)}
        lacking = [stroke for stroke in rows if usual - set(stroke.files)]
        if lacking and any(usual <= set(stroke.files) for stroke in rows):
            partial |= {id(stroke) for stroke in lacking}
            names = ", ".join(sorted(usual))
            notices.append(f"{voice}: left out {len(lacking)} strokes that were not recorded with {names}")
    return [stroke for stroke in strokes if id(stroke) not in partial], notices


def _without_common_folder(shots: Sequence[OneShot]) -> list[OneShot]:
    """Leave out of the names of voices the folders that all of them lie in."""
    folders = {shot.voice.rpartition("/")[0] for shot in shots}
    common = commonpath(folders) if "" not in folders else ""
    return [replace(shot, voice=shot.voice[len(common) + 1 :]) for shot in shots] if common else list(shots)


def _numbered(voice: str, rows: Sequence[tuple[OneShot, dict[str, str]]]) -> Iterable[Stroke]:
    mark = layer_mark([shot for shot, _ in rows])
    is_velocity = mark not in ("", "dynamics") and max(shot.layer(mark) for shot, _ in rows) > MOST_LAYERS
    for shot, files in rows:
        take = shot.take if shot.take is not None else shot.number
        yield Stroke(voice, files, shot.layer(mark) if mark else None, is_velocity, take)


def is_size(number: int | None) -> bool:
    """Return whether a number may be the diameter of a tom or a cymbal in inches, where no smaller numbers are."""
    return number is not None and _SMALLEST_SIZE <= number <= _LARGEST_SIZE


def _with_instrument_numbers(shots: Sequence[OneShot]) -> list[OneShot]:
    """Return numbers at the end of names to the voice where they tell an instrument or its size instead of a take."""
    by_voice: dict[str, list[OneShot]] = defaultdict(list)
    for shot in shots:
        by_voice[shot.voice].append(shot)
    return [
        replace(shot, voice=shot.with_number, number=None) if tells else shot
        for voice, rows in by_voice.items()
        for tells in [_tell_instruments(voice, rows) or _tell_degrees(voice, rows, by_voice)]
        for shot in rows
    ]


def _tell_instruments(voice: str, shots: Sequence[OneShot]) -> bool:
    numbers = {shot.number for shot in shots if shot.number is not None}
    guess = articulation_of_names([voice])
    are_several = guess is not None and guess.instrument in (CRASH, CYMBAL, TOM)
    are_beside = all(not shot.number_gap.strip() for shot in shots)
    if not numbers:
        return False
    if any(shot.number is None for shot in shots):  # Crash and Crash2: the first has no number
        return are_several and are_beside and min(numbers) > 1 and max(numbers) <= _MOST_INSTRUMENTS
    are_sizes = any(shot.is_prefix for shot in shots) or all(shot.layers for shot in shots)  # or MIDI notes
    are_sizes |= are_several and is_size(max(numbers))
    if len(numbers) == 1 or (are_sizes and min(numbers) >= _SMALLEST_SIZE):
        return True
    if guess is None or not are_several or max(numbers) > _MOST_INSTRUMENTS:
        return False
    return guess.score <= _SAID if guess.instrument == TOM else are_beside


def _tell_degrees(voice: str, shots: Sequence[OneShot], by_voice: Mapping[str, Sequence[OneShot]]) -> bool:
    """Return whether numbers tell how far the hi-hat is open: ``open1`` does, and ``open_1`` beside ``open_full``.

    Those of a hi-hat whose closed strokes are numbered alike are takes.
    """
    words = tokens(voice)
    last = WORDS.get(words[-1].text) if words else None
    guess = articulation_of_names([voice])
    if last is None or last.strike not in ("open", "half") or guess is None or guess.instrument != HIHAT:
        return False
    if not all(shot.number is not None and 1 <= shot.number <= _MOST_DEGREES for shot in shots):
        return False
    if any(_FULL.fullmatch(other.removeprefix(voice)) for other in by_voice if other.startswith(voice)):
        return True
    return all(not shot.number_gap for shot in shots) and not any(map(_is_numbered_closed, by_voice.values()))


def _is_numbered_closed(shots: Sequence[OneShot]) -> bool:
    guess = articulation_of_names([shots[0].voice])
    is_closed = guess is not None and (guess.articulation or "").startswith("hihat_closed")
    return is_closed and any(shot.number is not None for shot in shots)


def _merged(shots: Sequence[OneShot]) -> list[tuple[OneShot, dict[str, str]]]:
    """Return the strokes with their files by microphone."""
    by_stroke: dict[tuple[object, ...], dict[str, OneShot]] = defaultdict(dict)
    for shot in shots:
        stroke: tuple[object, ...] = (
            without_microphone(shot.voice), shot.take, shot.number, *sorted(shot.layers.items())
        )  # fmt: skip
        if shot.microphone in by_stroke[stroke]:  # the same name in another format, say
            stroke = (shot.path,)
        by_stroke[stroke][shot.microphone] = shot
    if all(len(microphones) == 1 for microphones in by_stroke.values()):
        return [(shot, {ONLY_MICROPHONE: shot.path}) for shot in shots]
    merged = []
    for microphones in by_stroke.values():
        first = next(iter(microphones.values()))
        files = {name or MAIN_MICROPHONE: shot.path for name, shot in sorted(microphones.items())}
        merged.append((replace(first, voice=without_microphone(first.voice)), files))
    return merged
