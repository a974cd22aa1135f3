"""A whole kit: from its recordings to the voices of every articulation that was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stemgmd_tools.kits.fit.articulation import fit_voice
from stemgmd_tools.kits.fit.families import family_of
from stemgmd_tools.kits.fit.recordings import hear
from stemgmd_tools.kits.kit import Kit
from stemgmd_tools.kits.model.parameters import VoiceModel


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
    voices = {}
    notes = list(heard.notes)
    for name, strokes in heard.strokes.items():
        if progress is not None:
            progress(name)
        voices[name] = fit_voice(strokes, family_of(name), name)
    return Fitted(kit, voices, tuple(notes))
