"""Predicted energy at silence."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from stemgmd_tools.separation.evaluation.metric import Meter, Metric, Presence, Sound

WINDOW: Final = 2048
"""Window length in frames, 46 ms at 44.1 kHz."""
FLOOR: Final = 1e-10
"""Minimum power, -100 dB."""


class SilenceMeter(Meter):
    """Levels of the estimate in the windows in which the reference is silent.

    The last window of a clip may be shorter and is measured as it is.
    """

    def __init__(self, sample_rate: int = 44_100) -> None:
        """Start before the first frame."""
        super().__init__(sample_rate)
        self.windows = 0
        self.total_db = 0.0

    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block; all but the last contain a whole number of windows."""
        starts = np.arange(0, reference.shape[1], WINDOW)
        if not len(starts):
            return
        loudest = np.maximum.reduceat(np.abs(reference).max(axis=0), starts)
        silent = loudest == 0
        if not silent.any():
            return
        power = np.add.reduceat((np.asarray(estimate, np.float64) ** 2).mean(axis=0), starts)
        lengths = np.diff(starts, append=reference.shape[1])
        levels_db = 10.0 * np.log10(np.maximum(power / lengths, FLOOR))
        self.windows += int(silent.sum())
        self.total_db += float(levels_db[silent].sum())

    @property
    def level_db(self) -> float:
        """Mean so far; NaN if the reference was never silent."""
        return self.total_db / self.windows if self.windows else math.nan


METRIC: Final = Metric(
    name="silence_energy_db",
    title="energy at silence",
    unit="dB",
    definition="mean level of the estimate, re full scale, in windows of 46 ms in which the stem is silent",
    source="Schulze-Forster et al. 2019",
    higher_is_better=False,
    meter=SilenceMeter,
    value=lambda meter, _: meter.level_db,
    absent="of the whole clip; windows without anything weigh most",
    reported=Presence.BOTH,
    of_mixture=False,
)
