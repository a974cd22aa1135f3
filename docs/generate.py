"""Write the parts of the documents that follow from the code and the schema of chains, or check that they are current.

A part lies between ``<!-- generated: NAME -->`` and ``<!-- end generated -->``; everything outside is written by hand.

    python docs/generate.py          writes what is stale
    python docs/generate.py --check  writes nothing, names what is stale, exits with 1 if anything is
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import yaml

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
if __name__ == "__main__":
    os.environ["STEMGMD_PLUGINS"] = "0"  # what other distributions declare is not documented here

from benchmarks import recordings, report  # noqa: E402 - lies in the checkout, not in an installed package
from benchmarks.baseline import published  # noqa: E402
from benchmarks.baseline import report as baseline  # noqa: E402
from benchmarks.baseline.plan import Experiment  # noqa: E402
from benchmarks.baseline.plan import load as load_experiments  # noqa: E402
from benchmarks.realism import report as realism  # noqa: E402
from benchmarks.realism.results import RESULTS, Results  # noqa: E402
from benchmarks.studies import report as studies_report  # noqa: E402
from benchmarks.studies.study import studies as all_studies  # noqa: E402
from benchmarks.torture import report as torture_report  # noqa: E402
from stemgmd_tools.augment.chain import docs as augment_docs  # noqa: E402
from stemgmd_tools.augment.chain.chain import CHAINS, schema_text  # noqa: E402
from stemgmd_tools.cli.main import stemgmd  # noqa: E402
from stemgmd_tools.curation.run import rules as all_curation_rules  # noqa: E402
from stemgmd_tools.curation.table import CURATION_TABLE  # noqa: E402
from stemgmd_tools.exports.writing.vocabularies import rows as vocabulary_rows  # noqa: E402
from stemgmd_tools.kits.catalogue import docs as catalogue_docs  # noqa: E402
from stemgmd_tools.kits.catalogue import loader as catalogue  # noqa: E402
from stemgmd_tools.kits.checks.run import rules as check_rules  # noqa: E402
from stemgmd_tools.kits.generate import docs as figure_docs  # noqa: E402
from stemgmd_tools.kits.importing.run import kit_formats  # noqa: E402
from stemgmd_tools.kits.kit_table import kit_table  # noqa: E402
from stemgmd_tools.kits.library import load_kit  # noqa: E402
from stemgmd_tools.kits.sample_map import docs as kit_docs  # noqa: E402
from stemgmd_tools.manifest import docs as manifest_docs  # noqa: E402
from stemgmd_tools.markdown import markdown_table  # noqa: E402
from stemgmd_tools.pieces import GROUPS, NOTES  # noqa: E402
from stemgmd_tools.separation.evaluation.metric_table import metric_table  # noqa: E402
from stemgmd_tools.separation.evaluation.recordings.labels import ENST, IDMT, MDB  # noqa: E402
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE  # noqa: E402
from stemgmd_tools.separation.networks.registry import (  # noqa: E402
    ModelSpec,
    build,
    model_named,
    model_names,
)
from stemgmd_tools.separation.networks.separator import parameter_count  # noqa: E402
from stemgmd_tools.separation.training.settings.schema import TrainConfig  # noqa: E402
from stemgmd_tools.separation.weights.export import exportable_models  # noqa: E402
from stemgmd_tools.separation.weights.file import REFERENCE  # noqa: E402
from stemgmd_tools.separation.weights.join import has_network_per_stem  # noqa: E402
from stemgmd_tools.separation.weights.shapes import unallocated  # noqa: E402
from stemgmd_tools.strict_yaml.docs import schema_reference  # noqa: E402
from tools import donor_docs, ranges  # noqa: E402

RESULT_PAGES: Final = tuple(sorted((ROOT / "benchmarks" / "results").glob("*.md")))
"""Results too long for the documentation, which summarises them."""
HELP_WIDTH: Final = 100
PART: Final = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end generated -->)", re.DOTALL)


def _commands(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield names, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=names[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _commands(child, (*names, name))


SEPARATION: Final = ("baseline-train", "baseline-export", "baseline-join", "separate", "evaluate")
"""Commands with a page of their own."""
MODELLED_KITS: Final = ("fit", "make", "morph")
RECORDED_KITS: Final = ("install", "import", "remix")
"""Commands of `stemgmd kits` with a page of their own."""


def command_line(chosen: Callable[[tuple[str, ...]], bool]) -> str:
    """Return the help of commands, as ``--help`` prints it.

    :param chosen: tells by its words whether a command is on the page.
    """
    parts = []
    for names, command in _commands(stemgmd, ("stemgmd",)):
        if not chosen(names[1:]):
            continue
        context = click.Context(
            command, info_name=" ".join(names), terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH
        )
        parts.append(
            f"{'##' if len(names) <= 2 else '###'} {' '.join(names)}\n\n```text\n{command.get_help(context)}\n```"
        )
    return "\n\n".join(parts)


def notes() -> str:
    """Return the note table."""
    rows = [(str(n.number), n.td11_name, f"`{n.articulation}`", n.piece.value, n.piece.group.value) for n in NOTES]
    return markdown_table(("note", "TD-11", "articulation", "stem", "group"), rows)


def kits() -> str:
    """Return the table of the shipped modelled kits."""
    loaded = [(load_kit(row.name), row.split) for row in kit_table()]
    rows = [
        (f"`{kit.name}`", split, kit.license, ", ".join(one.kit for one in kit.map.measured_on), kit.map.description)
        for kit, split in loaded
    ]
    return markdown_table(("kit", "split", "licence", "measured on", "description"), rows)


def library_formats() -> str:
    """Return the table of the formats of drum libraries that can be imported."""
    rows = [
        (f"`{one.name}`", one.description, ", ".join(f"`{suffix}`" for suffix in one.suffixes)) for one in kit_formats()
    ]
    return markdown_table(("format", "what it is", "suffixes"), rows)


def curation_rules() -> str:
    """Return the table of the rules of ``curate``."""
    rows = [(f"`{rule.name}`", rule.severity.value, rule.description) for rule in all_curation_rules()]
    return markdown_table(("rule", "severity", "a fault is"), rows)


def kit_rules() -> str:
    """Return the table of the rules of ``kits check``."""
    rows = [(f"`{rule.name}`", rule.severity.value, rule.description) for rule in check_rules()]
    return markdown_table(("rule", "severity", "reported"), rows)


def benchmarks() -> str:
    """Return the last benchmark run that was committed."""
    return report.markdown(json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8")))


def segments() -> str:
    """Return the last benchmark of random segments that was committed."""
    return report.markdown(json.loads((ROOT / "benchmarks" / "segments.json").read_text(encoding="utf-8")))


def kit_import() -> str:
    """Return the last benchmark of importing a large library that was committed."""
    return report.markdown(json.loads((ROOT / "benchmarks" / "kit_import.json").read_text(encoding="utf-8")))


def augment_benchmarks() -> str:
    """Return the last benchmark of augmentation that was committed."""
    path = ROOT / "benchmarks" / "augment.json"
    return report.markdown(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "Not measured yet."


def recorded_benchmarks() -> str:
    """Return the last benchmark of recorded kits that was committed."""
    return report.markdown(json.loads((ROOT / "benchmarks" / "recorded.json").read_text(encoding="utf-8")))


def loader() -> str:
    """Return the last benchmark of loaders that was committed."""
    return report.markdown(json.loads((ROOT / "benchmarks" / "loader.json").read_text(encoding="utf-8")))


def separation() -> str:
    """Return the last benchmark of separators that was committed."""
    path = ROOT / "benchmarks" / "separation.json"
    return report.markdown(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "Not measured yet."


def baseline_results(part: Callable[[dict[str, Experiment]], str]) -> str:
    """Return a part of what trained models reached, as it was committed."""
    return part(load_experiments())


def realism_results(part: Callable[[Results], str]) -> str:
    """Return a part of the last realism benchmark that was committed."""
    return part(Results.load(RESULTS)) if RESULTS.is_file() else "Not measured yet."


def realism_tried() -> str:
    """Return the table of what was tried on the way to the modelled kits."""
    path = ROOT / "benchmarks" / "realism" / "tried.yaml"
    return realism.tried(yaml.safe_load(path.read_text(encoding="utf-8")))


def torture() -> str:
    """Return what kills and damaged inputs showed in the last run that was committed."""
    path = ROOT / "benchmarks" / "torture.json"
    return (
        torture_report.markdown(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "Not measured yet."
    )


def models() -> str:
    """Return the table of the models."""
    stems = tuple(group.value for group in GROUPS)
    exportable = exportable_models()
    rows = []
    for name in model_names():
        model = unallocated(ModelSpec(name, stems), build)
        traits = (name in exportable, has_network_per_stem(model))
        about = model_named(name)
        weights = f"{parameter_count(model) / 1e6:.2f} M"
        rows.append(
            (f"`{name}`", about.description, weights, *("yes" if one else "no" for one in traits), about.source)
        )
    return markdown_table(
        ("model", "what it is", "weights, five stems", "ONNX export", "joining of stems", "source"), rows
    )


def model_options() -> str:
    """Return the table of the options of all models."""
    declared = [(name, option) for name in model_names() for option in model_named(name).options]
    rows = [
        (f"`{name}`", f"`{option.name}`", f"{model_named(name).defaults[option.name]:,}", option.description)
        for name, option in declared
    ]
    return markdown_table(("model", "option", "default", "meaning"), rows)


def metrics() -> str:
    """Return the table of the metrics."""
    return markdown_table(*metric_table())


def training() -> str:
    """Return the keys of a training run's settings."""
    return schema_reference(TrainConfig.model_json_schema(by_alias=True), "TrainConfig")


