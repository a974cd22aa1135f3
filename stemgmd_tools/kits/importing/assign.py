"""Assign the regions of a library to the 22 articulations, and say for each why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.importing.recognise import follows_general_midi, guess_of, openness_in_names
from stemgmd_tools.kits.recognition.names import articulation_of_key
from stemgmd_tools.kits.recognition.words import tokens
from stemgmd_tools.kits.sources.base import DrumLibrary, Region
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, Group
from stemgmd_tools.strict_yaml.problem import nearest

NOTHING: Final = "none"
"""Articulation in an override that leaves regions out."""
_HANDS: Final = frozenset({"left", "right", "lh", "rh", "l", "r", "hand"})
"""Words that tell the hand of a stroke; both hands are takes of one articulation."""
_TWO_DRUMS: Final = ("kick", "ride", "crash")
"""Instruments of which kits have a left and a right one; of others, the words tell the hand."""


_Claim: TypeAlias = tuple[str, float | None]
"""Articulation and openness."""


class Voice(NamedTuple):
    """What a player triggers as one instrument: regions with the same notes, or with the same names without notes."""

    label: str
    """For messages and overrides: ``36`` or the name of an instrument."""
    regions: tuple[Region, ...]
    articulation: str | None
    openness: float | None
    score: float
    reason: str


@dataclass(slots=True)
class Assignment:
    """The voices of every articulation, and those left out."""

    voices: dict[str, list[Voice]] = field(default_factory=dict)
    """Articulation -> voices that play it; of a hi-hat one or more for each degree of openness."""
    unused: list[tuple[Voice, str]] = field(default_factory=list)
    """Voices that are not played, with the reason."""

    def regions(self, articulation: str) -> list[tuple[Region, float | None]]:
        """Return the regions of an articulation with their openness; None for all or for none."""
        rows = [(region, _degree(voice)) for voice in self.voices[articulation] for region in voice.regions]
        degrees = {openness for _, openness in rows}
        return [(region, None if len(degrees) == 1 else openness) for region, openness in rows]


def parse_overrides(entries: Iterable[str]) -> dict[str, str]:
    """Return the articulation for each note or name of ``--map NOTE_OR_NAME=ARTICULATION``.

    :raises UsageError: for an entry of another form, or an unknown articulation.
    """
    overrides = {}
    for entry in entries:
        name, separator, articulation = entry.rpartition("=")
        if not separator or not name:
            raise UsageError(
                f"--map {entry}: give NOTE=ARTICULATION or NAME=ARTICULATION, such as 37=snare_cross_stick"
            )
        if articulation not in (*ARTICULATIONS, NOTHING):
            close = nearest(articulation, ARTICULATIONS)
            known = ", ".join((*ARTICULATIONS, NOTHING))
            raise UsageError(f"--map {entry}: unknown articulation{close}; known: {known}")
        overrides[name.casefold()] = articulation
    return overrides


def assign(library: DrumLibrary, overrides: Mapping[str, str]) -> Assignment:
    """Assign every voice of a library.

    :param overrides: see :func:`parse_overrides`; they go before every guess.
    :raises UsageError: if an override names no note or name of the library.
    """
    voices = list(_voices(library, overrides))
    known = {label for voice in voices for label in _labels(voice.regions)}
    for name in overrides:
        if name not in known:
            raise UsageError(f"--map {name}: the library has no such note or name{nearest(name, known)}")
    assignment = Assignment()
    claims: dict[_Claim, list[Voice]] = defaultdict(list)
    for voice in voices:
        if voice.articulation is None:
            assignment.unused.append((voice, voice.reason))
        else:
            claims[voice.articulation, _degree(voice)].append(voice)
    _give_second_crash(claims)
    _spread_toms(claims)
    for articulation in ARTICULATIONS:
        for (name, _), claimants in claims.items():
            if name == articulation:
                chosen, others = _chosen(claimants)
                assignment.voices.setdefault(name, []).extend(chosen)
                best = chosen[0].label
                assignment.unused += [(voice, f"also {name}, which {best} plays") for voice in others]
    return assignment


def _voices(library: DrumLibrary, overrides: Mapping[str, str]) -> Iterable[Voice]:
    groups: dict[tuple[object, ...], list[Region]] = defaultdict(list)
    for region in library.regions:
        groups[_identity(region)].append(region)
    follows_notes = follows_general_midi(library, [regions[0] for regions in groups.values()])
    for regions in groups.values():
        articulation, openness, score, reason = _recognised(regions, library, overrides, follows_notes=follows_notes)
        yield Voice(_label(regions[0]), tuple(regions), articulation, openness, score, reason)


def _identity(region: Region) -> tuple[object, ...]:
    """Return what regions of one voice have in common."""
    return (region.keys or region.names[:1], region.openness)


def _label(region: Region) -> str:
    return " ".join(map(str, region.keys)) if region.keys else (region.names or (region.place,))[0]


def _labels(regions: Sequence[Region]) -> set[str]:
    names = {name.casefold() for region in regions for name in region.names}
    return names | {str(key) for region in regions for key in region.keys} | {_label(regions[0]).casefold()}


def _recognised(
    regions: Sequence[Region], library: DrumLibrary, overrides: Mapping[str, str], *, follows_notes: bool
) -> tuple[str | None, float | None, float, str]:
    """Return articulation, openness, score and reason for a voice."""
    first = regions[0]
    labels = _labels(regions)
    wanted = [articulation for label, articulation in overrides.items() if label in labels]
    if wanted:
        articulation = None if wanted[-1] == NOTHING else wanted[-1]  # the last one given
        openness = openness_in_names(first, library) if first.openness is None else first.openness
        return articulation, openness if _is_hihat(articulation) else None, 2.0, "as given with --map"
    guess = guess_of(first, library, follows_notes=follows_notes)
    if guess is None:
        return None, None, 0.0, "not recognised"
    if guess.articulation is None or guess.special:
        return None, None, 0.0, " ".join(filter(None, dict.fromkeys([*guess.special, guess.instrument])))
    openness = first.openness if first.openness is not None else guess.openness
    return guess.articulation, openness if _is_hihat(guess.articulation) else None, guess.score, guess.reason


def _give_second_crash(claims: dict[_Claim, list[Voice]]) -> None:
    """Let the second of several crashes play the articulations of crash 2, if nothing else does."""
    if any(name.startswith("crash2") for name, _ in claims):
        return
    for side in ("bow", "edge"):
        voices = claims.get((f"crash1_{side}", None), [])
        chosen, others = _chosen(voices) if voices else ([], [])
        if others:
            second = others[0]
            claims[f"crash1_{side}", None] = [*chosen, *others[1:]]
            reason = f"{second.reason}, the second crash"
            claims[f"crash2_{side}", None] = [second._replace(articulation=f"crash2_{side}", reason=reason)]


def _spread_toms(claims: dict[_Claim, list[Voice]]) -> None:
    """Let several toms that claim one articulation play those of the others, if nothing else does, high to low.

    Toms are in the order of their names (high, middle, low), then from high to low notes, as on most keyboards.
    """
    heads = [(f"{tom}_head", None) for tom in ("hi_tom", "mid_tom", "low_tom")]
    voices = [voice for head in heads for voice in sorted(claims.get(head, ()), key=_lowest_last)]
    missing = sum(head not in claims for head in heads)
    if not missing or len(voices) <= len(heads) - missing:
        return
    places = [heads[0], *[heads[1]] * (len(voices) - 2), heads[2]] if len(voices) > 1 else [heads[0]]
    for head in heads:
        claims.pop(head, None)
    for head, voice in zip(places, voices, strict=True):
        reason = voice.reason if voice.articulation == head[0] else f"{voice.reason}, among {len(voices)} toms"
        claims.setdefault(head, []).append(voice._replace(articulation=head[0], reason=reason))


def _lowest_last(voice: Voice) -> int:
    return -max(voice.regions[0].keys, default=0)


def _degree(voice: Voice) -> float | None:
    """Return the openness of a voice on the hi-hat, shut or open if the library does not say; None for others."""
    if not _is_hihat(voice.articulation):
        return None
    unsaid = 1.0 if voice.articulation and "open" in voice.articulation else 0.0
    return unsaid if voice.openness is None else voice.openness


def _is_hihat(articulation: str | None) -> bool:
    return articulation is not None and NOTE_OF_ARTICULATION[articulation].piece.group is Group.HIHAT


def _chosen(voices: Sequence[Voice]) -> tuple[list[Voice], list[Voice]]:
    """Divide the voices of one articulation into those that are played and the others.

    Voices that differ in the hand alone are takes of one another. Otherwise the surest guess by names and by the notes
    of General MIDI together is played, among equals the voice with most regions.
    """
    ranked = sorted(voices, key=lambda voice: (-voice.score - _key_score(voice), -len(voice.regions)))
    best = ranked[0]
    chosen = [voice for voice in ranked if voice is best or _differ_in_hand(best, voice)]
    return chosen, [voice for voice in ranked if voice not in chosen]


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
