"""Metrics of separation quality. Variants that share a name in the literature have distinct names here.

Sounds have shape (channel, frame); metrics are computed in float64 over all channels and frames. :class:`Sums` and the
meters accumulate over blocks, so that a clip need not fit into memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError

Sound: TypeAlias = NDArray[np.floating[Any]]
"""Shape (channel, frame), full scale 1."""

DELTA: Final = 1e-7
"""Added to numerator and denominator of nSDR and uSDR, as in the publications; bounds them on silent references."""
SI_SDR_LIMIT_DB: Final = 100.0
"""SI-SDR is clipped to +-100 dB, since perfect or silent estimates would give infinity."""
SILENCE_WINDOW: Final = 2048
"""Window length in frames for predicted energy at silence (46 ms at 44.1 kHz)."""
SILENCE_FLOOR: Final = 1e-10
"""Minimum power (-100 dB) for predicted energy at silence."""
BSS_WINDOW_S: Final = 1.0
"""Window length for BSS eval, which returns the median over windows, as museval does."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over a part of a stem and its estimate, from which the metrics follow; parts can be added.

    The error is ``reference - estimate``. SI-SDR is computed from the sums of the error, not of the estimate: the
    difference of two nearly equal energies would lose precision for good estimates.
    """

    samples: int = 0
    """Channels times frames."""
    reference: float = 0.0
    """Energy of the reference."""
    error: float = 0.0
    """Energy of the error."""
    cross: float = 0.0
    """Inner product of error and reference."""

    @classmethod
    def of(cls, reference: Sound, estimate: Sound) -> Sums:
        """Return the sums of one part.

        :raises UsageError: if the two differ in shape.
        """
        if reference.shape != estimate.shape:
            raise UsageError(
                f"reference has shape {reference.shape}, its estimate {estimate.shape}; both need the same shape"
            )
        stem = np.asarray(reference, np.float64).reshape(-1)
        error = stem - np.asarray(estimate, np.float64).reshape(-1)
        return cls(stem.size, _inner(stem, stem), _inner(error, error), _inner(error, stem))

    def __add__(self, other: Sums) -> Sums:
        """Return the sums of both parts together."""
        return Sums(
            self.samples + other.samples,
            self.reference + other.reference,
            self.error + other.error,
            self.cross + other.cross,
        )

    @property
    def nsdr_larsnet_db(self) -> float:
        """LarsNet's nSDR: ratio of mean powers, each plus 1e-7; NaN of no samples."""
        if not self.samples:
            return math.nan
        return _db((self.reference / self.samples + DELTA) / (self.error / self.samples + DELTA))

    @property
    def usdr_db(self) -> float:
        """uSDR of the MDX challenges: the same with energies instead of powers."""
        return _db((self.reference + DELTA) / (self.error + DELTA))

    @property
    def si_sdr_db(self) -> float:
        """Scale-invariant SDR (Le Roux et al. 2019), one scale over all channels; NaN for a silent reference."""
        if not self.reference > 0.0:
            return math.nan
        # The estimate is s - d. Its projection is (1 - <d,s>/<s,s>) s, what is left of it -(d - <d,s>/<s,s> s).
        target = (1.0 - self.cross / self.reference) ** 2 * self.reference
        noise = max(self.error - self.cross**2 / self.reference, 0.0)
        if math.isnan(target) or math.isnan(noise):
            return math.nan
        if noise == 0.0 or target == 0.0:
            return SI_SDR_LIMIT_DB if target > 0.0 else -SI_SDR_LIMIT_DB
        return min(max(_db(target / noise), -SI_SDR_LIMIT_DB), SI_SDR_LIMIT_DB)


def nsdr_larsnet(reference: Sound, estimate: Sound) -> float:
    """Return LarsNet's nSDR in dB; on a silent reference it is 0 for silence and falls with what was predicted."""
    return Sums.of(reference, estimate).nsdr_larsnet_db


def usdr(reference: Sound, estimate: Sound) -> float:
    """Return the uSDR of the MDX challenges in dB. On silent references it differs wildly from :func:`nsdr_larsnet`."""
    return Sums.of(reference, estimate).usdr_db


