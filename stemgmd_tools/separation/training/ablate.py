"""Ablations: train once per value of a setting, and compare the results in a table.

Every run has its own folder; runs and evaluation resume after interruption. The table reports nSDR of present stems on
test performances; differences are paired by clip, with intervals from a bootstrap over performances.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.chain import chain_names
from stemgmd_tools.augment.sampling.mixing_options import MixScope
from stemgmd_tools.devices import device_named
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.library import search_path
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.runtime.progress import Progress, Silent
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.evaluation.bootstrap import mean_interval, paired_interval
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.run import EvaluationClip, Measures, Source, evaluate, evaluation_clips
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.splits.recorded_kits import trained_on
from stemgmd_tools.separation.training.loop.data import open_test
from stemgmd_tools.separation.training.loop.distributed import process_count
from stemgmd_tools.separation.training.loop.trainer import Make
from stemgmd_tools.separation.training.run.checks import Checked, check_run
from stemgmd_tools.separation.training.settings.files import with_changes
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.training.train import train
from stemgmd_tools.separation.weights.file import TrainingKits
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.paths import inside

FIGURE: Final = "nsdr_larsnet_db"
_ENDS: Final = ("db", "low", "high")
_HEADER: Final = ("variant", "kits", "stems", "nSDR, dB", "against the first, dB", "clips")
_EVALUATION: Final = "evaluation"
"""Folder of the evaluation, beside those of the runs."""


class Variant(NamedTuple):
    """One value of the varied setting."""

    name: str
    changes: Mapping[str, Any]
    """Changes to the settings, nested like the keys of a settings file."""


def variants(by: str, values: Sequence[str] = ()) -> tuple[Variant, ...]:
    """Return the variants of an ablation; the first is the reference.

    :param by: ``chain``, ``p_original`` or ``kits``.
    :param values: chains; ``P`` or ``P:SCOPE`` such as ``0.5:kit_swap``; kits, separated by commas. Empty: the
        shipped chains but ``mastered``; 1, and 0.5 and 0 with ``kit_swap`` and ``any``; ``train`` and a hundred kits
        drawn from it.
    :raises UsageError: for another setting, or an invalid value.
    """
    if by not in _GRIDS:
        raise UsageError(f"ablate {by!r}: what can be varied is {', '.join(_GRIDS)}")
    default, changes = _GRIDS[by]
    selected = tuple(dict.fromkeys(values)) or default
    if len(selected) < 2:
        raise UsageError(f"ablate {by}: one value has nothing to be compared with; give two or more")
    return tuple(Variant(value, changes(value)) for value in selected)


def ablate(
    config: TrainConfig,
    grid: Sequence[Variant],
    out: Path,
    *,
    limit: int | None = None,
    max_s: float | None = 30.0,
    progress: Progress | None = None,
    make: Make = build,
) -> pd.DataFrame:
    """Train every variant and evaluate its best weights on the same clips.

    Writes ``ablation.csv`` and ``ablation.md`` into ``out``.

    :param config: settings common to all variants; all are evaluated on its training and test kits.
    :param limit: maximum number of test performances, evenly spaced.
    :param max_s: maximum length of an evaluated performance.
    :return: one row per variant and set of kits, see :func:`table_of`.
    :raises UsageError: if several processes share the work (``torchrun``).
    :raises StemgmdError: as training and evaluation do.
    """
    display = progress or Silent()
    settings, _, source = check_ablation(config, grid, out, limit=limit, make=make)
    device = device_named(config.device)
    results = []
    for variant, own in zip(grid, settings, strict=True):
        display.say(f"{variant.name}: training")
        weights = train(own, inside(out, folder_name(variant.name), entered=True), progress=display, make=make).weights
        method = TrainedModel(weights, device, name=folder_name(variant.name), make=make)
        clips = _clips(source, own)
        display.say(f"{variant.name}: evaluating {counted(len(clips), 'clip')}")
        rows = evaluate(out / _EVALUATION, [method], clips, Measures(own.model.stem_names, max_s))
        results.append(rows.assign(variant=variant.name))
    table = table_of(pd.concat(results, ignore_index=True), [variant.name for variant in grid])
    write_bytes(out / "ablation.csv", table.to_csv(index=False).encode())
    write_bytes(out / "ablation.md", markdown(table).encode())
    return table


class CheckedAblation(NamedTuple):
    """An ablation that passed all checks."""

    settings: tuple[TrainConfig, ...]
    """Settings of each variant."""
    runs: tuple[Checked, ...]
    """Checked run of each variant."""
    test: Source
    """Source for the evaluation of all variants."""


def check_ablation(
    config: TrainConfig, grid: Sequence[Variant], out: Path, *, limit: int | None = None, make: Make = build
) -> CheckedAblation:
    """Check all variants and the test data before the first training.

    :param limit: maximum number of test performances, evenly spaced.
    :param make: builds the model.
    :raises UsageError: if several processes share the work, two variants would share a folder, or there is no test.
    :raises StemgmdError: as training does: for unknown kits and chains, for leaks, for folders of other runs.
    """
    if process_count() > 1:
        raise UsageError(
            f"an ablation is for one process, and torchrun started {process_count()}; run it without torchrun, or "
            "train every value by itself"
        )
    _refuse_shared_folders(grid)
    settings = tuple(with_changes(config, variant.changes) for variant in grid)
    folders = [out / folder_name(variant.name) for variant in grid]
    runs = tuple(check_run(own, folder, make=make) for own, folder in zip(settings, folders, strict=True))
    return CheckedAblation(settings, runs, open_test(config.data, limit))


def _refuse_shared_folders(grid: Sequence[Variant]) -> None:
    taken = {_EVALUATION: "what is evaluated"}
    for variant in grid:
        slug = folder_name(variant.name).lower()  # some file systems ignore case
        if slug in taken:
            raise UsageError(
                f"value {variant.name} and {taken[slug]} would share the folder {slug}; give values whose names differ "
                "in letters, digits, dots, dashes or underscores"
            )
        taken[slug] = f"value {variant.name}"


def table_of(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return nSDR of present stems by variant and set of kits, and differences to the first variant.

    :param rows: of evaluations, with a column ``variant``.
    :param names: of the variants, in order.
    :return: ``variant``, ``kit_set``, ``stems`` (``pooled`` or ``mean``), ``db``, ``low``, ``high``, ``difference_db``,
        ``difference_low``, ``difference_high``, ``clips``. A difference is taken over the clips that both have, kits
        that are seen by one and not by the other among them.
    """
    present = rows[rows["present"]]
    table_rows = []
    base = present[present["variant"] == names[0]]
    for name in names:
        own = present[present["variant"] == name]
        for kits, part in own.groupby("kit_set", sort=True):
            row = {"variant": name, "kit_set": str(kits)}
            table_rows += [{**row, "stems": stems, **_figures(part, base, stems)} for stems in ("pooled", "mean")]
    return pd.DataFrame(table_rows)


