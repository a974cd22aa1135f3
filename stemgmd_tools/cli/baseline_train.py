"""``stemgmd baseline-train``: train a separator on a corpus, or on one that is rendered as it is read."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.kits import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError

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
        raise click.BadParameter(f"{text!r} is no duration; give one such as 90s, 30m or 1h30m", context, option)
    parts = re.findall(r"([\d.]+)([hms]?)", text)
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


@click.command("baseline-train", short_help="Train a separator.")
@click.option("--corpus", type=LocalPath(), metavar="DIR", help="Train on the files of a corpus.")
@click.option(
    "--virtual",
    "gmd",
    type=LocalPath(),
    metavar="GMD",
    help="Train on the Groove MIDI Dataset, folder or zip, rendered as it is read.  [default: as for render]",
)
@click.option("--kits", multiple=True, type=LocalName(), metavar="NAMES", help="Kits to train on.  [default: train]")
@kit_path_option
@click.option(
    "--test-kits",
    multiple=True,
    type=LocalName(),
    metavar="NAMES",
    help="Kits kept for the test, never trained on; or a folder of recorded kits, which are kept beside the others.  "
    "[default: heldout]",
)
@click.option("--model", metavar="NAME", help="[default: larsnet-s]")
@click.option("--stems", type=click.Choice(["five", "nine"]), help="[default: five]")
@click.option("--weights", type=LocalPath(), metavar="FILE", help="Start from these.")
@click.option("--target", multiple=True, metavar="STEM", help="Train for this stem alone; repeatable.")
@click.option(
    "--chain",
    type=LocalName(),
    metavar="NAME",
    help="A ready chain of augmentations or a YAML file.  [default: larsnet]",
)
@click.option(
    "--p-original",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Share of mixes left as they were played; the stems of the others come from anywhere.  [default: 1]",
)
@click.option(
    "--preset",
    metavar="NAME",
    default="default",
    show_default=True,
    help="cpu: without a GPU; larsnet: the published recipe; finetune: one stem, from --weights.",
)
@click.option("--config", "file", type=LocalPath(), metavar="FILE", help="YAML of what differs from the preset.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Train for so many steps.")
@click.option("--time-budget", callback=_duration_s, metavar="TIME", help="Train for so long instead: 90s, 30m, 1h30m.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to compute.  [default: auto]")
@click.option("--workers", type=click.IntRange(0), metavar="N", help="Processes that load.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Of weights, segments and augmentations.")
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("run"),
    show_default=True,
    metavar="DIR",
    help="Folder of the run: begun or continued.",
)
@click.option(
    "--ablate",
    metavar="KIND",
    help="chain, p_original or kits: train with one value of it after the other, write one table of all.",
)
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="VALUE",
    help="Of --ablate, repeatable; the first is compared with: larsnet; 0.5:kit_swap; train,random:0..99.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Evaluate --ablate on N test performances at most.")
@click.option(
    "--dry-run", is_flag=True, help="Check all that the run checks before its first step; print the settings."
)
@click.option("--quiet", is_flag=True, help="No progress.")
def baseline_train(**options: Any) -> None:
    """Train a separator on GMD's training split through training kits.

    The same command goes on with a run that was interrupted. Validation hears GMD's validation split through the
    training kits; the test split and the kits kept for the test are never heard, and a leak of any of them is refused.
    Several processes: `torchrun --nproc-per-node N -m -- stemgmd_tools.cli.main baseline-train ...`.
    """
    try:
        from stemgmd_tools.separation.inference.allocator import keep_freed_memory
        from stemgmd_tools.separation.training.ablate import ablate, markdown, variants
        from stemgmd_tools.separation.training.loop.distributed import is_first_process
        from stemgmd_tools.separation.training.run.progress import watch_on
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
    watch = watch_on(sys.stderr, quiet=options["quiet"])
    if config.data.corpus is None and is_first_process():
        watch.say(_source_notice(config))
    if grid:
        table = ablate(config, grid, options["out"], limit=options["limit"], watch=watch)
        click.echo(f"{markdown(table)}\n{options['out']}: ablation.csv, ablation.md and a run for each value")
        return
    done = train(config, options["out"], watch=watch)
    if not is_first_process():
        return
    best = (
        ""
        if done.state.best_db is None
        else f", validation {done.state.best_db:.2f} dB at step {done.state.best_step:,}"
    )
    click.echo(f"{options['out']}: {done.state.step:,} steps{best}")
    click.echo(f"weights: {done.weights}; log: {done.folder.log}")


def _source_notice(config: TrainConfig) -> str:
    """Return one line that says which performances are heard."""
    from stemgmd_tools.performances.source import find_source

    return find_source(gmd=None if config.data.gmd is None else Path(config.data.gmd)).notice


def _dry_run(config: TrainConfig, grid: Sequence[Variant], options: dict[str, Any]) -> None:
    """Check all that the run checks before its first step, and print the settings."""
    from stemgmd_tools.separation.training.ablate import ready
    from stemgmd_tools.separation.training.run.checks import check_run
    from stemgmd_tools.separation.training.settings.files import config_text

    if grid:
        found = ready(config, grid, options["out"], limit=options["limit"])
        runs = {f"{variant.name}: ": run for variant, run in zip(grid, found.runs, strict=True)}
    else:
        runs = {"": check_run(config, options["out"])}
    click.echo(config_text(config), nl=False)
    for name, run in runs.items():
        data = run.data
        counts = ", ".join(f"{len(data.splits.of(role)):,} {role}" for role in ("train", "validation", "test"))
        click.echo(f"# {name}performances: {counts}; kits: {len(data.kits):,}; nothing leaks")
    click.echo(f"# weights of the model: {next(iter(runs.values())).parameters:,}")


def _config(options: dict[str, Any]) -> TrainConfig:
    """Return the settings: preset, file, options, the last one said wins."""
    from stemgmd_tools.separation.training.settings.files import load_config

    if (options["values"] or options["limit"]) and not options["ablate"]:
        raise UsageError("--value and --limit go with --ablate; say what is to be varied")
    if options["steps"] and options["time_budget"]:
        raise UsageError("--steps and --time-budget cannot be used together; leave one out")
    if options["corpus"] and options["gmd"]:
        raise UsageError("--corpus and --virtual name two sources; give one")
    p_original = options["p_original"]
    test_kits, test_folders = _test_kits(options["test_kits"])
    data = {
        "corpus": _path(options["corpus"]),
        "gmd": _path(options["gmd"]),
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
        "data": _given(data),
        "model": _given(model),
        "budget": _given({"steps": options["steps"], "time_s": options["time_budget"]}),
        **_given({"device": options["device"], "seed": options["seed"]}),
    }
    if p_original == 1.0:  # not the same as mixing that leaves all as it is, which draws its own segments
        changes["data"]["mix"] = None
    return load_config(options["file"], preset=options["preset"], changes=_given(changes))


def _test_kits(given: tuple[str, ...]) -> tuple[list[str], list[Path]]:
    """Return the names of the kits kept for the test, and the folders among what was given, where some of them lie."""
    from stemgmd_tools.kits.library import GROUPS, known_maps
    from stemgmd_tools.separation.splits.recorded_kits import recorded_kits

    words = _names(given)
    folders = [Path(word) for word in words if Path(word).is_dir() and word not in {*GROUPS, *known_maps()}]
    if not folders:
        return words, []
    names = [word for word in words if Path(word) not in folders] or ["heldout"]
    return [*names, *(kit.name for folder in folders for kit in recorded_kits(folder))], folders


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was said."""
    return {name: value for name, value in values.items() if value not in (None, [], {}, ())}


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _names(given: tuple[str, ...]) -> list[str]:
    """Return names that may be separated by commas."""
    return [name for text in given for name in text.split(",") if name]
