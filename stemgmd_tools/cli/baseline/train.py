"""``stemgmd baseline-train``: train a separator on a corpus, from disk or rendered on the fly."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.support.options import keep_option, kit_path_option, quiet_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.networks.registry import DEFAULT_MODEL, model_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stemgmd_tools.separation.training.ablate import Variant
    from stemgmd_tools.separation.training.settings.schema import TrainConfig

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?[hms])+|\d+(?:\.\d+)?")


def _duration_s(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Return seconds from ``90``, ``90s``, ``30m``, ``1h30m``."""
    if text is None:
        return None
    if not _DURATION.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a duration; give one such as 90s, 30m or 1h30m", context, option)
    parts = re.findall(r"([\d.]+)([hms]?)", text)
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


@click.command("baseline-train", short_help="Train a separator.")
@click.option("--corpus", type=LocalPath(), metavar="DIR", help="Train on this corpus on disk.")
@click.option(
    "--virtual",
    "gmd",
    type=LocalPath(),
    metavar="GMD",
    help="Train on the Groove MIDI Dataset (folder or zip), rendered on the fly.  [default: as for render --gmd]",
)
@click.option("--kits", multiple=True, type=LocalName(), metavar="NAMES", help="Training kits.  [default: train]")
@kit_path_option
@keep_option
@click.option(
    "--test-kits",
    multiple=True,
    type=LocalName(),
    metavar="NAMES",
    help="Test kits, never used for training or validation; or a folder of recorded kits to add to them.  "
    "[default: heldout]",
)
@click.option(
    "--model", metavar="NAME", help=f"Model to train: {', '.join(model_names())}.  [default: {DEFAULT_MODEL}]"
)
@click.option("--stems", type=click.Choice(["five", "nine"]), help="Stems to separate.  [default: five]")
@click.option("--weights", type=LocalPath(), metavar="FILE", help="Weights to start from.")
@click.option("--target", multiple=True, metavar="STEM", help="Train only for this stem; repeatable.")
@click.option(
    "--chain",
    type=LocalName(),
    metavar="NAME",
    help="Augmentation chain: a shipped chain or a YAML file.  [default: larsnet]",
)
@click.option(
    "--p-original",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Probability of an original mix; other mixes combine stems of several performances.  [default: 1]",
)
@click.option(
    "--preset",
    metavar="NAME",
    default="default",
    show_default=True,
    help="Initial settings. cpu: without a GPU; larsnet: the published recipe; finetune: one stem, from --weights; "
    "htdemucs-finetune: the same as published for HT Demucs.",
)
@click.option(
    "--config", "file", type=LocalPath(), metavar="FILE", help="YAML file with settings that override the preset."
)
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Number of training steps.")
@click.option(
    "--time-budget",
    callback=_duration_s,
    metavar="TIME",
    help="Train for this long instead of --steps: 90s, 30m, 1h30m.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Device to train on.  [default: auto]")
@click.option("--workers", type=click.IntRange(0), metavar="N", help="Data loading processes.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Random seed.")
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("run"),
    show_default=True,
    metavar="DIR",
    help="Run directory; created, or resumed if it exists.",
)
@click.option(
    "--ablate",
    metavar="KIND",
    help="Train once per --value of this setting (chain, p_original or kits), and write a table that compares them.",
)
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="VALUE",
    help="A value for --ablate, e.g. larsnet, 0.5:kit_swap train,random:0..99; repeatable. The first is the reference.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Evaluate --ablate on at most N test performances.")
@click.option(
    "--dry-run", is_flag=True, help="Run all checks that precede the first step and print the settings; do not train."
)
@quiet_option
def baseline_train(**options: Any) -> None:
    """Train a separator on GMD's training split, rendered with the training kits.

    Validates on GMD's validation split with the same kits. Test data is never used for training or validation: a run
    whose splits or kits overlap is refused. Resumes after interruption; with --steps, losses are identical.
    Several processes: `torchrun --nproc-per-node N -m -- stemgmd_tools.cli.main baseline-train ...`.
    """
    try:
        from stemgmd_tools.runtime.progress import progress_on
        from stemgmd_tools.separation.inference.allocator import keep_freed_memory
        from stemgmd_tools.separation.training.ablate import ablate, markdown, variants
        from stemgmd_tools.separation.training.loop.distributed import is_first_process
        from stemgmd_tools.separation.training.train import train
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs the extra baseline: pip install 'stemgmd-tools[baseline]' ({error})"
        ) from None
    config = _config(options)
    grid = variants(options["ablate"], options["values"]) if options["ablate"] else ()
    if options["dry_run"]:
        if is_first_process():
            _dry_run(config, grid, options)
        return
    keep_freed_memory()
    progress = progress_on(sys.stderr, quiet=options["quiet"], exact=True, lines=True)
    if config.data.corpus is None and is_first_process():
        progress.say(_source_notice(config))
    if grid:
        table = ablate(config, grid, options["out"], limit=options["limit"], progress=progress)
        click.echo(f"{markdown(table)}\n{options['out']}: ablation.csv, ablation.md and a run for each value")
        return
    done = train(config, options["out"], progress=progress)
    if not is_first_process():
        return
    best = (
        ""
        if done.state.best_db is None
        else f", validation {done.state.best_db:.2f} dB at step {done.state.best_step:,}"
    )
    click.echo(f"{options['out']}: {counted(done.state.step, 'step')}{best}")
    click.echo(f"weights: {done.weights}; log: {done.folder.log}")


