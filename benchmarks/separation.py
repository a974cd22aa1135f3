"""Speed of the models of the registry, and of full LarsNet beside a plain one: ``python -m benchmarks.separation``.

Writes ``benchmarks/separation.json`` and prints the table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks import report
from benchmarks.augment.sounds import RATE, batch
from benchmarks.clock import OtherLoad, Timing, in_turn, once
from benchmarks.plain_larsnet import PlainLarsNet
from benchmarks.results import Results, Row, machine
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference.allocator import keep_freed_memory
from stemgmd_tools.separation.inference.separate import SeparationSettings, separate_sound
from stemgmd_tools.separation.models.larsnet import HOP, PATCH, LarsNet
from stemgmd_tools.separation.networks.registry import ModelSpec, build, model_names
from stemgmd_tools.separation.networks.separator import Separator, parameter_count

RESULTS = Path(__file__).with_name("separation.json")
RECORDED_KEYS = ("processor", "cores", "system", "Python")
STEMS = tuple(group.value for group in GROUPS)
SEGMENT = (PATCH - 1) * HOP
"""Frames that other models than LarsNet get at a time: as many as a patch of LarsNet."""
DIFFERENCE = 1e-5
REACHES = {"larsnet": 8.4, "larsnet, bfloat16": 15.0, "larsnet-s": 40.0}
GPU_REACH = 2000.0
WAITING = "OMP_WAIT_POLICY"
"""Passive: a thread that waits for the others sleeps, so CPU time is work, and other processes disturb less."""
PLAIN = "peer: larsnet the original's way"
NOISE_S = 40.0
"""Length of the noise from which the papers on Demucs take the real-time factor."""
FACTOR = "real-time factor on noise"


class Size(NamedTuple):
    """How much is separated."""

    patches: int
    repeats: int
    noise_s: float


FULL = Size(patches=4, repeats=3, noise_s=NOISE_S)
QUICK = Size(patches=1, repeats=1, noise_s=2.0)
Way = Callable[[], Tensor]


def material(patches: int) -> Tensor:
    """Return a mixture (2, frame) of starter-set performances, as long as told."""
    sounds = batch(patches).stems.sum(1)
    return sounds.movedim(0, 1).flatten(1)[:, : patches * PATCH * HOP - HOP].contiguous()


def settled(model: Separator, mixture: Tensor) -> Separator:
    """Return a model whose batch norms have seen the mixture, as those of a trained one have."""
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            model.train()(mixture[None, :, :SEGMENT])
    return model.eval()


def separated(model: Separator, mixture: Tensor, device: str, *, half: bool) -> Tensor:
    """Return stems (stem, 2, frame); LarsNet cuts by itself, other models get segments, one after the other."""
    length = mixture.shape[-1] if isinstance(model, LarsNet) else SEGMENT
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=half):
        return torch.cat([model(part[None])[0] for part in torch.split(mixture, length, -1)], -1)


def ways(name: str, mixture: Tensor, device: str) -> tuple[Separator, dict[str, Way]]:
    """Return a model, and it in both precisions."""
    torch.manual_seed(0)
    model = settled(build(ModelSpec(name, STEMS)), mixture).to(device)
    model.to(memory_format=model.memory_format)  # type: ignore[call-overload]
    moved = mixture.to(device)

    def way(*, half: bool) -> Way:
        def work() -> Tensor:
            separation = separated(model, moved, device, half=half)
            if device != "cpu":
                torch.cuda.synchronize()
            return separation

        return work

    return model, {name: way(half=False), f"{name}, bfloat16": way(half=True)}


def measure(size: Size, threads: int, device: str, only: list[str]) -> Results:
    """Measure every row, each printed as soon as it is known."""
    torch.set_num_threads(threads)
    others = OtherLoad()
    mixture = material(size.patches)
    duration_s = mixture.shape[-1] / RATE
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        print(report.line(row), file=sys.stderr, flush=True)

    def time(timed_ways: dict[str, Way], note: str, suffix: str = "") -> None:
        for name, timing in zip(timed_ways, in_turn([*timed_ways.values()], size.repeats), strict=True):
            add(_row(name, suffix, duration_s, timing, note if name in (PLAIN, *only) else "", threads, device))

    prepared = {name: ways(name, mixture, device) for name in only}
    for retain in (False, True):
        if retain and (device != "cpu" or not keep_freed_memory()):
            continue
        suffix = ", freed memory kept" if retain else ""
        for model, timed_ways in prepared.values():
            note = f"{parameter_count(model) / 1e6:.2f} M parameters"
            peer: dict[str, Way] = {}
            if isinstance(model, LarsNet) and device == "cpu":
                peer = {PLAIN: _plain(model, mixture)}
                if not retain:
                    for row in _differences(peer[PLAIN](), *(way() for way in timed_ways.values())):
                        add(row)
            time({**peer, **timed_ways}, note, suffix)
    rows.extend(factor_rows(only, size.noise_s, device))
    about = f"{duration_s:.1f} s of starter-set performances, five stems, {_where(threads, device)}{_busy(others)}"
    return Results(_machine(), about, rows)


def real_time_factor(model: Separator, noise_s: float = NOISE_S, device: str = "cpu") -> float:
    """Return the time of separating Gaussian noise over its length, as in Rouard et al. (2023); less is faster.

    Chunks and their overlap are those of ``stemgmd separate``. On a CPU it is the CPU time of one thread, which hardly
    depends on what else the machine does; on a GPU it is the time by the clock.
    """
    threads = torch.get_num_threads()
    noise = 0.1 * stream(0, "noise").standard_normal((2, round(noise_s * RATE)), "float32")
    settings = SeparationSettings(device=device)
    torch.set_num_threads(1)
    try:
        separate_sound(model, noise[:, :RATE], RATE, settings)
        timing = once(lambda: separate_sound(model, noise, RATE, settings))
    finally:
        torch.set_num_threads(threads)
    return (timing.cpu_s if device == "cpu" else timing.wall_s) / noise_s


def factor_rows(names: list[str], noise_s: float, device: str) -> list[Row]:
    """Return the real-time factors of models, each printed as soon as it is known."""
    rows = []
    for name in names:
        rows.append(_factor_row(name, noise_s, device))
        print(report.line(rows[-1]), file=sys.stderr, flush=True)
    return rows


def _factor_row(name: str, noise_s: float, device: str) -> Row:
    others = OtherLoad()
    model = build(ModelSpec(name, STEMS)).eval().to(device)
    model.to(memory_format=model.memory_format)  # type: ignore[call-overload]
    figure = real_time_factor(model, noise_s, device)
    where = "CPU time of one thread" if device == "cpu" else torch.cuda.get_device_name()
    return Row(f"{name}, {FACTOR}", figure, note=f"{noise_s:g} s of noise, {where}{_busy(others)}")


def _busy(others: OtherLoad) -> str:
    share = others.share()
    return "" if share is None else f"; other processes used {share:.0%} of the machine meanwhile"


def with_factors(path: Path, rows: list[Row]) -> Results:
    """Return the results of a file, if there is one, with other real-time factors."""
    earlier = Results(_machine(), "noise", [])
    if path.is_file():
        earlier = Results.of(json.loads(path.read_text(encoding="utf-8")))
    new = {row.what for row in rows}
    return Results(earlier.machine, earlier.material, [row for row in earlier.rows if row.what not in new] + rows)


def _plain(model: LarsNet, mixture: Tensor) -> Way:
    plain = PlainLarsNet(model)

    def work() -> Tensor:
        with torch.inference_mode():
            return plain(mixture)

    return work


def _row(name: str, suffix: str, duration_s: float, timing: Timing, note: str, threads: int, device: str) -> Row:
    remark = note if name != PLAIN else "a transform a stem, all patches at once, default layout"
    if device == "cpu":
        spent = f"{duration_s * threads / timing.cpu_s:.1f}x by CPU time"
        remark = f"{spent}; {remark}" if remark else spent
    reach = REACHES.get(name) if device == "cpu" else GPU_REACH if name.startswith("larsnet") else None
    return Row(name + suffix, duration_s / timing.wall_s, "x", at_least=reach, note=remark)


def _differences(plain: Tensor, exact: Tensor, half: Tensor) -> list[Row]:
    """Return how far ours is from the plain one, at most, and bfloat16 from float32."""
    error = float((exact - plain).abs().max())
    ratio_db = 10 * float(torch.log10(exact.square().mean() / (half - exact).square().mean()))
    return [
        Row("larsnet, largest difference from the original's way", error, "", at_most=DIFFERENCE),
        Row("larsnet, bfloat16: signal over its difference from float32", ratio_db, "dB", note="untrained weights"),
    ]


def _where(threads: int, device: str) -> str:
    return f"{threads} threads" if device == "cpu" else torch.cuda.get_device_name()


def _machine() -> dict[str, str]:
    environment = {key: value for key, value in machine().items() if key in RECORDED_KEYS}
    return {**environment, "torch": importlib.metadata.version("torch")}


def main() -> None:
    """Measure, print, write."""
    names = model_names()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.separation", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one patch, once")
    parser.add_argument(
        "--noise",
        action="store_true",
        help=f"only the real-time factors on {NOISE_S:g} s of noise; the other rows of the results stay",
    )
    parser.add_argument("--threads", type=int, default=2, help="of the processor; default: %(default)s")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; default: %(default)s")
    parser.add_argument("--models", default=",".join(names), help="comma-separated; default: all")
    parser.add_argument("--patches", type=int, help="11.89 s each; default: 4, on a GPU take 16 or more")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    if WAITING not in os.environ:  # read when the threads' library is loaded, which torch has done by now
        os.environ[WAITING] = "passive"
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.separation", *sys.argv[1:]])
    names = given.models.split(",")
    if given.noise:
        results = with_factors(given.out, factor_rows(names, NOISE_S, given.device))
        results.save(given.out)
        print(report.text(results))
        return
    size = QUICK if given.quick else FULL
    size = size._replace(patches=given.patches or size.patches)
    results = measure(size, given.threads, given.device, names)
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
