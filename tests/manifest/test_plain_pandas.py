"""Who has pandas alone reads from a CSV what stands in the Parquet file, of whatever name a performance may be."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from midi_files import TICKS, midi_file, on
from tone_kits import tone_kits

from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.manifest.csv_fields import MISSING_TEXT, field_to_text, text_to_field
from stemgmd_tools.manifest.files import csv_bytes, read_manifest
from stemgmd_tools.manifest.tables import TABLES, tables_of
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

NAMES = (
    "007",
    "1e5",
    "-.5",
    "inf",
    "nan",
    "NA",
    "null",
    "None",
    "none",
    "true",
    "FALSE",
    "'007",
    "'",
    "2020-01-01",
    "#",
)
LIKE_NUMBERS = st.text("0123456789.eE+- '_x", min_size=1, max_size=8)
WORDS = st.sampled_from(
    ["nan", "inf", "infinity", "true", "false", "none", "null", "na", "n/a", "#n/a", "<na>", "1.#ind"]
)
LIKE_WORDS = st.tuples(st.sampled_from(["", "'", "''", "-", "+", " "]), WORDS, st.sampled_from(["", " ", "1"])).map(
    "".join
)
TEXTS = st.one_of(
    LIKE_NUMBERS,
    LIKE_WORDS,
    LIKE_WORDS.map(str.upper),
    LIKE_WORDS.map(str.title),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12),
)


@settings(max_examples=600, deadline=None)
@given(text=TEXTS)
@example(text="+1e 1")
@example(text="99999999999999999999999")
@example(text="-1.#QNAN")
@example(text="#N/A N/A")
def test_plain_pandas_takes_the_field_of_any_text_for_that_text(text: str) -> None:
    field = text_to_field(text)
    assert field != MISSING_TEXT
    assert field_to_text(field) == text
    written = io.StringIO()
    csv.writer(written).writerows([["text", "other"], [field, 1]])
    column = pd.read_csv(io.StringIO(written.getvalue()))["text"]
    assert pd.api.types.is_string_dtype(column.dtype)
    assert column.tolist() == [field]


def test_ordinary_texts_stand_as_they_are() -> None:
    for text in ("drummer1/session1/3", "4-4", "it's", "'tis", "cedar_hall", "3.mid", "CC-BY-4.0", "808 kit", " a "):
        assert text_to_field(text) == text


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus of performances with names that look like something else, through two kits."""
    midi = tmp_path_factory.mktemp("midi")
    for number, name in enumerate(NAMES):
        hits = [on(0, 36), on(TICKS, 38, velocity=60 + number)]
        (midi / f"{name}.mid").write_bytes(midi_file(hits))
    source = find_source(midi=midi)
    paths = tone_kits(tmp_path_factory.mktemp("kits"))
    kits = [virtual_corpus(kits=[path]).kit(Path(path).stem) for path in paths]
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    settings_ = RenderSettings()
    render_corpus(
        root, Request(source.read(), source.midi(), source.kind.value, kits, settings_, single_hits=True), jobs=1
    )
    return root


@pytest.fixture(scope="module")
def augmented(tmp_path_factory: pytest.TempPathFactory, rendered: Path) -> Path:
    """Return an augmented corpus of it."""
    chain = load_chain("larsnet")
    request = AugmentRequest(SourceSpec(rendered), "folder", Augmentation(chain.name, chain.hash, 1, "cpu"), chain)
    root = tmp_path_factory.mktemp("augmented") / "corpus"
    render_corpus(root, request, jobs=1)
    return root


@pytest.mark.parametrize("kind", ["rendered", "augmented"])
def test_every_manifest_has_the_same_types_in_both_files(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind) / "manifests"
    tables = tables_of(augmented=kind == "augmented")
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{end}" for name in tables for end in ("csv", "parquet")
    }
    for name in tables:
        text, binary = pd.read_csv(folder / f"{name}.csv"), pd.read_parquet(folder / f"{name}.parquet")
        if binary.empty:  # an augmented corpus has no single hits, and a CSV without rows no types
            assert name == "single_hits"
            assert kind == "augmented"
            continue
        pd.testing.assert_series_equal(text.dtypes, binary.dtypes)
        for column in text.select_dtypes("str"):
            expected = [None if field == MISSING_TEXT else field_to_text(field) for field in text[column]]
            assert expected == [None if pd.isna(value) else value for value in binary[column]]


@pytest.mark.parametrize("kind", ["rendered", "augmented"])
def test_a_corpus_with_odd_names_is_sound_and_reads_back_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    root = request.getfixturevalue(kind)
    assert not verify_corpus(root, jobs=1).failures
    parents = {name.split("+")[0] for name in Corpus(root).performances["performance"]}
    assert parents == set(NAMES)
    for name in tables_of(augmented=kind == "augmented"):
        frame = read_manifest(root / "manifests" / f"{name}.parquet")
        pd.testing.assert_frame_equal(read_manifest(root / "manifests" / f"{name}.csv"), frame)


@pytest.mark.parametrize("kind", ["rendered", "augmented"])
def test_a_csv_saved_by_a_spreadsheet_reads_the_same(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for name in tables_of(augmented=kind == "augmented"):
        frame = read_manifest(request.getfixturevalue(kind) / "manifests" / f"{name}.parquet")
        rows = list(csv.reader(io.StringIO(csv_bytes(TABLES[name], frame).decode())))
        saved = [[{"true": "TRUE", "false": "FALSE"}.get(field, field) for field in row] for row in rows]
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(saved)
        pd.testing.assert_frame_equal(read_manifest(path), frame)
