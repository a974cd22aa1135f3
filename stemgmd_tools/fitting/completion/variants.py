"""Derive missing strokes from recorded ones, by differences measured on kits that have both.

Each table holds decibels over frequency and time: rounded medians over the loudest layers of the recorded kits that
have both strokes, compared in third octaves and in intervals of time that widen from 3 to 600 ms after the attack
(``salamander``, ``gogodze_phu``, ``ludwig_1960s``, ``sams_sonor``, ``gretsch_jazz``, ``fluidr3_standard``; the number
of kits is noted at each table). If only one kit has the pair, the table is smoothed. The tables describe differences
between strokes, not the sound of a drum, so these kits do not count as donors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.synthesis.numbers import Table
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, BandEnvelope, VoiceModel
from stemgmd_tools.kits.voices.arithmetic import level_db, louder, pitched, reshaped, stretched
from stemgmd_tools.kits.voices.loudness import pitch_hz
from stemgmd_tools.kits.voices.sums import added

_TIMES_S: Final = (0.0015, 0.006, 0.017, 0.04, 0.09, 0.2, 0.5)


def _change(frequencies_hz: tuple[float, ...], *rows: tuple[float, ...]) -> BandEnvelope:
    values: Table = rows
    return BandEnvelope(frequencies_hz=frequencies_hz, times_s=_TIMES_S[: len(rows[0])], values=values)


RIMSHOT: Final = _change(
    (80, 250, 600, 1500, 4000, 9000),
    (-5, -4, -4, -4, -4, -3, -3),
    (-3, -5, -3, -2, -2, -2, -1),
    (0, -1, -1, -2, -3, -4, -6),
    (3, 1, 0, -1, -3, -5, -7),
    (6, 3, 0, -1, -3, -5, -7),
    (7, 3, 1, -1, -3, -5, -7),
)
"""Rimshot over head (3 kits, which spread by 10 dB): less of the head, a brighter stick, a drier ring."""

TOM_RIM: Final = _change(
    (80, 250, 600, 1500, 4000, 9000),
    (-10, -10, -10, -9, -9, -9, -9),
    (-6, -7, -7, -7, -7, -7, -7),
    (2, 0, -2, -3, -4, -5, -6),
    (6, 4, 1, -1, -3, -5, -6),
    (7, 5, 2, 0, -3, -5, -6),
    (7, 5, 2, 0, -3, -5, -6),
)
"""Rim over head of a tom: no recording has it; as a rimshot, with less of the head."""

PEDAL: Final = _change(
    (100, 300, 1000, 3000, 9000),
    (-6, 3, 8, 4, 0, 0, 0),
    (-7, 1, 5, 0, -6, -8, -5),
    (-16, -6, -1, -4, -8, -14, -8),
    (-20, -11, -4, -6, -11, -15, -9),
    (-23, -14, -6, -6, -11, -14, -10),
)
"""Foot over stick on a shut hat (6 kits): no stick, the cymbals meet within 15 ms, and are held."""

HAT_EDGE: Final = _change(
    (100, 300, 900, 2500, 9000),
    (-8, -6, 2, 5, 4, 3, 3),
    (-5, 2, 8, 9, 9, 8, 7),
    (-5, 3, 8, 8, 8, 7, 6),
    (-4, 0, 2, 4, 5, 5, 4),
    (-3, -2, 0, 1, 2, 3, 2),
)
"""Shoulder on the edge over tip on the bow of a hat (1 kit): more of the whole cymbal, less of the tip."""

RIDE_EDGE: Final = _change(
    (100, 300, 1000, 3000, 6000, 10000),
    (3, 8, 15, 15, 10, 9, 9),
    (2, 10, 14, 13, 12, 12, 12),
    (-1, 6, 9, 10, 12, 11, 10),
    (-4, 2, 4, 6, 8, 8, 8),
    (-6, 0, 1, 2, 3, 4, 4),
    (-8, -3, -1, 0, 1, 1, 1),
)
"""Edge over bow of a ride: half of what a crash shows (1 kit) and 5 dB louder, built up as slowly."""

CRASH_BOW: Final = _change(
    (100, 300, 1000, 3000, 6000, 10000),
    (-4, -10, -14, -12, -10, -9, -9),
    (-3, -10, -14, -13, -12, -12, -12),
    (3, -4, -7, -9, -10, -10, -9),
    (2, 2, 1, -2, -5, -6, -6),
    (4, 4, 3, 2, 1, 0, -1),
    (6, 6, 5, 4, 3, 3, 2),
)
"""Tip on the bow over shoulder on the edge of a crash (1 kit, which shows half as much again)."""

BELL: Final = _change(
    (150, 400, 900, 1700, 2700, 4500, 9000),
    (1, 1, 0, -1, -3, -5, -7),
    (2, -2, -2, -1, -2, -5, -7),
    (6, 4, 4, 4, 1, 0, -2),
    (7, 10, 12, 12, 12, 8, 5),
    (8, 9, 10, 10, 9, 6, 3),
    (2, 6, 7, 6, 4, 2, -1),
    (-1, 0, 0, -1, -3, -5, -9),
)
"""Bell over bow of a ride (5 kits)."""

CROSS_STICK: Final = _change(
    (100, 300, 700, 1500, 3000, 9000),
    (-17, -23, -23, -24, -22, -10, -5),
    (-16, -20, -20, -21, -21, -17, -10),
    (-9, -8, -9, -10, -13, -10, -9),
    (-8, -9, -8, -8, -7, -4, -2),
    (-9, -8, -7, -8, -7, -2, 0),
    (-10, -10, -8, -9, -8, -6, 0),
)
"""Cross-stick over head (4 kits): the click without most of the drum."""


class Variant(NamedTuple):
    """How a stroke is derived from another stroke of the same kit."""

    of: str
    """The articulation it is derived from."""
    change_db: BandEnvelope | None = None
    gain_db: float = 0.0
    pitch: float = 1.0
    """Factor on all frequencies."""
    toward: str | None = None
    """If the kit has this articulation, pitch and level are halfway to it, and ``pitch`` is ignored."""
    length: float = 1.0
    """Factor on all times after the stick's attack."""
    rim_db: float | None = None
    """Level at which the kit's cross-stick is added, as the click of the rim."""
    rim_pitch: float = 1.0
    rim_length: float = 1.0
    """Factors on the cross-stick's frequencies and times."""


