"""The benchmark runs, on the starter set and a kit of clicks; what it finds is not looked at, how it counts is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from recorded_folders import STROKES_S, recorded_folder

from benchmarks import clips, recorded, recordings, report, segments, separation
from benchmarks.results import Results, Row
from benchmarks.run import Size, measure
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.separation.evaluation.methods.bounds import Mixture
from stemgmd_tools.separation.evaluation.run import evaluation_clips

SMALLEST = Size(mixed=2, written=2, repeats=1, parse_every=4, slow_peers=False, built=1, first_stem=False)
ROUNDING_S = 1e-6


@pytest.fixture
def click_kit(tmp_path: Path) -> Path:
    """Return the sample map of a kit that plays one short click for everything."""
    folder = tmp_path / "clicks"
    folder.mkdir()
    soundfile.write(folder / "click.wav", np.geomspace(0.5, 1e-4, 2000), 44_100)
    first, *others = ARTICULATIONS
    sounds: dict[str, object] = {first: {"layers": [{"velocity": [1, 127], "files": ["click.wav"]}]}}
    sounds |= {name: {"fallback": {"articulation": first}} for name in others}
    kit = {
        "schema": "stemgmd-kit/1",
        "name": "clicks",
        "title": "Clicks",
        "description": "one click",
        "license": "CC0-1.0",
        "attribution": "nobody",
        "articulations": sounds,
    }
    path = folder / "clicks.yaml"
    path.write_text(yaml.safe_dump(kit), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_run_measures_every_row(click_kit: Path, tmp_path: Path) -> None:
    results = measure(SMALLEST, None, [str(click_kit)], None)
    wanted = (
        "plan + mix",
        "FLAC 16",
        "WAV 16",
        "two processes",
        "all performances",
        "read all",
        "memory",
        "build",
        "peer",
    )
    for start in wanted:
        assert any(row.what.startswith(start) for row in results.rows), start
    ours = [row for row in results.rows if not row.what.startswith(("peer", "float32 over"))]
    assert all(row.figure is not None and row.figure > 0 for row in ours)
    results.save(tmp_path / "results.json")
    again = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert Results.of(again) == results
    assert all(row.what in report.markdown(again) for row in results.rows)


@pytest.mark.slow
def test_segments_are_rendered_read_and_counted(click_kit: Path) -> None:
    smallest = segments.Size(long=1, short=1, segments=2, repeats=1, endured=8)
    results = segments.measure(smallest, None, [str(click_kit)])
    assert all(row.figure is not None for row in results.rows)
    assert all(row.figure > 0 for row in results.rows if row.unit in ("x", "times"))
    ways = {row.what.removeprefix("segments: ") for row in results.rows if row.what.startswith("segments: ")}
    assert {"rendered", "FLAC", "WAV"} <= ways
    assert {row.at_least for row in results.rows if row.unit == "times"} == {
        segments.FLAC_REACH,
        segments.WAV_REACH,
    }


@pytest.mark.slow
def test_separators_are_measured_in_both_precisions() -> None:
    results = separation.measure(separation.Size(patches=1, repeats=1, noise_s=1.0), 1, "cpu", ["larsnet-s"])
    names = [row.what for row in results.rows]
    assert names[:2] == ["larsnet-s", "larsnet-s, bfloat16"]
    assert all(row.figure is not None and row.figure > 0 and row.at_least in (None, 40.0) for row in results.rows)


def test_real_time_factors_take_the_place_of_older_ones(tmp_path: Path) -> None:
    (row,), path = separation.factor_rows(["larsnet-s"], 1.0, "cpu"), tmp_path / "separation.json"
    assert row.figure is not None
    assert row.figure > 0
    separation.with_factors(path, [replace(row, figure=9.0), replace(row, what="another")]).save(path)
    assert [(one.what, one.figure) for one in separation.with_factors(path, [row]).rows] == [
        ("another", row.figure),
        (row.what, row.figure),
    ]


def test_every_second_of_a_virtual_corpus_is_as_likely(click_kit: Path) -> None:
    source = virtual_corpus(None, str(click_kit), limit=6)
    durations = dict(zip(source.performances["performance"], source.performances["duration_s"], strict=True))
    drawn = segments.drawn(source, 4000, 1000, "test")
    assert drawn == segments.drawn(source, 4000, 1000, "test")
    for name, duration_s in durations.items():
        share = sum(one.performance == name for one in drawn) / len(drawn)
        assert share == pytest.approx(duration_s / sum(durations.values()), abs=0.03)  # four standard deviations


def test_the_sample_stands_for_all_performances() -> None:
    rng = np.random.default_rng(0)
    durations = rng.exponential(40.0, 500) + 1.0
    everything = [Performance(str(index), [Hit(0.0, 36, 100)], float(d)) for index, d in enumerate(durations)]
    sample = clips.stratified(everything, 12)
    assert len(sample) == 12
    assert clips.total_s(sample) == pytest.approx(durations.sum(), abs=ROUNDING_S)
    per_file_s, per_second = 0.5, 0.01
    cost = clips.weighted(sample, [per_file_s + per_second * clip.performance.duration_s for clip in sample])
    true = per_file_s * len(durations) + per_second * durations.sum()
    assert cost == pytest.approx(true, rel=0.05)  # a stratum's nearest member is not quite its mean


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 2.0, "x", at_least=1.0), True),
        (Row("a", 2.0, "x", at_most=1.0), False),
        (Row("a", 2.0, "x"), None),
        (Row("a", None, "x", at_least=1.0, note="absent"), None),
    ],
)
def test_a_row_knows_whether_it_is_where_it_should_be(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_a_recorded_kit_is_measured_beside_a_modelled_one(click_kit: Path) -> None:
    other = click_kit.with_name("other.yaml")
    other.write_text(click_kit.read_text().replace("name: clicks", "name: other"))
    played = Performance("one", [Hit(0.1, 36, 100)], 1.0)
    rows = recorded.rows([clips.Clip(played, 1.0)], load_kit(str(click_kit)), [load_kit(str(other))], 1)
    assert [row.what for row in rows] == [
        "build the bank of clicks (modelled)",
        "build the bank of other (recorded)",
        "plan + mix, nine stems, float32, other",
        "other over clicks",
    ]
    assert all(row.figure is not None and row.figure > 0 for row in rows)


def test_true_stems_of_rendered_clips_are_the_ceiling_beside_recordings(click_kit: Path, tmp_path: Path) -> None:
    source = virtual_corpus(None, [str(click_kit)], ids=["drummer13/session1/7"])
    rendered = recordings.rendered_rows(evaluation_clips(source), [recordings.TrueStems(), Mixture()])
    true, mixed = (
        {row["stem"]: row for row in rendered if row["method"] == name} for name in ("true stems", "mixture")
    )
    assert set(true) == set(recordings.STEMS)
    assert true["kick"]["strokes"] >= true["kick"]["matched"] > 0
    assert true["kick"]["onset_f1"] > mixed["kick"]["onset_f1"]
    one = recorded_folder("mdb", tmp_path)
    rows = recordings.recorded_rows(one.path, [Mixture()])
    results = {"weights": {"name": "mixture", "sha256": "0" * 64}, "recorded": rows, "rendered": rendered}
    strokes = sum(map(len, STROKES_S.values()))
    text = recordings.recorded_markdown(json.loads(json.dumps(results)))
    assert f"1 recording, {strokes} strokes. Weights: `mixture`" in text
    kick = 2 * len(STROKES_S["kick"]) / (len(STROKES_S["kick"]) + strokes)
    assert f"| MusicDelta_Toy | {kick:.2f} |" in text
    assert "| true stems | other |" in recordings.rendered_markdown(results)
    assert recordings.recorded_markdown({}) == recordings.NOTHING
