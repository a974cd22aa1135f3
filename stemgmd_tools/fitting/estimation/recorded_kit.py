"""A whole kit: from its recordings to the voices of every articulation that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stemgmd_tools.fitting.estimation.articulation import fit_voice
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.recordings.recordings import Strokes, hear
from stemgmd_tools.fitting.velocity.jitter import TYPICAL
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.synthesis.parameters import Jitter, VoiceModel


class Fitted(NamedTuple):
    """The voices of a recorded kit."""

    kit: Kit
    """The recorded kit."""
    voices: dict[str, VoiceModel]
    """By articulation; those that have recordings of their own."""
    notes: tuple[str, ...]
    """Faults that were found in the recordings, and what was done about them."""


def fit_voices(kit: Kit, progress: Callable[[str], None] | None = None) -> Fitted:
    """Fit a voice to every articulation that has recordings of its own.

    :param progress: called with the name of each articulation before it is fitted.
    :raises KitError: if a sample file cannot be used.
    """
    heard = hear(kit)
    voices: dict[str, VoiceModel] = {}
    for name, strokes in heard.strokes.items():
        if progress is not None:
            progress(name)
        voices[name] = fit_voice(strokes, family_of(name), name)
    repeated = [name for name, strokes in heard.strokes.items() if any(len(one.repeats) > 1 for one in strokes)]
    single = [name for name in voices if name not in repeated]
    jitter = _median([voices[name].jitter for name in repeated])
    for name in single:
        voices[name] = voices[name].model_copy(update={"jitter": jitter})
    notes = [
        *heard.notes,
        *_notes(heard.strokes, single, source="the kit's other voices" if repeated else "other kits"),
    ]
    return Fitted(kit, voices, tuple(notes))


def _median(known: Sequence[Jitter]) -> Jitter:
    """Return the median figures of some voices; typical ones without any."""
    if not known:
        return TYPICAL
    fields = list(Jitter.model_fields)
    return Jitter(**{field: round(float(np.median([getattr(one, field) for one in known])), 4) for field in fields})


def _notes(strokes: dict[str, tuple[Strokes, ...]], single: Sequence[str], source: str) -> Iterator[str]:
    """Say what the recordings do not tell, and what stands in for it."""
    for name, layers in strokes.items():
        if len({one.velocity for one in layers}) == 1:
            yield f"{name}: one layer; its velocity slope is the square law's"
        if name in single:
            yield f"{name}: nothing was played twice; how its strokes differ comes from {source}"
