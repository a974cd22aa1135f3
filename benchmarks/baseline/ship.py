"""Make a training's weights the ones that ship: ``python -m benchmarks.baseline.ship WORK COMMIT``.

They go into the package with what a user of the file has to know: licence, command, commit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.baseline.plan import WORK, Training, arguments, load
from stemgmd_tools.baseline.weights import REFERENCE, load_weights, save_weights

SHIPPED = "larsnet-s"
"""The training of ``experiments.yaml`` whose weights ship."""
LICENSE = "Apache-2.0"


def shipped_training() -> Training:
    """Return the training whose weights ship."""
    return next(one for found in load().values() for one in found.trainings if one.name == SHIPPED)


def ship(work: Path, commit: str) -> Path:
    """Write the weights that a training left in ``work`` into the package; return the file.

    :param commit: of the checkout that they were trained with.
    """
    training = shipped_training()
    (source,) = arguments(training.weights, {WORK: work})
    spec, model, about = load_weights(Path(source))
    told = {**about, "license": LICENSE, "command": training.command, "commit": commit}
    save_weights(REFERENCE, spec, model, told)
    return REFERENCE


def main() -> None:
    """Read the command line, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baseline.ship", description=__doc__.split(":")[0])
    parser.add_argument("work", type=Path, help="folder of the runs")
    parser.add_argument("commit", help="of the checkout that trained them")
    given = parser.parse_args()
    print(ship(given.work, given.commit))


if __name__ == "__main__":
    main()
