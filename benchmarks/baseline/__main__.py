"""Run experiments: ``python -m benchmarks.baseline``; see :mod:`benchmarks.baseline`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.baseline.plan import GMD, RECORDED, WORK, Experiment, arguments, load
from benchmarks.baseline.results import RESULTS, ROOT, Begun, result_of
from stemgmd_tools.storage.files import file_sha256
from tools.prepared import PREPARED_MAPS


def run(experiment: Experiment, folders: dict[str, Path]) -> Begun:
    """Run the commands of an experiment one after the other; a failed one ends it."""
    work = folders[WORK]
    for training in experiment.trainings:
        Begun.noted(work / training.name, ROOT, training.command)
        _call(training.command, folders)
    if experiment.recorded:
        offer(experiment, folders)
    if experiment.preparation is not None:
        _call(experiment.preparation, folders)
    weights = [file_sha256(Path(*arguments(one.weights, folders))) for one in experiment.trainings]
    begun = Begun.noted(work / experiment.name, ROOT, " ".join([experiment.command, *weights]))
    _call(experiment.command, folders)
    return begun


def _call(command: str, folders: dict[str, Path]) -> None:
    print(f"$ {command}", file=sys.stderr, flush=True)
    program, *rest = arguments(command, folders)
    executable = shutil.which(program, path=str(Path(sys.executable).parent)) or program
    subprocess.run([executable, *rest], check=True, cwd=ROOT)


def offer(experiment: Experiment, folders: dict[str, Path]) -> None:
    """Lay out the recorded kits that are tested with, and no others, in a folder."""
    missing = [name for name in experiment.recorded if not (folders[RECORDED] / name).is_dir()]
    if missing:
        sys.exit(f"{folders[RECORDED]}: has no folder {missing[0]}, which experiment {experiment.name} tests with")
    folder = Path(*arguments(experiment.test_kits, folders))
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        link.unlink()
    for name in experiment.recorded:
        (folder / name).symlink_to((folders[RECORDED] / name).resolve(), target_is_directory=True)
        beside, name_of_map = folders[RECORDED] / f"{name}.yaml", f"{name}.yaml"
        sample_map = beside if beside.is_file() else PREPARED_MAPS / name_of_map
        (folder / name_of_map).symlink_to(sample_map.resolve())


def main() -> None:
    """Read the command line, run, write the results."""
    experiments = load()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baseline", description=__doc__.split(";")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all ({', '.join(experiments)})")
    parser.add_argument("--gmd", type=Path, required=True, help="the Groove MIDI Dataset")
    parser.add_argument("--recorded", type=Path, required=True, help="folder of the recorded kits")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and evaluations")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in experiments]
    if unknown:
        parser.error(f"no experiment {unknown[0]}; there are {', '.join(experiments)}")
    folders = {GMD: given.gmd.absolute(), RECORDED: given.recorded.absolute(), WORK: given.work.absolute()}
    for name in given.names or experiments:
        begun = run(experiments[name], folders)
        result_of(experiments[name], given.work, begun).save(RESULTS / f"{name}.json")
        print(f"{RESULTS.name}/{name}.json", flush=True)


if __name__ == "__main__":
    main()
