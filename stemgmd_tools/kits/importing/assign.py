"""Assign the regions of a library to the 22 articulations, and say for each why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.importing.recognise import follows_general_midi, guess_of, openness_in_names, usual_strokes
from stemgmd_tools.kits.importing.voices import (
    Claim,
    Voice,
    chosen,
    degree,
    give_second_crash,
    is_hihat,
    spread_openness,
    spread_toms,
)
from stemgmd_tools.kits.recognition.names import Guess
from stemgmd_tools.kits.sources.base import DrumLibrary, Region
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.strict_yaml.problem import nearest

NOTHING: Final = "none"
"""Articulation in an override that leaves regions out."""


@dataclass(slots=True)
class Assignment:
    """The voices of every articulation, and those left out."""

    voices: dict[str, list[Voice]] = field(default_factory=dict)
    """Articulation -> voices that play it; of a hi-hat one or more for each degree of openness."""
    unused: list[tuple[Voice, str]] = field(default_factory=list)
    """Voices that are not played, with the reason."""

    def regions(self, articulation: str) -> list[tuple[Region, float | None]]:
        """Return the regions of an articulation with their openness; None for all or for none."""
        rows = [(region, degree(voice)) for voice in self.voices[articulation] for region in voice.regions]
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
    claims: dict[Claim, list[Voice]] = defaultdict(list)
    for voice in voices:
        if voice.articulation is None:
            assignment.unused.append((voice, voice.reason))
        else:
            claims[voice.articulation, degree(voice)].append(voice)
    give_second_crash(claims)
    spread_toms(claims)
    spread_openness(claims)
    for articulation in ARTICULATIONS:
        for (name, _), claimants in claims.items():
            if name == articulation:
                best, others = chosen(claimants)
                assignment.voices.setdefault(name, []).extend(best)
                assignment.unused += [(voice, f"also {name}, which {best[0].label} plays") for voice in others]
    return assignment


def _voices(library: DrumLibrary, overrides: Mapping[str, str]) -> Iterable[Voice]:
    groups: dict[tuple[object, ...], list[Region]] = defaultdict(list)
    for region in library.regions:
        groups[_identity(region)].append(region)
    follows_notes = follows_general_midi(library, [regions[0] for regions in groups.values()])
    guesses = [guess_of(regions[0], library, follows_notes=follows_notes) for regions in groups.values()]
    usual = usual_strokes(guesses)
    for regions, guess in zip(groups.values(), guesses, strict=True):
        articulation, openness, score, reason = _recognised(regions, library, overrides, guess, usual)
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
    regions: Sequence[Region],
    library: DrumLibrary,
    overrides: Mapping[str, str],
    guess: Guess | None,
    usual: Collection[str],
) -> tuple[str | None, float | None, float, str]:
    """Return articulation, openness, score and reason for a voice."""
    first = regions[0]
    labels = _labels(regions)
    wanted = [articulation for label, articulation in overrides.items() if label in labels]
    if wanted:
        articulation = None if wanted[-1] == NOTHING else wanted[-1]  # the last one given
        openness = openness_in_names(first, library) if first.openness is None else first.openness
        return articulation, openness if is_hihat(articulation) else None, 2.0, "as given with --map"
    if guess is None:
        return None, None, 0.0, "not recognised"
    special = [word for word in guess.special if word not in usual]
    if guess.articulation is None or special:
        return None, None, 0.0, " ".join(filter(None, dict.fromkeys([*special, guess.instrument])))
    openness = first.openness if first.openness is not None else guess.openness
    return guess.articulation, openness if is_hihat(guess.articulation) else None, guess.score, guess.reason
