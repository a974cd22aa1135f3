"""Rows as rows of the manifest, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stemgmd_tools.augment.chain.manifest_rows import STEM_NAMES, Drawn, examples_of, manifest_rows, read_drawn
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.manifest.tables import AUGMENTATIONS

AUGMENTATION = Augmentation("larsnet", "ab" * 32, 7, "cpu", "numpy 2.0.0, torch 2.9.0")


def drawn(copy: int = 1, frames: int | None = None) -> Drawn:
    name = f"d/1+tin+{copy}"
    rows = (
        Row(name, 0, "kit_swap", "stem", 2, {"kit": "wood"}),
        Row(name, 0, "kit_swap", "stem", 4, {"kit": "brass"}),
        Row(name, 3, "pitch_shift", "stem", 8, {"cents": -123.456789}),
        Row(name, 5, "noise_floor", "mixture", ALL_STEMS, {"level_dbfs": -60.5, "colour": "pink", "seed": 12}),
    )
    return Drawn(Example(name, "d/1", "tin", copy, 100, frames, STEM_NAMES), rows, AUGMENTATION)


def frame(*some: Drawn):
    return frame_of(AUGMENTATIONS, [row for one in some for row in manifest_rows(one)])


def test_rows_come_back_as_they_were(tmp_path):
    some = [drawn(1), drawn(2, frames=5000)]
    write_manifest(tmp_path, AUGMENTATIONS, frame(*some))
    for ending in ("parquet", "csv"):
        assert list(read_drawn(tmp_path / f"augmentations.{ending}")) == some


def test_some_rows_may_be_taken():
    rows = frame(drawn(1), drawn(2))
    assert examples_of(rows[rows["performance"] == "d/1+tin+2"]) == [drawn(2)]


def test_an_example_without_its_first_row_is_refused():
    rows = frame(drawn())
    with pytest.raises(UsageError, match="step 0 is missing"):
        examples_of(rows[rows["step"] > 0])


def test_changed_names_are_refused():
    rows = frame(drawn())
    rows["copy"] = 3
    with pytest.raises(UsageError, match="is not copy 3"):
        examples_of(rows)


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_parameters_that_are_no_object_are_refused(text):
    rows = frame(drawn())
    rows.loc[2, "parameters"] = text
    with pytest.raises(UsageError, match="rows were changed"):
        examples_of(rows)


@pytest.mark.parametrize("change", [{"seed": 8}, {"libraries": "numpy 2.0.0, torch 2.13.0"}])
def test_rows_of_several_runs_are_refused(tmp_path, change):
    other = drawn(2)._replace(augmentation=replace(AUGMENTATION, **change))
    write_manifest(tmp_path, AUGMENTATIONS, frame(drawn(), other))
    with pytest.raises(UsageError, match="several runs"):
        read_drawn(tmp_path / "augmentations.csv")


def test_an_empty_table_is_refused(tmp_path):
    write_manifest(tmp_path, AUGMENTATIONS, frame())
    with pytest.raises(StemgmdError, match="no rows"):
        read_drawn(tmp_path / "augmentations.csv")
