"""The parts of ``docs/studies.md`` that follow from the studies and their results."""

from __future__ import annotations

import re

from benchmarks.baseline.results import ROOT, Result
from benchmarks.studies.study import PACKAGE, Study
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.separation.evaluation.summary import Section

RESULTS = PACKAGE / "results"
PICTURES = ROOT / "docs" / "images"


def overview(known: dict[str, Study]) -> str:
    """Return the table of the studies."""
    rows = [
        (f"`{name}`", study.title, study.source, "yes" if (RESULTS / f"{name}.json").is_file() else "not yet")
        for name, study in known.items()
    ]
    return markdown_table(("name", "study", "follows", "measured"), rows)


def summary(known: dict[str, Study]) -> str:
    """Return what each study shows and, once it was run, its picture, with a link to its tables."""
    return "\n\n".join(_summarised(name, study) for name, study in known.items())


def details(known: dict[str, Study]) -> str:
    """Return all tables of the studies that were run."""
    paths = [RESULTS / f"{name}.json" for name in known]
    texts = [markdown_of(Result.load(path)) for path in paths if path.is_file()]
    return "\n\n".join(texts) or "Nothing was measured yet."


def _summarised(name: str, study: Study) -> str:
    path = RESULTS / f"{name}.json"
    text = f"## {study.title}\n`{name}`. {study.text}"
    if not path.is_file():
        return text
    anchor = re.sub(r"[^a-z0-9 -]", "", study.title.lower()).replace(" ", "-")
    tables = f"[All figures](../benchmarks/results/studies.md#{anchor})."
    return f"{text} {tables}\n\n![{study.title}](images/study-{name}.png)"


def markdown_of(result: Result) -> str:
    """Return everything that a study found."""
    about = ", ".join(value if key == "processor" else f"{key} {value}" for key, value in result.machine.items())
    sections = "\n\n".join(Section(**section).markdown(3) for section in result.sections)
    commands = "\n".join(result.commands)
    return (
        f"## {result.title}\n{result.text}\n\n```sh\n{commands}\n```\n\n"
        f"Measured at commit `{result.commit}`; {about}.\n\n{sections}"
    )
