"""The tables of ``docs/baseline.md``."""

from __future__ import annotations

from benchmarks.baseline.plan import Experiment
from benchmarks.baseline.results import RESULTS, Result
from stemgmd_tools.audio import file_sha256
from stemgmd_tools.baseline.evaluation_summary import Section
from stemgmd_tools.baseline.models.separator import parameter_count
from stemgmd_tools.baseline.weights import REFERENCE, load_weights


def markdown(experiments: dict[str, Experiment]) -> str:
    """Return all experiments in their order: those that ran with what they found, the others as commands."""
    return "\n\n".join(_experiment(one) for one in experiments.values())


def _experiment(experiment: Experiment) -> str:
    path = RESULTS / f"{experiment.name}.json"
    if not path.is_file():
        commands = _commands(experiment.commands)
        return f"## {experiment.title}\n{experiment.text}\n\nNot measured yet.\n\n{commands}"
    result = Result.load(path)
    about = ", ".join(value if key == "processor" else f"{key} {value}" for key, value in result.machine.items())
    found = "\n\n".join(Section(**section).markdown(3) for section in result.sections)
    measured = f"Measured at commit `{result.commit}`; {about}."
    return f"## {result.title}\n{result.text}\n\n{_commands(result.commands)}\n\n{measured}\n\n{found}"


def _commands(commands: list[str]) -> str:
    return "```sh\n" + "\n".join(commands) + "\n```"


def card() -> str:
    """Return what the reference weights tell of themselves, for their model card."""
    spec, model, about = load_weights(REFERENCE)
    validation = ", ".join(f"{name} {value:.2f}" for name, value in about["validation_db"].items())
    rows = {
        "model": f"`{spec.model}`, {parameter_count(model):,} parameters, stems {', '.join(spec.stems)}",
        "file": f"{REFERENCE.name}, {REFERENCE.stat().st_size / 1e6:.1f} MB, SHA-256 `{file_sha256(REFERENCE)}`",
        "licence": about["license"],
        "trained with": f"`{about['command']}`, seed {about['config']['seed']}",
        "on": f"{about['machine']}, at commit `{about['commit']}`",
        "steps": f"{about['step']:,} of {about['config']['optimizer']['items']} segments",
        "corpus hash": f"`{about['data']}`",
        "validation, nSDR in dB": validation,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {told} |" for name, told in rows.items())])
