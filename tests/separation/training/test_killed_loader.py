"""A process that loads is ended by the system: training says so in one line."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stemgmd_tools.errors import TrainingError
from stemgmd_tools.separation.training.loop.batches import PartSampler, part_loader


class KillsItsProcess:
    """A dataset whose items end the process that loads them, as the kernel does when memory runs out."""

    source = SimpleNamespace(sample_rate=44_100)

    def __init__(self) -> None:
        self.process = os.getpid()

    def __len__(self) -> int:
        return 8

    def __getitem__(self, key: Any) -> Any:
        if os.getpid() != self.process:
            os.kill(os.getpid(), signal.SIGKILL)
        return SimpleNamespace(stems=np.zeros((5, 2, 8), np.float32))


def test_a_killed_loader_is_one_line_that_says_how_to_go_on() -> None:
    batches = part_loader(KillsItsProcess(), PartSampler(8, 2), 2, 1, pinned=False)  # type: ignore[arg-type]
    with pytest.raises(
        TrainingError, match=r"a data loading process was killed by the system; .* the last save"
    ) as error:
        next(batches)
    assert len(str(error.value).splitlines()) == 1
