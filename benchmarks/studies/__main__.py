"""Run studies: ``python -m benchmarks.studies``; see :mod:`benchmarks.studies`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from benchmarks.baseline.results import ROOT, Begun, Result
from benchmarks.studies.cost import estimated_s
from benchmarks.studies.picture import draw
from benchmarks.studies.report import PICTURES, RESULTS, markdown_of
from benchmarks.studies.study import DEFAULT, SIZES, TOY, Context, Outcome, Study, studies
from stemgmd_tools.corpus.render.execute import worker_count
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.runtime.progress import Lines
from stemgmd_tools.runtime.quantities import duration_text


def plan(study: Study, context: Context) -> None:
    """Print the grid and how long each training takes."""
    jobs = study.jobs(context)
    total_s = 0.0
    for job, seconds in zip(jobs, estimated_s(jobs), strict=True):
        total_s += seconds
        times = f" x {job.times}" if job.times > 1 else ""
        print(f"  {job.name}{times}: {duration_text(seconds)}  {job.changes}".rstrip(), flush=True)
    print(f"  in all {duration_text(total_s)}, on this machine when it is otherwise idle; finished parts are kept")


def run(name: str, study: Study, context: Context, pictures: Path) -> None:
    """Run a study; table and picture are written after each seed."""
    command = f"python -m benchmarks.studies {name} --work WORK"
    command += "" if context.gmd is None else " --gmd GMD"
    command += "" if context.size == DEFAULT else f" --size {context.size.name}"
    command += "" if context.seeds == context.size.seeds else f" --seeds {context.seeds}"
    begun = Begun.noted(context.work / context.size.name / name, ROOT, command)
    (context.work / context.size.name / name).mkdir(parents=True, exist_ok=True)
    for outcome in study.run(context):
        draw(outcome.chart, pictures / f"study-{name}.png")
        save(study, outcome, begun, context.results / f"{name}.json")
    print(markdown_of(Result.load(context.results / f"{name}.json")))


def save(study: Study, outcome: Outcome, begun: Begun, path: Path) -> None:
    """Write the file of results."""
    sections = [section._asdict() for section in outcome.sections]
    path.parent.mkdir(parents=True, exist_ok=True)
    Result(study.title, study.text, [begun.of], begun.machine, begun.commit, sections).save(path)


def main() -> None:
    """Read the command line; list, plan or run."""
    known = studies()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies", description=__doc__.split(";")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="studies; default: list them")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--work", type=Path, default=Path("studies"), help="folder of all runs; default: %(default)s")
    parser.add_argument("--size", choices=tuple(SIZES), default=DEFAULT.name, help="default: %(default)s")
    parser.add_argument("--seeds", type=int, help="trainings of each variant; default: as the size says")
    parser.add_argument(
        "--threads", type=int, default=worker_count(None), help="of the processor; default: %(default)s"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the grid and the estimated duration")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"no study {unknown[0]}; there are {', '.join(known)}")
    if given.seeds is not None and given.seeds < 1:
        parser.error(f"--seeds is {given.seeds}; give 1 or more")
    torch.set_num_threads(given.threads)  # importing benchmarks sets one
    size = SIZES[given.size]
    gmd = None if given.gmd is None else given.gmd.absolute()
    results = given.work.absolute() / size.name / "results" if size == TOY else RESULTS
    pictures = results if size == TOY else PICTURES
    context = Context(size, given.work.absolute(), given.seeds or size.seeds, gmd, results, Lines(sys.stderr))
    try:
        for name in given.names or known:
            print(f"{name}: {known[name].title}", flush=True)
            if given.names:
                plan(known[name], context)
            if given.names and not given.dry_run:
                run(name, known[name], context, pictures)
    except StemgmdError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
