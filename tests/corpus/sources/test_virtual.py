"""A virtual corpus: the same integers as the written files, in any process, in constant memory."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from corpora import IDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stemgmd_tools
from stemgmd_tools.augment.sampling.pool import pool_of
from stemgmd_tools.augment.sampling.segments import SegmentDraw
from stemgmd_tools.corpus.render.run import render_corpus
from stemgmd_tools.corpus.sources import process_cache, virtual_manifests
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest.frames import validate
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES

SOME = ("drummer12/session1/1", IDS[0])
"""The first has open hats that are choked."""
FORMATS = {
    "FLAC 16": {},
    "WAV 16, cut": {"container": "wav", "tail": "cut"},
    "WAV 24, other seed": {"container": "wav", "sample_format": "int24", "seed": 5},
    "WAV float, 22 kHz, one sound per piece": {
        "container": "wav",
        "sample_format": "float32",
        "sample_rate": 22_050,
        "mapping": "stemgmd",
    },
}


@pytest.fixture(scope="session")
def pair(request, tmp_path_factory, request_of, kits, loud_kit) -> tuple[Corpus, VirtualCorpus]:
    """Return a written corpus of one format, and the virtual one of the same request."""
    wanted = request_of(SOME, (kits[0], loud_kit), **FORMATS[request.param])
    root = tmp_path_factory.mktemp("pair") / "corpus"
    render_corpus(root, wanted, jobs=1)
    return Corpus(root), VirtualCorpus(wanted.performances, wanted.kits, wanted.settings)


@pytest.fixture(scope="session")
def source(request_of) -> VirtualCorpus:
    """Return the virtual corpus of the default request."""
    wanted = request_of()
    return VirtualCorpus(wanted.performances, wanted.kits, wanted.settings)


@pytest.mark.parametrize("pair", FORMATS, indirect=True)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_part_is_the_same_slice_of_the_written_files(pair, data):
    written, rendered = pair
    performance, kit = data.draw(st.sampled_from(SOME)), data.draw(st.sampled_from(("tin", "brass")))
    length = written.length(performance, kit)
    assert rendered.length(performance, kit) == length
    start = data.draw(st.integers(0, length + 1000))
    frames = data.draw(st.none() | st.integers(0, 3000) | st.integers(0, length + 1000))
    pieces = data.draw(st.none() | st.lists(st.sampled_from(PIECES), unique=True))
    expected = written.stems(performance, kit, start, frames, pieces)
    part = rendered.stems(performance, kit, start, frames, pieces)
    assert (part.dtype, part.shape) == (expected.dtype, expected.shape)
    assert np.array_equal(part, expected)
    for one in (written, rendered):
        floats = one.floats(performance, kit, start, frames, pieces)
        assert (floats.dtype, floats.flags.c_contiguous) == (np.float32, True)
        assert np.array_equal(floats * 2.0 ** (one.bit_depth - 1), expected)
        used = np.full(floats.shape, np.nan, np.float32)
        assert one.floats(performance, kit, start, frames, pieces, used) is used
        assert np.array_equal(used, floats)


@pytest.mark.parametrize("pair", list(FORMATS)[:1], indirect=True)
def test_what_is_compared_has_chokes_and_headroom_gains_and_none(pair):
    written, rendered = pair
    gains = written.tracks["gain_db"]
    assert (gains == 0).any()
    assert (gains < 0).any()
    assert rendered._score(SOME[0], "brass").runs.release_frames.any()


@pytest.mark.parametrize("pair", FORMATS, indirect=True)
def test_headroom_gains_are_those_of_the_manifest(pair):
    written, rendered = pair
    fresh = pickle.loads(pickle.dumps(rendered))
    for row in written.tracks[written.tracks["track"] == "mixture"].itertuples():
        assert fresh.gain_db(row.performance, row.kit) == row.gain_db


@pytest.mark.parametrize("pair", FORMATS, indirect=True)
def test_around_the_first_and_the_last_strike(pair):
    written, rendered = pair
    hits = written.hits[written.hits["performance"] == SOME[0]]["frame"]
    length = written.length(SOME[0], "tin")
    for frame in (hits.iloc[0], hits.iloc[-1], length):
        for start in range(max(int(frame) - 2, 0), int(frame) + 3):
            expected = written.stems(SOME[0], "tin", start, 2)
            assert np.array_equal(rendered.stems(SOME[0], "tin", start, 2), expected)


@pytest.mark.parametrize("pair", FORMATS, indirect=True)
def test_it_looks_like_a_corpus(pair):
    written, rendered = pair
    assert isinstance(rendered, StemSource)
    assert (rendered.sample_rate, rendered.bit_depth) == (written.sample_rate, written.bit_depth)
    pd.testing.assert_frame_equal(rendered.hits, written.hits)
    for table, actual, expected in (
        (virtual_manifests.PERFORMANCES, rendered.performances, written.performances),
        (virtual_manifests.KITS, rendered.kits, written.kits),
        (virtual_manifests.TRACKS, rendered.tracks, written.tracks),
    ):
        validate(table, actual)
        assert actual.columns.tolist() == expected.columns.tolist()
        for column in actual:
            known = actual[column].notna().to_numpy()
            assert actual[column][known].tolist() == expected[column][known].tolist()
    assert rendered.kit_splits == written.kit_splits == dict.fromkeys(sorted(set(rendered.kits["kit"])), "")
    pairs = written.tracks[["performance", "kit"]].drop_duplicates()
    for performance, rows in pairs.groupby("performance"):
        assert rendered.kits_of(performance) == written.kits_of(performance) == tuple(sorted(rows["kit"]))
    assert rendered.tracks["silent"].tolist() == written.tracks["silent"].tolist()
    assert rendered.performances["midi_hash"].notna().all()


def test_what_was_played_is_what_was_given(source, request_of):
    for performance in request_of().performances:
        assert source.played(performance.id) is performance


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "tin"), "virtual corpus of 4 performances x 2 kits: holds no performance nobody through kit tin"),
        ((IDS[0], "brass"), "through kit brass"),
        ((IDS[0], "tin", -1), "start is -1"),
        ((IDS[0], "tin", 0, 9, ["cowbell"]), "pieces are kick"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(source, arguments, message):
    with pytest.raises(UsageError, match=message):
        source.stems(*arguments)


def test_room_that_does_not_fit_is_refused(source):
    for out in (np.zeros((9, 2, 5), np.float32), np.zeros((9, 2, 6), np.float64)):
        with pytest.raises(UsageError, match=r"out is float.*this part is float32 of shape \(9, 2, 6\)"):
            source.floats(IDS[0], "tin", 0, 6, out=out)


def test_the_rest_of_what_is_refused(source, request_of):
    with pytest.raises(UsageError, match="holds no performance nobody"):
        source.kits_of("nobody")
    wanted = request_of()
    with pytest.raises(UsageError, match="holds no performance nobody; "):
        source.played("nobody")
    with pytest.raises(UsageError, match="has no kit brass"):
        source.bank("brass")
    with pytest.raises(UsageError, match="at least one performance and one kit"):
        VirtualCorpus([], wanted.kits)
    with pytest.raises(UsageError, match="have one name"):
        VirtualCorpus(wanted.performances, [wanted.kits[0]] * 2)


def test_a_changed_performance_can_be_rendered_too(source):
    played = source.played(IDS[1])
    assert np.array_equal(source.render(played, "tin", 500, 900), source.stems(IDS[1], "tin", 500, 900))
    softer = played.hits.copy()
    softer["velocity"] = 1
    changed = source.render(replace(played, hits=softer), "tin", pieces=["kick"])
    assert changed.shape[0] == 1
    assert np.abs(changed.astype(int)).max() < np.abs(source.stems(IDS[1], "tin").astype(int)).max()


def test_a_performance_without_hits_is_silence(kits):
    quiet = VirtualCorpus([Performance("quiet", [], 1.0)], kits)
    assert quiet.length("quiet", "tin") == 44_100
    assert not quiet.stems("quiet", "tin").any()
    assert len(quiet.hits) == 0
    assert quiet.tracks["silent"].all()


def test_it_pickles_without_what_a_process_keeps(source):
    before = len(pickle.dumps(source))
    part = source.stems(IDS[0], "tin", 100, 2000)
    assert len(pickle.dumps(source)) == before
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(again.stems(IDS[0], "tin", 100, 2000), part)
    assert again.settings == source.settings


def _tasks() -> list[tuple[str, str, int, int]]:
    return [(name, kit, start, 4000) for name in IDS for kit in ("tin", "wood") for start in (0, 30_000)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_give_the_same(source, method):
    here = [source.stems(*task) for task in _tasks()]  # before, so that a forked process finds banks open
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        there = [pool.submit(source.stems, *task) for task in _tasks()]
        assert all(np.array_equal(one.result(), other) for one, other in zip(there, here, strict=True))


def test_threads_give_the_same(source):
    here = [source.stems(*task) for task in _tasks()]
    fresh = pickle.loads(pickle.dumps(source))
    with ThreadPoolExecutor(4) as pool:
        there = list(pool.map(lambda task: fresh.stems(*task), _tasks()))
    assert all(np.array_equal(one, other) for one, other in zip(there, here, strict=True))


class _Chunks:
    """A torch dataset of segments."""

    def __init__(self, source: VirtualCorpus) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(_tasks())

    def __getitem__(self, index: int) -> np.ndarray:
        return np.ascontiguousarray(self.source.stems(*_tasks()[index]))


@pytest.mark.slow
@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 1)])
def test_workers_of_a_torch_loader_give_the_same(source, method, workers):
    data = pytest.importorskip("torch.utils.data")
    here = [source.stems(*task) for task in _tasks()]
    loader = data.DataLoader(_Chunks(source), batch_size=4, num_workers=workers, multiprocessing_context=method)
    batches = np.concatenate([batch.numpy() for batch in loader])
    assert np.array_equal(batches, np.stack(here))


def test_what_is_kept_is_bounded(source, monkeypatch):
    monkeypatch.setattr(process_cache, "OPEN_BANKS", 1)
    monkeypatch.setattr(process_cache, "CACHED_RUNS", 200)
    monkeypatch.setattr(process_cache, "CACHED_PEAKS", 1)
    fresh = pickle.loads(pickle.dumps(source))
    for task in _tasks() * 2:
        assert np.array_equal(fresh.stems(*task), source.stems(*task))
        here = fresh._here
        assert (len(here.banks), len(here.peaks)) == (1, 1)
        assert here.scores.total <= 200 or len(here.scores) == 1
        assert len(here.gains) <= len(IDS) * 2


def test_by_one_call_from_the_command_lines_words(kit_dir, monkeypatch):
    monkeypatch.delenv("STEMGMD_GMD", raising=False)
    corpus = stemgmd_tools.virtual_corpus(
        None, str(kit_dir / "tin.yaml"), 3, sample_format="int24", tail="cut", ids=IDS[:1], splits=("train",)
    )
    assert corpus.performances["performance"].tolist() == [IDS[0]]
    assert (corpus.bit_depth, corpus.settings.seed, corpus.settings.tail) == (24, 3, "cut")
    assert corpus.kits["kit"].tolist() == ["tin"]
    with pytest.raises(UsageError, match=r"split: no such filter \(did you mean \"splits\"\?\); there are splits,"):
        stemgmd_tools.virtual_corpus(None, "cedar_hall", split="train")


def test_kits_that_are_a_name_are_not_made_before_they_are_needed(monkeypatch):
    monkeypatch.setattr(Kit, "_content", property(_never))
    corpus = stemgmd_tools.virtual_corpus(None, "random:0..99", limit=1)
    assert repr(corpus) == "virtual corpus of 1 performance x 100 kits"
    assert all(corpus.kit(name).is_generated for name in corpus._kits)
    drawn = SegmentDraw(corpus, 44_100).segment(0, 0)
    assert drawn.kit in corpus.kits_of(drawn.performance)
    assert [kit.split for kit in pool_of(corpus).kits] == ["train"] * 100


def _never(kit):
    raise AssertionError(kit)


def test_files_by_one_call(plain):
    assert np.array_equal(
        stemgmd_tools.open_corpus(str(plain)).stems(IDS[0], "tin", 0, 500), Corpus(plain).stems(IDS[0], "tin", 0, 500)
    )