def _source_notice(config: TrainConfig) -> str:
    """Return one line that names the source of the performances."""
    from stemgmd_tools.performances.source import find_source

    return find_source(gmd=None if config.data.gmd is None else Path(config.data.gmd)).notice


def _dry_run(config: TrainConfig, grid: Sequence[Variant], options: dict[str, Any]) -> None:
    """Run all checks that precede the first step, and print the settings."""
    from stemgmd_tools.separation.training.ablate import check_ablation
    from stemgmd_tools.separation.training.run.checks import check_run
    from stemgmd_tools.separation.training.settings.files import config_text

    if grid:
        experiment = check_ablation(config, grid, options["out"], limit=options["limit"])
        runs = {f"{variant.name}: ": run for variant, run in zip(grid, experiment.runs, strict=True)}
    else:
        runs = {"": check_run(config, options["out"])}
    click.echo(config_text(config), nl=False)
    for name, run in runs.items():
        data = run.data
        counts = ", ".join(f"{len(data.splits.of(role)):,} {role}" for role in ("train", "validation", "test"))
        click.echo(f"# {name}performances: {counts}; kits: {len(data.kits):,}; nothing leaks")
    click.echo(f"# weights of the model: {next(iter(runs.values())).parameters:,}")


def _config(options: dict[str, Any]) -> TrainConfig:
    """Return the settings: the preset, overridden by the file, overridden by the options."""
    from stemgmd_tools.separation.training.settings.files import load_config

    if (options["values"] or options["limit"]) and not options["ablate"]:
        raise UsageError("--value and --limit require --ablate; give --ablate chain, p_original or kits")
    if options["steps"] and options["time_budget"]:
        raise UsageError("--steps and --time-budget cannot be used together; leave one out")
    if options["corpus"] and options["gmd"]:
        raise UsageError("--corpus and --virtual cannot be used together; leave one out")
    p_original = options["p_original"]
    test_kits, test_folders = _test_kits(options["test_kits"])
    data = {
        "corpus": _path(options["corpus"]),
        "gmd": _path(options["gmd"]),
        "keep": _path(options["keep"]),
        "kits": _names(options["kits"]),
        "kit_path": [str(path.absolute()) for path in (*options["kit_path"], *test_folders)],
        "test_kits": test_kits,
        "chain": options["chain"],
        "mix": {} if p_original is None else {"p_original": p_original},
        "target": list(options["target"]),
        "workers": options["workers"],
    }
    model = {"name": options["model"], "stems": options["stems"], "weights": _path(options["weights"])}
    changes: dict[str, Any] = {
        "data": _set_values(data),
        "model": _set_values(model),
        "budget": _set_values({"steps": options["steps"], "time_s": options["time_budget"]}),
        **_set_values({"device": options["device"], "seed": options["seed"]}),
    }
    if p_original == 1.0:  # no mixing; mixing with p_original 1 would draw other segments
        changes["data"]["mix"] = None
    return load_config(options["file"], preset=options["preset"], changes=_set_values(changes))


def _test_kits(values: tuple[str, ...]) -> tuple[list[str], list[Path]]:
    """Return the names of the test kits, and the folders of recorded kits among ``values``."""
    from stemgmd_tools.kits.library import GROUPS, known_maps
    from stemgmd_tools.separation.splits.recorded_kits import recorded_kits

    words = _names(values)
    folders = [Path(word) for word in words if Path(word).is_dir() and word not in {*GROUPS, *known_maps()}]
    if not folders:
        return words, []
    names = [word for word in words if Path(word) not in folders] or ["heldout"]
    return [*names, *(kit.name for folder in folders for kit in recorded_kits(folder))], folders


def _set_values(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that were set."""
    return {name: value for name, value in values.items() if value not in (None, [], {}, ())}


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _names(values: tuple[str, ...]) -> list[str]:
    """Split names at commas."""
    return [name for text in values for name in text.split(",") if name]
