"""Manifests: what is declared is what is written, read, checked and documented."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest import docs
from stemgmd_tools.manifest.files import csv_bytes, parquet_bytes, read_manifest, write_manifest
from stemgmd_tools.manifest.frames import empty, frame_of, validate
from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.manifest.tables import HITS, KITS, PERFORMANCES, STEMS, TABLES

INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
TEXTS = st.one_of(
    st.sampled_from(["NA", "null", "NaN", "nan", "None", "true", "False", "0", "1e5", "-inf", "#", "'", '"', " a "]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12),
)
REALS = st.floats(allow_nan=False, allow_infinity=False)

ANYTHING = Table(
    "anything",
    "Every kind of column.",
    (
        Column("key", Dtype.INTEGER, "row"),
        Column("text", Dtype.TEXT, "any text"),
        Column("text_or_none", Dtype.TEXT, "any text", nullable=True),
        Column("integer_or_none", Dtype.INTEGER, "any integer", nullable=True),
        Column("real", Dtype.REAL, "any real"),
        Column("real_or_none", Dtype.REAL, "any real", nullable=True),
        Column("flag", Dtype.FLAG, "yes or no"),
        Column("flag_or_none", Dtype.FLAG, "yes or no", nullable=True),
    ),
    key=("key",),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key": INT64,
            "text": TEXTS,
            "text_or_none": st.none() | TEXTS,
            "integer_or_none": st.none() | INT64,
            "real": REALS,
            "real_or_none": st.none() | REALS,
            "flag": st.booleans(),
            "flag_or_none": st.none() | st.booleans(),
        }
    ),
    max_size=6,
    unique_by=lambda row: row["key"],
)


def _as_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_every_value_survives_both_formats(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    frame = frame_of(ANYTHING, rows)
    for path in write_manifest(folder, ANYTHING, frame):
        again = read_manifest(path, ANYTHING)
        pd.testing.assert_frame_equal(again, frame, check_exact=True)
        assert _as_rows(again) == sorted(rows, key=lambda row: row["key"])
        signs = [math.copysign(1, row["real"]) for row in sorted(rows, key=lambda row: row["key"])]
        assert [math.copysign(1, value) for value in again["real"]] == signs


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, data=st.data())
def test_bytes_do_not_depend_on_the_order_of_rows(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    one, other = frame_of(ANYTHING, rows), frame_of(ANYTHING, shuffled)
    assert csv_bytes(ANYTHING, one) == csv_bytes(ANYTHING, other)
    assert parquet_bytes(ANYTHING, one) == parquet_bytes(ANYTHING, other)


def test_bytes_do_not_depend_on_how_a_frame_was_put_together() -> None:
    rows = [_hit(index=index) for index in range(6)]
    whole = frame_of(HITS, rows)
    joined = pd.concat([frame_of(HITS, rows[:3]), frame_of(HITS, rows[3:])], ignore_index=True)
    assert parquet_bytes(HITS, whole) == parquet_bytes(HITS, joined)
    assert csv_bytes(HITS, whole) == csv_bytes(HITS, joined)


def _hit(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "performance": "drummer1/session1/1",
        "index": 0,
        "time_s": 0.1,
        "frame": 4410,
        "note": 36,
        "piece": "kick",
        "articulation": "kick",
        "velocity": 100,
        "openness": 0.0,
    }
    return row | changes


def _kit(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {name: f"some {name}" for name in KITS.names}
    none = dict.fromkeys(("source_url", "measured_on", "origin", "parents", "figures"))
    return row | {"kit": "some_kit", "kit_split": "train", "bank_sha256": "0" * 64} | none | changes


def test_csv_is_plain_rfc_4180() -> None:
    frame = frame_of(KITS, [_kit(title='a "b", c', description="NA", bank_sha256="f" * 64)])
    lines = csv_bytes(KITS, frame).decode().split("\n")
    assert lines[0] == ",".join(KITS.names)
    assert lines[1] == (
        'some_kit,train,"a ""b"", c",\'NA,some license,some attribution,none,none,none,none,none,some kit_hash,'
        + "f" * 64
    )
    assert lines[2:] == [""]
    assert b"0.1,4410,36" in csv_bytes(HITS, frame_of(HITS, [_hit()]))


def test_plain_pandas_reads_both(tmp_path: Path) -> None:
    frame = frame_of(HITS, [_hit(), _hit(index=1, openness=0.25, time_s=1 / 3)])
    parquet, text = write_manifest(tmp_path, HITS, frame)
    for plain in (pd.read_parquet(parquet), pd.read_csv(text)):
        assert list(plain.columns) == HITS.names
        assert plain["time_s"].tolist() == frame["time_s"].tolist()
        assert plain["piece"].tolist() == ["kick", "kick"]
        assert plain["note"].dtype == "int64"


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_an_empty_manifest_keeps_its_types(table: Table, tmp_path: Path) -> None:
    for path in write_manifest(tmp_path, table, empty(table)):
        pd.testing.assert_frame_equal(read_manifest(path), empty(table))


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_declarations_are_sound(table: Table) -> None:
    assert len(set(table.names)) == len(table.names)
    assert set(table.key) <= set(table.names)
    assert not any(table.column(name).nullable for name in table.key)
    for column in table.columns:
        assert column.description
        assert column.low <= column.high


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"velocity": 128}, r"hits.velocity row 0: found .*128.*allowed: 1 .. 127"),
        ({"velocity": 0}, r"hits.velocity row 0"),
        ({"piece": "cowbell"}, r"hits.piece row 0: found 'cowbell', allowed: kick, snare"),
        ({"time_s": math.inf}, r"hits.time_s row 0"),
        ({"time_s": None}, r"hits.time_s row 0: found None, expected real"),
        ({"time_s": "0.5"}, r"hits.time_s row 0: found '0.5', expected real"),
        ({"index": True}, r"hits.index row 0: found True, expected integer"),
        ({"index": 2**63}, r"hits.index row 0: .* does not fit 64 bits"),
        ({"performance": ""}, r"hits.performance row 0: found '', allowed: a path of parts joined by /"),
        ({"performance": "a\nb"}, r"hits.performance row 0: .*control character"),
        ({"cowbell": 1}, r"hits row 0: columns missing or unknown: cowbell"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        frame_of(HITS, [_hit(**changes)])


def test_nan_is_a_missing_value_and_refused_where_none_may_be() -> None:
    with pytest.raises(CorpusError, match="no missing value"):
        frame_of(HITS, [_hit(time_s=math.nan)])


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../b", "..", "./a", "a/", "a\\b", "a/.."])
def test_only_relative_posix_paths(path: str) -> None:
    row: dict[str, object] = dict.fromkeys(PERFORMANCES.names, None)
    row |= {"performance": "p", "duration_s": 1.0, "hits": 3, "midi_path": path, "mapped_midi_path": "midi/a..b/c.mid"}
    row |= {"midi_hash": "0" * 64, "mapped_midi_hash": "f" * 64}
    with pytest.raises(CorpusError, match=r"performances\.midi_path row 0"):
        frame_of(PERFORMANCES, [row])
    frame_of(PERFORMANCES, [row | {"midi_path": "midi/.hidden/x.mid"}])


def test_two_rows_for_one_thing_and_unsorted_rows_are_refused() -> None:
    with pytest.raises(CorpusError, match="hits row 1: a second row for performance drummer1/session1/1, index 0"):
        frame_of(HITS, [_hit(), _hit()])
    frame = frame_of(HITS, [_hit(), _hit(index=1)])
    with pytest.raises(CorpusError, match="not sorted by performance, index"):
        validate(HITS, frame.iloc[::-1].reset_index(drop=True))


def test_enumerated_keys_sort_in_their_declared_order() -> None:
    row: dict[str, object] = {
        "kit": "k", "piece": "kick", "velocity": 30, "path": "a.wav", "frames": 1, "onset_frame": 0,
        "note": 36, "sample_rate": 1, "gain_db": 0.0,
        "peak_dbfs": None,
        "kit_hash": "h", "content_hash": "0" * 64, "bytes": 1, "kit_split": None,
    }  # fmt: skip
    table = TABLES["single_hits"]
    frame = frame_of(table, [row | {"articulation": name} for name in ("crash2_edge", "kick", "hihat_pedal")])
    assert frame["articulation"].tolist() == ["kick", "hihat_pedal", "crash2_edge"]


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("velocity", "speed"), "expected performance, index"),
        (lambda text: text.replace(",100,", ",loud,"), "cannot be read as hits"),
        (lambda text: text.replace(",100,", ",,"), "cannot be read as hits"),
        (lambda text: text.replace(",100,", ",200,"), r"hits.velocity row 0: found .*200"),
        (lambda text: text.replace(",100,", ",1.5,"), "cannot be read as hits"),
        (lambda text: text + text.split("\n")[1] + "\n", "a second row"),
        (lambda text: text + "\n", "cannot be read as hits|no missing value"),
        (lambda _: "", "columns ; expected"),
    ],
)
def test_a_damaged_csv_is_refused(tmp_path: Path, change: Callable[[str], str], message: str) -> None:
    _, text = write_manifest(tmp_path, HITS, frame_of(HITS, [_hit()]))
    _rewrite(text, change)
    with pytest.raises(CorpusError, match=message) as caught:
        read_manifest(text)
    assert str(text) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    parquet, _ = write_manifest(tmp_path, HITS, frame_of(HITS, [_hit()]))
    parquet.write_bytes(parquet.read_bytes()[:-20])
    with pytest.raises(CorpusError, match="cannot be read as hits"):
        read_manifest(parquet)
    pd.DataFrame({"a": [1]}).to_parquet(parquet)
    with pytest.raises(CorpusError, match="columns a; expected performance"):
        read_manifest(parquet)


def test_files_that_are_no_manifest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such manifest"):
        read_manifest(tmp_path / "hits.csv")
    with pytest.raises(CorpusError, match="known: performances, stems"):
        read_manifest(tmp_path / "other.csv")
    with pytest.raises(CorpusError, match=r"ends in \.parquet or \.csv"):
        read_manifest(tmp_path / "hits.json")


def test_the_reference_names_every_column() -> None:
    text = docs.reference()
    for table in TABLES.values():
        assert f"### `{table.name}`" in text
        for column in table.columns:
            assert f"| `{column.name}` | {column.kind.value} |" in text
    assert STEMS.description in text
