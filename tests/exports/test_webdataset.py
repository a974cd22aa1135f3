"""The tar shards, read by WebDataset."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpora import digests

from stemgmd_tools import open_corpus
from stemgmd_tools.exports.base import ExportRequest, export
from stemgmd_tools.pieces import PIECES


def test_webdataset_reads_stems_and_hits_and_shards_are_completed(corpus: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    source, out = open_corpus(corpus), tmp_path / "out"
    export("webdataset", ExportRequest(source, out))
    (shard,) = json.loads((out / "index.json").read_text())["shardlist"]
    assert shard["filesize"] == (out / shard["url"]).stat().st_size
    samples = list(webdataset.WebDataset(str(out / shard["url"]), shardshuffle=False))
    assert len(samples) == shard["nsamples"] == 2
    for sample in samples:
        labels = json.loads(sample["json"])
        stems = source.stems(labels["performance"], labels["kit"])
        tracks = dict(zip(("mixture", *PIECES), (stems.sum(axis=0), *stems), strict=True))
        for name, expected in tracks.items():
            pcm, _ = soundfile.read(io.BytesIO(sample[f"{name}.flac"]), dtype="int16")
            assert np.array_equal(pcm.T, expected)
        hits = source.hits[source.hits["performance"] == labels["performance"]]
        for name in ("time_s", "note", "piece", "articulation", "velocity", "openness"):
            assert [hit[name] for hit in labels["hits"]] == hits[name].tolist()
        assert (labels["split"], labels["license"]) == ("train", "CC0-1.0")
    again = tmp_path / "again"
    shutil.copytree(out, again)
    (again / shard["url"]).unlink()
    assert not export("webdataset", ExportRequest(source, again)).unchanged
    assert digests(again) == digests(out)
