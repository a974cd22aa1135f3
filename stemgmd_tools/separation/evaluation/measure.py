"""Measure one method on one clip, block by block in constant memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method, regrouped
from stemgmd_tools.separation.evaluation.metrics import BssEvalMeter, SilenceMeter, Sums, is_present
from stemgmd_tools.separation.evaluation.onset_f1 import OnsetMeter, merge_close, onset_f1

Figures: TypeAlias = dict[str, float | int | bool | None]
"""The measured columns of a row; None is missing."""
Times: TypeAlias = NDArray[np.float64]


def measure(method: Method, clip: Clip, strokes_s: Mapping[str, Times]) -> dict[str, Figures]:
    """Return the metrics of each stem.

    :param strokes_s: times of the strokes of each stem, ascending; strokes after the end of the clip are ignored.
    :raises UsageError: if the estimates do not have the shape of the clip, or contain NaN or infinity.
    """
    meters = [_Meter(clip.sample_rate) for _ in clip.stems]
    mixture_onsets = OnsetMeter(clip.sample_rate)
    blocks = list(clip.blocks())
    estimates = regrouped(_checked(method, clip), [length for _, length in blocks])
    for start, length in blocks:
        mixture, references = clip.both(start, length)
        mixture_onsets.push(mixture)
        for meter, reference, estimate in zip(meters, references, next(estimates), strict=True):
            meter.push(reference, estimate, mixture)
    next(estimates, None)  # raises if there are more frames
    mixture_s, end_s = mixture_onsets.times_s(), clip.frames / clip.sample_rate
    return {
        name: meter.figures(strokes_s[name][strokes_s[name] < end_s], mixture_s)
        for name, meter in zip(clip.stems, meters, strict=True)
    }


class _Meter:
    """Accumulates the metrics of one stem, for its estimate and for the mixture as its estimate."""

    def __init__(self, sample_rate: int) -> None:
        self._present = False
        self._estimate, self._mixture = Sums(), Sums()
        self._silence = SilenceMeter()
        self._onsets, self._true_onsets = OnsetMeter(sample_rate), OnsetMeter(sample_rate)
        self._estimate_bss, self._mixture_bss = BssEvalMeter(sample_rate), BssEvalMeter(sample_rate)

    def push(self, reference: Frames, estimate: Frames, mixture: Frames) -> None:
        """Add the next block."""
        self._present = self._present or is_present(reference)
        self._estimate += Sums.of(reference, estimate)
        self._mixture += Sums.of(reference, mixture)
        self._silence.push(reference, estimate)
        self._onsets.push(estimate)
        self._true_onsets.push(reference)
        self._estimate_bss.push(reference, estimate)
        self._mixture_bss.push(reference, mixture)

    def figures(self, strokes_s: Times, mixture_s: Times) -> Figures:
        """Return the measured columns at the end of the clip."""
        detected_s = self._onsets.times_s()
        # A stroke of velocity 1 may be quieter than one integer step, so that the stem is silent.
        f1_of = {
            "onset_f1": detected_s,
            "mixture_onset_f1": mixture_s,
            "reference_onset_f1": self._true_onsets.times_s(),
        }
        f1 = {name: onset_f1(strokes_s, times) if self._present else math.nan for name, times in f1_of.items()}
        figures = {
            **_levels(self._estimate, ""),
            **_levels(self._mixture, "mixture_"),
            "silence_energy_db": self._silence.level_db,
            "sdr_bss_eval_db": self._estimate_bss.sdr_db,
            "mixture_sdr_bss_eval_db": self._mixture_bss.sdr_db,
            **f1,
        }
        columns: Figures = {name: None if math.isnan(value) else value for name, value in figures.items()}
        return columns | {
            "present": self._present,
            "strokes": len(merge_close(strokes_s)),
            "onsets_found": len(detected_s),
        }


def _levels(sums: Sums, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}nsdr_larsnet_db": sums.nsdr_larsnet_db,
        f"{prefix}usdr_db": sums.usdr_db,
        f"{prefix}si_sdr_db": sums.si_sdr_db,
    }


def _checked(method: Method, clip: Clip) -> Iterator[Frames]:
    """Yield a method's estimates after checking shape and values."""
    for part in method.separate(clip):
        if part.ndim != 3 or part.shape[:2] != (len(clip.stems), 2):
            raise UsageError(
                f"{method.name}: its estimate has shape {part.shape}; ({len(clip.stems)}, 2, frames) is needed"
            )
        if not np.isfinite(part).all():
            raise UsageError(
                f"{method.name}: a sample of {clip.performance} through {clip.kit} is no finite number; "
                "weights that diverged in training do that"
            )
        yield part
