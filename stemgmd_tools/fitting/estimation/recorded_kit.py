"""Fit voices to all recorded articulations of a kit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stemgmd_tools.fitting.estimation.articulation import fit_voice
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.recordings.recordings import Strokes, read_strokes
from stemgmd_tools.fitting.velocity.jitter import TYPICAL
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.synthesis.parameters import Jitter, VoiceModel


class Fitted(NamedTuple):
    """The fitted voices of a recorded kit."""

    kit: Kit
    """The recorded kit."""
    voices: dict[str, VoiceModel]
    """Articulation -> voice, for articulations with their own recordings."""
    notes: tuple[str, ...]
    """Faults of the recordings and their corrections."""


def fit_voices(kit: Kit, progress: Callable[[str], None] | None = None) -> Fitted:
    """Fit a voice to every articulation that has its own recordings.

    :param progress: called with the name of each articulation before it is fitted.
    :raises KitError: if a sample file cannot be used.
    """
    recorded = read_strokes(kit)
    voices: dict[str, VoiceModel] = {}
    for name, strokes in recorded.strokes.items():
        if progress is not None:
            progress(name)
        voices[name] = fit_voice(strokes, family_of(name), name)
    repeated = [name for name, strokes in recorded.strokes.items() if any(len(layer.repeats) > 1 for layer in strokes)]
    single = [name for name in voices if name not in repeated]
    jitter = _median([voices[name].jitter for name in repeated])
    for name in single:
        voices[name] = voices[name].model_copy(update={"jitter": jitter})
    notes = [
        *recorded.notes,
        *_notes(recorded.strokes, single, source="the kit's other voices" if repeated else "other kits"),
    ]
    return Fitted(kit, voices, tuple(notes))


def _median(known: Sequence[Jitter]) -> Jitter:
    """Return the median of several jitters; a typical jitter if there are none."""
    if not known:
        return TYPICAL
    fields = list(Jitter.model_fields)
    return Jitter(
        **{field: round(float(np.median([getattr(jitter, field) for jitter in known])), 4) for field in fields}
    )


def _notes(strokes: dict[str, tuple[Strokes, ...]], single: Sequence[str], source: str) -> Iterator[str]:
    """Yield notes about information that the recordings lack, and its replacement."""
    for name, layers in strokes.items():
        if len({layer.velocity for layer in layers}) == 1:
            yield f"{name}: one layer; its velocity slope is the square law's"
        if name in single:
            yield f"{name}: nothing was played twice; how its strokes differ comes from {source}"
