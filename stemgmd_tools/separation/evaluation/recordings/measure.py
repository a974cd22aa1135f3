"""Measure one method on one recording: onsets, invented strokes and leakage, and distance from isolated stems."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.measure import Figures, Times, checked_estimates
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method, regrouped
from stemgmd_tools.separation.evaluation.onsets import OnsetMeter, merge_close
from stemgmd_tools.separation.evaluation.recordings.references import References

TOLERANCES_S: Final[Mapping[str, float]] = {"onset_f1": 0.050, "onset_f1_30ms": 0.030, "onset_f1_20ms": 0.020}
"""Columns and the greatest distance of matching strokes in them."""
LEVEL_DB: Final = -21.0
"""Level to which mixtures are brought before onsets are detected: the median over 72 mixtures, 12 performances of the
starter set through the six training kits (5 to 95 %: -27 to -17 dB). The threshold of the detector was chosen there."""
_LOUD: Final = 0.95
_WINDOW: Final = 2048
_HOP_S: Final = 0.010
_REACH_S: Final = 0.100
"""Length of the windows after strokes in which leakage is measured."""
_NOT_ANNOTATED: Final[Figures] = dict.fromkeys(("strokes", "matched", *TOLERANCES_S, "invented_per_min", "leakage_db"))
_RINGING_S: Final = 0.250
"""For this long before a window, the stem itself must not have been struck."""


class _Heights(NamedTuple):
    """Power per hop of 10 ms."""

    mixture: NDArray[np.float64]
    stems: list[NDArray[np.float64]]


def level_gain(mixture: Frames) -> float:
    """Return the factor that brings a mixture (2, frame) to the level of the training mixtures; 1 for silence.

    The level is the 95 % quantile of the mean power of windows of 46 ms: that of its louder strokes, whatever rests lie
    between them.
    """
    count = max(1, mixture.shape[1] // _WINDOW)
    windows = np.array_split(np.square(mixture, dtype=np.float64).mean(axis=0), count)
    level = float(np.quantile([window.mean() for window in windows], _LOUD))
    return math.sqrt(10.0 ** (LEVEL_DB / 10.0) / level) if level > 0.0 else 1.0


def measure_recording(
    method: Method, clip: Clip, strokes_s: Mapping[str, Times] | None, isolated: Mapping[str, Frames] | None = None
) -> dict[str, Figures]:
    """Return the figures of each stem.

    :param strokes_s: annotated strokes of each stem of the clip, ascending; None: not annotated.
    :param isolated: isolated stems, shape (2, frame), of those stems that have one.
    :raises UsageError: if the estimates do not have the shape of the clip, or mir_eval is not installed.
    """
    gain = np.float32(level_gain(clip.mixture(0, clip.frames)))
    meters = [OnsetMeter(clip.sample_rate) for _ in clip.stems]
    hop = round(_HOP_S * clip.sample_rate)
    count = -(-clip.frames // hop)
    heights = _Heights(np.zeros(count), [np.zeros(count) for _ in clip.stems])
    references = References(isolated or {}, clip.sample_rate)
    blocks = list(clip.blocks())
    estimates = regrouped(checked_estimates(method, clip), [length for _, length in blocks])
    for start, length in blocks:
        places = np.arange(start, start + length) // hop
        mixture = clip.mixture(start, length)
        heights.mixture[:] += _power(mixture, places, count)
        for stem, meter, height, estimate in zip(clip.stems, meters, heights.stems, next(estimates), strict=True):
            references.push(stem, start, estimate)
            meter.push(mixture, gain * estimate)
            height[:] += _power(estimate, places, count)
    next(estimates, None)  # raises if there are more frames
    duration_s = clip.frames / clip.sample_rate
    played = {stem: merge_close(times[times < duration_s]) for stem, times in (strokes_s or {}).items()}
    figures = {}
    for stem, meter, height in zip(clip.stems, meters, heights.stems, strict=True):
        detected_s = meter.times_s()
        onsets = {**_NOT_ANNOTATED, "detected": len(detected_s)}
        if strokes_s is not None:
            leakage = _leakage_db(stem, played, height, heights.mixture)
            onsets = {**onset_figures(played[stem], detected_s, duration_s), "leakage_db": leakage}
        figures[stem] = {**onsets, **references.figures(stem, duration_s)}
    return figures


def onset_figures(played_s: Times, detected_s: Times, duration_s: float) -> Figures:
    """Return counts, F1 by tolerance, and invented strokes per minute; F1 is missing if nothing was played."""
    try:
        from mir_eval.util import match_events  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise UsageError("onset F1 needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    figures: Figures = {"strokes": len(played_s), "detected": len(detected_s)}
    for column, tolerance_s in TOLERANCES_S.items():
        both = len(played_s) and len(detected_s)
        matched = len(match_events(played_s, detected_s, tolerance_s)) if both else 0
        figures[column] = 2.0 * matched / (len(played_s) + len(detected_s)) if len(played_s) else None
        if column == "onset_f1":
            figures["matched"] = matched
            figures["invented_per_min"] = 60.0 * (len(detected_s) - matched) / duration_s
    return figures


def _power(sound: Frames, places: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    return np.bincount(places, np.square(sound, dtype=np.float64).sum(axis=0), count).astype(np.float64)


def _leakage_db(
    stem: str, played_s: Mapping[str, Times], estimate: NDArray[np.float64], mixture: NDArray[np.float64]
) -> float | None:
    """Return the level of a stem relative to the mixture where only others were struck; None if that is nowhere."""
    others = np.zeros(len(mixture), bool)
    own = np.zeros(len(mixture), bool)
    for name, times_s in played_s.items():
        for time_s in times_s.tolist():
            first, end = round(time_s / _HOP_S), round((time_s + _REACH_S) / _HOP_S)
            if name == stem:
                own[max(0, first - 2) : round((time_s + _RINGING_S) / _HOP_S)] = True
            else:
                others[first:end] = True
    where = others & ~own
    whole, part = float(mixture[where].sum()), float(estimate[where].sum())
    return 10.0 * math.log10(max(part / whole, 1e-10)) if whole > 0.0 else None
