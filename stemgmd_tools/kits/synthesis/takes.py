"""Limit the differences between the takes of one layer to bounds measured on recordings.

Takes are strokes of one velocity. Half of the pairs of recordings of one layer (ten recorded kits, 336 pairs) differ by
less than 0.6 dB in level and 0.14 dB per octave in tilt, nine in ten by less than 2.4 dB and 0.53 dB per octave
(``docs/realism.md``). The rest are strokes of different strength in the same layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float, Tilt
from stemgmd_tools.kits.synthesis.parameters import Jitter
from stemgmd_tools.numerics.elementary import exp10, log

LEVEL_S: Final = 0.2
"""Length of the stretch a level is measured over: the whole of a short sound, the strike of a long one."""

WITHIN_DB: Final = 2.0
"""The loudest take of a layer is at most this much louder than the softest."""
WITHIN_DB_PER_OCTAVE: Final = 0.5
"""The tilts of the takes of a layer differ by at most this much."""

_PER_DB: Final = log(10.0) / 10.0
"""Relative change of power per decibel, for small changes."""
_LARGEST: Final = (exp10(WITHIN_DB / 10.0) - 1.0) / (exp10(WITHIN_DB / 10.0) + 1.0)
"""Powers of 1 + x and 1 - x lie :data:`WITHIN_DB` apart with this x."""


def powers(jitter: Jitter, draws: Float) -> Float:
    """Return the power of each take relative to its layer.

    Powers are symmetric around 1, so their mean is 1; with an odd number of takes, one of them is 1.

    :param draws: (takes,) normal draws, which decide the order of the takes and their differences.
    """
    order = np.argsort(draws, kind="stable")
    ascending = draws[order]
    changes = np.empty(len(draws))
    changes[order] = (ascending - ascending[::-1]) * (0.5 * jitter.level_db * _PER_DB)
    return 1.0 + np.clip(changes, -_LARGEST, _LARGEST)


def tilts(jitter: Jitter, draws: Float) -> list[Tilt]:
    """Return the change of each take's spectrum; their mean is 0.

    :param draws: (takes,) normal.
    """
    count = len(draws)
    change = (draws - draws.sum() / count) * (jitter.tilt_db_per_octave * float(np.sqrt(count / max(1, count - 1))))
    width = float(change.max() - change.min())
    if width > WITHIN_DB_PER_OCTAVE:
        change = change * (WITHIN_DB_PER_OCTAVE / width)
    return [Tilt(0.0, slope) for slope in change.tolist()]


def levelled(sounds: Sequence[Float], wanted: Float) -> list[Float]:
    """Return the takes of a layer scaled to given powers, relative to the mean power of ``sounds``.

    :param sounds: each of shape (frames, 2), the attack at frame 0.
    :param wanted: (takes,) powers, see :func:`powers`.
    """
    measured = np.array([power(sound) for sound in sounds])
    mean = measured.sum() / len(measured)
    gains = np.sqrt(wanted * mean / np.where(measured > 0.0, measured, 1.0))
    return [sound * gain for sound, gain in zip(sounds, gains.tolist(), strict=True)]


def power(sound: Float) -> float:
    """Return the mean power of the first :data:`LEVEL_S` of a sound, full scale 1."""
    frames = round(LEVEL_S * SAMPLE_RATE)
    start = np.ascontiguousarray(sound[:frames]).reshape(-1)
    return float((start * start).sum()) / (2 * frames)