def rows_of(table: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the table as text."""
    rows: list[tuple[str, ...]] = []
    for row in table.to_dict("records"):
        own, other = _spelled(row, *_ENDS), _spelled(row, *(f"difference_{end}" for end in _ENDS))
        rows.append((str(row["variant"]), str(row["kit_set"]), str(row["stems"]), own, other, str(row["clips"])))
    return _HEADER, rows


def markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    return markdown_table(*rows_of(table)) + "\n"


def _figures(part: pd.DataFrame, base: pd.DataFrame, stems: str) -> dict[str, float]:
    groups = part["stem"].tolist() if stems == "mean" else None
    own = mean_interval(_numbers(part[FIGURE]), part["performance"].tolist(), groups)
    both = part.merge(base, on=["performance", "kit", "stem"], suffixes=("", "_base"))
    groups = both["stem"].tolist() if stems == "mean" else None
    change = paired_interval(
        _numbers(both[FIGURE]), _numbers(both[f"{FIGURE}_base"]), both["performance"].tolist(), groups
    )
    return {
        "db": own.mean,
        "low": own.low,
        "high": own.high,
        "difference_db": change.mean,
        "difference_low": change.low,
        "difference_high": change.high,
        "clips": len(part[["performance", "kit"]].drop_duplicates()),
    }


def _spelled(row: Mapping[Any, Any], mean: str, low: str, high: str) -> str:
    return f"{row[mean]:.2f}" + ("" if np.isnan(row[low]) else f" [{row[low]:.2f}, {row[high]:.2f}]")


def _numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    return column.to_numpy(np.float64, na_value=np.nan)


def folder_name(name: str) -> str:
    """Return the name of the folder of a variant's run."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "unnamed"


def _clips(source: Source, config: TrainConfig) -> list[EvaluationClip]:
    """Return the test clips; kits without split and origin that were not trained on count as recorded."""
    kits = source.kits
    trained = trained_on(
        [TrainingKits(config.data.kits)], search_path([Path(folder) for folder in config.data.kit_path])
    )
    recorded = set(kits.loc[kits["kit_split"].isna() & kits["origin"].isna(), "kit"]) - {kit.name for kit in trained}
    return evaluation_clips(source, recorded=recorded, trained=trained)


def _mixed(value: str) -> dict[str, Any]:
    """Return the changes for ``P`` or ``P:SCOPE`` of random mixing; with 1, all mixes are original."""
    share, _, scope = value.partition(":")
    try:
        mix = {"p_original": float(share), "scope": MixScope(scope or MixScope.ANY).value}
    except ValueError:
        raise UsageError(
            f"p_original {value!r}: give P or P:SCOPE, P from 0 to 1, SCOPE {', '.join(MixScope)}"
        ) from None
    return {"data": {"mix": mix, "min_active": {}, "grid_s": None}}


MASTERED: Final = "mastered"
"""A ready chain that needs a library that trainings do not."""

_GRIDS: Final[dict[str, tuple[tuple[str, ...], Callable[[str], Mapping[str, Any]]]]] = {
    "chain": (
        ("none", *(name for name in chain_names() if name not in ("none", MASTERED))),
        lambda value: {"data": {"chain": value}},
    ),
    "p_original": (("1", "0.5:kit_swap", "0:kit_swap", "0.5:any", "0:any"), _mixed),
    "kits": (("train", "random:0..99"), lambda value: {"data": {"kits": value.split(",")}}),
}
