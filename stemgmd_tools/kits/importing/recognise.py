"""What the names and the notes of a region of a library say together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from stemgmd_tools.kits.recognition.names import Guess, articulation_of_key, articulation_of_names, special_strokes
from stemgmd_tools.kits.recognition.vocabulary import LIKELY, WEAK
from stemgmd_tools.kits.sources.base import DrumLibrary, Region

_FEWEST_NOTES: Final = 2
"""Notes of General MIDI that the names of a library confirm before its other notes go before abbreviations."""
_BEATERS: Final = frozenset(["brush", "brushes", "brushed", "rod", "rods", "hotrod", "hotrods", "mallet", "mallets"])
_FEWEST_STROKES: Final = 5
"""Of a kit that is played with one kind of beater."""
_CONFIRMED: Final = 2
"""So many times as many notes must be confirmed as contradicted."""


def guess_of(region: Region, library: DrumLibrary, *, follows_notes: bool) -> Guess | None:
    """Return what names and notes of a region say; None if neither says anything.

    Names go before notes, but a note decides what names leave open about the same instrument, and goes before
    abbreviations in a library that follows General MIDI.

    :param follows_notes: see :func:`follows_general_midi`.
    """
    names = _names(region, library)
    named, keyed = articulation_of_names(names), _keyed(region)
    if named is None and keyed is not None:
        return replace(keyed, special=special_strokes(names))
    if named is None or keyed is None:
        return named
    if named.instrument == keyed.instrument:
        return named if keyed.score <= named.score or named.special else keyed
    if follows_notes and named.certainty <= LIKELY and keyed.score > LIKELY:
        return replace(keyed, special=named.special, reason=f"{keyed.reason}, which the library's names follow")
    return named


def usual_strokes(guesses: Iterable[Guess | None]) -> frozenset[str]:
    """Return the words for what a whole kit is played with, such as brushes: they make none of its strokes special."""
    special = [frozenset(guess.special) for guess in guesses if guess is not None and guess.articulation is not None]
    return frozenset.intersection(*special) & _BEATERS if len(special) >= _FEWEST_STROKES else frozenset()


def openness_in_names(region: Region, library: DrumLibrary) -> float | None:
    """Return the openness of the hi-hat that the names of a region say; None if they do not."""
    named = articulation_of_names(_names(region, library))
    return named.openness if named else None


def follows_general_midi(library: DrumLibrary, regions: Iterable[Region]) -> bool:
    """Return whether the names of a library say at most of its notes what General MIDI says.

    :param regions: one of each voice.
    """
    agrees: dict[int, bool] = defaultdict(bool)
    for region in regions:
        named, keyed = articulation_of_names(_names(region, library)), _keyed(region)
        if named is not None and keyed is not None and named.certainty > WEAK:
            for key in region.keys:
                agrees[key] |= named.instrument == keyed.instrument
    confirmed = sum(agrees.values())
    return confirmed >= max(_FEWEST_NOTES, _CONFIRMED * (len(agrees) - confirmed))


def _keyed(region: Region) -> Guess | None:
    guesses = [guess for key in region.keys for guess in [articulation_of_key(key)] if guess]
    return max(guesses, key=lambda guess: guess.score, default=None)


def _names(region: Region, library: DrumLibrary) -> list[str]:
    """Return the names of a region, the most telling first: notes, instruments and groups, then the file."""
    keys = [library.key_names[key] for key in region.keys if key in library.key_names]
    sound = next(iter(region.sounds.values()), None)
    return [*keys, *region.names, *([_relative(sound.path, library.folder)] if sound else [])]


def _relative(path: PurePath, folder: PurePath) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
