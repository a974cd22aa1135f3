"""Measure where strokes begin in rendered audio, independently of the onset definition that banks use.

A bank aligns the frame at which a one-shot first reaches a tenth of its peak with the frame of the hit. This module
searches for the steepest rise of energy instead. The two differ if a one-shot was aligned by noise before its attack or
by a DC offset. On recorded kits they agree within 1 ms for 19 strokes of 20, and within 7 ms for crashes that swell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm
from stemgmd_tools.onsets import magnitude

BEFORE_S: Final = 0.030
"""The search starts this long before a hit."""
AFTER_S: Final = 0.5
"""The search ends at most this long after a hit."""
_WINDOW_S: Final = 0.002
"""Length of the two adjacent windows whose energies are compared."""
_STEP_S: Final = 0.00025
"""Step between compared windows."""
_FLOOR: Final = 0.001
"""Energy below this share of the loudest window's (-30 dB) counts as silence, such as noise before a stroke."""
KIT_S: Final = 0.003
"""A kit is reported if the median distance between rises and hits exceeds this."""
PIECE_S: Final = 0.010
"""The same for a single piece; some swell."""
_FEWEST: Final = 3
"""Least number of strokes for a median."""

Rises: TypeAlias = dict[tuple[str, str], list[float]]
"""(kit, piece) -> delay of each stroke's rise after its hit, in seconds."""


class Spread(NamedTuple):
    """Distribution of the delays of strokes after their hits, in seconds."""

    low_s: float
    """5th percentile."""
    median_s: float
    high_s: float
    """95th percentile."""


def rise_s(pcm: Pcm, frame: int, after: int, sample_rate: int) -> float | None:
    """Return the delay of the steepest rise of energy after a hit's frame, in seconds; None for silence.

    :param pcm: shape (frames, 2).
    :param after: number of frames after the hit that belong to it.
    """
    window, step, lead = (units.frames_of(time_s, sample_rate) for time_s in (_WINDOW_S, _STEP_S, BEFORE_S))
    after = min(after, units.frames_of(AFTER_S, sample_rate))
    amplitude = magnitude(pcm[max(0, frame - lead) : frame + after])
    energy = np.concatenate([np.zeros(1 + window + max(0, lead - frame)), amplitude**2, np.zeros(window)]).cumsum()
    places = np.arange(window, len(energy) - window, max(1, step))
    behind = energy[places + window] - energy[places]
    before = energy[places] - energy[places - window]
    loudest = behind.max(initial=0.0)
    if not loudest > 0:
        return None
    steepest = places[int(np.argmax((behind + _FLOOR * loudest) / (before + _FLOOR * loudest)))]
    return float(steepest - window - lead) / sample_rate


def spread_of(rises: Rises) -> Spread | None:
    """Return the spread over all strokes; None if there are no strokes."""
    delays = [delay for group in rises.values() for delay in group]
    return Spread(*np.percentile(delays, [5, 50, 95]).tolist()) if delays else None


def attack_notes(rises: Mapping[tuple[str, str], list[float]]) -> Iterator[str]:
    """Yield a note for each kit, or else for each piece, whose strokes do not start at their hits."""
    for kit in sorted({kit for kit, _ in rises}):
        pieces = {piece: delays for (name, piece), delays in sorted(rises.items()) if name == kit}
        all_delays = [delay for delays in pieces.values() for delay in delays]
        if len(all_delays) >= _FEWEST and abs(float(np.median(all_delays))) > KIT_S:
            yield _note(f"kit {kit}", all_delays)
            continue
        for piece, delays in pieces.items():
            if len(delays) >= _FEWEST and abs(float(np.median(delays))) > PIECE_S:
                yield _note(f"kit {kit}, {piece}", delays)


def _note(where: str, delays: list[float]) -> str:
    median_ms = 1000 * float(np.median(delays))
    return (
        f"{where}: the sound rises {median_ms:+.1f} ms from the hits (median of {len(delays):,}); "
        "its one-shots may be misaligned, look for noise or an offset before their attacks"
    )
