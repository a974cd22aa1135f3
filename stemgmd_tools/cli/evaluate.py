"""``stemgmd evaluate``: measure separation methods on a corpus, from disk or rendered on the fly."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    keep_option,
    kit_path_option,
    limit_option,
    quiet_option,
    selection,
    split_option,
    virtual_option,
)
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.cli.support.recordings import check_options, evaluate_folder
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.plugins import module_names
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.evaluation import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from stemgmd_tools.separation.evaluation.methods.base import Method
    from stemgmd_tools.separation.evaluation.run import EvaluationClip

METHODS: Final = ("mixture", "irm", "psm", "nmfd", "sanmf")


@click.command(
    short_help="Evaluate weights and baselines on seen, held-out and recorded kits.",
    epilog=f"Metrics: {', '.join(module_names(metrics.__name__))}.",
)
@click.argument("corpus", required=False, type=LocalPath())
@virtual_option
@click.option(
    "--kits", multiple=True, type=LocalName(), metavar="NAMES", help="With --virtual.  [default: all shipped kits]"
)
@kit_path_option
@click.option(
    "--test-kits",
    type=LocalPath(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder of recorded kits with sample maps; also evaluate the same performances through these.",
)
@click.option(
    "--recordings",
    type=LocalPath(exists=True, file_okay=False),
    metavar="DIR",
    help="Without CORPUS: real drum recordings with annotated onsets or isolated stems (docs/real-recordings.md).",
)
@click.option(
    "--layout",
    metavar="NAME",
    help="Layout of --recordings: mdb, enst, idmt, multitrack or plain.  [default: the one that fits]",
)
@click.option(
    "--estimates",
    multiple=True,
    type=LocalPath(exists=True, file_okay=False),
    metavar="DIR",
    help="With --recordings: stems that another program wrote, DIR/<recording>/<stem>.wav; repeatable.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(METHODS),
    help="A bound (mixture, ideal ratio mask, phase-sensitive mask) or a baseline (nmfd, sanmf); repeatable.",
)
@click.option(
    "--weights",
    multiple=True,
    type=LocalPath(exists=True, dir_okay=False),
    metavar="FILE",
    help="Model weights, or a network that baseline-export wrote to an ONNX file; repeatable.",
)
@click.option(
    "--templates",
    type=click.Choice(["training", "own"]),
    default="training",
    show_default=True,
    help="Single hits used by nmfd and sanmf: of the training kits, or of the evaluated kit itself.",
)
@click.option(
    "--stems", type=click.Choice(["five", "nine"]), default="five", show_default=True, help="Stems to measure."
)
@split_option
@id_option
@limit_option
@keep_option
@click.option("--max-s", type=float, metavar="S", help="Measure at most the first S seconds of each clip.")
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("evaluation"),
    show_default=True,
    metavar="DIR",
    help="Output directory; created, or resumed if it exists.",
)
@click.option(
    "--page/--no-page", default=True, show_default=True, help="Also write an HTML page with charts and audio examples."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Device to compute on.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Worker processes.")
@quiet_option
def evaluate(**options: Any) -> None:
    """Separate clips of CORPUS, or of GMD rendered on the fly, and measure every stem.

    Writes evaluation.parquet, evaluation.csv, report.md and index.html. Resumes after interruption. The page shows
    examples of the last method; weights come after methods. With --weights and neither --split nor --id, only test
    performances are used: GMD's evaluation sessions and its test split. With --recordings, onsets, leakage and
    isolated stems of real recordings are measured instead, and recordings.parquet and recordings.csv are written.
    """
    try:
        from stemgmd_tools.separation.evaluation import report
        from stemgmd_tools.separation.evaluation.run import Measures
        from stemgmd_tools.separation.evaluation.run import evaluate as evaluated
    except ModuleNotFoundError:
        raise UsageError("evaluating needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    from stemgmd_tools.pieces import GROUPS, PIECES
    from stemgmd_tools.runtime.progress import counter_on
    from stemgmd_tools.storage.figures import empty_figure
    from stemgmd_tools.storage.locks import alone_in

    check_options(options)
    if options["recordings"] is not None:
        evaluate_folder(options, _methods(options))
        return
    if options["page"]:
        empty_figure(1.0, 1.0)  # fails here, not after minutes of work, if matplotlib is missing
    out: Path = options["out"]
    methods = _methods(options)
    clips = _clips(options, methods)
    names = GROUPS if options["stems"] == "five" else PIECES
    measures = Measures(tuple(stem.value for stem in names), options["max_s"])
    with alone_in(out):
        with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
            table = evaluated(out, methods, clips, measures, jobs=options["jobs"], progress=progress)
        title = f"Evaluation of {', '.join(method.name for method in methods)}"
        done = report.EvaluationResult(title, _about(options, methods, clips), table, methods, clips, measures)
        click.echo(f"{report.write_table(out, table)}: {counted(len(table), 'row')}; {report.write_report(out, done)}")
        if options["page"]:
            with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
                click.echo(f"open {report.write_page(out, done, progress)}")


def _methods(options: dict[str, Any]) -> list[Method]:
    """Return the methods to evaluate, in the order of the report."""
    from stemgmd_tools.devices import device_named
    from stemgmd_tools.kits.library import search_path
    from stemgmd_tools.separation.evaluation.methods.bounds import (
        MASK_SIZES,
        IdealRatioMask,
        Mixture,
        PhaseSensitiveMask,
    )
    from stemgmd_tools.separation.evaluation.methods.model import trained_models
    from stemgmd_tools.separation.evaluation.methods.nmf import Nmfd, SemiAdaptive, TemplateKits

    template_kits = TemplateKits(options["templates"], kit_path=search_path(options["kit_path"]))
    device = device_named(options["device"])
    makers: dict[str, Callable[[], list[Method]]] = {
        "mixture": lambda: [Mixture()],
        "irm": lambda: [IdealRatioMask(*size) for size in MASK_SIZES],
        "psm": lambda: [PhaseSensitiveMask(*size) for size in MASK_SIZES],
        "nmfd": lambda: [Nmfd(template_kits)],
        "sanmf": lambda: [SemiAdaptive(template_kits)],
    }
    selected = [method for name in dict.fromkeys(options["methods"]) for method in makers[name]()]
    selected += trained_models(options["weights"], device)
    if not selected and options["recordings"] is None:
        raise UsageError(f"nothing to evaluate: give --weights FILE, or --method {', '.join(METHODS)}")
    return selected


def _clips(options: dict[str, Any], methods: list[Method]) -> list[EvaluationClip]:
    """Return the clips of the corpus, then of the same performances through recorded kits."""
    from stemgmd_tools.augment.symbolic.source_spec import is_augmented, settings_of
    from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
    from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
    from stemgmd_tools.kits.library import search_path
    from stemgmd_tools.separation.evaluation.run import Source, evaluation_clips, performances_for_test
    from stemgmd_tools.separation.splits.recorded_kits import recorded_kits, trained_on

    corpus, gmd, folder = options["corpus"], options["virtual"], options["test_kits"]
    if (corpus is None) == (gmd is None):
        raise UsageError("give either CORPUS or --virtual GMD")
    if corpus is not None and options["kits"]:
        raise UsageError("--kits cannot be used with CORPUS; leave it out")
    kit_path = search_path((*options["kit_path"], *([folder] if folder else [])))
    trained = trained_on((getattr(method, "training_kits", None) for method in methods), kit_path)
    chosen = selection(options)
    kits = options["kits"] or ("all",)
    source: Source = open_corpus(corpus) if corpus else virtual_corpus(gmd, kits, kit_path=options["kit_path"])
    if folder and is_augmented(source):
        raise UsageError(f"{corpus}: is augmented, so --test-kits cannot be added; give the corpus it was made from")
    recorded = recorded_kits(folder) if folder else ()
    names = [kit.name for kit in recorded]
    allowed = performances_for_test(source) if _only_test(options) else None
    if allowed is not None and not allowed:
        raise UsageError(
            "no test performances (GMD's evaluation sessions and its test split): the weights may have been trained "
            "on all of these; give --id '*' to evaluate them anyway"
        )
    clips = evaluation_clips(source, recorded=names, trained=trained, allowed=allowed, selection=chosen)
    added = [kit for kit in recorded if kit.name not in source.kit_splits]
    if added:
        played = [source.played(name) for name in dict.fromkeys(clip.performance for clip in clips)]
        clips += evaluation_clips(VirtualCorpus(played, added, settings_of(source)), recorded=names, trained=trained)
    return clips


def _only_test(options: dict[str, Any]) -> bool:
    """Return whether only test performances are used: weights are given, and neither --split nor --id."""
    return bool(options["weights"]) and not (options["splits"] or options["ids"])


def _chosen(options: dict[str, Any], clips: list[EvaluationClip]) -> str:
    """Describe how performances were selected, and their GMD splits."""
    splits = sorted(Counter({clip.performance: clip.split or "none" for clip in clips}.values()).items())
    selectors = (("--split", options["splits"]), ("--id", options["ids"]))
    words = [f"`{option} {value}`" for option, values in selectors for value in values]
    if options["limit"] is not None:
        words.append(f"`--limit {options['limit']}`")
    default = "test performances" if _only_test(options) else "" if words else "all there are"
    chosen = " ".join([*filter(None, [default]), *words])
    return f"GMD's splits: {', '.join(f'{name} {count}' for name, count in splits)}; chosen: {chosen}"


def _about(options: dict[str, Any], methods: list[Method], clips: list[EvaluationClip]) -> str:
    """Return one line that describes the evaluation."""
    performances = len({clip.performance for clip in clips})
    kits = {clip.kit: clip.kit_set.value for clip in clips}
    length = f"the first {options['max_s']:g} s of each clip" if options["max_s"] else "whole clips"
    factorised = {"nmfd", "sanmf"} & set(options["methods"])
    templates = f"; templates of {' and '.join(sorted(factorised))}: {options['templates']}" if factorised else ""
    weights = "".join(
        f"; {method.name}: SHA-256 {method.about['sha256']}" for method in methods if "sha256" in method.about
    )
    named = ", ".join(f"{kit} ({kit_set})" for kit, kit_set in kits.items())
    chosen = _chosen(options, clips)
    grid = f"{counted(performances, 'performance')} through {counted(len(kits), 'kit')}"
    return f"{grid}: {named}; {chosen}; {length}{templates}{weights}."