def _recordings() -> dict[str, Any]:
    """Return the last figures of real recordings that were committed."""
    return dict(json.loads(recordings.RESULTS.read_text(encoding="utf-8")))


def recording_labels() -> str:
    """Return the labels of annotated recordings by layout and stem."""
    rows = [
        (
            f"`{layout}`",
            *(", ".join(f"`{label}`" for label in labels if labels[label].group is group) for group in GROUPS),
        )
        for layout, labels in (("mdb", MDB), ("enst", ENST), ("idmt", IDMT))
    ]
    return markdown_table(("layout", *(group.value for group in GROUPS)), rows)


def vocabularies() -> str:
    """Return the vocabularies of onset annotations."""
    return markdown_table(("vocabulary", "labels", "source"), vocabulary_rows())


PARTS: Final[dict[str, Callable[[], str]]] = {
    "augment-benchmarks": augment_benchmarks,
    "baseline": lambda: baseline_results(baseline.markdown),
    "baseline-summary": lambda: baseline_results(baseline.summary),
    "baseline-published": published.markdown,
    "benchmarks": benchmarks,
    "catalogue": catalogue_docs.table,
    "catalogue-format": catalogue_docs.format_reference,
    "chain-format": augment_docs.format_reference,
    "chains": augment_docs.chains_reference,
    "command-line": lambda: command_line(
        lambda words: not words or words[0] not in (*SEPARATION, "augment", "curate", "explore", "export", "kits")
    ),
    "command-line-augment": lambda: command_line(lambda words: words[:1] == ("augment",)),
    "command-line-curate": lambda: command_line(lambda words: words[:1] == ("curate",)),
    "command-line-explore": lambda: command_line(lambda words: words[:1] == ("explore",)),
    "vocabularies": vocabularies,
    "command-line-export": lambda: command_line(lambda words: words[:1] == ("export",)),
    "command-line-kits": lambda: command_line(
        lambda words: words[:1] == ("kits",) and not set(words[1:]) & {*MODELLED_KITS, *RECORDED_KITS}
    ),
    "command-line-modelled-kits": lambda: command_line(
        lambda words: words[:1] == ("kits",) and bool(set(words[1:]) & {*MODELLED_KITS})
    ),
    "command-line-recorded-kits": lambda: command_line(
        lambda words: words[:1] == ("kits",) and bool(set(words[1:]) & {*RECORDED_KITS})
    ),
    "command-line-separation": lambda: command_line(lambda words: words[:1] != () and words[0] in SEPARATION),
    "donors": donor_docs.table,
    "donors-left-out": donor_docs.left_out,
    "effects": augment_docs.effects_reference,
    "figures": figure_docs.reference,
    "ranges": ranges.table,
    "kits": kits,
    "loader": loader,
    "manifests": manifest_docs.reference,
    "metrics": metrics,
    "model-options": model_options,
    "models": models,
    "kit-import": kit_import,
    "kit-rules": kit_rules,
    "library-formats": library_formats,
    "notes": notes,
    "recording-labels": recording_labels,
    "recordings-recorded": lambda: recordings.recorded_markdown(_recordings()),
    "recordings-rendered": lambda: recordings.rendered_markdown(_recordings()),
    "curation-rules": curation_rules,
    "curation-table": lambda: manifest_docs.columns(CURATION_TABLE),
    "recordings-table": lambda: manifest_docs.columns(RECORDINGS_TABLE),
    "reference-results": baseline.card_results,
    "reference-weights": baseline.card,
    "realism-details": lambda: realism_results(realism.details),
    "realism-proof": lambda: realism_results(realism.proof),
    "realism-tried": realism_tried,
    "sample-map": kit_docs.reference,
    "sample-map-voice": kit_docs.voice_reference,
    "recorded-benchmarks": recorded_benchmarks,
    "segments": segments,
    "separation": separation,
    "studies": lambda: studies_report.summary(all_studies()),
    "studies-details": lambda: studies_report.details(all_studies()),
    "studies-overview": lambda: studies_report.overview(all_studies()),
    "torture": torture,
    "training": training,
}


