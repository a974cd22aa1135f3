"""Measure: ``python -m benchmarks.realism``; see :mod:`benchmarks.realism`."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.realism import report
from benchmarks.realism.context import FITTED_KITS, Context, find_kits
from benchmarks.realism.results import RESULTS, Results, Section, Skipped
from benchmarks.results import machine

SECTIONS = ("fits", "takes", "adversary", "classifier", "separator", "cost")
"""Modules of this package, in the order of the document; each has ``section(context) -> Section``."""
LIBRARIES = ("processor", "cores", "system", "Python", "numpy")


def run(context: Context, names: tuple[str, ...], results: Results, out: Path | None) -> None:
    """Measure the named sections; the file is written after each."""
    for name in names:
        start_s = time.perf_counter()
        try:
            section = measured(name, context)
        except Skipped as reason:
            print(f"{name}: skipped, {reason}", file=sys.stderr)
            continue
        results.sections[name] = replace(section, seconds=round(time.perf_counter() - start_s, 1))
        for row in section.rows:
            print(report.line(row), flush=True)
        if out is not None:
            sections = {known: results.sections[known] for known in SECTIONS if known in results.sections}
            Results(results.machine, sections).save(out)


def measured(name: str, context: Context) -> Section:
    """Run one section.

    :raises Skipped: if something that it needs is not there.
    """
    try:
        module = importlib.import_module(f"benchmarks.realism.{name}")
    except ModuleNotFoundError as error:
        raise Skipped(f'no module {error.name}; pip install -c constraints.txt -e ".[all,bench]"') from error
    section: Section = module.section(context)
    return section


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.realism", description=__doc__.split(";")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; writes no file")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="only this section; repeatable")
    parser.add_argument("--kits", type=Path, help="folder of the recorded kits; default: STEMGMD_KITS")
    parser.add_argument("--test-kits", type=Path, help="folder of kits to test on; default: the kits held out")
    parser.add_argument("--recorded-kits", default=",".join(FITTED_KITS), help="kits of --kits that are trained on")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--jobs", type=int, default=2, help="processes; default: %(default)s")
    parser.add_argument("--out", type=Path, help=f"where the results go; default: {RESULTS.name}, nowhere with --quick")
    given = parser.parse_args()
    context = Context(
        quick=given.quick,
        kits=find_kits(given.kits),
        test_kits=given.test_kits,
        recorded_names=tuple(given.recorded_kits.split(",")),
        gmd=given.gmd,
        jobs=given.jobs,
    )
    out = given.out or (None if given.quick else RESULTS)
    before = Results.load(out).sections if out and out.is_file() else {}
    about = {key: value for key, value in machine().items() if key in LIBRARIES}
    run(context, tuple(given.only or SECTIONS), Results(about, dict(before)), out)


if __name__ == "__main__":
    main()
