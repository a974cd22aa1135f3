"""What the module of a metric declares: the constant ``METRIC``.

A clip is measured block by block, so that it need not fit into memory. A meter accumulates over the blocks; a metric is
a function of a meter at the end of the clip. Metrics that declare the same meter share one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.manifest.schema import Column, Dtype
from stemgmd_tools.runtime.plugins import PluginError, declared
from stemgmd_tools.separation.evaluation import metrics

Sound: TypeAlias = NDArray[np.floating[Any]]
"""Shape (channel, frame), full scale 1."""


class Meter(ABC):
    """Accumulates what metrics need of a stem and its estimate."""

    uses_reference: ClassVar[bool] = True
    """Whether it looks at the reference; otherwise one meter of the mixture serves all stems."""

    def __init__(self, sample_rate: int) -> None:
        """Start before the first frame.

        :param sample_rate: in Hz.
        """
        self.sample_rate = sample_rate

    @abstractmethod
    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block; all but the last are a multiple of 2,048 frames long."""


M = TypeVar("M", bound=Meter)


class WholeClip(Meter):
    """Keeps the whole clip, for metrics that are functions of it; memory grows with its length."""

    def __init__(self, sample_rate: int) -> None:
        """Start without frames."""
        super().__init__(sample_rate)
        self._blocks: list[tuple[Sound, Sound]] = []

    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block."""
        self._blocks.append((np.array(reference), np.array(estimate)))

    @property
    def reference(self) -> Sound:
        """The true stem (channel, frame)."""
        return np.concatenate([reference for reference, _ in self._blocks], axis=1)

    @property
    def estimate(self) -> Sound:
        """The estimate (channel, frame)."""
        return np.concatenate([estimate for _, estimate in self._blocks], axis=1)


class StemFacts(NamedTuple):
    """What is known of a stem of a clip."""

    present: bool
    """Whether any of its samples is not zero. A stroke of velocity 1 may be quieter than one integer step."""
    strokes_s: NDArray[np.float64]
    """Times of the strokes that were played, ascending."""
    duration_s: float


class Presence(StrEnum):
    """Stems over which a metric is averaged; present and absent stems are never averaged together."""

    PRESENT = "present"
    ABSENT = "absent"
    BOTH = "both"


@dataclass(frozen=True)
class Metric(Generic[M]):
    """A figure of how well a stem is separated."""

    name: str
    """Column in tables; ends in the unit, if it has one."""
    title: str
    """Name in reports."""
    unit: str
    definition: str
    """What it is, in one line."""
    source: str
    """Who defined it."""
    higher_is_better: bool
    meter: type[M]
    value: Callable[[M, StemFacts], float]
    """The figure at the end of the clip; NaN is missing."""
    absent: str
    """What it is on an absent stem."""
    reported: Presence = Presence.PRESENT
    of_mixture: bool = True
    """Also measured of the mixture as the estimate: column ``mixture_<name>``."""
    of_reference: bool = False
    """Also measured of the true stem as the estimate, which is the most it can be: column ``reference_<name>``."""
    of_medians: bool = False
    """Also reported as the median over clips, stem by stem."""
    revision: int = 1
    """Incremented when its meaning changes; older records of clips are then measured again."""

    @property
    def label(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns in tables."""
        texts = {self.name: self.definition}
        if self.of_mixture:
            texts[f"mixture_{self.name}"] = f"mixture as the estimate: {self.name}"
        if self.of_reference:
            texts[f"reference_{self.name}"] = f"true stem as the estimate: {self.name}"
        return tuple(Column(name, Dtype.REAL, text, self.unit, nullable=True) for name, text in texts.items())

    def __call__(
        self,
        reference: Sound,
        estimate: Sound,
        sample_rate: int = 44_100,
        strokes_s: Sequence[float] | NDArray[np.float64] = (),
    ) -> float:
        """Return the figure of a stem and its estimate, both of shape (channel, frame).

        :param sample_rate: in Hz.
        :param strokes_s: times of the strokes that were played, for metrics that need them.
        """
        meter = self.meter(sample_rate)
        meter.push(reference, estimate)
        strokes = np.sort(np.asarray(strokes_s, np.float64))
        return self.value(meter, StemFacts(is_present(reference), strokes, reference.shape[1] / sample_rate))


def is_present(reference: Sound, floor: float = 0.0) -> bool:
    """Return whether any sample of a stem exceeds ``floor`` in magnitude.

    :param floor: full scale 1; with the default, any non-zero sample counts, since rendered stems are exactly silent.
    """
    return bool((np.abs(reference) > floor).any())


@cache
def all_metrics() -> tuple[Metric[Any], ...]:
    """Return the metrics, sorted by the names of their modules.

    :raises PluginError: if an entry point declares none, or two have the same name.
    """
    everything = declared(metrics.__name__, "METRIC", Metric)
    for name, count in Counter(metric.name for metric in everything).items():
        if count > 1:
            raise PluginError(f"metric {name}: is declared by {count} modules; rename it in all but one")
    return everything
