"""Rendering with recorded kits beside a modelled one, on the same performances: ``python -m benchmarks.recorded``.

The kits take turns on each performance, so that the load of the machine meets all alike. The recorded kits are those on
the kit path, in a checkout the prepared recordings of ``shared/kits``. Prints one table and writes it to
``benchmarks/recorded.json``, from which ``python docs/generate.py`` makes its part of ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import material, mixing, report
from benchmarks.clips import Clip, stratified
from benchmarks.clock import OtherLoad, once
from benchmarks.results import Results, Row, machine
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.library import load_kit, search_path
from stemgmd_tools.kits.sample_map.kit import Kit
from tools.prepared import PREPARED_MAPS

RESULTS = Path(__file__).with_name("recorded.json")
SHARED_KITS = Path(__file__).resolve().parents[2] / "shared" / "kits"
RECORDED_KEYS = ("processor", "cores", "system", "Python", "numpy", "soundfile")
STRATA, REPEATS = 6, 3


def rows(clips: Sequence[Clip], modelled: Kit, recorded: Sequence[Kit], repeats: int) -> list[Row]:
    """Measure the banks of all kits, and planning and mixing with them."""
    kits = [modelled, *recorded]
    measured = [_bank_row(kit, "modelled" if kit is modelled else "recorded") for kit in kits]
    rates = mixing.rates_of_banks(clips, {kit.name: open_bank(kit) for kit in kits}, repeats)
    for kit in recorded:
        note = f"{rates[modelled.name]:,.0f}x with {modelled.name}; one core, CPU time"
        measured.append(Row(f"plan + mix, nine stems, float32, {kit.name}", rates[kit.name], "x", note=note))
        ratio = rates[kit.name] / rates[modelled.name]
        measured.append(Row(f"{kit.name} over {modelled.name}", ratio, "times"))
    return measured


def _bank_row(kit: Kit, kind: str) -> Row:
    banks: list[Bank] = []
    timing = once(lambda: banks.append(compile_bank(kit)))
    size_mb = banks[0].pcm.nbytes / 1e6
    return Row(f"build the bank of {kit.name} ({kind})", timing.cpu_s, "s", note=f"{size_mb:,.0f} MB; CPU time")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recorded", description=__doc__.split("\n")[0])
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--kits", default="salamander,muldjord", help="comma-separated; default: %(default)s")
    parser.add_argument("--modelled", default="cedar_hall", help="kit beside them; default: %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    others = OtherLoad()
    collection = material.source(given.gmd)
    performances = collection.read()
    folders = search_path([PREPARED_MAPS, SHARED_KITS])
    kits = [load_kit(name, folders) for name in (given.modelled, *given.kits.split(","))]
    measured = rows(stratified(performances, STRATA), kits[0], kits[1:], REPEATS)
    busy = others.share()
    meanwhile = "" if busy is None else f"; other processes used {busy:.0%} of the machine meanwhile"
    about = {key: value for key, value in machine().items() if key in RECORDED_KEYS}
    results = Results(about, material.description(collection, performances) + meanwhile, measured)
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
