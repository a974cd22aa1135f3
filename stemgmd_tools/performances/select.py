"""Select performances by split, drummer, style, tempo, beat type and id, up to a number or a sum of hours."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from stemgmd_tools.errors import UsageError
from stemgmd_tools.performances.lists.keep import KeepList
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.seeds import stream
from stemgmd_tools.strict_yaml.problem import nearest

T = TypeVar("T")

SHOWN_VALUES: Final = 20
"""Maximum number of existing values that a message lists."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters for performances; an empty tuple or None selects all, and a performance must pass every filter.

    A single text is a tuple of one; a column of a manifest is the tuple of its values.
    """

    splits: tuple[str, ...] = ()
    drummers: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    """Primary styles (``funk``) or full ones (``funk/groove1``)."""
    bpm_min: float | None = None
    """Inclusive."""
    bpm_max: float | None = None
    """Inclusive."""
    beat_types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    """Shell patterns (``drummer1/*``); ``*`` also matches ``/``."""
    limit: int | None = None
    """Maximum number of performances, spread evenly over those that pass the filters."""
    hours: float | None = None
    """Maximum sum of the performances' nominal durations in hours, each counted once: a random subset of those that
    the filters and ``limit`` leave (:func:`subset_of_hours`)."""
    seed: int = 0
    """Random seed of the subset of ``hours``."""
    keep: KeepList | None = None
    """Clips to use; None: all."""

    def __post_init__(self) -> None:
        """Check that the filters can select something."""
        for name in ("splits", "drummers", "styles", "beat_types", "ids"):
            values = getattr(self, name)
            object.__setattr__(self, name, (values,) if isinstance(values, str) else tuple(values))
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}; it must be 1 or more")
        if self.hours is not None and not 0.0 < self.hours < math.inf:
            raise UsageError(f"hours is {self.hours:g}; it must be a number above 0")
        if self.bpm_min is not None and self.bpm_max is not None and self.bpm_min > self.bpm_max:
            raise UsageError(f"bpm range {self.bpm_min:g}..{self.bpm_max:g} is empty; the lower bound comes first")

    def allows(self, performance: str, kit: str) -> bool:
        """Return whether ``keep`` has a performance through a kit; the other filters are applied by :func:`select`."""
        return self.keep is None or self.keep.allows(performance, kit)


def selection_of(filters: Mapping[str, Any]) -> Selection:
    """Return the selection of named filters.

    :raises UsageError: for a name that is no filter, with the most similar one.
    """
    known = [field.name for field in fields(Selection)]
    for name in filters:
        if name not in known:
            raise UsageError(f"{name}: no such filter{nearest(name, known)}; there are {', '.join(known)}")
    return Selection(**filters)


@dataclass(frozen=True, slots=True)
class _Filter:
    """A named test of one property of a performance."""

    name: str
    requested: tuple[str, ...]
    matches: Callable[[Performance, str], bool]
    values: Callable[[Performance], Iterable[str]]
    """The values of a performance that a message lists as existing."""


def select(performances: Sequence[Performance], selection: Selection) -> list[Performance]:
    """Return the selected performances, sorted by id with numbers by value.

    With a limit they are :func:`spread` evenly over all drummers and sessions; with hours they are a random
    :func:`subset_of_hours`.

    :raises UsageError: if no performance is selected, or a value of a filter does not exist; the message names the
        filter and the existing values.
    """
    chosen = sorted(performances, key=lambda performance: natural_key(performance.id))
    if not chosen:
        raise UsageError("there are no performances to select from")
    for filter_ in _filters(selection):
        if filter_.requested:
            chosen = _apply(filter_, chosen, performances)
    if selection.keep is not None:
        chosen = _listed(chosen, selection.keep)
    chosen = spread(chosen, selection.limit)
    return chosen if selection.hours is None else subset_of_hours(chosen, selection.hours, selection.seed)


def _listed(chosen: list[Performance], keep: KeepList) -> list[Performance]:
    """Return the performances of a list of clips.

    :raises UsageError: if there is none.
    """
    listed = [performance for performance in chosen if performance.id in keep.performances]
    if not listed:
        raise UsageError(
            f"none of {counted(len(chosen), 'selected performance')} is in the list of clips to keep, "
            f"which has {counted(len(keep.performances), 'performance')}"
        )
    return listed


def spread(items: Sequence[T], limit: int | None) -> list[T]:
    """Return at most ``limit`` evenly spread items: of n items and a limit of N, the (i + 1/2) n / N-th ones."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[(2 * i + 1) * len(items) // (2 * limit)] for i in range(limit)]


def subset_of_hours(performances: Sequence[Performance], hours: float, seed: int) -> list[Performance]:
    """Return a random subset whose nominal durations sum to at most ``hours``, in the given order.

    Performances are tried in a random order, which depends on the seed and their ids alone, and each one that still
    fits is taken; none of those left out would fit. If not even the shortest fits, it is returned alone.
    """
    ranks = [stream(seed, "hours", performance.id).random() for performance in performances]
    left_s, taken = 3600 * hours, set()
    for index in sorted(range(len(performances)), key=ranks.__getitem__):
        if performances[index].duration_s <= left_s:
            left_s -= performances[index].duration_s
            taken.add(index)
    if not taken:
        return [min(performances, key=lambda performance: performance.duration_s)]
    return [performance for index, performance in enumerate(performances) if index in taken]


def natural_key(text: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key that compares runs of digits by value: ``session2/9`` before ``session2/10``."""
    pieces = re.findall(r"(\D*)(\d*)", text)
    return tuple((word, int(digits) if digits else -1) for word, digits in pieces)


def primary_style(performance: Performance) -> str:
    """Return the style up to the first slash: ``funk`` of ``funk/groove1``."""
    return _text(performance, "style").split("/")[0]


def _filters(selection: Selection) -> tuple[_Filter, ...]:
    return (
        _column("split", selection.splits),
        _column("drummer", selection.drummers),
        _Filter(
            "style",
            selection.styles,
            lambda performance, requested: requested in (_text(performance, "style"), primary_style(performance)),
            lambda performance: (primary_style(performance),),
        ),
        _bpm(selection),
        _column("beat_type", selection.beat_types),
        _Filter(
            "id",
            selection.ids,
            lambda performance, requested: fnmatchcase(performance.id, requested),
            lambda performance: (performance.id,),
        ),
    )


def _column(name: str, requested: tuple[str, ...]) -> _Filter:
    return _Filter(
        name,
        requested,
        lambda performance, value: _text(performance, name) == value,
        lambda performance: (_text(performance, name),),
    )


def _bpm(selection: Selection) -> _Filter:
    low = 0.0 if selection.bpm_min is None else selection.bpm_min
    high = float("inf") if selection.bpm_max is None else selection.bpm_max
    bounded = (selection.bpm_min, selection.bpm_max) != (None, None)
    return _Filter(
        "bpm",
        (f"{low:g}..{high:g}",) if bounded else (),
        lambda performance, _: low <= _number(performance, "bpm") <= high,
        lambda performance: (f"{_number(performance, 'bpm'):g}",),
    )


def _apply(filter_: _Filter, chosen: list[Performance], everything: Sequence[Performance]) -> list[Performance]:
    for requested in filter_.requested:
        if not any(filter_.matches(performance, requested) for performance in everything):
            raise UsageError(
                f"{filter_.name} {requested!r}: none of all there are ({counted(len(everything), 'performance')}); "
                f"{_existing(filter_, everything)}"
            )
    matching = [p for p in chosen if any(filter_.matches(p, requested) for requested in filter_.requested)]
    if not matching:
        raise UsageError(
            f"{filter_.name} {', '.join(filter_.requested)}: none of those that the other filters leave "
            f"({counted(len(chosen), 'performance')}); {_existing(filter_, chosen)}"
        )
    return matching


def _existing(filter_: _Filter, performances: Iterable[Performance]) -> str:
    values = sorted({value for p in performances for value in filter_.values(p)}, key=natural_key)
    shown = ", ".join(value or "(empty)" for value in values[:SHOWN_VALUES])
    more = f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
    return f"there are {shown}{more}"


def _text(performance: Performance, column: str) -> str:
    return str(performance.metadata.get(column, ""))


def _number(performance: Performance, column: str) -> float:
    value = performance.metadata.get(column)
    return float(value) if isinstance(value, int | float) else float("nan")
