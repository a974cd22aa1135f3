"""Corpora and rows that somebody edited: what is made of them stays in the folder that is asked for."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from corpora import IDS, fresh_copy

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.files import csv_bytes, parquet_bytes, read_manifest
from stemgmd_tools.manifest.tables import TABLES
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

ID = IDS[0]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, kit_files) -> Path:
    """Return a corpus of one performance through one kit. Read it, never write to it."""
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    source = find_source()
    performances = select(source.read(), Selection(ids=(ID,)))
    kit = load_kit_file(Path(kit_files[0]))
    render_corpus(root, Request(performances, source.midi(), "starter", [kit], RenderSettings(), single_hits=False))
    return root


def world(tmp_path: Path, out: Path) -> set[Path]:
    """Return everything that lies outside a folder."""
    return {path for path in tmp_path.rglob("*") if not (path == out or path.is_relative_to(out))} - set(out.parents)


def edit(root: Path, column: str, old: str, new: str) -> None:
    """Change a text in every manifest, without the checks of those who write manifests."""
    for name, table in TABLES.items():
        path = root / "manifests" / f"{name}.parquet"
        if path.is_file() and column in table.names:
            frame = pq.read_table(path).to_pandas()
            frame[column] = frame[column].replace(old, new)
            pq.write_table(pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False), path)


def rename_everywhere(root: Path, old: str, new: str) -> None:
    """Change a text in `corpus.json` and in every record, sealed as jobs seal them."""
    for path in [root / "corpus.json", *(root / ".stemgmd").rglob("*.record")]:
        content = path.read_bytes()
        if path.suffix == ".record":
            content = content.partition(b"\n")[2]
        content = content.replace(json.dumps(old).encode(), json.dumps(new).encode())
        seal = hashlib.sha256(content).hexdigest().encode() + b"\n" if path.suffix == ".record" else b""
        path.write_bytes(seal + content)


def augment(corpus: Path, out: Path, *words: object) -> str:
    """Run the command; return the error."""
    words = ("augment", corpus, "--out", out, "--device", "cpu", "--jobs", 1, *words)
    done = CliRunner().invoke(stemgmd, [str(word) for word in words], standalone_mode=False)
    assert isinstance(done.exception, StemgmdError), (done.exception, done.output)
    return str(done.exception)


@pytest.mark.parametrize("name", ["../../../../escaped", "{abs}/escaped"])
def test_performances_that_are_named_elsewhere(rendered, tmp_path, name):
    name = name.format(abs=tmp_path)
    root, out = fresh_copy(rendered, tmp_path / "in" / "a" / "corpus"), tmp_path / "deep" / "down" / "out"
    edit(root, "performance", ID, name)
    rename_everywhere(root, ID, name)
    record = Path(f"{root / '.stemgmd' / 'midi' / name}.record")
    record.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / ".stemgmd" / "midi" / f"{ID}.record", record)
    before = world(tmp_path, out)
    assert "performance" in augment(root, out, "--chain", "none")
    assert world(tmp_path, out) == before


@pytest.mark.parametrize("name", ["../../../escaped", "a/b"])
def test_kits_that_are_named_elsewhere(rendered, tmp_path, name):
    root, out = fresh_copy(rendered, tmp_path / "in" / "corpus"), tmp_path / "deep" / "down" / "out"
    edit(root, "kit", "tin", name)
    rename_everywhere(root, "tin", name)
    before = world(tmp_path, out)
    assert "kit" in augment(root, out, "--chain", "none")
    assert world(tmp_path, out) == before


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(("column", "value"), [("parent", "../../x"), ("kit", "../tin"), ("performance", "/x")])
def test_rows_that_name_what_is_elsewhere(rendered, tmp_path, column, value, ending):
    augmented = tmp_path / "made"
    words = ("augment", rendered, "--out", augmented, "--device", "cpu", "--jobs", 1, "--chain", "none")
    CliRunner().invoke(stemgmd, [str(word) for word in words], standalone_mode=False, catch_exceptions=False)
    rows = tmp_path / f"augmentations.{ending}"
    frame = read_manifest(augmented / "manifests" / "augmentations.parquet")
    frame[column] = value
    shutil.rmtree(augmented)
    write = csv_bytes if ending == "csv" else parquet_bytes
    rows.write_bytes(write(TABLES["augmentations"], frame))
    out = tmp_path / "deep" / "out"
    before = world(tmp_path, out)
    assert column in augment(rendered, out, "--replay", rows)
    assert world(tmp_path, out) == before


@pytest.mark.parametrize("name", ["audio", "midi", ".stemgmd", "preview"])
def test_links_that_lead_out_of_the_output_folder(rendered, tmp_path, name):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    words = ("augment", rendered, "--out", out, "--device", "cpu", "--jobs", 1, "--chain", "none")
    CliRunner().invoke(stemgmd, [str(word) for word in words], standalone_mode=False, catch_exceptions=False)
    if (out / name).exists():
        (out / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (out / name).symlink_to(elsewhere)
    (elsewhere / "x.part").write_text("keep")
    before = world(tmp_path, out)
    options = ("--preview", 1) if name == "preview" else ("--copies", 2)
    assert "leads out of" in augment(rendered, out, "--chain", "none", *options)
    assert world(tmp_path, out) == before
