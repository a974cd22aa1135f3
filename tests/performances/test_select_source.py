"""Choosing performances, and finding where they come from."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_files import midi_file, on

from stemgmd_tools import load_performances, render_request, virtual_corpus
from stemgmd_tools.errors import PerformanceError, UsageError
from stemgmd_tools.performances import NoteMapping, Performance
from stemgmd_tools.performances.select import Selection, natural_key, primary_style, select
from stemgmd_tools.performances.source import SourceKind, cached_gmd, find_source


def seconds_of(performances):
    return sum(performance.duration_s for performance in performances)


def ids(performances: list[Performance]) -> list[str]:
    return [p.id for p in performances]


def test_everything_is_selected_by_default_and_sorted_by_number(starter: list[Performance]) -> None:
    chosen = ids(select(starter[::-1], Selection()))
    assert sorted(chosen) == sorted(ids(starter))
    numbers = [int(id_.split("/")[-1]) for id_ in chosen if id_.startswith("drummer11/session1/")]
    assert numbers == sorted(numbers)


def test_a_lone_text_and_a_column_of_a_manifest_are_asked_for_as_they_are(starter: list[Performance]) -> None:
    assert Selection(splits="test", ids="drummer12/*") == Selection(splits=("test",), ids=("drummer12/*",))
    column = pd.Series(ids(starter)[3:5])
    assert sorted(ids(select(starter, Selection(ids=column)))) == sorted(column)


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=2))
def test_natural_order_is_numeric(numbers: list[int]) -> None:
    assert sorted([f"s{n}/x" for n in numbers], key=natural_key) == [f"s{n}/x" for n in sorted(numbers)]


@pytest.mark.parametrize(
    ("selection", "holds"),
    [
        (Selection(splits=("test", "validation")), lambda p: p.metadata["split"] != "train"),
        (Selection(drummers=("drummer12",)), lambda p: p.id.startswith("drummer12/")),
        (Selection(styles=("jazz",)), lambda p: primary_style(p) == "jazz"),
        (
            Selection(styles=("jazz/waltz", "funk")),
            lambda p: p.metadata["style"] == "jazz/waltz" or primary_style(p) == "funk",
        ),
        (Selection(bpm_min=98, bpm_max=120), lambda p: 98 <= p.metadata["bpm"] <= 120),
        (Selection(bpm_min=150), lambda p: p.metadata["bpm"] >= 150),
        (Selection(beat_types=("fill",)), lambda p: p.metadata["beat_type"] == "fill"),
        (Selection(ids=("*/eval_session/*",)), lambda p: "/eval_session/" in p.id),
        (
            Selection(splits=("train",), beat_types=("fill",)),
            lambda p: (p.metadata["split"], p.metadata["beat_type"]) == ("train", "fill"),
        ),
    ],
)
def test_filters_take_what_they_say_and_all_of_it(starter: list[Performance], selection: Selection, holds) -> None:
    expected = {p.id for p in starter if holds(p)}
    assert 0 < len(expected) < len(starter)
    assert set(ids(select(starter, selection))) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 16, 32, 33, 50])
def test_a_limit_spreads_evenly(starter: list[Performance], limit: int) -> None:
    everything = ids(select(starter, Selection()))
    places = [everything.index(id_) for id_ in ids(select(starter, Selection(limit=limit)))]
    assert len(set(places)) == min(limit, len(starter))
    gaps = [b - a for a, b in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert abs(places[0] - (len(everything) - 1 - places[-1])) <= 1


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("seconds", [4.0, 30.0, 120.0])
def test_hours_are_filled_by_a_random_subset(starter: list[Performance], seconds: float, seed: int) -> None:
    chosen = select(starter, Selection(hours=seconds / 3600, seed=seed))
    assert chosen == select(starter[::-1], Selection(hours=seconds / 3600, seed=seed))
    assert ids(chosen) == [id_ for id_ in ids(select(starter, Selection())) if id_ in ids(chosen)]
    left_s = seconds - seconds_of(chosen)
    assert left_s + 1e-9 >= 0
    assert all(p.duration_s > left_s for p in starter if p.id not in ids(chosen))


def test_subsets_of_hours_differ_by_seed_and_hold_at_least_one(starter: list[Performance]) -> None:
    subsets = {tuple(ids(select(starter, Selection(hours=60 / 3600, seed=seed)))) for seed in range(8)}
    assert len(subsets) > 4
    assert len({id_ for subset in subsets for id_ in subset}) > len(starter) / 2
    assert ids(select(starter, Selection(hours=1e-4))) == ["drummer13/session1/7"]  # the shortest
    assert len(select(starter, Selection(hours=20))) == len(starter)
    assert seconds_of(select(starter, Selection(limit=4, hours=20))) < 3600


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            Selection(splits=("dev",)),
            r"split 'dev': none of all there are \(33 .*\); there are test, train, validation",
        ),
        (Selection(styles=("jazz", "polka")), r"style 'polka': .*there are afrobeat, afrocuban, "),
        (Selection(bpm_min=500), r"bpm '500\.\.inf': none .* there are 72, 76, 80, .* and \d+ more"),
        (Selection(ids=("drummer1/*",)), r"id 'drummer1/\*': none"),
        (
            Selection(splits=("test",), styles=("punk",)),
            r"style punk: none of those that the other filters leave \(6 performances\)",
        ),
    ],
)
def test_an_empty_selection_names_the_filter_and_what_exists(
    starter: list[Performance], selection: Selection, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        select(starter, selection)


def test_what_can_select_nothing_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="limit is 0"):
        Selection(limit=0)
    for hours in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"hours is {hours:g}; it must be a number above 0"):
            Selection(hours=hours)
    with pytest.raises(UsageError, match=r"bpm range 120\.\.90 is empty"):
        Selection(bpm_min=120, bpm_max=90)
    with pytest.raises(UsageError, match="no performances"):
        select([], Selection())


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_sources_are_tried_in_their_order(
    own_cache: Path, starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = find_source()
    assert (source.kind, source.path) == (SourceKind.STARTER, starter_dir)
    assert "stemgmd fetch gmd" in source.notice
    assert "\n" not in source.notice
    shutil.copytree(starter_dir, cached_gmd())
    assert (find_source().kind, find_source().origin) == (SourceKind.GMD, "the cache")
    monkeypatch.setenv("STEMGMD_GMD", str(starter_dir))
    assert find_source().origin == "STEMGMD_GMD"
    assert find_source(gmd=tmp_path).origin == "--gmd"
    midi = find_source(midi=tmp_path, mapping=NoteMapping.GM)
    assert (midi.kind, midi.mapping) == (SourceKind.FOLDER, NoteMapping.GM)


def test_a_source_reads_itself_and_its_midi(own_cache: Path, tmp_path: Path) -> None:
    for source in (find_source(), find_source(gmd=find_source().path)):
        performance = source.read()[3]
        assert source.midi().midi_bytes(performance).startswith(b"MThd")
    (tmp_path / "a.mid").write_bytes(midi_file([on(0, 36)]))
    source = find_source(midi=tmp_path)
    assert source.midi().midi_bytes(source.read()[0]) == (tmp_path / "a.mid").read_bytes()


def test_named_sources_must_exist(own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PerformanceError, match="--gmd names it"):
        find_source(gmd=tmp_path / "absent")
    with pytest.raises(PerformanceError, match="--midi names it"):
        find_source(midi=tmp_path / "absent")
    monkeypatch.setenv("STEMGMD_GMD", str(tmp_path / "absent"))
    with pytest.raises(PerformanceError, match="STEMGMD_GMD names it"):
        find_source()
    with pytest.raises(UsageError, match="give one"):
        find_source(gmd=tmp_path, midi=tmp_path)
    with pytest.raises(UsageError, match="goes with --midi"):
        find_source(gmd=tmp_path, mapping=NoteMapping.GM)


def test_a_misspelt_filter_is_one_line_with_the_nearest() -> None:
    for call in (load_performances, render_request, virtual_corpus):
        with pytest.raises(UsageError, match=r'splitz: no such filter \(did you mean "splits"\?\); there are splits,'):
            call(splitz="test")
