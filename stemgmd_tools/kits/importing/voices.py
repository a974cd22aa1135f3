"""Voices of a library, and which articulations those with one name play: crashes, toms, degrees of the hi-hat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from stemgmd_tools.kits.recognition.names import articulation_of_key
from stemgmd_tools.kits.recognition.vocabulary import SURE, WORDS
from stemgmd_tools.kits.recognition.words import tokens
from stemgmd_tools.kits.sources.base import Region
from stemgmd_tools.kits.sources.folder.marks import read_marks, without_microphone
from stemgmd_tools.kits.sources.folder.strokes import is_size
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION, Group

_HANDS: Final = frozenset({"left", "right", "lh", "rh", "l", "r", "hand"})
"""Words that tell the hand of a stroke; both hands are takes of one articulation."""
_TWO_DRUMS: Final = ("kick", "ride", "crash")
"""Instruments of which kits have a left and a right one; of others, the words tell the hand."""
_FEWEST_DEGREES: Final = 2
_DEGREES: Final = {**{str(number): number for number in range(1, 10)}, "full": 10, "fully": 10}
"""Words for degrees of openness, and their order."""


class Voice(NamedTuple):
    """What a player triggers as one instrument: regions with the same notes, or with the same names without notes."""

    label: str
    """For messages and overrides: ``36`` or the name of an instrument."""
    regions: tuple[Region, ...]
    articulation: str | None
    openness: float | None
    score: float
    reason: str


Claim: TypeAlias = tuple[str, float | None]
"""Articulation and openness."""
Claims: TypeAlias = dict[Claim, list[Voice]]
"""The voices that may play each."""


def give_second_crash(claims: Claims) -> None:
    """Let the second of several crashes play the articulations of crash 2, if nothing else does."""
    if any(name.startswith("crash2") for name, _ in claims):
        return
    for side in ("bow", "edge"):
        voices = claims.get((f"crash1_{side}", None), [])
        best, others = chosen(voices) if voices else ([], [])
        drum = partial(_drum, by_size=_differ_in_size(voices))
        second = next((voice for voice in others if drum(voice) != drum(best[0])), None)
        if second is not None:
            claims[f"crash1_{side}", None] = [*best, *(voice for voice in others if voice is not second)]
            reason = f"{second.reason}, the second crash"
            claims[f"crash2_{side}", None] = [second._replace(articulation=f"crash2_{side}", reason=reason)]


def spread_toms(claims: Claims) -> None:
    """Let several toms that claim one articulation play those of the others, if nothing else does, high to low.

    Toms that their names tell apart stay. Others are in the order of their names (high, middle, low), then from high to
    low notes, as on most keyboards.
    """
    heads = [(f"{tom}_head", None) for tom in ("hi_tom", "mid_tom", "low_tom")]
    voices = [voice for head in heads for voice in sorted(claims.get(head, ()), key=_lowest_last)]
    by_size = _differ_in_size(voices)
    if by_size:
        voices.sort(key=_size)
    drum = partial(_drum, by_size=by_size)
    drums = list(dict.fromkeys(map(drum, voices)))
    missing = [head for head in heads if head not in claims]
    if not missing or len(drums) <= len(heads) - len(missing):
        return
    named = {drum(voice) for voice in voices if voice.score >= SURE}
    unnamed = [one for one in drums if one not in named]
    if unnamed and len(named) == len(heads) - len(missing):
        places = dict(zip(unnamed, [*missing, *missing[-1:] * len(unnamed)], strict=False))
    else:
        between = [heads[1]] * (len(drums) - 2)
        places = dict(zip(drums, [heads[0], *between, heads[2]] if len(drums) > 1 else heads[:1], strict=True))
    for head in heads:
        claims.pop(head, None)
    for voice in voices:
        head = places.get(drum(voice), (voice.articulation or "", None))
        reason = voice.reason if voice.articulation == head[0] else f"{voice.reason}, among {len(drums)} toms"
        claims.setdefault(head, []).append(voice._replace(articulation=head[0], reason=reason))


def spread_openness(claims: Claims) -> None:
    """Give open hi-hats that names number (``SemiOpen1``, ``open3``, ``open_full``) degrees of openness, ascending.

    Half-open ones lie below open ones; a half-open one without a number lies below all if none of them has one. The
    openness of others stays as it is.
    """
    for name in dict.fromkeys(name for name, _ in claims if name.startswith("hihat_open")):
        rows = [(voice, _degree_in_names(voice)) for claim, row in claims.items() if claim[0] == name for voice in row]
        if any(said is not None and not said[0] and said[1] for _, said in rows):
            rows = [(voice, said if said and said[1] else None) for voice, said in rows]
        degrees = sorted({said for _, said in rows if said is not None})
        kinds = [is_open for is_open, number in degrees if number]
        if max(map(kinds.count, kinds), default=0) < _FEWEST_DEGREES:
            continue
        steps = len(degrees) if degrees[-1][0] else len(degrees) + 1
        for claim in [claim for claim in claims if claim[0] == name]:
            del claims[claim]
        for voice, said in rows:
            wide = degree(voice) if said is None else round((degrees.index(said) + 1) / steps, 4)
            claims.setdefault((name, wide), []).append(voice if said is None else voice._replace(openness=wide))


def _degree_in_names(voice: Voice) -> tuple[bool, int] | None:
    """Return whether names call a hi-hat open rather than half open, and the number behind that word.

    :return: 0 for a half-open one without a number; None if the names do not say it, if files of the voice differ in
        the number (which is that of the take then), or if the library says the openness.
    """
    if voice.regions[0].openness is not None:
        return None
    said = next(filter(None, map(_degree_in_name, voice.regions[0].names)), None)
    if said is None or not said[1]:
        stems = {sound.path.stem for region in voice.regions for sound in region.sounds.values()}
        in_files = {_degree_in_name(stem) for stem in stems}
        said = next(iter(in_files)) or said if len(in_files) == 1 else said
    return said


def _degree_in_name(name: str) -> tuple[bool, int] | None:
    words = [token.text for token in tokens(name)]
    strikes = [WORDS[word].strike if word in WORDS else "" for word in words]
    for strike, after in zip(strikes, words[1:], strict=False):
        if strike in ("open", "half") and after in _DEGREES:
            return strike == "open", _DEGREES[after]
    return (False, 0) if "half" in strikes else None


def _drum(voice: Voice, *, by_size: bool = False) -> str:
    """Return what the dynamics, layers and takes of one drum have in common where each is an instrument of its own.

    :param by_size: whether numbers tell drums by their size.
    """
    if voice.regions[0].keys:
        return voice.label
    shot = read_marks(f"{voice.label}.wav")
    return without_microphone(shot.with_number if by_size else shot.voice) or voice.label


def _differ_in_size(voices: Sequence[Voice]) -> bool:
    """Return whether sizes alone tell drums of one name apart, as in ``Crash 16`` and ``Crash 18``."""
    return all(map(_size, voices)) and len(set(map(_drum, voices))) == 1


def _size(voice: Voice) -> int:
    """Return the number at the end of a voice's name if it may be the size of a drum in inches, else 0."""
    number = None if voice.regions[0].keys else read_marks(f"{voice.label}.wav").number
    return number if number is not None and is_size(number) else 0


