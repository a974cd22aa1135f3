"""A run: the same bytes in every order and by every backend, resumed from content, refused where it must be."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from corpora import IDS, digests
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE
from stemgmd_tools.corpus.folder.locks import Shard, working_on
from stemgmd_tools.corpus.merge import merge
from stemgmd_tools.corpus.render import estimate as estimates
from stemgmd_tools.corpus.render import jobs as job_module
from stemgmd_tools.corpus.render.run import Request, plan_run, render_corpus
from stemgmd_tools.corpus.render.schedule import batches, in_shard
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import AudioError, CorpusError, KitError, UsageError
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.manifest.tables import tables_of
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.runtime.progress import Silent


def test_a_corpus_holds_what_was_asked_for(finished, request_of):
    corpus = Corpus(finished)
    assert sorted(corpus.performances["performance"]) == sorted(IDS)
    assert len(corpus.tracks) == len(IDS) * 2 * (9 + 1 + 5)
    assert len(corpus.single_hits) == 2 * 22 * 10
    assert corpus.kits["kit"].tolist() == ["tin", "wood"]
    assert set(corpus.tracks["gmd_split"]) == {"train", "validation", "test"}
    assert corpus.tracks["kit_split"].isna().all()
    by_id = {performance.id: performance for performance in request_of().performances}
    for name, rows in corpus.hits.groupby("performance"):
        assert rows["time_s"].tolist() == by_id[name].hits["time_s"].tolist()
        assert rows["note"].tolist() == by_id[name].hits["note"].tolist()
    counts = corpus.tracks[corpus.tracks["track"] == "mixture"].set_index(["performance", "kit"])["hits"]
    assert all(counts[name, kit] == len(by_id[name].hits) for name in by_id for kit in ("tin", "wood"))
    stems = corpus.tracks[corpus.tracks["track"].isin([piece.value for piece in PIECES])]
    hits = corpus.hits.groupby(["performance", "piece"]).size()
    assert all(hits.get((row.performance, row.track), 0) == row.hits for row in stems.itertuples())
    assert (stems["silent"] == (stems["hits"] == 0)).all()


def test_source_midi_travels_along(finished, request_of):
    request = request_of()
    rows = Corpus(finished).performances.set_index("performance")
    for performance in request.performances:
        copied = (finished / rows.loc[performance.id, "midi_path"]).read_bytes()
        assert copied == request.midi.midi_bytes(performance)


def test_both_formats_of_every_manifest_agree_and_name_no_place_or_time(finished):
    for name in tables_of(augmented=False):
        parquet, text = (finished / "manifests" / f"{name}.{end}" for end in ("parquet", "csv"))
        assert read_manifest(parquet).equals(read_manifest(text))
        assert str(finished).encode() not in parquet.read_bytes() + text.read_bytes()
    identity = json.loads((finished / IDENTITY_FILE).read_bytes())
    assert identity.keys() == {"format", "kits", "settings", "source", "version"}


def test_a_second_run_renders_nothing_and_changes_nothing(corpus, request_of):
    before, inodes = digests(corpus), {path: path.stat().st_ino for path in (corpus / "audio").rglob("*.flac")}
    report = render_corpus(corpus, request_of(groups=True), jobs=1)
    assert (report.rendered, report.complete) == (0, True)
    assert digests(corpus) == before
    assert all(path.stat().st_ino == inode for path, inode in inodes.items())


def test_the_order_of_performances_and_kits_does_not_matter(plain, request_of, tmp_path):
    request = request_of()
    turned = replace(request, performances=request.performances[::-1], kits=request.kits[::-1])
    render_corpus(tmp_path / "corpus", turned, jobs=1)
    assert digests(tmp_path / "corpus") == digests(plain)


def test_worker_processes_write_the_same_bytes(plain, request_of, tmp_path):
    render_corpus(tmp_path / "corpus", request_of(), jobs=3)
    assert digests(tmp_path / "corpus") == digests(plain)


@pytest.mark.slow
def test_a_dask_cluster_writes_the_same_bytes(plain, request_of, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        monkeypatch.chdir(tmp_path)  # the workers stay where they were started
        report = render_corpus(Path("corpus"), request_of(), scheduler=cluster.scheduler_address)
        assert report.complete
    assert digests(tmp_path / "corpus") == digests(plain)


def test_a_scheduler_that_is_not_there_is_one_line(request_of, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("stemgmd_tools.corpus.render.execute.CONNECT_TIMEOUT_S", 0.2)
    with pytest.raises(UsageError, match=r"scheduler tcp://127\.0\.0\.1:9: cannot be reached") as caught:
        render_corpus(tmp_path / "corpus", request_of(), scheduler="tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)


def test_shards_in_one_folder_write_the_same_bytes(plain, request_of, tmp_path):
    reports = [render_corpus(tmp_path / "corpus", request_of(), jobs=1, shard=Shard(i, 3)) for i in (2, 3, 1)]
    assert [report.complete for report in reports] == [False, False, True]
    assert digests(tmp_path / "corpus") == digests(plain)


def test_shards_in_folders_of_their_own_merge_to_the_same_bytes(plain, request_of, tmp_path):
    folders = [tmp_path / f"shard{i}" for i in (1, 2, 3)]
    for i, folder in enumerate(folders, start=1):
        render_corpus(folder, request_of(), jobs=1, shard=Shard(i, 3))
    with pytest.raises(CorpusError, match="shards 2/3 are missing"):
        merge(tmp_path / "merged", [folders[0], folders[2]], jobs=1)
    before = [digests(folder) for folder in folders]
    merged = merge(tmp_path / "merged", folders, jobs=1)
    assert merged.folders == 3
    assert digests(tmp_path / "merged") == digests(plain)
    assert [digests(folder) for folder in folders] == before


def test_merging_refuses_what_does_not_fit(plain, request_of, tmp_path):
    other = tmp_path / "other"
    render_corpus(other, request_of(IDS[:1], seed=1), jobs=1)
    with pytest.raises(CorpusError, match=r"made with seed 0 \(now asked for: 1\)"):
        merge(tmp_path / "merged", [plain, other], jobs=1)
    with pytest.raises(CorpusError, match="no corpus here"):
        merge(tmp_path / "merged", [tmp_path / "nothing"], jobs=1)
    with pytest.raises(UsageError, match="nothing to merge"):
        merge(plain, [plain], jobs=1)


def test_merging_a_damaged_file_is_refused(corpus, tmp_path):
    damaged = next((corpus / "audio").rglob("*.flac"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(CorpusError, match="damaged or missing; render that shard again"):
        merge(tmp_path / "merged", [corpus], jobs=1)


def test_corpora_made_with_equal_settings_merge(plain, request_of, kits, tmp_path):
    for kit in kits:
        render_corpus(tmp_path / kit.name, request_of(some=[kit]), jobs=1)
    merge(tmp_path / "merged", [tmp_path / kit.name for kit in kits], jobs=1)
    assert digests(tmp_path / "merged") == digests(plain)


@pytest.mark.parametrize("harm", ["remove", "truncate", "flip", "record", "record_cut", "record_changed"])
def test_what_is_not_whole_is_rendered_again_and_nothing_else(corpus, grouped, request_of, harm):
    victim = sorted((corpus / "audio").rglob("snare.flac"))[3]
    record = sorted((corpus / ".stemgmd" / "stems").rglob("*.record"))[3]
    if harm == "remove":
        victim.unlink()
    elif harm == "truncate":
        victim.write_bytes(victim.read_bytes()[:-7])
    elif harm == "flip":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif harm == "record":
        record.unlink()
    elif harm == "record_cut":
        record.write_bytes(record.read_bytes()[:100])
    else:
        record.write_bytes(record.read_bytes().replace(b'"hits":', b'"hits":1'))
    report = render_corpus(corpus, request_of(groups=True), jobs=1)
    assert report.rendered == 1
    assert digests(corpus) == digests(grouped)


def test_temporary_files_of_killed_runs_are_cleared_away(corpus, grouped, request_of):
    for place in ("audio/tin/kick.flac.123.part", "manifests/hits.csv.9.part", ".stemgmd/stems/x.record.1.part"):
        (corpus / place).parent.mkdir(parents=True, exist_ok=True)
        (corpus / place).write_bytes(b"half")
    render_corpus(corpus, request_of(groups=True), jobs=1)
    assert digests(corpus) == digests(grouped)


def test_a_corpus_can_be_extended(plain, request_of, kits, tmp_path):
    root = tmp_path / "corpus"
    render_corpus(root, request_of(IDS[:2], kits[:1]), jobs=1)
    assert len(Corpus(root).tracks) == 2 * 10
    render_corpus(root, request_of(IDS[2:], kits[:1]), jobs=1)
    assert len(Corpus(root).tracks) == 4 * 10
    render_corpus(root, request_of(IDS, kits[1:]), jobs=1)
    assert digests(root) == digests(plain)


@pytest.mark.parametrize(
    ("settings", "difference"),
    [
        ({"seed": 5}, r"seed 0 \(now asked for: 5\)"),
        ({"sample_rate": 48_000}, r"sample_rate 44100 \(now asked for: 48000\)"),
        ({"container": "wav", "tail": "cut"}, r"container flac \(now asked for: wav\); tail natural"),
    ],
)
def test_other_settings_are_refused_and_named(plain, request_of, settings, difference):
    before = digests(plain)
    with pytest.raises(CorpusError, match=difference):
        render_corpus(plain, request_of(**settings), jobs=1)
    with pytest.raises(CorpusError, match=difference):
        plan_run(plain, request_of(**settings))
    assert digests(plain) == before


def test_other_sources_versions_and_kits_of_one_name_are_refused(plain, request_of, tmp_path, monkeypatch):
    request = request_of()
    with pytest.raises(CorpusError, match=r"source starter \(now asked for: gmd\)"):
        render_corpus(plain, replace(request, source="gmd"), jobs=1)
    write_sound(tmp_path / "bang.wav", tone())
    path = write_map(tmp_path, map_data({"kick": layers("bang.wav")}, name="tin"), "tin")
    with pytest.raises(CorpusError, match="kit tin of content"):
        render_corpus(plain, replace(request, kits=[load_kit_file(path)]), jobs=1)
    changed = json.loads((plain / IDENTITY_FILE).read_bytes()) | {"version": "0.0.1"}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / IDENTITY_FILE).write_text(json.dumps(changed))
    with pytest.raises(CorpusError, match=r"version 0\.0\.1 .now asked for"):
        render_corpus(tmp_path / "old", request, jobs=1)


def test_a_performance_with_other_content_is_refused(plain, request_of):
    request = request_of(IDS[:1])
    (same,) = request.performances
    other = Performance(same.id, same.hits[1:], same.duration_s, same.pedal, same.chokes, same.metadata)
    with pytest.raises(CorpusError, match=f"performance {same.id} is in this corpus with other content"):
        render_corpus(plain, replace(request, performances=[other]), jobs=1)


def test_a_folder_with_other_things_is_left_alone(request_of, tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(CorpusError, match=r"not empty and not a corpus \(it holds letters.txt\)"):
        render_corpus(tmp_path, request_of(), jobs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "other/1"}', '{"format": "stemgmd-corpus/1"}'])
def test_a_damaged_identity_is_refused(request_of, tmp_path, content):
    (tmp_path / IDENTITY_FILE).write_text(content)
    with pytest.raises(CorpusError, match=IDENTITY_FILE) as caught:
        render_corpus(tmp_path, request_of(), jobs=1)
    assert "\n" not in str(caught.value)


def test_a_second_run_at_once_is_refused(request_of, tmp_path):
    with working_on(tmp_path, Shard(), prepare=lambda alone: None):
        with pytest.raises(CorpusError, match="another run is at work on this folder"):
            render_corpus(tmp_path, request_of(), jobs=1)
        with pytest.raises(CorpusError, match="another run is at work on this folder"):
            render_corpus(tmp_path, request_of(), jobs=1, shard=Shard(1, 2))


def test_shards_of_one_division_work_side_by_side(plain, request_of, tmp_path):
    with working_on(tmp_path, Shard(1, 2), prepare=lambda alone: None):
        report = render_corpus(tmp_path, request_of(), jobs=1, shard=Shard(2, 2))
        assert not report.complete
        for refused in (Shard(1, 2), Shard(1, 3)):
            with pytest.raises(CorpusError, match="another run is at work"):
                render_corpus(tmp_path, request_of(), jobs=1, shard=refused)
    assert render_corpus(tmp_path, request_of(), jobs=1, shard=Shard(1, 2)).complete
    assert digests(tmp_path) == digests(plain)


def test_what_does_not_fit_on_the_disk_is_refused_before_anything_is_written(request_of, tmp_path, monkeypatch):
    monkeypatch.setattr(estimates, "free_bytes", lambda path: 1_000_000)
    with pytest.raises(CorpusError, match=r"the disk has 1.0 MB free, the rest of this corpus needs about"):
        render_corpus(tmp_path / "corpus", request_of(), jobs=1)
    assert not (tmp_path / "corpus").exists()


def test_what_is_there_already_needs_no_disk(plain, request_of, monkeypatch):
    monkeypatch.setattr(estimates, "free_bytes", lambda path: 0)
    assert render_corpus(plain, request_of(), jobs=1).rendered == 0


def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_the_rest_follows_later(
    plain, request_of, tmp_path, monkeypatch
):
    write = job_module.write_performance
    left = [3]

    def until_full(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, os.strerror(28), "kick.flac")
        return write(*arguments)

    monkeypatch.setattr(job_module, "write_performance", until_full)
    with pytest.raises(CorpusError, match="No space left on device; fix that, then run the same command again"):
        render_corpus(tmp_path / "corpus", request_of(), jobs=1)
    monkeypatch.undo()
    report = render_corpus(tmp_path / "corpus", request_of(), jobs=1)
    assert report.rendered < report.jobs
    assert digests(tmp_path / "corpus") == digests(plain)


def test_a_folder_that_cannot_be_made_is_one_line(request_of, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match=r"Not a directory|File exists"):
        render_corpus(tmp_path / "file", request_of(), jobs=1)


def test_a_failing_worker_process_fails_the_run(request_of, tmp_path):
    request = request_of(IDS[:2])
    blocked = tmp_path / "audio" / "tin"
    render_corpus(tmp_path, request_of(IDS[2:3]), jobs=1)
    blocked.rename(tmp_path / "audio" / "moved")
    blocked.write_text("a file where a folder must be")
    with pytest.raises((CorpusError, AudioError)) as caught:
        render_corpus(tmp_path, request, jobs=2)
    assert "\n" not in str(caught.value)


def test_nothing_to_do_is_refused(request_of):
    request = request_of()
    with pytest.raises(UsageError, match="nothing to render"):
        Request([], request.midi, "starter", request.kits, request.settings)
    with pytest.raises(UsageError, match="jobs is 0"):
        render_corpus(Path("unused"), request, jobs=0)
    for bad in ("0/2", "3/2", "1", "a/b", "1/0"):
        with pytest.raises(UsageError, match="shard"):
            Shard.parse(bad)


def test_two_performances_that_would_write_one_file_are_refused(request_of):
    request = request_of(IDS[:1])
    (same,) = request.performances
    mapped = Performance(f"{same.id}.pieces", same.hits, same.duration_s, metadata=same.metadata)
    for pair in ([same, mapped], [same, same]):
        with pytest.raises(UsageError, match="would both write midi/"):
            replace(request, performances=pair)


@pytest.mark.parametrize("name", ["kick.flac/b", "b.mid/c", "x.record/y"])
def test_a_performance_that_would_need_a_file_of_another_as_its_folder_is_refused(request_of, name):
    request = request_of(IDS[:1])
    (one,) = request.performances
    first = {"kick.flac/b": "a", "b.mid/c": "b", "x.record/y": "x"}[name]
    second = f"a/{name}" if first == "a" else name
    pair = [Performance(id_, one.hits, one.duration_s, metadata=one.metadata) for id_ in (first, second)]
    with pytest.raises(UsageError, match=rf"performance {first} would write a file .*, {second} into a folder of that"):
        replace(request, performances=pair)


def test_a_kit_that_could_not_be_used_may_be_mended(request_of, tmp_path):
    write_sound(tmp_path / "bang.wav", 0 * tone())
    data = map_data({"kick": layers("bang.wav")}, name="silent")
    faulty = load_kit_file(write_map(tmp_path, data, "silent"))
    with pytest.raises(KitError, match="is silent"):
        render_corpus(tmp_path / "corpus", request_of(IDS[:1], [faulty]), jobs=1)
    write_sound(tmp_path / "bang.wav", tone())
    mended = load_kit_file(tmp_path / "silent.yaml")
    assert mended.hash != faulty.hash
    assert render_corpus(tmp_path / "corpus", request_of(IDS[:1], [mended]), jobs=1).complete


def test_a_run_that_was_killed_while_it_claimed_its_folder_goes_on(request_of, tmp_path):
    (tmp_path / ".stemgmd" / "locks").mkdir(parents=True)
    (tmp_path / f"{IDENTITY_FILE}.123.part").write_text("{")
    assert render_corpus(tmp_path, request_of(IDS[:1]), jobs=1).complete
    assert not list(tmp_path.glob("*.part"))


def test_prose_of_several_lines_becomes_one(request_of, tmp_path):
    write_sound(tmp_path / "bang.wav", tone())
    data = map_data({"kick": layers("bang.wav")}, name="wordy", description="one\n two\n", attribution="")
    kit = load_kit_file(write_map(tmp_path, data, "wordy"))
    render_corpus(tmp_path / "corpus", request_of(IDS[:1], [kit]), jobs=1)
    (row,) = Corpus(tmp_path / "corpus").kits.to_dict("records")
    assert row["description"] == "one two"
    assert pd.isna(row["attribution"])


def test_every_job_is_in_one_shard_and_shards_weigh_about_the_same(request_of):
    jobs = request_of(("*",), single_hits=True).jobs()
    parts = [in_shard(jobs, Shard(i, 4)) for i in range(1, 5)]
    names = [(job.kind, job.name) for part in parts for job in part]
    assert len(names) == len(set(names)) == len(jobs)
    weights = [sum(job.cost_s for job in part) for part in parts]
    longest = max(job.cost_s for job in jobs)
    assert max(weights) - min(weights) <= longest


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_hold_every_job_once_kits_in_waves_longest_first(request_of, workers):
    request = request_of(("*",), single_hits=True)
    jobs = request.jobs()
    order = list(batches(jobs, request.kit_names, workers))
    flat = [(job.kind, job.name) for batch in order for job in batch]
    assert sorted(flat) == sorted((job.kind, job.name) for job in jobs)
    stems = [batch for batch in order if batch[0].kind == "stems"]
    assert len({batch[0].kit.name for batch in stems[: min(workers, 2)]}) == min(workers, 2)
    for wave in (range(1), range(1, 2)) if workers == 1 else (range(2),):
        names = {request.kits[i].name for i in wave}
        costs = [batch[0].cost_s for batch in stems if batch[0].kit.name in names]
        assert costs == sorted(costs, reverse=True)


def test_the_estimate_counts_and_shrinks_with_what_is_done(plain, request_of, tmp_path):
    _, before = plan_run(tmp_path / "new", request_of())
    assert (before.performances, before.kits, before.stems) == (4, 2, 72)
    assert before.files == 4 * 2 * 10 + 4 * 2
    seconds = sum(performance.duration_s for performance in request_of().performances)
    assert before.performance_h == pytest.approx(seconds / 3600)
    assert before.nominal_h == pytest.approx(seconds * 2 * 9 / 3600)
    assert before.with_tails_h > before.nominal_h
    _, after = plan_run(plain, request_of())
    assert after.bytes == before.bytes
    assert (after.bytes_missing, after.work_s) == (0, 0)
    assert not (tmp_path / "new").exists()
    assert f"4 performances ({seconds / 3600:.2f} performance hours) x 2 kits = 72 stems, 88 files" in before.lines(2)


def test_the_estimate_counts_banks_that_have_to_be_built(plain, request_of, tmp_path, monkeypatch):
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "empty"))
    _, before = plan_run(tmp_path / "new", request_of())
    assert before.banks == 2
    assert before.bank_s > 0
    assert before.lines(1)[-1].endswith("of it to build 2 banks")
    _, after = plan_run(plain, request_of())
    assert (after.banks, after.bank_s) == (0, 0)
    monkeypatch.undo()
    _, cached = plan_run(tmp_path / "new", request_of())
    assert cached.banks == 0
    assert "bank" not in cached.lines(1)[-1]


def test_progress_counts_everything(request_of, tmp_path):
    class Recorder(Silent):
        last: tuple[float, float | None, str] = (0.0, None, "")

        def update(self, done: float, total: float | None, text: str = "") -> None:
            self.last = (done, total, text)

    recorder = Recorder()
    render_corpus(tmp_path / "corpus", request_of(), jobs=1, progress=recorder)
    done, total, text = recorder.last
    assert done == pytest.approx(total)
    assert "88/88 files" in text


def test_a_smaller_run_completes_after_a_larger_one_was_interrupted(request_of, tmp_path, monkeypatch):
    root = tmp_path / "corpus"
    written = job_module.StemsJob.write

    def fail_later(self, place, settings):
        if len(list((root / ".stemgmd" / "stems").rglob("*.record"))) == 1:
            raise AudioError("interrupted")
        return written(self, place, settings)

    monkeypatch.setattr(job_module.StemsJob, "write", fail_later)
    with pytest.raises(AudioError, match="interrupted"):
        render_corpus(root, request_of(), jobs=1)
    monkeypatch.undo()
    assert render_corpus(root, request_of(IDS[:1]), jobs=1).complete
    verdict = verify_corpus(root, jobs=1)
    assert verdict.failures == ()
    assert verdict.notes[0].startswith("without stems yet: 2 performances;")
    assert render_corpus(root, request_of(), jobs=1).complete


def test_stems_without_their_midi_are_named(corpus, request_of):
    (corpus / ".stemgmd" / "midi" / f"{IDS[1]}.record").unlink()
    with pytest.raises(CorpusError, match=f"holds stems of {IDS[1]} from a run that was interrupted"):
        render_corpus(corpus, request_of(IDS[:1], groups=True), jobs=1)


def test_the_manifests_wait_for_the_last_job(request_of, tmp_path):
    root = tmp_path / "corpus"
    render_corpus(root, request_of(), jobs=1, shard=Shard(1, 2))
    with pytest.raises(CorpusError, match="not complete yet"):
        Corpus(root)
    assert plan_run(root, request_of())[1].bytes_missing > 0
