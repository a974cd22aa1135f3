"""What the C library does with freed memory, and what is said when there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.inference.allocator import enough_memory

PROGRAM = """
import resource, sys, torch
from stemgmd_tools.separation.inference.allocator import keep_freed_memory
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
faults = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt]
for turn in range(25):
    torch.ones(16_000_000)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
# The median: the heap grows at first, and the kernel may take back pages of a process at any time.
print(sorted(after - before for before, after in zip(faults, faults[1:]))[12])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told")
def test_kept_memory_is_not_fetched_again() -> None:
    faults = {
        way: int(subprocess.run([sys.executable, "-c", PROGRAM, way], capture_output=True, check=True).stdout)
        for way in ("keep", "default")
    }
    assert faults["keep"] * 10 < faults["default"], "page faults of one tensor"


def out_of_device() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nAnd more lines.")


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: torch.empty(1 << 50, dtype=torch.uint8), "the machine's memory is not enough; do less"),
        (out_of_device, "the device's memory is not enough; do less"),
    ],
)
def test_too_little_memory_is_one_line(work, message: str) -> None:
    with pytest.raises(UsageError) as error, enough_memory("do less"):
        work()
    assert str(error.value) == message


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape"), enough_memory("do less"):
        torch.zeros(2).reshape(3)
