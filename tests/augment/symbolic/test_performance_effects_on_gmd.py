"""Every performance of the real Groove MIDI Dataset goes through the performance domain."""

from __future__ import annotations

import numpy as np
import pytest
from toy_pool import GROUP_STEMS

from stemgmd_tools import load_performances
from stemgmd_tools.augment.chain.chain import make_chain
from stemgmd_tools.augment.chain.rows import Example, example_name
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance
from stemgmd_tools.augment.symbolic.performance_effects import perform

pytestmark = [pytest.mark.real, pytest.mark.slow]

STEPS = (
    ("tempo", "example", {"rate": {"log_uniform": [0.5, 2]}}),
    ("humanise", "stem", {"sigma_ms": {"uniform": [0, 30]}}),
    ("swing", "example", {"percent": {"uniform": [40, 70]}, "subdivision": {"choice": ["eighth", "sixteenth"]}}),
    ("velocity_curve", "stem", {"gamma": {"log_uniform": [0.3, 3]}}),
    ("velocity_jitter", "stem", {"sigma": {"uniform": [0, 30]}}),
    ("hit_drop", "stem", {"share": {"uniform": [0, 0.5]}}),
    ("openness_shift", "example", {"shift": {"uniform": [-1, 1]}}),
)


def test_every_performance_stays_one(gmd_dir):
    played = load_performances(gmd_dir)
    pool_performances = tuple(
        PoolPerformance(one.id, str(one.metadata["split"]), float(one.metadata["bpm"]), "", one.duration_s)
        for one in played
    )
    pool = Pool((PoolKit("cedar", "train"),), pool_performances, 44_100)
    steps = [
        {"effect": effect, "scope": scope, "probability": 0.5, "parameters": parameters}
        for effect, scope, parameters in STEPS
    ]
    chain = make_chain({"steps": steps})
    for one in played:
        example = Example(example_name(one.id, "cedar", 1), one.id, "cedar", 1, 0, None, GROUP_STEMS)
        rows = draw(chain, example, pool, 0)
        changed = perform(one, rows, GROUP_STEMS)  # Performance checks every value when it is built
        assert len(changed.hits) <= len(one.hits)
        assert (np.diff(changed.hits["time_s"]) >= 0).all()
        assert len(changed.pedal) == len(one.pedal)
        if not any(row.effect in ("hit_drop", "humanise") for row in rows):
            assert np.array_equal(changed.hits["note"], one.hits["note"])
            assert len(np.unique(changed.hits["time_s"])) == len(np.unique(one.hits["time_s"]))
