"""Corpora that somebody edited: whatever they say, nothing is written outside the folder that is asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from corpora import IDS, digests, fresh_copy
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE, read_identity, write_identity
from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.folder.records import read_record, record_path, records_of, write_record
from stemgmd_tools.corpus.merge import merge
from stemgmd_tools.corpus.render.run import render_corpus
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import LONGEST_MESSAGE, CorpusError, KitError, PerformanceError, StemgmdError
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.manifest.tables import PERFORMANCES, STEMS
from stemgmd_tools.performances.types import Performance

PLACES = ("../escaped.flac", "audio/../../escaped.flac", "corpus.json", ".stemgmd/locks/gate.lock", "audio\\x", "{abs}")


def all_but(folder: Path, world: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a world but those of one folder."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(world.rglob("*"))
        if path.is_file() and not path.is_relative_to(folder)
    }


def reseal(path: Path, content: bytes) -> None:
    """Write a record as a job does, whatever it says."""
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def one_record(root: Path, kind: str = "midi") -> Path:
    return record_path(root, kind, next(records_of(root, kind))[0])


@pytest.mark.parametrize("place", PLACES)
def test_merging_records_that_name_files_elsewhere(plain, tmp_path, place):
    source = fresh_copy(plain, tmp_path / "in" / "source")
    place = place.format(abs=tmp_path / "absolute.flac")
    stolen = source / place.replace("\\", "/")
    stolen.parent.mkdir(exist_ok=True, parents=True)
    if not stolen.exists():
        stolen.write_bytes(b"stolen")
    record = one_record(source)
    text = json.loads(record.read_bytes().partition(b"\n")[2])
    content = stolen.read_bytes()
    text["files"][0] = [place, hashlib.sha256(content).hexdigest(), len(content)]
    reseal(record, json.dumps(text).encode())
    out = tmp_path / "deep" / "down" / "out"
    before = all_but(out, tmp_path)
    with pytest.raises(CorpusError, match="damaged"):
        merge(out, [source], jobs=1)
    assert all_but(out, tmp_path) == before
    assert not (out / "manifests").exists()


@pytest.mark.parametrize(
    "content", ["[]", "[" * 100_000, '{"inputs":1}', '{"inputs":"","files":[[1,"",0]],"content":{}}', "null", "7"]
)
def test_records_of_other_shapes_are_none(plain, tmp_path, content):
    root = fresh_copy(plain, tmp_path / "corpus")
    reseal(one_record(root), content.encode())
    assert read_record(one_record_path := root / one_record(plain).relative_to(plain)) is None
    with pytest.raises(CorpusError, match="damaged record"):
        merge(tmp_path / "out", [root], jobs=1)
    assert one_record_path.exists()


@pytest.mark.parametrize("kind", ["midi", "stems", "kits"])
def test_records_without_what_manifests_need_are_one_line(plain, tmp_path, kind):
    root = fresh_copy(plain, tmp_path / "corpus")
    path = one_record(root, kind)
    write_record(path, replace(read_record(path), content={}))
    with pytest.raises(CorpusError, match="damaged") as caught:
        merge(tmp_path / "out", [root], jobs=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kit", ["../tin", "/tin", "a/b", "..", "Tin", ""])
def test_kit_names_are_held_against_the_pattern_where_they_are_read(plain, tmp_path, kit):
    root = fresh_copy(plain, tmp_path / "corpus")
    identity = read_identity(root)
    write_identity(root, replace(identity, kits={kit: "0" * 64, **identity.kits}))
    with pytest.raises(CorpusError, match=IDENTITY_FILE):
        Corpus(root)
    tracks = read_manifest(plain / "manifests" / "stems.csv")
    tracks["kit"] = tracks["kit"].where(tracks["kit"] != "tin", kit)
    tracks.to_csv(tmp_path / "stems.csv", index=False)
    with pytest.raises(CorpusError, match="stems"):
        read_manifest(tmp_path / "stems.csv", STEMS)


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a\\b", "a/./b", "a//b"])
def test_ids_are_held_against_the_pattern_where_they_are_read(plain, tmp_path, name):
    frame = pd.read_parquet(plain / "manifests" / "performances.parquet").head(1)
    frame["performance"] = name
    frame.to_parquet(tmp_path / "performances.parquet")
    with pytest.raises(CorpusError, match=r"performances"):
        read_manifest(tmp_path / "performances.parquet", PERFORMANCES)
    with pytest.raises(PerformanceError, match="cannot be the id of a performance"):
        Performance(name, [], 1.0)


def linked(root: Path, name: str, elsewhere: Path) -> None:
    """Move a folder of a corpus elsewhere and leave a link to it; put a file there that a run must not touch."""
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    if (root / name).exists():
        (root / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
        (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(elsewhere)
    (elsewhere / "mine.part").write_text("keep")


@pytest.mark.parametrize(
    "name", ["audio", "audio/tin", ".stemgmd", ".stemgmd/stems", ".stemgmd/locks", "midi", "manifests"]
)
def test_nothing_is_written_or_removed_through_a_link_that_leads_out(plain, request_of, tmp_path, name):
    root = fresh_copy(plain, tmp_path / "corpus")
    linked(root, name, tmp_path / "elsewhere" / "folder")
    before = all_but(root, tmp_path)
    for call in (
        lambda: render_corpus(root, request_of((*IDS, "drummer11/session1/1")), jobs=1),
        lambda: merge(root, [plain], jobs=1),
    ):
        with pytest.raises(StemgmdError, match="leads out of") as caught:
            call()
        assert len(str(caught.value)) <= LONGEST_MESSAGE
        assert all_but(root, tmp_path) == before


def test_a_shard_beside_another_writes_through_no_link(request_of, tmp_path):
    root = tmp_path / "corpus"
    render_corpus(root, request_of(), jobs=1, shard=Shard(1, 2))
    linked(root, "audio/wood", tmp_path / "elsewhere")
    before = all_but(root, tmp_path)
    with pytest.raises(StemgmdError, match="leads out of"):
        render_corpus(root, request_of(), jobs=2, shard=Shard(2, 2))
    assert all_but(root, tmp_path) == before


def test_a_linked_corpus_folder_is_a_corpus_folder(plain, request_of, tmp_path):
    disk = fresh_copy(plain, tmp_path / "disk")
    (tmp_path / "corpus").symlink_to("disk")
    link = tmp_path / "corpus"
    assert verify_corpus(link, jobs=1).failures == ()
    shutil.rmtree(disk / "audio" / "tin")
    render_corpus(link, request_of(), jobs=1)
    assert link.is_symlink()
    assert digests(disk) == digests(plain)
    merge(link, [plain], jobs=1)
    merge(tmp_path / "merged", [link], jobs=1)
    assert digests(tmp_path / "merged") == digests(plain)


def test_links_within_the_corpus_are_followed(plain, request_of, tmp_path):
    root = fresh_copy(plain, tmp_path / "corpus")
    (root / "audio" / "tin").rename(root / "tin_audio")
    (root / "audio" / "tin").symlink_to("../tin_audio")
    assert verify_corpus(root, jobs=1).failures == ()
    assert render_corpus(root, request_of(), jobs=1).rendered == 0


def test_verify_reads_what_is_linked_to_elsewhere(plain, tmp_path):
    root = fresh_copy(plain, tmp_path / "corpus")
    linked(root, "audio", tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "mine.part").unlink()
    assert verify_corpus(root, jobs=1).failures == ()
    min((tmp_path / "elsewhere").rglob("kick.*")).unlink()
    assert "file" in {failure.check for failure in verify_corpus(root, jobs=1).failures}


def test_kits_are_what_their_folder_holds(tmp_path):
    write_sound(tmp_path / "outside" / "bang.wav", tone())
    folder = tmp_path / "kits"
    (folder / "toy").mkdir(parents=True)
    path = write_map(folder, map_data({"kick": layers("bang.wav")}, folder="toy"))
    (folder / "toy" / "bang.wav").symlink_to(tmp_path / "outside" / "bang.wav")
    with pytest.raises(KitError, match=r"a link out of the kit's folder: .*bang\.wav"):
        load_kit_file(path)
    (folder / "toy" / "bang.wav").unlink()
    (folder / "toy").rmdir()
    (folder / "toy").symlink_to(tmp_path / "outside")
    assert load_kit_file(path).folder == folder / "toy"
    write_sound(tmp_path / "outside" / "store" / "1.wav", tone())
    (tmp_path / "outside" / "bang.wav").unlink()
    (tmp_path / "outside" / "bang.wav").symlink_to("store/1.wav")
    assert load_kit_file(path)


def test_two_performances_that_would_write_the_same_stems_are_refused(request_of):
    request = request_of(IDS[:1], layout="stemgmd", container="wav")
    (one,) = request.performances
    other = replace(one, id=f"{one.id}_too")
    with pytest.raises(StemgmdError, match="would both write audio/"):
        replace(request, performances=[one, other])


def test_a_midi_file_names_its_folder_and_no_other(request_of, tmp_path):
    request = request_of(IDS[:1], layout="stemgmd", container="wav")
    (one,) = request.performances
    for name in ("..", "../..", "a/..", "/tmp/x"):
        odd = replace(one, metadata={**one.metadata, "midi_filename": name})
        out = tmp_path / "deep" / "out"
        with contextlib.suppress(StemgmdError):
            render_corpus(out, replace(request, performances=[odd]), jobs=1)
        assert all_but(out, tmp_path) == {}
