"""Random kills of every command that writes, and damaged inputs for everything that reads.

python -m benchmarks.torture [--minutes M] [--seed N] [--kills N] [--inputs N]

Each command is ended by SIGKILL at random moments, its workers with it or left behind, and run again until it is
complete: the result has to be that of a run that nobody disturbed, byte for byte, without temporary files, processes or
shared memory left. Each loader gets damaged files: it has to return what is sound, or to raise one line of at most 300
characters, within bounds of memory and time. The run goes on where it was interrupted; `--out` names its results.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.torture import report
from benchmarks.torture.commands import commands
from benchmarks.torture.inputs import run_inputs
from benchmarks.torture.lanes import run_kills
from benchmarks.torture.loaders import loaders
from benchmarks.torture.material import prepare
from benchmarks.torture.results import Tally
from benchmarks.torture.serve import served

RESULTS = Path(__file__).parents[1] / "torture.json"
KILLS, INPUTS = 1_000, 100_000
KILLS_SHARE = 0.7
"""Of the time: a kill costs a second or two, an input some milliseconds."""


def main() -> None:
    """Run, print the tables, and exit with 1 if there is a finding."""
    arguments = _arguments()
    tally = Tally(arguments.out, arguments.seed)
    material = prepare(arguments.work / "material")
    seconds = 60.0 * arguments.minutes
    began = time.monotonic()
    read = loaders(material)
    if arguments.only:
        read = tuple(one for one in read if arguments.only in one.name)
    with served(material) as address:
        killed = tuple(one for one in commands(material, address) if not arguments.only or arguments.only in one.name)
        if killed and arguments.kills:
            share = {"kills": arguments.kills, "deadline": began + KILLS_SHARE * seconds}
            share |= {"cache": material / "cache", "folder": arguments.work / "findings"}
            run_kills(killed, tally, seed=arguments.seed, jobs=arguments.jobs, **share)
    if read and arguments.inputs:
        share = {"trials": arguments.inputs, "deadline": began + seconds, "folder": arguments.work / "findings"}
        run_inputs(read, tally, seed=arguments.seed, jobs=arguments.jobs, **share)
    lines = list(tally.lines())
    print(report.text(lines))
    sys.exit(any(line.findings for line in lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="bound of the time; default 60")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=KILLS, help=f"of all commands together; default {KILLS:,}")
    parser.add_argument("--inputs", type=int, default=INPUTS, help=f"of all loaders together; default {INPUTS:,}")
    parser.add_argument("--only", help="commands and loaders whose name holds this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time; default: all cores")
    parser.add_argument("--work", type=Path, default=Path("torture"), help="folder of material and findings")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results; an interrupted run goes on from them")
    return parser.parse_args()


if __name__ == "__main__":
    main()