SCHEMAS: Final[dict[Path, Callable[[], str]]] = {
    CHAINS / "chain.schema.json": schema_text,
    ROOT / "sample_maps" / "recorded.schema.json": catalogue.schema_text,
}
"""JSON Schemas that editors read."""


def render(text: str) -> str:
    """Return a document with every generated part made anew."""
    return PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]().strip()}\n{part[4]}", text)


def stale(documents: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each document whose generated parts differ from the code, with what it should say."""
    for document in documents:
        text = document.read_text(encoding="utf-8")
        current = render(text)
        if current != text:
            yield document, current


def stale_schemas() -> Iterator[tuple[Path, str]]:
    """Yield each schema that differs from the code, with what it should say."""
    for path, text in SCHEMAS.items():
        current = text()
        if not path.is_file() or path.read_text(encoding="utf-8") != current:
            yield path, current


def main() -> None:
    """Generate or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a document is stale")
    check = parser.parse_args().check
    card = REFERENCE.with_suffix(".md")
    documents = list(stale([ROOT / "README.md", card, *sorted((ROOT / "docs").glob("*.md")), *RESULT_PAGES]))
    documents += stale_schemas()
    for document, current in documents:
        print(f"{document.relative_to(ROOT)}: {'stale; run python docs/generate.py' if check else 'written'}")
        if not check:
            document.write_text(current, encoding="utf-8")
    sys.exit(bool(check and documents))


if __name__ == "__main__":
    main()
