"""Tasks that are done in a thread before their results are asked for."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from stemgmd_tools.runtime.advance import in_advance


def test_results_come_in_order_and_few_tasks_are_ahead() -> None:
    done: list[int] = []
    third = threading.Event()

    def task(number: int) -> int:
        done.append(number)
        if number == 2:
            third.set()
        return number

    with in_advance([partial(task, number) for number in range(20)], 2) as results:
        assert next(results) == 0
        assert third.wait(10), "the next tasks are done while a result is used"
        assert done == [0, 1, 2]
        assert list(results) == list(range(1, 20))
    assert done == list(range(20))


def test_an_error_is_raised_in_its_turn_and_ends_the_work() -> None:
    done: list[int] = []

    def task(number: int) -> int:
        done.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    seen = []
    with pytest.raises(ValueError, match="three"), in_advance([partial(task, n) for n in range(50)], 2) as results:
        seen += [next(results) for _ in range(3)]
        next(results)
    assert seen == [0, 1, 2]
    assert max(done) <= 5


def test_leaving_early_does_no_more_tasks() -> None:
    done: list[int] = []
    with in_advance([partial(done.append, number) for number in range(50)], 2) as results:
        next(results)
    assert done == [0, 1, 2][: len(done)]
    assert [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")] == []
