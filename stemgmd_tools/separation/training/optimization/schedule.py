"""Learning rate schedules, as a factor that depends on the spent share of a budget of steps or time."""

from __future__ import annotations

import math
from typing import Final

from stemgmd_tools.separation.training.settings.schema import BudgetConfig, ScheduleConfig

ONE_CYCLE_WARM_UP: Final = 0.3
ONE_CYCLE_START: Final = 1 / 25
"""Smith and Topin, "Super-convergence", 2018, as PyTorch's ``OneCycleLR`` has them."""


def progress_of(
    budget: BudgetConfig, steps: int, spent_s: float, *, began_s: float = 0.0, reserved_s: float = 0.0
) -> float:
    """Return the spent share of the budget, 0..1; training ends at 1.

    :param steps: steps so far, including those before a resume.
    :param spent_s: wall-clock time so far, including that before a resume.
    :param began_s: time spent before the first step, where schedules start.
    :param reserved_s: time reserved for work after the last step.
    """
    shares = [0.0]
    if budget.steps is not None:
        shares.append(steps / budget.steps)
    if budget.time_s is not None:
        left_s = budget.time_s - reserved_s - began_s
        shares.append((spent_s - began_s) / left_s if left_s > 0 else 1.0)
    return min(max(shares), 1.0)


def factor(schedule: ScheduleConfig, progress: float) -> float:
    """Return the factor of the learning rate.

    :param progress: share of the budget that is spent, 0..1.
    """
    if schedule.name == "one_cycle":
        if progress < ONE_CYCLE_WARM_UP:
            return _between(ONE_CYCLE_START, 1.0, progress / ONE_CYCLE_WARM_UP)
        return _between(1.0, schedule.final, (progress - ONE_CYCLE_WARM_UP) / (1.0 - ONE_CYCLE_WARM_UP))
    rise = 1.0
    if progress < schedule.warm_up:
        # Time-budgeted runs begin at 0 exactly, where a step would be wasted.
        rise = max(progress / schedule.warm_up, 0.01)
    if schedule.name == "constant":
        return rise
    rest = (progress - schedule.warm_up) / max(1.0 - schedule.warm_up, 1e-9)
    return rise * _between(1.0, schedule.final, max(rest, 0.0))


def _between(first: float, last: float, share: float) -> float:
    """Return the value at a share of a half cosine."""
    return last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))
