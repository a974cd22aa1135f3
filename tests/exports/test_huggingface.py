"""The export for Hugging Face, read by ``datasets``."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpora import IDS, digests

from stemgmd_tools import open_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.exports.base import ExportRequest, export
from stemgmd_tools.pieces import PIECES


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory):
    """Return the library, without network, with its cache in a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        yield pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    out = tmp_path_factory.mktemp("huggingface") / "out"
    export("huggingface", ExportRequest(open_corpus(corpus), out))
    return out


def _pcm(audio: dict[str, bytes]) -> np.ndarray:
    pcm, _ = soundfile.read(io.BytesIO(audio["bytes"]), dtype="int16")
    return pcm.T


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_loads_stems_and_hits(datasets, corpus, exported, tmp_path, streaming):
    source = open_corpus(corpus)
    splits = datasets.load_dataset(str(exported), cache_dir=str(tmp_path), streaming=streaming)
    assert list(splits) == ["train"]
    clips = splits["train"]
    tracks = ("mixture", *PIECES)
    assert all(isinstance(clips.features[track], datasets.Audio) for track in tracks)
    for track in tracks:  # decoding them would need torchcodec
        clips = clips.cast_column(track, datasets.Audio(decode=False))
    rows = list(clips)
    assert sorted(row["performance"] for row in rows) == sorted(IDS[:2])
    for row in rows:
        stems = source.stems(row["performance"], row["kit"])
        assert all(np.array_equal(_pcm(row[piece]), stems[piece.axis]) for piece in PIECES)
        assert np.array_equal(_pcm(row["mixture"]), stems.sum(axis=0))
        hits = source.hits[source.hits["performance"] == row["performance"]]
        for name in ("time_s", "note", "piece", "articulation", "velocity", "openness"):
            assert [hit[name] for hit in row["hits"]] == hits[name].tolist()
        assert (row["license"], row["attribution"], row["kit"]) == ("CC0-1.0", "nobody", "toy")
        assert row["bpm"] > 0


def test_a_virtual_corpus_has_the_same_samples(request_of, exported, tmp_path):
    import pyarrow.parquet as pq

    work = request_of()
    request = ExportRequest(VirtualCorpus(work.performances, work.kits), tmp_path / "out", collection=work.source)
    export("huggingface", request)
    name = "data/train-00000-of-00001.parquet"
    disk, virtual = (pq.read_table(root / name).to_pylist() for root in (exported, tmp_path / "out"))
    assert len(disk) == len(virtual) == 2
    for one, other in zip(disk, virtual, strict=True):
        for track in ("mixture", *PIECES):
            assert np.array_equal(_pcm(one.pop(track)), _pcm(other.pop(track)))
        assert one == other


def test_an_interrupted_or_damaged_export_is_completed(corpus, exported, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(exported, out)
    shard = next(out.rglob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1])
    (out / "README.md").unlink()
    request = ExportRequest(open_corpus(corpus), out)
    assert not export("huggingface", request).unchanged
    assert digests(out) == digests(exported)
    assert export("huggingface", request).unchanged
