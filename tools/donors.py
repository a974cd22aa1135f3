"""Fit the donors in ``sample_maps/donors.yaml`` to their recordings and write ``sample_maps/donors/``.

    python -m tools.donors --kits DIR              fits what is not there yet
    python -m tools.donors NAME... --kits DIR --again

DIR holds the sample folders of the maps in ``tools/prepared_kits/`` and ``tools/donor_kits/``. Every donor is made for
itself, and written when it is finished: a run that was stopped goes on where it stopped. What the quality gate
measures goes to ``manifests/donors.csv``; what fails is left out, and a donor that has too little left is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from stemgmd_tools.errors import UsageError
from stemgmd_tools.fitting.completion.complete import complete_map
from stemgmd_tools.fitting.completion.partial import own_instruments, stand_ins
from stemgmd_tools.fitting.estimation.recorded_kit import Fitted
from stemgmd_tools.fitting.velocity.monotonic_levels import with_rising_levels
from stemgmd_tools.kits.donors import DonorEntry, Role, donor_folder, donor_table
from stemgmd_tools.kits.generate.digits import rounded
from stemgmd_tools.kits.generate.instruments import INSTRUMENT_OF
from stemgmd_tools.kits.generate.parents import voice_of
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.strict_yaml.problem import nearest
from tools.donor_gate import Row, gated, read_rows, replace_rows
from tools.fits import fitted_kit, recorded_kit


def donor_map(entry: DonorEntry, fitted: Fitted, rows: Sequence[Row]) -> KitMap | None:
    """Return the map of a donor; None if it is refused, since too few of its instruments are good enough.

    :param fitted: the fitted voices of its recording.
    :param rows: what the quality gate says about them.
    """
    good = {row.articulation for row in rows if not row.left_out}
    voices = {name: voice for name, voice in fitted.voices.items() if name in good}
    if len(own_instruments(voices)) < entry.least_instruments:
        return None
    kit_map = complete_map(
        fitted._replace(voices=voices),
        name=entry.name,
        title=f"{fitted.kit.map.title}, donor",
        description=f"Fitted to recordings: {fitted.kit.map.description}",
        stand_ins=stand_ins(voices),
    )
    articulations = {name: _finished(entry, name, one) for name, one in kit_map.articulations.items()}
    return kit_map.model_copy(update={"articulations": articulations})


def _finished(entry: DonorEntry, name: str, articulation: Articulation) -> Articulation:
    """Return an articulation with its values rounded, its levels rising with velocity, and the table's dynamics."""
    if articulation.model is None:
        return articulation
    voice = with_rising_levels(compacted(rounded(voice_of(articulation))), None, entry.name, name)
    dynamics_db = entry.dynamics_db.get(INSTRUMENT_OF[name])
    return articulation.model_copy(update={"model": voice, "dynamics_db": dynamics_db})


def _make(entry: DonorEntry, kits: Path, fits: Path | None) -> tuple[DonorEntry, tuple[Row, ...], KitMap | None]:
    fitted = fitted_kit(recorded_kit(entry.recording, kits), fits)
    rows = gated(entry, fitted)
    return entry, rows, donor_map(entry, fitted, rows)


def _write(entry: DonorEntry, rows: Sequence[Row], kit_map: KitMap | None) -> str:
    """Write a donor and the gate's rows; return what happened."""
    path = donor_folder() / f"{entry.name}.yaml"
    replace_rows(entry.recording, rows)
    left_out = sum(bool(row.left_out) for row in rows)
    if kit_map is None:
        path.unlink(missing_ok=True)
        return f"refused, {left_out} of {len(rows)} articulations fail"
    write_bytes(path, map_text(kit_map).encode())
    return f"{kit_map.license}, {left_out} of {len(rows)} articulations left out"


def _chosen(names: Sequence[str]) -> Iterator[DonorEntry]:
    fitted = {entry.recording: entry for entry in donor_table() if entry.role is not Role.UNTOUCHED}
    for name in names or fitted:
        if name not in fitted:
            raise UsageError(f'no donor "{name}"{nearest(name, fitted)}; known: {", ".join(fitted)}')
        yield fitted[name]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--kits", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of recorded kits.")
@click.option("--again", is_flag=True, help="Fit also what is there already.")
@click.option(
    "--fits", type=click.Path(path_type=Path), help="Cache of fits: reuse those in this folder, add new ones."
)
@click.option("--jobs", default=1, show_default=True, help="Recordings fitted at a time.")
def main(names: tuple[str, ...], *, kits: Path, again: bool, fits: Path | None, jobs: int) -> None:
    """Fit the donors to their recordings."""
    done = {row.recording for row in read_rows()}
    wanted = [entry for entry in _chosen(names) if again or entry.recording not in done]
    donor_folder().mkdir(exist_ok=True)
    tasks = (delayed(_make)(entry, kits, fits) for entry in wanted)
    for entry, rows, kit_map in results_of(workers(jobs, ordered=False), tasks):
        click.echo(f"{entry.name}: {_write(entry, rows, kit_map)}")


if __name__ == "__main__":
    main()
