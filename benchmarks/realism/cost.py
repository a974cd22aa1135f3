"""What kits cost: banks of those that ship, and new ones."""

from __future__ import annotations

import statistics
from typing import Final

from benchmarks.banks import size_mb
from benchmarks.clock import once
from benchmarks.reading import own_cache
from benchmarks.realism.context import Context
from benchmarks.realism.kit_sets import kit_named, random_names, shipped_names
from benchmarks.realism.results import Section, Skipped, Table
from benchmarks.results import Row
from stemgmd_tools.kits.bank.cache import bank_folder, open_bank
from stemgmd_tools.kits.sample_map.kit import Kit

BANK_REACH_S: Final = 15.0
SIZE_REACH_MB: Final = 250.0
NEW_REACH_S: Final = 10.0
NEW_KITS: Final = 5

TEXT: Final = """Processor time of one process. A bank is all one-shots of a kit at 44.1 kHz, built in an empty cache.
A new kit is one drawn from a seed: its map, with every figure drawn; ready once its bank is built too."""


def section(context: Context) -> Section:
    """Build banks and draw kits."""
    names = shipped_names(quick=context.quick)[: 2 if context.quick else None]
    with own_cache():
        built = {name: _bank_cost(kit_named(name)) for name in names}
        costs = _making_costs(context)
    slowest = max(built, key=lambda name: built[name][0])
    largest = max(built, key=lambda name: built[name][1])
    rows = [
        Row("bank of a kit, one core", round(built[slowest][0], 1), "s", at_most=BANK_REACH_S, note=f"most: {slowest}"),
        Row("size of a bank", round(built[largest][1]), "MB", at_most=SIZE_REACH_MB, note=f"most: {largest}"),
    ]
    if costs:
        drawn, ready = zip(*costs, strict=True)
        rows += [_new_row("a new kit, drawn", drawn), _new_row("a new kit, drawn and its bank built", ready)]
    cells = [(name, f"{seconds:.1f}", f"{size:.0f}") for name, (seconds, size) in built.items()]
    return Section("Cost", TEXT, rows, [Table("Banks", ("kit", "s", "MB"), cells)])


def _bank_cost(kit: Kit) -> tuple[float, float]:
    """Return the seconds and megabytes of a kit's bank."""
    return once(lambda: open_bank(kit)).cpu_s, size_mb(bank_folder(kit))


def _new_row(what: str, seconds: tuple[float, ...]) -> Row:
    about = f"median of {len(seconds)}; most: {max(seconds):.2f} s"
    return Row(what, round(statistics.median(seconds), 2), "s", at_most=NEW_REACH_S, note=about)


def _making_costs(context: Context) -> list[tuple[float, float]]:
    """Return the seconds until each of a few kits is drawn, and until it is ready; none where there are none."""
    try:
        names = random_names(quick=context.quick)[: 1 if context.quick else NEW_KITS]
    except Skipped:
        return []
    return [_making_cost(kit_named(name)) for name in names]


def _making_cost(kit: Kit) -> tuple[float, float]:
    drawn_s = once(lambda: kit.map).cpu_s  # a kit that is a name is drawn where its map is first asked for
    return drawn_s, drawn_s + once(lambda: open_bank(kit)).cpu_s
