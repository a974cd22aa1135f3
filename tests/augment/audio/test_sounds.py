"""Stems set aside: what was put comes back, and no file is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from stemgmd_tools.augment.audio.sounds import MemoryStems, Spool
from stemgmd_tools.errors import AugmentError

RNG = np.random.default_rng(0)
STEMS = RNG.standard_normal((4, 2, 5_000)).astype(np.float32)
STEMS[2] = 0.0


@pytest.fixture
def spool(tmp_path) -> Spool:
    filled = Spool(4, tmp_path)
    for axis in (3, 0, 1, 2):
        filled.write(axis, STEMS[axis])
    return filled


@pytest.mark.parametrize(("start", "stop"), [(0, 5_000), (17, 18), (4_990, 6_000), (5_000, 5_001), (300, 300)])
def test_parts_are_those_of_stems_in_memory(spool, start, stop):
    held = MemoryStems(STEMS)
    assert (spool.count, spool.frames) == (held.count, held.frames)
    assert np.array_equal(spool.part(start, stop), held.part(start, stop))
    for axis in range(4):
        assert np.array_equal(spool.stem(axis, start, stop), held.stem(axis, start, stop))


def test_a_stem_that_is_put_again_takes_the_place_of_what_it_was(spool):
    for axis in range(4):
        spool.write(axis, STEMS[3 - axis, :, :4_000])
    assert np.array_equal(spool.part(0, 5_000), STEMS[::-1, :, :4_000])


def test_the_first_stem_tells_the_length(tmp_path):
    spool = Spool(2, tmp_path)
    spool.write(0, STEMS[0, :, :3_000])
    spool.write(1, STEMS[1, :, :2_000])
    assert spool.part(0, 9_999).shape == (2, 2, 3_000)
    assert np.array_equal(spool.stem(1, 1_000, 3_000)[:, :1_000], STEMS[1, :, 1_000:2_000])
    assert not spool.stem(1, 2_000, 3_000).any()


def test_no_file_has_a_name(spool, tmp_path):
    assert spool.part(0, 10).any()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_nothing(tmp_path):
    script = (
        "import sys, time, numpy as np; from pathlib import Path\n"
        "from stemgmd_tools.augment.audio.sounds import Spool\n"
        "spool = Spool(1, Path(sys.argv[1])); spool.write(0, np.ones((2, 100_000), np.float32))\n"
        "print('there', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "there\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told(tmp_path):
    with pytest.raises(AugmentError, match=r"cannot store 0 MB of an augmented stem"):
        Spool(1, tmp_path / "missing").write(0, STEMS[0])
