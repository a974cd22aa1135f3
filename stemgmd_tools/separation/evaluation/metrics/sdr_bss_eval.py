"""SDR of BSS eval v4."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.separation.evaluation.energies import Energies, decibels
from stemgmd_tools.separation.evaluation.metric import Meter, Metric, Sound

WINDOW_S: Final = 1.0
"""Window length; the figure is the median over windows, as in museval."""
LIMIT_DB: Final = 100.0
"""Windows are clipped to +-100 dB, since perfect estimates would give infinity."""


class BssEvalMeter(Meter):
    """The SDR of BSS eval v4 (images; Stöter et al. 2018) from blocks: the median over windows of one second.

    It is what museval gives for one stem at a time, without its filters: the SDR of images compares an estimate with
    its own reference as it is, filters serve ISR, SIR and SAR alone. Given all stems at once, museval drops every
    second in which any of them is silent, of drums nearly all, and refuses stems that are silent throughout. As there,
    a window counts only where reference and estimate sound, and what follows the last whole one is left out.
    """

    def __init__(self, sample_rate: int) -> None:
        """Start before the first frame."""
        super().__init__(sample_rate)
        self._window = round(WINDOW_S * sample_rate)
        self._rest: NDArray[np.float64] = np.zeros((2, 0, 0))
        self._windows_db: list[float] = []
        self._pushed = False

    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block."""
        block = np.stack([reference, estimate]).astype(np.float64)
        waiting = np.concatenate([self._rest, block], axis=-1) if self._rest.size else block
        whole = waiting.shape[-1] // self._window * self._window
        for start in range(0, whole, self._window):
            self._measure(waiting[..., start : start + self._window])
        self._pushed = self._pushed or whole > 0
        self._rest = waiting[..., whole:]

    @property
    def sdr_db(self) -> float:
        """The median so far, within 100 dB of 0; NaN if no window counts. A sound below a second is one window."""
        if not self._pushed and self._rest.size:
            self._measure(self._rest)
            self._rest = self._rest[..., :0]
        windows_db = np.clip(self._windows_db, -LIMIT_DB, LIMIT_DB)
        return float(np.median(windows_db)) if len(windows_db) else math.nan

    def _measure(self, window: NDArray[np.float64]) -> None:
        if (window.sum(axis=1) == 0.0).all(axis=1).any():  # museval's silence: of the sum of channels
            return
        energies = Energies(self.sample_rate)
        energies.push(window[0], window[1])
        self._windows_db.append(decibels(energies.reference / energies.error) if energies.error else math.inf)


METRIC: Final = Metric(
    name="sdr_bss_eval_db",
    title="SDR of BSS eval v4",
    unit="dB",
    definition="SDR of images, median over seconds in which stem and estimate sound",
    source="Stöter et al. 2018 (museval)",
    higher_is_better=True,
    meter=BssEvalMeter,
    value=lambda meter, _: meter.sdr_db,
    absent="missing",
    of_medians=True,
)
