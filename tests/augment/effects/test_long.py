"""Half an hour in one line: constant multiples of the sound in memory, no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("resource")

TIMES_THE_SOUND = 6.0
SCRIPT = """
import resource, sys
import numpy as np, torch
from stemgmd_tools.augment.audio.apply import apply
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.rows import Row
torch.set_num_threads(1)
given = {"cents": 200.0, "threshold_db": -20.0, "ratio": 4.0, "decay_s": 0.5, "seed": 3, "rate": 1.1}
given |= {"frequency_hz": 500.0, "gain_db": 3.0, "level_dbfs": -60.0, "rate_hz": 9000.0}
frames = 44_100 * 1800
stems = torch.zeros(1, 1, 1, frames)
time_s = torch.arange(22_050) / 44_100
stems.view(-1, 22_050)[:] = torch.sin(1256 * time_s) * torch.exp(-10 * time_s) * 0.5
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for effect in sys.argv[1:]:
    values = {p.name: given.get(p.name, p.default) for p in find_effect(effect).parameters}
    row = Row("one", 0, effect, "example", -1, values)
    out = apply([[row]], stems, sample_rate=44_100, onsets=[[np.arange(0, frames, 22_050)]]).stems
    assert bool(out.isfinite().all()) and out.any(), effect
    del out
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (4 * frames))
"""


@pytest.mark.slow
def test_half_an_hour_takes_a_few_times_its_size():
    effects = [
        "pitch_shift",
        "time_stretch",
        "compressor",
        "limiter",
        "room_reverb",
        "noise_floor",
        "sample_rate_reduction",
    ]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *effects], capture_output=True, text=True, check=True)
    assert float(done.stdout) < TIMES_THE_SOUND