_RIM_ABOVE_HZ: Final = 350.0
"""Modes of a cross-stick below this belong to the drum."""

VARIANTS: Final[Mapping[str, tuple[Variant, ...]]] = {
    "snare_rimshot": (Variant("snare_head", RIMSHOT, gain_db=0.0, rim_db=4.0),),
    "snare_cross_stick": (Variant("snare_head", CROSS_STICK),),
    "hi_tom_head": (Variant("mid_tom_head", pitch=1.26, length=0.9), Variant("low_tom_head", pitch=1.6, length=0.8)),
    "mid_tom_head": (
        Variant("hi_tom_head", pitch=0.8, length=1.1, toward="low_tom_head"),
        Variant("low_tom_head", pitch=1.26, length=0.9),
    ),
    "low_tom_head": (Variant("mid_tom_head", pitch=0.8, length=1.1), Variant("hi_tom_head", pitch=0.63, length=1.2)),
    "hi_tom_rim": (Variant("hi_tom_head", TOM_RIM, gain_db=-3.0, rim_db=-1.0, rim_pitch=0.9, rim_length=0.5),),
    "mid_tom_rim": (Variant("mid_tom_head", TOM_RIM, gain_db=-3.0, rim_db=-1.0, rim_pitch=0.8, rim_length=0.5),),
    "low_tom_rim": (Variant("low_tom_head", TOM_RIM, gain_db=-3.0, rim_db=-1.0, rim_pitch=0.7, rim_length=0.5),),
    "hihat_closed_bow": (Variant("hihat_open_bow", length=0.1),),
    "hihat_closed_edge": (Variant("hihat_closed_bow", HAT_EDGE, gain_db=1.0),),
    "hihat_pedal": (Variant("hihat_closed_bow", PEDAL),),
    "hihat_open_bow": (Variant("hihat_closed_bow", length=10.0),),
    "hihat_open_edge": (Variant("hihat_open_bow", HAT_EDGE, gain_db=-0.5, length=1.1),),
    "ride_bow": (Variant("hihat_open_bow", gain_db=-2.0, pitch=0.8, length=1.5),),
    "ride_edge": (Variant("ride_bow", RIDE_EDGE, gain_db=1.5, length=0.8),),
    "ride_bell": (Variant("ride_bow", BELL, pitch=1.06),),
    "crash1_edge": (Variant("hihat_open_bow", gain_db=6.0, pitch=0.6, length=1.5),),
    "crash1_bow": (Variant("crash1_edge", CRASH_BOW, gain_db=-3.0),),
    "crash2_edge": (Variant("crash1_edge", pitch=1.19, length=0.75),),
    "crash2_bow": (Variant("crash2_edge", CRASH_BOW, gain_db=-3.0),),
}
"""Articulation -> ways to derive it, the best first."""


def apply_variant(
    variant: Variant, voice: VoiceModel, cross_stick: VoiceModel | None = None, toward: VoiceModel | None = None
) -> VoiceModel:
    """Return the voice that a variant derives from another voice.

    :param cross_stick: the same kit's cross-stick; without it, no rim is added.
    :param toward: the voice of :attr:`Variant.toward`.
    """
    if toward is not None:
        variant = _halfway(variant, voice, toward)
    voice = louder(stretched(pitched(voice, variant.pitch), variant.length), variant.gain_db)
    if variant.change_db is not None:
        voice = reshaped(voice, variant.change_db)
    if variant.rim_db is not None and cross_stick is not None:
        rim = stretched(pitched(cross_stick, variant.rim_pitch), variant.rim_length)
        voice = added(voice, rim, variant.rim_db, above_hz=_RIM_ABOVE_HZ)
    return voice


def _halfway(variant: Variant, voice: VoiceModel, toward: VoiceModel) -> Variant:
    """Return a variant with pitch and level halfway between two drums."""
    pitches = pitch_hz(voice), pitch_hz(toward)
    gain_db = (level_db(toward, REFERENCE_VELOCITY) - level_db(voice, REFERENCE_VELOCITY)) / 2.0
    if pitches[0] is None or pitches[1] is None:
        return variant
    return variant._replace(pitch=float(np.sqrt(pitches[1] / pitches[0])), gain_db=round(gain_db, 1))