def _lowest_last(voice: Voice) -> int:
    return -max(voice.regions[0].keys, default=0)


def degree(voice: Voice) -> float | None:
    """Return the openness of a voice on the hi-hat, shut or open if the library does not say; None for others."""
    if not is_hihat(voice.articulation):
        return None
    unsaid = 1.0 if voice.articulation and "open" in voice.articulation else 0.0
    return unsaid if voice.openness is None else voice.openness


def is_hihat(articulation: str | None) -> bool:
    """Return whether an articulation is one of the hi-hat."""
    return articulation is not None and NOTE_OF_ARTICULATION[articulation].piece.group is Group.HIHAT


def chosen(voices: Sequence[Voice]) -> tuple[list[Voice], list[Voice]]:
    """Divide the voices of one articulation into those that are played and the others.

    Voices that differ in the hand or in the number of the take alone are takes of one another. Otherwise the surest
    guess by names and by the notes of General MIDI together is played, among equals the voice with most regions.
    """
    ranked = sorted(voices, key=lambda voice: (-voice.score - _key_score(voice), -len(voice.regions)))
    best = ranked[0]
    played = [
        voice for voice in ranked if voice is best or _differ_in_hand(best, voice) or _differ_in_take(best, voice)
    ]
    return played, [voice for voice in ranked if voice not in played]


def _differ_in_take(one: Voice, other: Voice) -> bool:
    """Return whether two instruments without notes are takes of one stroke, such as ``Ride_V1_R01`` and ``_R02``."""
    if one.regions[0].keys or other.regions[0].keys:
        return False
    first, second = (read_marks(f"{voice.label}.wav") for voice in (one, other))
    return (first.voice, first.layers) == (second.voice, second.layers) and None not in (first.take, second.take)


def _key_score(voice: Voice) -> float:
    """Return how surely the notes of a voice play its articulation in General MIDI."""
    guesses = [articulation_of_key(key) for region in voice.regions[:1] for key in region.keys]
    return max((one.score for one in guesses if one and one.articulation == voice.articulation), default=0.0)


def _differ_in_hand(one: Voice, other: Voice) -> bool:
    if one.articulation is not None and one.articulation.startswith(_TWO_DRUMS):
        return False
    first, second = _words(one), _words(other)
    return first != second and first - _HANDS == second - _HANDS


def _words(voice: Voice) -> frozenset[str]:
    """Return the words in the names of a voice's files, without numbers."""
    stems = [sound.path.stem for region in voice.regions for sound in region.sounds.values()]
    return frozenset(token.text for stem in stems for token in tokens(stem) if not token.is_number)
