"""``stemgmd evaluate``: how well methods separate, on a corpus or on one that is rendered as it is read."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.kits import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stemgmd_tools.separation.evaluation.methods.base import Method
    from stemgmd_tools.separation.evaluation.run import EvaluationClip

_RUN_FILES: Final = ("best", "last")
"""What `baseline-train` calls the weights of every run."""
METHODS: Final = ("mixture", "irm", "psm", "nmfd", "sanmf")


@click.command(short_help="Measure separation: methods, weights, seen and held-out kits, recorded kits.")
@click.argument("corpus", required=False, type=LocalPath())
@click.option("--virtual", type=LocalPath(), metavar="GMD", help="Without CORPUS: GMD, folder or zip.")
@click.option(
    "--kits", multiple=True, type=LocalName(), metavar="NAMES", help="With --virtual.  [default: all shipped kits]"
)
@kit_path_option
@click.option(
    "--test-kits",
    type=LocalPath(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder with recorded kits that have a sample map: the same performances through these, too.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(METHODS),
    help="A bound (the mixture; ideal ratio masks; phase-sensitive masks) or a baseline; repeatable.",
)
@click.option(
    "--weights",
    multiple=True,
    type=LocalPath(exists=True, dir_okay=False),
    metavar="FILE",
    help="Weights of a model; repeatable.",
)
@click.option(
    "--templates",
    type=click.Choice(["training", "own"]),
    default="training",
    show_default=True,
    help="Whose single hits nmfd and sanmf know: those of the training kits, or of the kit they hear.",
)
@click.option(
    "--stems", type=click.Choice(["five", "nine"]), default="five", show_default=True, help="What is measured."
)
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Of GMD: train, validation, test; repeatable.")
@click.option(
    "--id", "ids", multiple=True, metavar="GLOB", help="Pattern for the performance, as in '*/eval_session/*'."
)
@click.option("--limit", type=int, metavar="N", help="At most N performances, spread evenly.")
@click.option("--max-s", type=float, metavar="S", help="Only the beginning of longer clips.")
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("evaluation"),
    show_default=True,
    metavar="DIR",
    help="Folder.",
)
@click.option(
    "--page/--no-page", default=True, show_default=True, help="Write a page with charts and examples to hear."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Processes.")
@click.option("--quiet", is_flag=True, help="No progress.")
def evaluate(**options: Any) -> None:
    """Separate clips of CORPUS, or of GMD rendered on the way, and measure every stem.

    Writes rows (evaluation.parquet, .csv), report.md and index.html. The same command goes on where it was interrupted.
    The page's examples are those of the method named last; weights come after methods. With --weights and neither
    --split nor --id, performances are those kept for the test: GMD's evaluation sessions and split test.
    """
    try:
        from stemgmd_tools.separation.evaluation import report
        from stemgmd_tools.separation.evaluation.run import Measures
        from stemgmd_tools.separation.evaluation.run import evaluate as evaluated
    except ModuleNotFoundError:
        raise UsageError("evaluating needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    from stemgmd_tools.corpus.render.progress import counter_on
    from stemgmd_tools.kits.plot import empty_figure
    from stemgmd_tools.pieces import GROUPS, PIECES
    from stemgmd_tools.storage.locks import alone_in

    if options["page"]:
        empty_figure(1.0, 1.0)  # before minutes of work, rather than after
    out: Path = options["out"]
    methods = _methods(options)
    takes = _takes(options, methods)
    names = GROUPS if options["stems"] == "five" else PIECES
    measures = Measures(tuple(stem.value for stem in names), options["max_s"])
    with alone_in(out):
        with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
            table = evaluated(out, methods, takes, measures, jobs=options["jobs"], progress=progress)
        title = f"Evaluation of {', '.join(method.name for method in methods)}"
        done = report.Evaluated(title, _about(options, methods, takes), table, methods, takes, measures)
        click.echo(f"{report.write_table(out, table)}: {len(table):,} rows; {report.write_report(out, done)}")
        if options["page"]:
            with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
                click.echo(f"open {report.write_page(out, done, progress)}")


def _methods(options: dict[str, Any]) -> list[Method]:
    """Return what is to be evaluated, in the order of the report."""
    from stemgmd_tools.devices import device_named
    from stemgmd_tools.kits.library import search_path
    from stemgmd_tools.separation.evaluation.methods.bounds import (
        MASK_SIZES,
        IdealRatioMask,
        Mixture,
        PhaseSensitiveMask,
    )
    from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
    from stemgmd_tools.separation.evaluation.methods.nmf import Lenders, Nmfd, SemiAdaptive

    lenders = Lenders(options["templates"], kit_path=search_path(options["kit_path"]))
    device = device_named(options["device"])
    makers: dict[str, Callable[[], list[Method]]] = {
        "mixture": lambda: [Mixture()],
        "irm": lambda: [IdealRatioMask(*size) for size in MASK_SIZES],
        "psm": lambda: [PhaseSensitiveMask(*size) for size in MASK_SIZES],
        "nmfd": lambda: [Nmfd(lenders)],
        "sanmf": lambda: [SemiAdaptive(lenders)],
    }
    found = [method for name in dict.fromkeys(options["methods"]) for method in makers[name]()]
    names = _names(options["weights"])
    found += [TrainedModel(path, device, name=name) for path, name in zip(options["weights"], names, strict=True)]
    if not found:
        raise UsageError(f"nothing to evaluate: give --weights FILE, or --method {', '.join(METHODS)}")
    return found


def _names(weights: Sequence[Path]) -> list[str]:
    """Return names for files of weights: their own, after those of as many folders as tell them apart."""
    paths = [(*path.absolute().parent.parts[1:], path.stem) for path in weights]
    names: list[str] = []
    used = [2 if path[-1] in _RUN_FILES else 1 for path in paths]
    for _ in range(max(map(len, paths), default=0)):
        names = ["-".join(path[-count:]) for path, count in zip(paths, used, strict=True)]
        used = [count + (names.count(name) > 1) for name, count in zip(names, used, strict=True)]
    if len(set(names)) < len(names):
        raise UsageError(f"--weights: two have one name: {', '.join(names)}; give each file once, or rename one")
    return names


def _takes(options: dict[str, Any], methods: list[Method]) -> list[EvaluationClip]:
    """Return the clips: those of the corpus, then the same performances through recorded kits."""
    from stemgmd_tools.augment.symbolic.source_spec import is_augmented, settings_of
    from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
    from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
    from stemgmd_tools.kits.library import search_path
    from stemgmd_tools.performances.select import Selection
    from stemgmd_tools.separation.evaluation.run import Source, kept_for_test, takes_of
    from stemgmd_tools.separation.splits.recorded_kits import recorded_kits, trained_on

    corpus, gmd, folder = options["corpus"], options["virtual"], options["test_kits"]
    if (corpus is None) == (gmd is None):
        raise UsageError("give either CORPUS or --virtual GMD")
    if corpus is not None and options["kits"]:
        raise UsageError("--kits cannot be used with CORPUS; leave it out")
    kit_path = search_path((*options["kit_path"], *([folder] if folder else [])))
    trained = trained_on((getattr(method, "heard", None) for method in methods), kit_path)
    selection = Selection(splits=options["splits"], ids=options["ids"], limit=options["limit"])
    kits = options["kits"] or ("all",)
    source: Source = open_corpus(corpus) if corpus else virtual_corpus(gmd, kits, kit_path=options["kit_path"])
    if folder and is_augmented(source):
        raise UsageError(
            f"{corpus}: is augmented, so --test-kits cannot play the same; give the corpus it was made from"
        )
    real = recorded_kits(folder) if folder else ()
    names = [kit.name for kit in real]
    among = kept_for_test(source) if _only_test(options) else None
    if among is not None and not among:
        raise UsageError(
            "none of the performances is kept for the test (GMD's evaluation sessions and split test): "
            "weights may have heard all of them; --id '*' takes them nonetheless"
        )
    takes = takes_of(source, recorded=names, trained=trained, among=among, selection=selection)
    more = [kit for kit in real if kit.name not in source.kit_splits]
    if more:
        played = [source.played(name) for name in dict.fromkeys(take.performance for take in takes)]
        takes += takes_of(VirtualCorpus(played, more, settings_of(source)), recorded=names, trained=trained)
    return takes


def _only_test(options: dict[str, Any]) -> bool:
    """Return whether performances that weights may have heard are left out, since nobody said which to take."""
    return bool(options["weights"]) and not (options["splits"] or options["ids"])


def _chosen(options: dict[str, Any], takes: list[EvaluationClip]) -> str:
    """Say how performances were chosen, and of which of GMD's splits they are."""
    splits = sorted(Counter({take.performance: take.split or "none" for take in takes}.values()).items())
    given = (("--split", options["splits"]), ("--id", options["ids"]))
    words = [f"`{option} {value}`" for option, values in given for value in values]
    if options["limit"] is not None:
        words.append(f"`--limit {options['limit']}`")
    told = "those kept for the test" if _only_test(options) else "" if words else "all there are"
    chosen = " ".join([*filter(None, [told]), *words])
    return f"GMD's splits: {', '.join(f'{name} {count}' for name, count in splits)}; chosen: {chosen}"


def _about(options: dict[str, Any], methods: list[Method], takes: list[EvaluationClip]) -> str:
    """Say in one line what was evaluated."""
    performances = len({take.performance for take in takes})
    kits = {take.kit: take.kit_set.value for take in takes}
    length = f"the first {options['max_s']:g} s of each clip" if options["max_s"] else "whole clips"
    factorised = {"nmfd", "sanmf"} & set(options["methods"])
    templates = f"; templates of {' and '.join(sorted(factorised))}: {options['templates']}" if factorised else ""
    weights = "".join(f"; {one.name}: SHA-256 {one.about['sha256']}" for one in methods if "sha256" in one.about)
    named = ", ".join(f"{kit} ({kit_set})" for kit, kit_set in kits.items())
    chosen = _chosen(options, takes)
    return f"{performances} performances through {len(kits)} kits: {named}; {chosen}; {length}{templates}{weights}."
