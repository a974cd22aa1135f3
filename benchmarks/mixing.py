"""Planning and mixing nine stems in memory, one core, peers on the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.clips import Clip, total_s, weighted
from benchmarks.clock import Work, in_turn
from benchmarks.results import Row
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.mix import Mixer, Overload, mix
from stemgmd_tools.rendering.plan import plan

FLOAT_REACH = 2_000.0
INTEGER_REACH = 1_000.0
BIT_DEPTH = 16


def _floats(performance: Performance, bank: Bank) -> Work:
    def work() -> None:
        for _ in Mixer(plan(performance, bank), bank).float_blocks():
            pass

    return work


def _integers(performance: Performance, bank: Bank) -> Work:
    def work() -> None:
        mixer = Mixer(plan(performance, bank), bank)
        try:
            _run_through(mixer, 0.0)
        except Overload:
            _run_through(mixer, mixer.headroom_db(BIT_DEPTH))

    return work


def _run_through(mixer: Mixer, gain_db: float) -> None:
    for _ in mixer.blocks(BIT_DEPTH, gain_db):
        pass


def _whole(performance: Performance, bank: Bank) -> Work:
    return lambda: mix(plan(performance, bank), bank)


def rows(clips: Sequence[Clip], bank: Bank, soundfont: Path | None, repeats: int, *, slow_peers: bool) -> list[Row]:
    """Measure the mixer and its peers, in turn on each clip."""
    ours = {"float32": _floats, "int16 and mixture": _integers, "int16, one new array": _whole}
    works = {name: [make(clip.performance, bank) for clip in clips] for name, make in ours.items()}
    absent: dict[str, str] = {}
    slow: set[str] = set()
    for peer, render in peers.prepared(soundfont, [peers.passes(clip.performance) for clip in clips]):
        if isinstance(render, peers.Absent):
            absent[peer.name] = str(render)
        elif peer.slow and not slow_peers:
            absent[peer.name] = "left out of a quick run"
        else:
            works[peer.name] = [lambda index=index, render=render: render(index) for index in range(len(clips))]
            slow |= {peer.name} if peer.slow else set()
    rate = _rates(clips, works, slow, repeats)
    measured_rows = [
        Row("plan + mix, nine stems, float32", rate["float32"], "x", at_least=FLOAT_REACH, note=_HOW),
        Row("plan + mix, nine stems, int16, and mixture", rate["int16 and mixture"], "x", at_least=INTEGER_REACH),
        Row("plan + mix, nine stems, int16, into a new array", rate["int16, one new array"], "x"),
    ]
    theirs = {name: rate[name] for name in works if name not in ours}
    measured_rows += [Row(f"peer: {name}, nine stems", figure, "x") for name, figure in theirs.items()]
    measured_rows += [Row(f"peer: {name}, nine stems", None, "x", note=why) for name, why in absent.items()]
    if theirs:
        best = max(theirs, key=lambda name: theirs[name])
        measured_rows.append(
            Row(f"float32 over the fastest peer ({best})", rate["float32"] / theirs[best], "x", at_least=1.0)
        )
    return measured_rows


def rates_of_banks(clips: Sequence[Clip], banks: dict[str, Bank], repeats: int) -> dict[str, float]:
    """Return how many times real time float32 stems are planned and mixed with each bank, the banks in turn."""
    works = {name: [_floats(clip.performance, bank) for clip in clips] for name, bank in banks.items()}
    return _rates(clips, works, set(), repeats)


_HOW = "one core, CPU time, buffers used again block by block"


def _rates(clips: Sequence[Clip], works: dict[str, list[Work]], slow: set[str], repeats: int) -> dict[str, float]:
    """Return how many times real time each renderer is over everything the clips stand for."""
    cost: dict[str, list[float]] = {name: [] for name in works}
    quick = [name for name in works if name not in slow]
    for index in range(len(clips)):
        timings = in_turn([works[name][index] for name in quick], repeats)
        timings += in_turn([works[name][index] for name in slow], 1, warm=False)
        for name, timing in zip([*quick, *slow], timings, strict=True):
            cost[name].append(timing.cpu_s)
    everything = total_s(clips)
    return {name: float(np.divide(everything, weighted(clips, seconds))) for name, seconds in cost.items()}
