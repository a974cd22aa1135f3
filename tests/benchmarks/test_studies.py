"""The studies: grids of settings that exist, run to a table and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tone_kits import tone_kits

from benchmarks.baseline.results import Result
from benchmarks.studies import cost, report
from benchmarks.studies.cacophony import FAMILY, original, random
from benchmarks.studies.grid import grid_study, over_seeds, sizes_of
from benchmarks.studies.htdemucs import attention, attention_cost, remix
from benchmarks.studies.larsnet import speed
from benchmarks.studies.larsnet.additions import chains as additions
from benchmarks.studies.larsnet.augmentations import chains
from benchmarks.studies.larsnet.augmentations import written as chain_file
from benchmarks.studies.study import DEFAULT, TOY, Context, Job, Size, studies
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.separation.training.ablate import Variant
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


def test_additions_come_one_by_one() -> None:
    larsnet, mixing = load_chain("larsnet"), load_chain("mixing")
    added = {chain.name: chain.steps for chain in additions(larsnet, mixing)}
    assert [step.effect for step in added["with-absent"][:2]] == ["hit_drop", "hit_drop"]
    assert added["with-levels"][-1] == next(step for step in mixing.steps if step.effect == "gain")
    of_mixing = {step.effect for step in mixing.steps} - {step.effect for step in larsnet.steps}
    assert of_mixing == {step.effect for steps in added.values() for step in steps if step not in larsnet.steps} - {
        "gain"
    }


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


def test_remixing_and_repitching_are_left_out(tmp_path: Path) -> None:
    whole = load_chain("demucs")
    files = [variant.changes["data"]["chain"] for variant in remix.variants(Context(TOY, tmp_path, 1))]
    effects = [[step.effect for step in load_chain(file).steps] for file in files]
    everything = [step.effect for step in whole.steps]
    for remaining, left_out in zip(effects, ((), ("remix",), ("repitch",), ("remix", "repitch")), strict=False):
        assert remaining == [effect for effect in everything if effect not in left_out]
    assert effects[4] == []


def test_networks_that_differ_are_told(tmp_path: Path) -> None:
    context = Context(TOY, tmp_path, 1)
    narrow = Variant("narrow", {"model": {"name": "larsnet-s", "options": {"width": 2, "temporal": 4}}})
    assert "network" in [row[0] for row in sizes_of(context, [original()]).rows]
    assert [row[0] for row in sizes_of(context, [original(), narrow]).rows][:2] == ["network", "network of narrow"]
    assert [row[0] for row in sizes_of(context, [narrow]).rows][:2] == ["network of narrow", "training"]


def test_costs_of_attention_are_measured_once(tmp_path: Path) -> None:
    way, shape = attention_cost.STORED, attention_cost.Shape(16, 2, 2)
    cost = attention_cost.step_cost(way, 0.5, shape)
    assert cost.cpu_s > 0
    context = Context(TOY, tmp_path, 1)
    known = {job.name: cost._asdict() for job in attention.jobs(context)}
    path = tmp_path / "toy" / "attention" / "costs.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**known, f"{way}, 1 s": {"cpu_s": 7.0, "peak_mb": 1234.0}}))
    *_, last = attention.run(context)  # nothing is left to measure
    assert [row[-1] for row in last.sections[0].rows][1] == "7.0 s, 1,234 MB"
    assert last.chart.series[-1].values[1] == 1234.0


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

    study = grid_study("One", "Text.", "nobody", FAMILY, lambda _: [random()], x="mixes", lines=True)
    context = Context(size, tmp_path / "work", 1, results=tmp_path / "results")
    run("one", study, context, tmp_path / "pictures")
    result = Result.load(tmp_path / "results" / "one.json")
    assert [row[0] for row in result.sections[0]["rows"]] == ["p=0", "p=0"]
    assert result.commands == ["python -m benchmarks.studies one --work WORK --size toy"]
    assert (tmp_path / "pictures" / "study-one.png").read_bytes().startswith(b"\x89PNG")
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


def test_estimates_count_seeds(size: Size, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "SEPARATED_S", 0.5)
    monkeypatch.setattr(cost, "EFFECT_BATCHES", 1)
    context = Context(size, tmp_path, 1)
    changes = {"chain": "none", "mix": {"p_original": 0.0, "gain_db": [-6.0, 0.0]}}
    config = context.config(0, {"data": changes})
    once, thrice = cost.estimated_s([Job("one", config), Job("three", config, times=3)])
    assert once > cost.OVERHEAD_S
    assert thrice == 3 * once
