"""Merging is repeated and really killed: the same command completes the corpus, and leaves nothing that has no row."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import IDS, MANY, digests, fresh_copy
from kills import files_in, kill_after

from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.folder.records import record_path
from stemgmd_tools.corpus.merge import merge
from stemgmd_tools.corpus.render.run import render_corpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.seeds import stream

KILLS = 6


@pytest.fixture(scope="module")
def shards(tmp_path_factory, request_of) -> list[Path]:
    """Return two shards of the corpus `larger`. Read them, never write to them."""
    folder = tmp_path_factory.mktemp("shards")
    roots = [folder / str(number) for number in (1, 2)]
    for number, root in enumerate(roots, start=1):
        render_corpus(root, request_of(MANY), jobs=1, shard=Shard(number, 2))
    return roots


def command(root: Path, shards: list[Path], *, jobs: int = 1) -> list[str]:
    """Return the command line that merges."""
    words = ["merge", str(root), *map(str, shards), "--jobs", str(jobs)]
    return [sys.executable, "-m", "stemgmd_tools.cli.main", *words]


def require_whole(root: Path, expected: Path) -> None:
    """Check that a corpus is the one expected, to the byte, and sound."""
    assert digests(root) == digests(expected)
    assert verify_corpus(root, jobs=1).failures == ()


@pytest.mark.parametrize("linked", [True, False])
def test_merging_again_changes_nothing(larger, shards, tmp_path, monkeypatch, linked):
    if not linked:
        monkeypatch.setattr("stemgmd_tools.storage.files._linked", lambda *_: False)
    root = tmp_path / "merged"
    for some in (shards, shards, [*shards, larger]):
        merge(root, some, jobs=1)
        require_whole(root, larger)


def test_merging_into_a_corpus_that_holds_a_part_keeps_it(larger, shards, request_of, tmp_path):
    root = tmp_path / "corpus"
    render_corpus(root, request_of(MANY, request_of().kits[:1]), jobs=1)
    merge(root, shards, jobs=1)
    require_whole(root, larger)
    shutil.rmtree(root / "audio" / "tin")
    merge(root, shards, jobs=1)
    require_whole(root, larger)


def test_sources_keep_their_bytes_when_the_merged_corpus_is_extended(shards, request_of, tmp_path):
    before = [digests(shard) for shard in shards]
    root = tmp_path / "merged"
    merge(root, shards, jobs=1)
    record_path(root, "midi", IDS[1]).unlink(missing_ok=True)
    render_corpus(root, request_of((*MANY, *IDS)), jobs=1)
    assert [digests(shard) for shard in shards] == before


def test_a_run_that_was_interrupted_is_no_source(shards, plain, request_of, tmp_path):
    half = fresh_copy(shards[0], tmp_path / "half")
    shutil.rmtree(half / ".stemgmd" / "shards")
    with pytest.raises(CorpusError, match="not complete yet"):
        merge(tmp_path / "merged", [half, shards[1]], jobs=1)
    part = fresh_copy(plain, tmp_path / "part")
    shutil.rmtree(part / "manifests")
    with pytest.raises(CorpusError, match="not complete yet"):
        merge(tmp_path / "merged", [part], jobs=1)
    assert not (tmp_path / "merged").exists()


def test_a_source_whose_files_are_links_gives_files(plain, tmp_path):
    source = fresh_copy(plain, tmp_path / "source")
    linked = min((source / "audio").rglob("kick.*"))
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    merge(tmp_path / "merged", [source], jobs=1)
    require_whole(tmp_path / "merged", plain)
    assert not any(path.is_symlink() for path in (tmp_path / "merged").rglob("*"))


@pytest.mark.slow
def test_killed_at_random_moments_it_completes(larger, shards, tmp_path):
    root = tmp_path / "merged"
    subprocess.run(command(root, shards), check=True, capture_output=True)
    total, killed = files_in(root), 0
    for number, (moment, whom) in enumerate(stream(0, "kill merge").random((KILLS, 2))):
        if number % 3 == 0:
            shutil.rmtree(root)  # else it goes on from what the last one left
        process = subprocess.Popen(
            command(root, shards, jobs=1 + number % 2),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        ahead = files_in(root)
        killed += kill_after(process, root, ahead + round(moment * (total - ahead)), group=whom < 0.5)
        if number % 3 == 2:
            subprocess.run(command(root, shards), check=True, capture_output=True)
            require_whole(root, larger)
    assert killed >= KILLS / 2
