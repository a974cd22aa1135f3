"""Which performances and kits play which role, and that no overlap starts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.errors import TrainingError
from stemgmd_tools.separation.splits.roles import KitIdentity, Splits, note_hashes, refuse_leaks, split_performances
from stemgmd_tools.separation.training.loop.data import open_data
from stemgmd_tools.separation.training.settings.schema import DataConfig

NOBODY: tuple[KitIdentity, ...] = ()


def hits(**performances):
    rows = [(name, *hit) for name, played in performances.items() for hit in played]
    return pd.DataFrame(rows, columns=["performance", "time_s", "note", "velocity"])


def test_notes_are_known_again_wherever_they_begin():
    groove = [(0.5, 36, 100), (1.0, 38, 80), (1.0, 42, 60)]
    later = [(time_s + 2.0, note, velocity) for time_s, note, velocity in reversed(groove)]
    hashes = note_hashes(hits(a=groove, b=later, c=[*groove[:2], (1.0, 42, 61)], d=[*groove[:2], (1.01, 42, 60)]))
    assert hashes["a"] == hashes["b"]
    assert len({hashes["a"], hashes["c"], hashes["d"]}) == 3


def test_roles_follow_gmd_and_copies_of_the_test_are_left_out():
    own = {"d/1": "train", "d/2": "validation", "d/eval_session/3": "train", "d/4": "test", "d/5": "train", "d/6": ""}
    notes = {"d/1": "n", "d/2": "m", "d/eval_session/3": "o", "d/4": "n", "d/5": "p", "d/6": "q"}
    splits = split_performances(own, notes)
    assert set(splits.train) == {"d/5", "d/6"}
    assert set(splits.validation) == {"d/2"}
    assert set(splits.test) == {"d/eval_session/3", "d/4"}
    assert splits.left_out == {"d/1": "d/4"}
    refuse_leaks(splits, NOBODY, NOBODY)


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        (Splits({"a": "1"}, {"a": "1"}, {}, {}), "1 performance in both train and validation: a"),
        (Splits({"a": "1"}, {}, {"b": "1"}, {}), "same notes in train and test: a = b"),
        (Splits({}, {"a": "1"}, {"a": "2"}, {}), "validation and test"),
    ],
)
def test_performances_in_two_roles_are_refused(splits, words):
    with pytest.raises(TrainingError, match=words):
        refuse_leaks(splits, NOBODY, NOBODY)


@pytest.mark.parametrize(
    ("kit", "words"),
    [
        (KitIdentity("roots"), "kit roots is kept for the test"),
        (KitIdentity("mine", hashes=frozenset({"x", "y"})), "mine sounds as roots does"),
        (KitIdentity("mine", related=frozenset({"roots"})), "made of, or measured on, roots"),
        (KitIdentity("oak"), "kit oak was used to make, or to measure, roots, which is kept"),
        (
            KitIdentity("mine", related=frozenset({"oak"})),
            "made of, or measured on, oak, as was roots, which is kept",
        ),
    ],
)
def test_kits_of_the_test_are_refused_under_any_name(kit, words):
    held_out = KitIdentity("roots", related=frozenset({"oak"}), hashes=frozenset({"y"}))
    with pytest.raises(TrainingError, match=words):
        refuse_leaks(Splits({}, {}, {}, {}), [KitIdentity("fine", hashes=frozenset({"z"})), kit], [held_out])


def test_the_starter_set_has_all_roles_and_its_kits_leak_nothing(kits):
    data = open_data(DataConfig(kits=kits))
    rows = virtual_corpus(kits=kits).performances
    split_of = dict(zip(rows["performance"], rows["gmd_split"], strict=True))
    assert {split_of[name] for name in data.splits.train} == {"train"}
    assert {split_of[name] for name in data.splits.validation} == {"validation"}
    assert data.validation is not None
    assert set(data.train.performances["performance"]) == set(data.splits.train)
    assert set(data.validation.performances["performance"]) == set(data.splits.validation)
    assert data.train.kit_splits.keys() == data.validation.kit_splits.keys() == {"tin", "wood"}
    limited = open_data(DataConfig(kits=kits, limit=3))
    assert len(limited.splits.train) == 3
    assert limited.fingerprint != data.fingerprint


@pytest.mark.parametrize(
    ("kits", "words"),
    [
        (("all",), "kit amber_parlour is kept for the test"),
        (("cedar_hall", "iron_cellar"), "kit iron_cellar is kept for the test"),
        (("morph:cedar_hall+amber_parlour:0.3",), "made of, or measured on, amber_parlour"),
    ],
)
def test_held_out_kits_are_refused(kits, words):
    with pytest.raises(TrainingError, match=words):
        open_data(DataConfig(kits=kits))


def test_endless_kits_are_made_of_training_kits():
    data = open_data(DataConfig(kits=("random:0..19",)))
    assert len(data.kits) == 20


def test_a_copy_of_a_test_kit_under_another_name_is_refused(kits, tmp_path):
    text = Path(kits[0]).read_text(encoding="utf-8")
    copy = tmp_path / "copied.yaml"
    copy.write_text(text.replace('"name": "tin"', '"name": "copied"'), encoding="utf-8")
    folder = kits[0].rsplit("/", 1)[0]
    with pytest.raises(TrainingError, match="kit copied sounds as tin does"):
        open_data(DataConfig(kits=(str(copy),), test_kits=(kits[0],), kit_path=(folder,)))
