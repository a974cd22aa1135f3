"""Each effect alone, one core: seconds of stereo sound per second of CPU time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.augment import peers
from benchmarks.augment.sounds import RATE, SEGMENT_S, Batch
from benchmarks.clock import Work, once
from benchmarks.results import Row
from stemgmd_tools.augment.audio.apply import apply
from stemgmd_tools.augment.audio.executor import Stage, Touch
from stemgmd_tools.augment.chain.catalogue import find_effect

LINES = 5
GIVEN = {
    "gain_db": 4.0, "drive": 2.0, "cents": 230.0, "rate": 1.1, "frequency_hz": 1000.0, "threshold_db": -20.0,
    "ratio": 4.0, "decay_s": 0.6, "level_dbfs": -60.0, "bits": 9, "lufs": -23.0, "impulse_response": "taps", "seed": 1,
    "attack_db": 4.0, "sustain_db": -4.0, "width": 0.5, "rate_hz": 11_025.0,
}  # fmt: skip
OTHERS = ("channel_swap", "stereo_width", "varispeed", "transient_shaper", "sample_rate_reduction")


def rows(batch: Batch, repeats: int) -> list[Row]:
    """Measure each effect on one item's stems, its peers on the same lines, in turn."""
    measured_rows = []
    for effect in (*peers.PEERS, *OTHERS):
        sides = {"": _ours(effect, batch)}
        for name, make in peers.PEERS.get(effect, {}).items():
            try:
                sides[name] = _theirs(make(), batch)
            except ImportError:
                measured_rows.append(Row(f"peer: {effect}, {name}", None, "x", note=f"{name} is not installed"))
        rates = [LINES * SEGMENT_S / cpu_s for cpu_s in _cpu_s([*sides.values()], repeats)]
        best = max(rates[1:], default=0.0)
        measured_rows.append(
            Row(effect, rates[0], "x", at_least=best or None, note="one core, CPU time, a stereo line")
        )
        measured_rows += [Row(f"peer: {effect}, {n}", r, "x") for n, r in zip(sides, rates, strict=True) if n]
    (checked,) = _cpu_s([_around(batch)], repeats)
    note = "what `apply` does beside the effects: it looks for NaN and sums the stems; a stereo line"
    return [*measured_rows, Row("check and mixture", LINES * SEGMENT_S / checked, "x", note=note)]


class _Side(NamedTuple):
    """One way to do it."""

    prepare: Work
    """Brings the sound back that ``work`` overwrites: the effect's own cost begins after it."""
    work: Work


def _cpu_s(sides: Sequence[_Side], repeats: int) -> list[float]:
    """Return the median CPU seconds of each side's work, in turn, after a turn that does not count."""
    turns: list[list[float]] = []
    for _ in range(repeats + 1):
        turns.append([])
        for side in sides:
            side.prepare()
            turns[-1].append(once(side.work).cpu_s)
    return [statistics.median(side) for side in zip(*turns[1:], strict=True)]


def _ours(effect: str, batch: Batch) -> _Side:
    values = {p.name: GIVEN.get(p.name, p.default) for p in find_effect(effect).parameters}
    fresh, onsets = batch.stems[0], batch.onsets[0]
    lines = fresh.clone()
    taps = {"taps": torch.from_numpy(peers.TAPS)}
    torch.set_num_threads(1)

    def work() -> None:
        stage = Stage(lines, [lines.shape[-1]] * LINES, onsets, RATE, taps)
        stage.carry_out(find_effect(effect), [Touch(line, values) for line in range(LINES)])
        stage.settle()

    return _Side(lambda: lines.copy_(fresh), work)


def _around(batch: Batch) -> _Side:
    stems = batch.stems[:1].clone()
    return _Side(lambda: None, lambda: apply([[]], stems, sample_rate=RATE, overwrite=True))


def _theirs(effect: peers.Effect, batch: Batch) -> _Side:
    lines = [np.ascontiguousarray(line) for line in batch.stems[0].numpy()]
    return _Side(lambda: None, lambda: [effect(line) for line in lines])
