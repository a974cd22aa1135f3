"""Columns: declared once, computed wherever manifests are made, absent from older files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from toy_kits import toy_kit
from toy_package import install

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest.files import read_manifest, write_manifest
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.manifest.tables import TABLES

GROUP = "stemgmd_tools.manifest.columns"

TOYS = """
import numpy as np
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Copied, Known, Measured

class Crossings:
    def __init__(self, track):
        self.crossings, self.last = 0, None

    def update(self, block):
        signs = block[:, 0] >= 0
        if self.last is not None and len(signs):
            self.crossings += int(signs[0] != self.last)
        self.crossings += int(np.count_nonzero(signs[1:] != signs[:-1]))
        self.last = signs[-1] if len(signs) else self.last

def integer(name, value):
    return Column(name, Dtype.INTEGER, f"toy {name}", nullable=True, optional=True, value=value)

COLUMNS = (
    Columns("performances", (integer("loud_hits", Known(lambda p: int((p.hits["velocity"] > 100).sum()))),)),
    Columns("kits", (integer("letters", Known(lambda kit: len(kit.name))),)),
    Columns("hits", (integer("softness", Known(lambda h: 128 - h.hits["velocity"].astype(int))),)),
    Columns(
        "stems",
        (
            integer("crossings", Measured(Crossings, lambda meter: meter.crossings)),
            integer("letters", Copied("kits", "letters")),
            integer("name_letters", Known(lambda track: len(track.track))),
        ),
    ),
)
"""

SCRIPT = """
import json, sys
from pathlib import Path
import stemgmd_tools as stemgmd
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.docs import reference
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

root, kit = Path(sys.argv[1]), load_kit_file(Path(sys.argv[2]))
source = find_source()
played = select(source.read(), Selection(ids=("drummer13/session1/7",)))
render_corpus(root, Request(played, source.midi(), "starter", [kit], RenderSettings(), single_hits=False), jobs=1)
corpus = stemgmd.open_corpus(root)
virtual = VirtualCorpus(played, [kit])
kick = corpus.stems(played[0].id, "toy", pieces=["kick"])[0, 0] >= 0

def facts(source):
    tracks = source.tracks.set_index("track").loc["kick"]
    return {
        "loud_hits": int(source.performances["loud_hits"].iloc[0]),
        "softness": bool((source.hits["softness"] == 128 - source.hits["velocity"]).all()),
        "kit": int(source.kits["letters"].iloc[0]),
        "crossings": None if tracks.isna()["crossings"] else int(tracks["crossings"]),
        "copied": int(tracks["letters"]),
        "known": int(tracks["name_letters"]),
    }

print(json.dumps({
    "disk": facts(corpus),
    "virtual": facts(virtual),
    "loud_hits": int((played[0].hits["velocity"] > 100).sum()),
    "crossings": int((kick[1:] != kick[:-1]).sum()),
    "docs": "| `crossings` | integer |  | yes |  | toy crossings |" in reference(),
    "failures": [str(failure) for failure in verify_corpus(root, jobs=1).failures],
}))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Return a corpus rendered with columns of another distribution, and what was found in it."""
    folder = tmp_path_factory.mktemp("toy_columns")
    package = install(folder / "package", GROUP, TOYS)
    printed = package.python("-c", SCRIPT, str(folder / "corpus"), str(toy_kit(folder / "kit"))).stdout
    return folder / "corpus", json.loads(printed.splitlines()[-1])


def test_columns_of_another_distribution_are_computed_everywhere(measured):
    _, facts = measured
    expected = {"loud_hits": facts["loud_hits"], "softness": True, "kit": 3, "copied": 3, "known": 4}
    assert facts["disk"] == {**expected, "crossings": facts["crossings"]}
    assert facts["virtual"] == {**expected, "crossings": None}
    assert facts["docs"]
    assert facts["failures"] == []


def test_a_corpus_with_columns_that_are_not_declared_is_read(measured):
    root, _ = measured
    for name in ("stems", "performances", "kits", "hits"):
        for suffix in ("parquet", "csv"):
            path = root / "manifests" / f"{name}.{suffix}"
            assert list(read_manifest(path).columns) == TABLES[name].names
    assert "crossings" in pq.read_schema(root / "manifests" / "stems.parquet").names


OLD = Table("things", "Before.", (Column("key", Dtype.INTEGER, "row"), Column("x", Dtype.REAL, "value")), key=("key",))
NEW = Table(
    "things",
    "After.",
    (
        OLD.columns[0],
        *(Column(f"new_{kind}", kind, "added", nullable=True, optional=True) for kind in Dtype),
        OLD.columns[1],
    ),
    key=("key",),
)


def test_a_manifest_from_before_a_column_was_added_is_read(tmp_path):
    frame = frame_of(OLD, [{"key": 1, "x": 0.5}, {"key": 2, "x": 1.5}])
    for path in write_manifest(tmp_path, OLD, frame):
        read = read_manifest(path, NEW)
        assert list(read.columns) == NEW.names
        assert read[[f"new_{kind}" for kind in Dtype]].isna().all(axis=None)
        pd.testing.assert_frame_equal(read[OLD.names], frame)
        assert {str(name): kind for name, kind in read.dtypes.items()} == {c.name: c.dtype for c in NEW.columns}


def test_other_columns_may_not_be_absent(tmp_path):
    shorter = Table("things", "Shorter.", OLD.columns[:1], key=("key",))
    for path in write_manifest(tmp_path, shorter, frame_of(shorter, [{"key": 1}])):
        with pytest.raises(CorpusError, match="columns key; expected key, x"):
            read_manifest(path, OLD)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("'stems', (Column('hits', Dtype.TEXT, 'x', value=Known(str)),)", "column hits is declared twice"),
        ("'stems', (Column('y', Dtype.TEXT, 'x'),)", "column y has no value; declare how to compute it"),
        ("'stems', (Column('y', Dtype.TEXT, 'x', optional=True, value=Known(str)),)", "declare it nullable too"),
        ("'stems', (Column('y', Dtype.TEXT, 'x', value=Known(str)),), 'z'", "no column z, which y follows"),
        (
            "'x', (Column('y', Dtype.TEXT, 'x', value=Known(str)),)",
            "columns of an unknown manifest 'x'; there are performances",
        ),
    ],
)
def test_a_declaration_that_cannot_be_used_is_named(tmp_path, declared, message):
    source = (
        "from stemgmd_tools.manifest.schema import Column, Columns, Dtype\n"
        f"from stemgmd_tools.manifest.values import Known\nCOLUMNS = Columns({declared})"
    )
    result = install(tmp_path, GROUP, source).run("info", "nowhere", check=False)
    assert result.returncode != 0
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
