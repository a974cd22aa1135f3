"""Families of drum sounds, and the settings that voices of each family are fitted with."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.synthesis.parameters import DEFAULT_LAYERS
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, Piece


class Family(StrEnum):
    """Sounds that are fitted with the same settings."""

    KICK = "kick"
    SNARE = "snare"
    TOM = "tom"
    CROSS_STICK = "cross_stick"
    HIHAT_CLOSED = "hihat_closed"
    HIHAT_OPEN = "hihat_open"
    RIDE = "ride"
    BELL = "bell"
    CRASH = "crash"

    @property
    def form(self) -> Form:
        """Settings of fits of this family."""
        return _FORMS[self]


class Form(NamedTuple):
    """Settings of a family's fits. Counts are upper limits."""

    body_modes: int
    """Ringing modes."""
    attack_modes: int
    """Fast modes of stick or beater."""
    highest_mode_hz: float
    """Upper limit of body modes' frequencies."""
    mode_onset_s: float
    """Fade-in of the body modes; those of a cymbal build up slowly and would spoil its attack otherwise."""
    free_phase: bool
    """Whether the body modes' phases are drawn for every stroke (cymbals) or fixed (drums)."""
    glides: bool
    """Whether the pitch falls after the stroke."""
    colour_points_per_octave: int
    """Grid of the fine colour of the noise."""
    knots_s: tuple[float, ...]
    """Times of the noise's levels; times after the end of the sound are left out."""
    bend_knots_s: tuple[float, ...]
    """Times of velocity slopes and bends."""
    layers: tuple[int, ...]
    """Velocities of one-shots; fewer for sounds that ring for seconds and take much space in a bank."""


_LONG_LAYERS: Final = (14, 32, 52, 74, 98, 122)
_KNOTS_S: Final = (0.0, 0.0015, 0.004, 0.01, 0.022, 0.05, 0.11, 0.24, 0.52, 1.1, 2.4, 5.2)
_BEND_KNOTS_S: Final = (0.0, 0.004, 0.015, 0.05, 0.16, 0.5, 1.6, 5.2)


def _form(
    body: int, attack: int, highest_hz: float, onset_s: float, free: bool, glides: bool, colour: int,
    layers: tuple[int, ...] = DEFAULT_LAYERS,
) -> Form:  # fmt: skip
    return Form(body, attack, highest_hz, onset_s, free, glides, colour, _KNOTS_S, _BEND_KNOTS_S, layers)


_FORMS: Final = {
    Family.KICK: _form(14, 10, 1500.0, 0.0008, False, True, 24),
    Family.SNARE: _form(24, 10, 2500.0, 0.0008, False, False, 48),
    Family.TOM: _form(24, 10, 2200.0, 0.002, False, True, 48),
    Family.CROSS_STICK: _form(16, 10, 4000.0, 0.0008, False, False, 24),
    Family.HIHAT_CLOSED: _form(0, 0, 6000.0, 0.01, True, False, 24),
    Family.HIHAT_OPEN: _form(0, 0, 6500.0, 0.015, True, False, 48, _LONG_LAYERS),
    Family.RIDE: _form(48, 0, 6500.0, 0.015, True, False, 48, _LONG_LAYERS),
    Family.BELL: _form(40, 0, 6500.0, 0.015, True, False, 48, _LONG_LAYERS),
    Family.CRASH: _form(24, 0, 6500.0, 0.02, True, False, 48, _LONG_LAYERS),
}

_BY_NAME: Final = {
    "snare_cross_stick": Family.CROSS_STICK,
    "ride_bell": Family.BELL,
}
_BY_PIECE: Final = {
    Piece.KICK: Family.KICK,
    Piece.SNARE: Family.SNARE,
    Piece.HI_TOM: Family.TOM,
    Piece.MID_TOM: Family.TOM,
    Piece.LOW_TOM: Family.TOM,
    Piece.HIHAT_CLOSED: Family.HIHAT_CLOSED,
    Piece.HIHAT_OPEN: Family.HIHAT_OPEN,
    Piece.RIDE: Family.RIDE,
    Piece.CRASH: Family.CRASH,
}


def family_of(articulation: str) -> Family:
    """Return the family of an articulation.

    :raises UsageError: if there is no such articulation.
    """
    if articulation not in NOTE_OF_ARTICULATION:
        raise UsageError(f'unknown articulation "{articulation}"; known: {", ".join(ARTICULATIONS)}')
    return _BY_NAME.get(articulation) or _BY_PIECE[NOTE_OF_ARTICULATION[articulation].piece]
