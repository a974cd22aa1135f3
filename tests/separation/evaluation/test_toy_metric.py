"""A metric of another distribution is measured, reported and documented like the metrics that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tone_kits import tone_kits
from toy_package import install

SOURCE = '''
import numpy as np

from stemgmd_tools.separation.evaluation.metric import Metric, Presence, WholeClip


def peak_error(clip, stem):
    """Return the greatest difference of a sample."""
    return float(np.abs(clip.reference - clip.estimate).max())


METRIC = Metric(
    name="peak_error",
    title="peak error",
    unit="",
    definition="greatest difference of a sample",
    source="none",
    higher_is_better=False,
    meter=WholeClip,
    value=peak_error,
    absent="the peak of the estimate",
    reported=Presence.BOTH,
)
'''
ASK = """
import json, sys
from pathlib import Path
from click.testing import CliRunner
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.separation.evaluation import report
from stemgmd_tools.separation.evaluation.methods.bounds import Mixture
from stemgmd_tools.separation.evaluation.run import Measures, evaluate, evaluation_clips

help_text = CliRunner().invoke(stemgmd, ["evaluate", "--help"]).output
out, *kits = sys.argv[1:]
methods, measures = [Mixture()], Measures(("kick", "toms"), max_s=1.0)
clips = evaluation_clips(virtual_corpus(None, kits))[:1]
table = evaluate(None, methods, clips, measures)
result = report.EvaluationResult("A toy", "", table, methods, clips, measures)
path = report.write_table(Path(out), table)
sys.path.insert(0, "docs")
import generate

rows = table[["peak_error", "mixture_peak_error"]].to_dict("records")
answer = {"help": help_text, "rows": rows, "report": report.markdown(result), "docs": generate.metrics()}
answer["csv"] = path.with_suffix(".csv").read_text().splitlines()[0]
answer["charts"] = report._charts(table, ["mixture"])
print(json.dumps(answer))
"""


def test_a_metric_needs_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEMGMD_GMD", raising=False)
    package = install(tmp_path / "package", "stemgmd_tools.separation.evaluation.metrics", SOURCE, "peak_error")
    output = package.python("-c", ASK, str(tmp_path), *tone_kits(tmp_path)).stdout
    answer = json.loads(output.splitlines()[-1])
    assert "peak_error" in answer["help"]
    assert len(answer["rows"]) == 2
    assert all(row["peak_error"] == row["mixture_peak_error"] > 0.0 for row in answer["rows"])
    assert {"peak_error", "mixture_peak_error"} <= set(answer["csv"].split(","))
    defined = (
        "| `peak_error` | peak error |  | greatest difference of a sample | lower | the peak of the estimate | none |"
    )
    assert defined in answer["docs"]
    assert defined in answer["report"]
    overview, absent = (
        next(line for line in answer["report"].splitlines() if line.startswith("| method") and word in line)
        for word in ("of medians", "absent stems")
    )
    assert "| peak error stem mean |" in overview
    assert "| peak error |" in absent
    assert "peak error stem mean" in answer["charts"]