def si_sdr(reference: Sound, estimate: Sound) -> float:
    """Return the scale-invariant SDR in dB, within :data:`SI_SDR_LIMIT_DB` of 0; NaN for a silent reference."""
    return Sums.of(reference, estimate).si_sdr_db


def is_present(reference: Sound, floor: float = 0.0) -> bool:
    """Return whether any sample of a stem exceeds ``floor`` in magnitude.

    :param floor: full scale 1; with the default, any non-zero sample counts, since rendered stems are exactly silent.
    """
    return bool((np.abs(reference) > floor).any())


@dataclass(slots=True)
class SilenceMeter:
    """Predicted energy at silence (Schulze-Forster et al. 2019), from blocks of a whole number of windows.

    The mean over all windows of :data:`SILENCE_WINDOW` frames in which the reference is silent of the estimate's mean
    power there, in dB re full scale, never below -100. Windows at the end that are not whole are measured as they are.
    """

    windows: int = 0
    total_db: float = 0.0

    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block; all but the last must contain a whole number of windows."""
        starts = np.arange(0, reference.shape[1], SILENCE_WINDOW)
        if not len(starts):
            return
        loudest = np.maximum.reduceat(np.abs(reference).max(axis=0), starts)
        silent = loudest == 0
        if not silent.any():
            return
        power = np.add.reduceat((np.asarray(estimate, np.float64) ** 2).mean(axis=0), starts)
        lengths = np.diff(starts, append=reference.shape[1])
        levels_db = 10.0 * np.log10(np.maximum(power / lengths, SILENCE_FLOOR))
        self.windows += int(silent.sum())
        self.total_db += float(levels_db[silent].sum())

    @property
    def level_db(self) -> float:
        """Mean so far; NaN if the reference was never silent."""
        return self.total_db / self.windows if self.windows else math.nan


def silence_energy_db(estimate: Sound, reference: Sound | None = None) -> float:
    """Return the predicted energy at silence in dB re full scale, see :class:`SilenceMeter`.

    :param reference: of the same shape; None for a stem that is silent throughout.
    """
    meter = SilenceMeter()
    meter.push(np.zeros_like(estimate) if reference is None else reference, estimate)
    return meter.level_db


class BssEvalMeter:
    """The SDR of BSS eval v4 (images; Stöter et al. 2018) from blocks: the median over windows of one second.

    It is what museval gives for one stem at a time, without its filters: the SDR of images compares an estimate with
    its own reference as it is, filters serve ISR, SIR and SAR alone. Given all stems at once, museval drops every
    second in which any of them is silent, of drums nearly all, and refuses stems that are silent throughout. As there,
    a window counts only where reference and estimate sound, and what follows the last whole one is left out.

    :param sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        """Start before the first frame."""
        self._window = round(BSS_WINDOW_S * sample_rate)
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
        windows_db = np.clip(self._windows_db, -SI_SDR_LIMIT_DB, SI_SDR_LIMIT_DB)
        return float(np.median(windows_db)) if len(windows_db) else math.nan

    def _measure(self, window: NDArray[np.float64]) -> None:
        if (window.sum(axis=1) == 0.0).all(axis=1).any():  # museval's silence: of the sum of channels
            return
        sums = Sums.of(window[0], window[1])
        self._windows_db.append(_db(sums.reference / sums.error) if sums.error else math.inf)


def sdr_bss_eval(reference: Sound, estimate: Sound, sample_rate: int) -> float:
    """Return the SDR of BSS eval v4 in dB, see :class:`BssEvalMeter`."""
    meter = BssEvalMeter(sample_rate)
    meter.push(reference, estimate)
    return meter.sdr_db


def _inner(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return an inner product without BLAS, whose threads cost more than they bring and wait for each other."""
    return float(np.einsum("i,i->", a, b))


def _db(ratio: float) -> float:
    return 10.0 * math.log10(ratio) if ratio > 0.0 else ratio if math.isnan(ratio) else -math.inf
