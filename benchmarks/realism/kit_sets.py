"""The kits that learning is tried on: recorded, shipped, random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import joblib

from benchmarks.realism.results import Skipped
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import Kit

RANDOM_KITS: Final = 100
QUICK_KITS: Final = 4
"""Shipped or random kits of a quick run."""

_Result = TypeVar("_Result")
_Task = TypeVar("_Task")


def shipped_names(*, quick: bool = False) -> tuple[str, ...]:
    """Return the names of the modelled kits that ship."""
    names = tuple(row.name for row in kit_table())
    return names[:QUICK_KITS] if quick else names


def random_names(*, quick: bool = False, first: int = 1, count: int = RANDOM_KITS) -> tuple[str, ...]:
    """Return the names of random kits, seeds ``first`` and on, drawn from the space of all kits that ship."""
    parents = "+".join(shipped_names())
    last = first + (QUICK_KITS if quick else count)
    return tuple(f"random:{seed}:from={parents}" for seed in range(first, last))


def kit_named(name: str) -> Kit:
    """Return a kit by name.

    :raises Skipped: if there is no such kit.
    """
    try:
        return load_kit(name)
    except StemgmdError as error:
        raise Skipped(str(error).split(";")[0]) from error


def in_parallel(work: Callable[[_Task], _Result], tasks: Sequence[_Task], jobs: int) -> list[_Result]:
    """Return what ``work`` makes of each task, in their order, in several processes."""
    if jobs == 1 or len(tasks) == 1:
        return [work(task) for task in tasks]
    return list(joblib.Parallel(n_jobs=jobs)(joblib.delayed(work)(task) for task in tasks))
