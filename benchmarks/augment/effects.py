"""Each effect alone, one core: seconds of stereo sound per second of CPU time."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.augment import peers
from benchmarks.augment.sounds import RATE, SEGMENT_S, Batch
from benchmarks.clock import Work, in_turn
from benchmarks.results import Row
from stemgmd_tools.augment.apply import apply
from stemgmd_tools.augment.catalogue import effect_named
from stemgmd_tools.augment.rows import Row as Applied

LINES = 5
GIVEN = {
    "gain_db": 4.0, "drive": 2.0, "cents": 230.0, "rate": 1.1, "frequency_hz": 1000.0, "threshold_db": -20.0,
    "ratio": 4.0, "decay_s": 0.6, "level_dbfs": -60.0, "bits": 9, "lufs": -23.0, "impulse_response": "taps", "seed": 1,
    "attack_db": 4.0, "sustain_db": -4.0, "width": 0.5, "rate_hz": 11_025.0,
}  # fmt: skip
OTHERS = ("channel_swap", "stereo_width", "varispeed", "transient_shaper", "sample_rate_reduction")


def rows(batch: Batch, repeats: int) -> list[Row]:
    """Measure each effect on one item's stems, its peers on the same lines, in turn."""
    found = []
    for effect in (*peers.PEERS, *OTHERS):
        works: dict[str, Work] = {"": _ours(effect, batch)}
        for name, make in peers.PEERS.get(effect, {}).items():
            try:
                works[name] = _theirs(make(), batch)
            except ImportError:
                found.append(Row(f"peer: {effect}, {name}", None, "x", note=f"{name} is not installed"))
        rates = [LINES * SEGMENT_S / timing.cpu_s for timing in in_turn([*works.values()], repeats)]
        best = max(rates[1:], default=0.0)
        found.append(Row(effect, rates[0], "x", at_least=best or None, note="one core, CPU time, a stereo line"))
        found += [Row(f"peer: {effect}, {n}", r, "x") for n, r in zip(works, rates, strict=True) if n]
    return found


def _ours(effect: str, batch: Batch) -> Work:
    values = {p.name: GIVEN.get(p.name, p.default) for p in effect_named(effect).parameters}
    whole = effect_named(effect).changes_time
    touched = [-1] if whole else range(LINES)
    drawn = [Applied("one", 0, effect, "example" if whole else "stem", stem, values) for stem in touched]
    stems, onsets = batch.stems[:1].clone(), batch.onsets[:1]
    fresh = stems.clone()
    taps = {"taps": torch.from_numpy(peers.TAPS)}

    def work() -> None:
        torch.set_num_threads(1)
        stems.copy_(fresh)
        apply([drawn], stems, sample_rate=RATE, onsets=onsets, impulse_responses=taps, overwrite=True)

    return work


def _theirs(effect: peers.Effect, batch: Batch) -> Work:
    lines = [np.ascontiguousarray(line) for line in batch.stems[0].numpy()]
    return lambda: [effect(line) for line in lines]
