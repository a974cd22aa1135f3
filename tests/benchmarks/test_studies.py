"""The studies: grids of settings that exist, run to a table and a picture."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tone_kits import tone_kits

from benchmarks.baseline.results import Result
from benchmarks.studies import report
from benchmarks.studies.cacophony import FAMILY, original, random
from benchmarks.studies.grid import grid_study, over_seeds
from benchmarks.studies.larsnet import speed
from benchmarks.studies.larsnet.augmentations import chains
from benchmarks.studies.larsnet.augmentations import written as chain_file
from benchmarks.studies.study import DEFAULT, TOY, Context, Size, studies
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.separation.training.settings.files import overlaid


@pytest.fixture(scope="module")
def size(tmp_path_factory: pytest.TempPathFactory) -> Size:
    """The toy size with kits of tones."""
    kits = list(tone_kits(tmp_path_factory.mktemp("kits")))
    changes = {"data": {"kits": kits[:1], "test_kits": [], "limit": 4}, "validation": {"items": 0}}
    return TOY._replace(settings=overlaid(TOY.settings, changes), seeds=1, steps=1, performances=1)


def test_settings_exist_and_one_name_means_the_same_in_a_family(tmp_path: Path) -> None:
    known: dict[tuple[str, str], str] = {}
    for name, study in studies().items():
        jobs = study.jobs(Context(TOY, tmp_path, 1))
        assert jobs, name
        assert len({job.name for job in jobs}) == len(jobs), name
        for job in jobs:
            if job.config is not None:
                assert job.config.budget.steps is not None
                identity = job.config.identity
                assert known.setdefault((study.family, job.name), identity) == identity, (name, job.name)
    assert DEFAULT.config(1).seed == 1


def test_augmentations_are_left_out_and_alone(tmp_path: Path) -> None:
    whole = load_chain("larsnet")
    derived = list(chains(whole))
    effects = [step.effect for step in whole.steps]
    assert len(effects) == 6
    for effect, chain in zip(effects, derived[:6], strict=True):
        assert [step.effect for step in chain.steps] == [other for other in effects if other != effect]
    assert [chain.steps for chain in derived[6:]] == [(step,) for step in whole.steps]
    for chain in derived:
        assert load_chain(chain_file(chain, tmp_path)) == chain
        assert chain.probability == whole.probability


def test_figures_are_means_over_seeds_with_their_ends() -> None:
    rows = pd.DataFrame(
        [("a", "seen", "pooled", db, db - 1.0, 3, seed) for seed, db in enumerate((1.0, 2.0, 6.0))],
        columns=["variant", "kit_set", "stems", "db", "difference_db", "clips", "seed"],
    )
    (means,) = over_seeds(rows).to_dict("records")
    assert (means["db"], means["low"], means["high"], means["seeds"]) == (3.0, 1.0, 6.0, 3)
    assert (means["difference_db"], means["difference_low"], means["difference_high"]) == (2.0, 0.0, 5.0)


def test_a_study_leaves_results_a_picture_and_its_trainings(size: Size, tmp_path: Path) -> None:
    from benchmarks.studies.__main__ import run

    study = grid_study("Two", "Text.", "nobody", FAMILY, lambda _: [original(), random()], x="mixes", lines=True)
    context = Context(size, tmp_path / "work", 1, results=tmp_path / "results")
    run("two", study, context, tmp_path / "pictures")
    result = Result.load(tmp_path / "results" / "two.json")
    assert [row[0] for row in result.sections[0]["rows"]] == ["p=1", "p=1", "p=0", "p=0"]
    assert result.commands == ["python -m benchmarks.studies two --work WORK --size toy"]
    assert (tmp_path / "pictures" / "study-two.png").read_bytes().startswith(b"\x89PNG")
    assert (context.folder(FAMILY, 0) / "p-0" / "last.safetensors").is_file()


def test_rows_are_appended(tmp_path: Path) -> None:
    row = dict.fromkeys(speed.COLUMNS, "1")
    assert speed.appended(tmp_path / "speed.csv", [row]) == [row]
    assert speed.appended(tmp_path / "speed.csv", [{**row, "machine": "other, one"}])[1]["machine"] == "other, one"
    assert len((tmp_path / "speed.csv").read_text().splitlines()) == 3


def test_a_study_that_was_run_has_a_picture_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"shares": studies()["shares"]}
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert "images" not in report.summary(known)
    section = {"title": "Results", "note": "", "header": ["variant", "dB"], "rows": [["p=1", "1.5"]]}
    Result(known["shares"].title, "", [], {"cores": "2"}, "abc", [section]).save(tmp_path / "shares.json")
    text = report.summary(known)
    assert "(../benchmarks/results/studies.md#share-of-original-mixes)" in text
    assert "![Share of original mixes](images/study-shares.png)" in text
    assert "| p=1 | 1.5 |" in report.details(known)
    assert report.overview(known).endswith("| yes |")
