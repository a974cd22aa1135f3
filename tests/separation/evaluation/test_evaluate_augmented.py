"""Augmented corpora are evaluated as others are: each example as it sounds, again from what is kept."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from corpora import IDS

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.open import open_corpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.run import evaluation_clips
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.weights.file import save_weights


def invoke(*arguments: object) -> str:
    return CliRunner().invoke(stemgmd, [*map(str, arguments)], catch_exceptions=False, standalone_mode=False).output


@pytest.fixture(scope="module")
def rendered(kits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    ids = [option for name in IDS for option in ("--id", name)]
    invoke("render", "--kits", ",".join(kits), *ids, "--no-single-hits", "--jobs", 1, "--out", root)
    return root


@pytest.fixture(scope="module")
def augmented(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("augmented") / "corpus"
    invoke("augment", rendered, "--chain", "larsnet", "--copies", 2, "--jobs", 1, "--out", root)
    return root


def test_what_is_played_is_what_the_hits_tell(augmented: Path) -> None:
    corpus = open_corpus(augmented)
    hits = corpus.hits
    for name in corpus.performances["performance"]:
        played, rows = corpus.played(name), hits[hits["performance"] == name]
        for column in ("time_s", "note", "velocity"):
            assert played.hits[column].tolist() == rows[column].tolist()


def test_every_example_is_a_clip_and_the_second_run_takes_what_is_kept(augmented: Path, tmp_path: Path) -> None:
    command = ("evaluate", augmented, "--method", "mixture", "--max-s", 2, "--no-page", "--out", tmp_path)
    invoke(*command)
    table = pd.read_parquet(tmp_path / "evaluation.parquet")
    tracks = open_corpus(augmented).tracks
    clips = {(row.performance, row.kit) for row in table.itertuples()}
    assert clips == {(row.performance, row.kit) for row in tracks.itertuples()}
    assert len(clips) == 2 * 2 * len(IDS)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "clips").rglob("*.json")}
    assert len(times) == len(clips)
    invoke(*command)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "evaluation.parquet"), table)
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_weights_hear_the_examples_made_from_the_test(augmented: Path, tmp_path: Path) -> None:
    spec = ModelSpec("larsnet-s", ("kick", "snare", "toms", "hihat", "cymbals"), {"width": 8, "temporal": 16})
    save_weights(tmp_path / "some.safetensors", spec, build(spec), {"kits": ["train"], "related": []})
    command = ("evaluate", augmented, "--weights", tmp_path / "some.safetensors", "--max-s", 1, "--no-page")
    for _ in range(2):
        invoke(*command, "--device", "cpu", "--out", tmp_path / "out")
    names = {name.split("+")[0] for name in pd.read_parquet(tmp_path / "out" / "evaluation.parquet")["performance"]}
    assert names == {"drummer12/eval_session/3"}


def test_clips_differ_with_the_sound(rendered: Path, augmented: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    invoke("augment", rendered, "--chain", "larsnet", "--copies", 2, "--seed", 1, "--jobs", 1, "--out", again)
    first, second = (
        {(one.performance, one.kit): one.identity for one in evaluation_clips(open_corpus(root))}
        for root in (augmented, again)
    )
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


def test_recorded_kits_cannot_play_what_was_augmented(augmented: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is augmented, so --test-kits cannot be added"):
        invoke("evaluate", augmented, "--method", "mixture", "--test-kits", tmp_path, "--no-page", "--out", tmp_path)
