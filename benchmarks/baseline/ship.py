"""Make a training's weights the ones that ship: ``python -m benchmarks.baseline.ship WORK``.

They go into the package with what a user of the file has to know: licence, command, commit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.baseline.plan import WORK, Training, arguments, load
from benchmarks.baseline.results import Begun
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.separation.weights.file import REFERENCE, load_weights, save_weights

SHIPPED = "larsnet-s"
"""The training of ``experiments.yaml`` whose weights ship."""
LICENSE = "Apache-2.0"


def shipped_training() -> Training:
    """Return the training whose weights ship."""
    return next(one for result in load().values() for one in result.trainings if one.name == SHIPPED)


def ship(work: Path) -> Path:
    """Write the weights that a training left in ``work`` into the package; return the file."""
    training = shipped_training()
    (source,) = arguments(training.weights, {WORK: work})
    spec, model, about = load_weights(Path(source))
    begun = Begun.read(work / training.name)
    metadata = {
        **about,
        "license": LICENSE,
        "command": begun.of,
        "commit": begun.commit,
        "machine": f"{begun.machine['processor']}, {begun.machine['cores']} cores",
        "banks": {row.name: row.bank_sha256 for row in kit_table() if row.name in about["kits"]},
    }
    save_weights(REFERENCE, spec, model, metadata)
    return REFERENCE


def main() -> None:
    """Read the command line, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baseline.ship", description=__doc__.split(":")[0])
    parser.add_argument("work", type=Path, help="folder of the runs")
    print(ship(parser.parse_args().work))


if __name__ == "__main__":
    main()
