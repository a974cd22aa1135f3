"""What the C library does with freed memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from stemgmd_tools.baseline.memory import keep_freed_memory
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for turn in range(16):
    if turn == 12:  # until then the heap grows to what aligned tensors need
        start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told")
def test_kept_memory_is_not_fetched_again() -> None:
    faults = {
        way: int(subprocess.run([sys.executable, "-c", PROGRAM, way], capture_output=True, check=True).stdout)
        for way in ("keep", "default")
    }
    assert faults["keep"] * 10 < faults["default"]
