"""Measure one method on one clip, block by block in constant memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method, regrouped
from stemgmd_tools.separation.evaluation.metric import Meter, StemFacts, all_metrics, is_present
from stemgmd_tools.separation.evaluation.onsets import merge_close

Figures: TypeAlias = dict[str, float | int | bool | None]
"""The measured columns of a row; None is missing."""
Times: TypeAlias = NDArray[np.float64]


def measure(method: Method, clip: Clip, strokes_s: Mapping[str, Times]) -> dict[str, Figures]:
    """Return the metrics of each stem.

    :param strokes_s: times of the strokes of each stem, ascending; strokes after the end of the clip are ignored.
    :raises UsageError: if the estimates do not have the shape of the clip, or contain NaN or infinity.
    """
    of_mixture = {meter for meter in _kinds(of_mixture=True) if not meter.uses_reference}
    mixture_meters = {meter: meter(clip.sample_rate) for meter in of_mixture}
    meters = [_StemMeters(clip.sample_rate, mixture_meters) for _ in clip.stems]
    blocks = list(clip.blocks())
    estimates = regrouped(checked_estimates(method, clip), [length for _, length in blocks])
    for start, length in blocks:
        mixture, references = clip.both(start, length)
        _push(mixture_meters.values(), mixture, mixture)
        for meter, reference, estimate in zip(meters, references, next(estimates), strict=True):
            meter.push(reference, estimate, mixture)
    next(estimates, None)  # raises if there are more frames
    duration_s = clip.frames / clip.sample_rate
    return {
        name: meter.figures(strokes_s[name][strokes_s[name] < duration_s], duration_s)
        for name, meter in zip(clip.stems, meters, strict=True)
    }


class _StemMeters:
    """The meters of one stem: of its estimate, of the mixture and of the stem itself as the estimate.

    :param mixture_meters: meters of the mixture that do not look at the stem, shared by all stems.
    """

    def __init__(self, sample_rate: int, mixture_meters: Mapping[type[Meter], Meter]) -> None:
        self._present = False
        self._estimate = {kind: kind(sample_rate) for kind in _kinds()}
        self._own_mixture = {kind: kind(sample_rate) for kind in _kinds(of_mixture=True) if kind not in mixture_meters}
        self._mixture = {**self._own_mixture, **mixture_meters}
        self._reference = {kind: kind(sample_rate) for kind in _kinds(of_reference=True)}

    def push(self, reference: Frames, estimate: Frames, mixture: Frames) -> None:
        """Add the next block."""
        self._present = self._present or is_present(reference)
        _push(self._estimate.values(), reference, estimate)
        _push(self._own_mixture.values(), reference, mixture)
        _push(self._reference.values(), reference, reference)

    def figures(self, strokes_s: Times, duration_s: float) -> Figures:
        """Return the measured columns at the end of the clip."""
        facts = StemFacts(self._present, strokes_s, duration_s)
        figures = {}
        for metric in all_metrics():
            figures[metric.name] = metric.value(self._estimate[metric.meter], facts)
            if metric.of_mixture:
                figures[f"mixture_{metric.name}"] = metric.value(self._mixture[metric.meter], facts)
            if metric.of_reference:
                figures[f"reference_{metric.name}"] = metric.value(self._reference[metric.meter], facts)
        columns: Figures = {name: None if math.isnan(value) else value for name, value in figures.items()}
        return columns | {"present": self._present, "strokes": len(merge_close(strokes_s))}


def _kinds(*, of_mixture: bool = False, of_reference: bool = False) -> list[type[Meter]]:
    """Return the meters of all metrics, or only of those that are also measured of the mixture or of the stem."""
    return list(
        dict.fromkeys(
            metric.meter
            for metric in all_metrics()
            if (metric.of_mixture or not of_mixture) and (metric.of_reference or not of_reference)
        )
    )


def _push(meters: Iterable[Meter], reference: Frames, estimate: Frames) -> None:
    for meter in meters:
        meter.push(reference, estimate)


def checked_estimates(method: Method, clip: Clip) -> Iterator[Frames]:
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
