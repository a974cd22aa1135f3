"""The tables of ``docs/baseline.md``."""

from __future__ import annotations

from typing import Any

from benchmarks.baseline.plan import Experiment
from benchmarks.baseline.results import RESULTS, Result


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
    found = "\n\n".join(_section(section) for section in result.sections)
    measured = f"At commit `{result.commit}`; {about}."
    return f"## {result.title}\n{result.text}\n\n{_commands(result.commands)}\n\n{measured}\n\n{found}"


def _commands(commands: list[str]) -> str:
    return "```sh\n" + "\n".join(commands) + "\n```"


def _section(section: dict[str, Any]) -> str:
    header = section["header"]
    lines = [header, ["---"] * len(header), *section["rows"]]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n\n".join(part for part in (f"### {section['title']}", section["note"], table) if part)
