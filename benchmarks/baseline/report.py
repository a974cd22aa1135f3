"""The tables of ``docs/baseline.md``."""

from __future__ import annotations

from benchmarks.baseline.plan import Experiment
from benchmarks.baseline.results import RESULTS, Result
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.networks.separator import parameter_count
from stemgmd_tools.separation.weights.file import REFERENCE, load_weights
from stemgmd_tools.storage.files import file_sha256

HEADLINES = ("Overview", "nSDR")
"""Titles of the table that sums an experiment up."""
HEADLINE_COLUMNS = ("method", "kits", "clips", "nSDR pooled, dB", "nSDR stem mean, dB", "by kit")


def markdown(experiments: dict[str, Experiment]) -> str:
    """Return all experiments in their order: those that ran with what they found, the others as commands."""
    return "\n\n".join(_experiment(one) for one in experiments.values())


def _experiment(experiment: Experiment) -> str:
    path = RESULTS / f"{experiment.name}.json"
    if not path.is_file():
        commands = _commands(experiment.commands)
        return f"## {experiment.title}\n{experiment.text}\n\nNot measured yet.\n\n{commands}"
    result = Result.load(path)
    return f"## {result.title}\n{result.text}\n\n{_results(result)}"


def summary(experiments: dict[str, Experiment]) -> str:
    """Return the overview of every experiment, with a link to all that was measured."""
    return "\n\n".join(_summarised(one) for one in experiments.values())


def _summarised(experiment: Experiment) -> str:
    path = RESULTS / f"{experiment.name}.json"
    if not path.is_file():
        return f"## {experiment.title}\n{experiment.text}\n\nNot measured yet."
    result = Result.load(path)
    header, rows = next((one["header"], one["rows"]) for one in result.sections if one["title"] in HEADLINES)
    columns = [index for index, name in enumerate(header) if name in HEADLINE_COLUMNS or index == 0]
    table = markdown_table([header[i] for i in columns], [[row[i] for i in columns] for row in rows])
    anchor = result.title.lower().replace(" ", "-")
    return (
        f"## {result.title}\n{result.text}\n\n{table}\n\n"
        f"Commands and all tables: [{result.title}](../benchmarks/results/baseline.md#{anchor})."
    )


def _commands(commands: list[str]) -> str:
    return "```sh\n" + "\n".join(commands) + "\n```"


def card_results() -> str:
    """Return all that was measured of the reference weights on the evaluation sessions, for their model card."""
    return _results(Result.load(RESULTS / "session.json"))


def _results(result: Result) -> str:
    about = ", ".join(value if key == "processor" else f"{key} {value}" for key, value in result.machine.items())
    sections = "\n\n".join(Section(**section).markdown(3) for section in result.sections)
    return f"{_commands(result.commands)}\n\nMeasured at commit `{result.commit}`; {about}.\n\n{sections}"


def card() -> str:
    """Return what the reference weights tell of themselves, for their model card."""
    spec, model, about = load_weights(REFERENCE)
    optimizer = about["config"]["optimizer"]
    validation = ", ".join(f"{name} {value:.2f}" for name, value in about["validation_db"].items())
    rows = {
        "model": f"`{spec.model}`, {parameter_count(model):,} parameters, stems {', '.join(spec.stems)}",
        "file": f"{REFERENCE.name}, {REFERENCE.stat().st_size / 1e6:.1f} MB, SHA-256 `{file_sha256(REFERENCE)}`",
        "licence": about["license"],
        "trained with": f"`{about['command']}`, seed {about['config']['seed']}",
        "on": f"{about['machine']}, at commit `{about['commit']}`",
        "steps": f"{about['step']:,} of {optimizer['items']} segments, by {optimizer['name']}",
        "corpus hash": f"`{about['data']}`",
        "validation, nSDR in dB": validation,
    }
    if "bank_engine" in about:
        rows["banks"] = f"compiled by engine version {about['bank_engine']}"
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])
