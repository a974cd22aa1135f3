"""Onset F1: whether strokes are detected where they were played. SDR is insensitive to this."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.metric import Metric, StemFacts
from stemgmd_tools.separation.evaluation.onsets import OnsetMeter, merge_close

TOLERANCE_S: Final = 0.050
"""Maximum distance between matching detected and played strokes (the tolerance of MIREX)."""


def onset_f1(played_s: Sequence[float] | NDArray[np.float64], detected_s: NDArray[np.float64]) -> float:
    """Return the F1 of detected onsets against the strokes that were played, 0..1.

    :param played_s: times of the strokes, in any order; strokes less than 30 ms apart are merged.
    :return: F1; NaN if nothing was played.
    :raises UsageError: if mir_eval is not installed.
    """
    try:
        from mir_eval.onset import f_measure  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise UsageError("onset F1 needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    played = merge_close(np.sort(np.asarray(played_s, np.float64)))
    if not len(played):
        return math.nan
    return float(f_measure(played, detected_s, window=TOLERANCE_S)[0]) if len(detected_s) else 0.0


def _value(onsets: OnsetMeter, stem: StemFacts) -> float:
    return onset_f1(stem.strokes_s, onsets.times_s()) if stem.present else math.nan


METRIC: Final = Metric(
    name="onset_f1",
    title="onset F1",
    unit="",
    definition="F1 of the onsets detected in the estimate against the strokes that were played, within 50 ms",
    source="detector: Böck and Widmer 2013 (SuperFlux); matching: Raffel et al. 2014 (mir_eval)",
    higher_is_better=True,
    meter=OnsetMeter,
    value=_value,
    absent="missing",
    of_reference=True,
)
