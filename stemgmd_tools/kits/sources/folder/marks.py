"""Layers, takes and microphones in the names of one-shots.

What is left of a path without them is the name of a voice: the files of one voice are its layers and takes.

====================== ================================== =========================================================
mark                   examples                           meaning
====================== ================================== =========================================================
``v vel vl layer lay`` ``Kick_V3``, ``VEL064``, ``layer2`` layer, or a MIDI velocity where numbers exceed 24
``l``                  ``Kick_L3``                         layer; only after a separator
``rr r take tk t alt`` ``_RR2``, ``take 4``                take
dynamics               ``_pp``, ``-FF``, ``soft``, ``Hard`` layer, on a scale from ``ppp`` to ``fff``
number at the end      ``Kick-07``, ``Kick 7``, ``(2)``    take, or layer where loudness rises with it; of two or more
                                                           toms or crashes, which of them
number before the name ``12-Kick``, ``01 Snare``           take, if they begin at 0 or 1
microphone             ``_OH_``, ``room/``, ``snare-top``, microphone, if the same stroke was recorded by another
                       ``mic1_``, ``ovhd``
====================== ================================== =========================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from stemgmd_tools.kits.recognition.names import articulation_of_names
from stemgmd_tools.kits.recognition.vocabulary import DYNAMICS, TOM

_START: Final = r"(?<![A-Za-z])"
_CAMEL: Final = r"(?-i:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
_END: Final = r"(?-i:(?![a-z]))"
_NUMBER: Final = r"[ _-]?#?(\d{1,3})(?![0-9])"
_LAYERS: Final = re.compile(rf"{_CAMEL}(velocity|vel|layer|lay|lyr|vl|v|dyn){_NUMBER}", re.IGNORECASE)
_TAKES: Final = re.compile(rf"{_CAMEL}(?:round[ _-]?robin|rr|take|tk|alt|hit|var){_NUMBER}", re.IGNORECASE)
_LETTERS: Final = re.compile(rf"{_START}([lrt]){_NUMBER}", re.IGNORECASE)
"""Layer and take by a single letter, which may as well name the drum: ``T1`` is a tom, ``Kick_T1`` a take."""
_LATER_LETTERS: Final = re.compile(rf"(?<=[^A-Za-z/])([lrt]){_NUMBER}", re.IGNORECASE)
"""Those that do not begin a name: ``toms/t1_2`` is the second take of a tom."""
_LAYER_WORDS: Final = ("velocity", "vel", "layer", "lay", "lyr", "vl", "dyn", "v", "l")
"""The most telling first: in ``V01_VEL064`` the velocity is the layer."""
_SIGNS: Final = re.compile(r"(?<![A-Za-z])(ppp|pp|p|mp|mf|fff|ff|f)(?![A-Za-z])", re.IGNORECASE)
_LONG_WORDS: Final = sorted(
    (word for word in DYNAMICS if len(word) > 3 or word in ("med", "max")), key=len, reverse=True
)
_WORDS: Final = re.compile(rf"({'|'.join(_LONG_WORDS)}){_END}", re.IGNORECASE)
_WORDS_OF_TOMS: Final = re.compile(_WORDS.pattern.replace("medium|", ""), re.IGNORECASE)
_LAST_NUMBER: Final = re.compile(r"[ _#(.-]*(?<![0-9])(\d{1,5})\)?\s*\Z")
_FIRST_NUMBER: Final = re.compile(r"(\d{1,3})[-_ ]+(?=\D)")
_MICROPHONE: Final = re.compile(
    rf"{_CAMEL}(overheads?|ovhds?|oh|rooms?|ambience|ambient|amb|close|spot|top|bottom|btm|under|mono|"
    rf"mics?[ _-]?\d{{1,2}}|[a-z]+[ _-]mics?){_END}",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(r"[\s_#.-]*[_\s#-][\s_#.-]*")


@dataclass(slots=True)
class OneShot:
    """What the name of a file says."""

    path: str
    """Relative to the folder."""
    voice: str
    """The rest of the path: the same for the layers and takes of one voice."""
    layers: dict[str, int] = field(default_factory=dict)
    """By the word that marks them, see :data:`_LAYER_WORDS`, and ``dynamics``."""
    take: int | None = None
    number: int | None = None
    """The number at the end, or that before the name."""
    number_gap: str = ""
    """What separates it from the name; empty if nothing does."""
    is_prefix: bool = False
    """Whether the number stands before the name."""
    microphone: str = ""

    @property
    def with_number(self) -> str:
        """The name of the voice with its number, if it has one."""
        if self.number is None:
            return self.voice
        folder, separator, name = self.voice.rpartition("/")
        text = f"{self.number}{self.number_gap}{name}" if self.is_prefix else f"{name}{self.number_gap}{self.number}"
        return f"{folder}{separator}{text}"

    def layer(self, mark: str) -> int:
        """Return the layer by one mark; 0 where a file lacks it."""
        return self.layers.get(mark, 0)


def read_marks(path: str) -> OneShot:
    """Return what a path says.

    >>> shot = read_marks("Snare/Kit_Snare_V3_RR02.wav")
    >>> shot.voice, shot.layers, shot.take
    ('Snare/Kit_Snare', {'v': 3}, 2)
    """
    stem = path.rpartition(".")[0] or path
    letters = _LATER_LETTERS if "/" in stem and _is_tom(stem.rpartition("/")[0]) else _LETTERS
    shot = _without_marks(path, stem, letters)
    if articulation_of_names([shot.voice]) is None:
        other = _without_marks(path, stem, None)
        return other if articulation_of_names([other.voice]) is not None else shot
    return shot


def _without_marks(path: str, stem: str, letters: re.Pattern[str] | None) -> OneShot:
    text, layers = _cut(_LAYERS, stem)
    text, takes = _cut(_TAKES, text)
    text, singles = _cut(letters, text) if letters else (text, [])
    layers += [single for single in singles if single[0].lower() == "l"]
    takes += [single[1:] for single in singles if single[0].lower() != "l"]
    shot = OneShot(path, stem, take=int(takes[0][0]) if takes else None)
    shot.layers = {word.lower(): int(number) for word, number in reversed(layers)}
    text, signs = _cut(_SIGNS, _without_number(shot, text))
    text, words = _cut(_WORDS_OF_TOMS if _is_tom(text) else _WORDS, text)
    if signs or words:
        shot.layers["dynamics"] = DYNAMICS[[*signs, *words][0][0].lower()]
    names = (re.sub(r"[ _-]mics?$", "", name.lower()) for name in _MICROPHONE.findall(text))
    shot.microphone = "_".join(dict.fromkeys(names))
    shot.voice = _tidy(text)
    return shot


def _cut(pattern: re.Pattern[str], text: str) -> tuple[str, list[tuple[str, ...]]]:
    """Return a text without the matches of a pattern, and the groups of each match."""
    return pattern.sub("", text), [match.groups() for match in pattern.finditer(text)]


def _without_number(shot: OneShot, text: str) -> str:
    """Take the number at the end of a name, or that before it, out of a path."""
    folder, separator, name = text.rpartition("/")
    last, first = _LAST_NUMBER.search(name), _FIRST_NUMBER.match(name)
    if last and last.start():
        shot.number, shot.number_gap = int(last[1]), last[0][: last.start(1) - last.start()]
        name = name[: last.start()]
    elif first:
        shot.number, shot.number_gap, shot.is_prefix = int(first[1]), first[0][len(first[1]) :], True
        name = name[first.end() :]
    return f"{folder}{separator}{name}"


def _is_tom(text: str) -> bool:
    guess = articulation_of_names([text])
    return guess is not None and guess.instrument == TOM


def without_microphone(voice: str) -> str:
    """Return the name of a voice without that of a microphone."""
    return _tidy(_MICROPHONE.sub("", voice))


def _tidy(text: str) -> str:
    """Return a path without the separators that removed marks leave."""
    parts = (_SEPARATORS.sub("_", part).strip(" _-#.()") for part in text.split("/"))
    return "/".join(filter(None, parts))


def layer_mark(shots: list[OneShot]) -> str:
    """Return the mark that tells the layers of a voice: the most telling one whose numbers differ; empty if none."""
    for mark in (*_LAYER_WORDS, "dynamics"):
        if len({shot.layer(mark) for shot in shots}) > 1:
            return mark
    return ""
