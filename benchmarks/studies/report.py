"""The parts of ``docs/studies.md`` that follow from the studies and their results."""

from __future__ import annotations

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
    """Return what each study shows and, once it was run, its main table and picture."""
    return "\n\n".join(_summarised(name, study) for name, study in known.items())


def details(known: dict[str, Study]) -> str:
    """Return all tables of the studies that were run."""
    paths = [RESULTS / f"{name}.json" for name in known]
    texts = [markdown_of(Result.load(path)) for path in paths if path.is_file()]
    return "\n\n".join(texts) or "Nothing was measured yet."


def _summarised(name: str, study: Study) -> str:
    path = RESULTS / f"{name}.json"
    text = f"## {study.title}\n`{name}`, after {study.source}. {study.text}"
    if not path.is_file():
        return text
    first = Result.load(path).sections[0]
    return f"{text}\n\n{markdown_table(first['header'], first['rows'])}\n\n![{study.title}]({_picture(name)})"


def _picture(name: str) -> str:
    return f"images/study-{name}.png"


def markdown_of(result: Result) -> str:
    """Return everything that a study found."""
    about = ", ".join(value if key == "processor" else f"{key} {value}" for key, value in result.machine.items())
    sections = "\n\n".join(Section(**section).markdown(3) for section in result.sections)
    commands = "\n".join(result.commands)
    return (
        f"## {result.title}\n{result.text}\n\n```sh\n{commands}\n```\n\n"
        f"Measured at commit `{result.commit}`; {about}.\n\n{sections}"
    )
