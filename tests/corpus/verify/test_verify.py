"""Verifying: a sound corpus passes, every kind of damage is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from corpora import IDS

from stemgmd_tools.corpus.folder import bank_checks
from stemgmd_tools.corpus.info import describe, hours_by_kit, hours_by_piece, hours_by_split
from stemgmd_tools.corpus.render.run import render_corpus
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.verify import banks
from stemgmd_tools.corpus.verify.audio_checks import StemSet, TrackFile, check_stems
from stemgmd_tools.corpus.verify.findings import Failure, failure_table
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.kits.kit_table import KitRow
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.manifest.frames import in_order
from stemgmd_tools.manifest.tables import TABLES
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.storage.files import file_sha256


def _change(root: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Rewrite a manifest, consistently in both formats."""
    frame = change(Corpus(root).manifest(name))
    write_manifest(root / "manifests", TABLES[name], in_order(TABLES[name], frame))


def _reencode(root: Path, path: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the audio of a file and make its row match: hash, size and length."""
    pcm, rate = soundfile.read(root / path, dtype="int16", always_2d=True)
    soundfile.write(root / path, change(pcm), rate, subtype="PCM_16")

    def rows(frame: pd.DataFrame) -> pd.DataFrame:
        row = frame["path"] == path
        frame.loc[row, "content_hash"] = file_sha256(root / path)
        frame.loc[row, "bytes"] = (root / path).stat().st_size
        frame.loc[row, "frames"] = soundfile.info(root / path).frames
        return frame

    _change(root, "stems" if path.startswith("audio") else "single_hits", rows)


def _track(root: Path, track: str, *, sounding: bool = True) -> str:
    """Return the path of a track that sounds."""
    rows = Corpus(root).tracks
    return str(rows[(rows["track"] == track) & (rows["silent"] != sounding)]["path"].iloc[0])


def _checks(root: Path) -> set[str]:
    return {failure.check for failure in verify_corpus(root, jobs=1).failures}


def test_a_sound_corpus_passes_and_onsets_were_measured(finished):
    verdict = verify_corpus(finished, jobs=1)
    assert verdict.failures == ()
    assert verdict.notes == ()
    assert verdict.files == 4 * 2 * 15 + 2 * 220 + 4 * 2
    corpus = Corpus(finished)
    assert verdict.onsets > len(corpus.single_hits) / 2 + len(corpus.tracks[~corpus.tracks["silent"]]) / 4


@pytest.mark.parametrize(
    "settings",
    [
        {"container": "wav", "sample_format": "float32"},
        {"container": "flac", "sample_format": "int24", "tail": "cut", "mapping": "stemgmd"},
        {"container": "wav", "layout": "stemgmd", "sample_rate": 22_050},
    ],
    ids=["float", "24 bits, cut, collapsed", "stemgmd layout, 22 kHz"],
)
def test_every_format_passes(request_of, kits, tmp_path, settings):
    render_corpus(tmp_path / "corpus", request_of(IDS[:2], kits[:1], single_hits=True, **settings), jobs=1)
    verdict = verify_corpus(tmp_path / "corpus", jobs=1)
    assert verdict.failures == ()
    assert verdict.onsets > 100


def test_worker_processes_find_the_same(corpus):
    path = _track(corpus, "snare")
    (corpus / path).unlink()
    assert verify_corpus(corpus, jobs=2) == verify_corpus(corpus, jobs=1)


def test_a_missing_file_and_a_stray_one(corpus):
    path = _track(corpus, "kick")
    shutil.move(corpus / path, corpus / "audio" / "elsewhere.flac")
    failures = verify_corpus(corpus, jobs=1).failures
    assert Failure("stray", "audio/elsewhere.flac", "a file without a row", "no such file") in failures
    assert Failure("file", path, "missing", "a file") in failures


@pytest.mark.parametrize("path", ["midi", "single_hits", "audio"])
def test_a_flipped_bit_in_any_file(corpus_with_single_hits, path):
    corpus = corpus_with_single_hits
    victim = next(file for file in sorted((corpus / path).rglob("*")) if file.is_file())
    content = bytearray(victim.read_bytes())
    content[-3] ^= 4
    victim.write_bytes(content)
    failures = [failure for failure in verify_corpus(corpus, jobs=1).failures if failure.check == "hash"]
    assert [failure.where for failure in failures] == [victim.relative_to(corpus).as_posix()]


def test_a_file_that_is_no_audio(corpus):
    path = _track(corpus, "ride")
    (corpus / path).write_bytes(b"not audio")
    assert _checks(corpus) >= {"hash", "decode"}


def test_a_mixture_that_is_one_unit_off(corpus):
    def nudge(pcm):
        pcm[1000, 1] += 1
        return pcm

    path = _track(corpus, "mixture")
    _reencode(corpus, path, nudge)
    (failure,) = verify_corpus(corpus, jobs=1).failures
    assert failure.check == "sum"
    assert failure.where == f"{path} frame 1000"


def test_a_group_that_is_not_its_sum(corpus):
    _reencode(corpus, _track(corpus, "group_hihat"), lambda pcm: pcm // 2)
    assert _checks(corpus) == {"sum"}


def test_tracks_of_unequal_length(corpus):
    _reencode(corpus, _track(corpus, "snare"), lambda pcm: pcm[:-10])
    assert "length" in _checks(corpus)


def test_a_row_that_tells_another_length(corpus):
    path = _track(corpus, "crash")

    def longer(frame):
        frame.loc[frame["path"] == path, "frames"] += 1
        return frame

    _change(corpus, "stems", longer)
    assert "frames" in _checks(corpus)


@pytest.mark.parametrize("shift", [-40, -1, 1, 40])
def test_onsets_that_lie_elsewhere_are_heard(corpus, shift):
    def late(frame):
        frame["frame"] += shift * (frame["frame"] > -shift)
        return frame

    _change(corpus, "hits", late)
    verdict = verify_corpus(corpus, jobs=1)
    assert {failure.check for failure in verdict.failures} == {"onset", "hits"}
    assert len(verdict.failures) > 10


@pytest.mark.parametrize(("strokes", "faulty"), [(2, False), (1, True)])
def test_strokes_that_start_together_may_cancel_their_first_waves(tmp_path, strokes, faulty):
    """Two crash cymbals on one frame: both attacks begin there, their sum reaches its threshold five frames later."""
    silence, frame = np.zeros((20_000, 1), np.int16), 6_000
    crash = silence.copy()
    crash[frame : frame + 5] = 2_000 - 1_990
    crash[frame + 5 :] = 17_000
    files = {}
    for name in (*(piece.value for piece in PIECES), "mixture"):
        pcm = crash if name in ("crash", "mixture") else silence
        soundfile.write(tmp_path / f"{name}.flac", pcm, 44_100, subtype="PCM_16")
        files[name] = TrackFile(f"{name}.flac", file_sha256(tmp_path / f"{name}.flac"), len(pcm), not pcm.any())
    hits = {"crash": np.full(strokes, frame)}
    findings = check_stems(tmp_path, StemSet(files, hits, 44_100))
    assert [failure.check for failure in findings.failures] == (["onset"] if faulty else [])


@pytest.mark.parametrize("track", ["snare", "crash"])
def test_a_hit_that_is_not_heard(corpus, track):
    """Silence in place of a hit that stands alone, in the stem and the sums alike."""
    hits = Corpus(corpus).hits
    row = hits[hits["piece"] == track].iloc[0]
    stems = Corpus(corpus).tracks
    stem = stems[(stems["track"] == track) & (stems["performance"] == row["performance"])].iloc[0]
    _reencode(corpus, stem["path"], np.zeros_like)
    silenced = stem["path"]
    _change(
        corpus,
        "stems",
        lambda rows: rows.assign(
            silent=[s or p == silenced for s, p in zip(rows["silent"], rows["path"], strict=True)]
        ),
    )
    failures = [failure for failure in verify_corpus(corpus, jobs=1).failures if failure.check == "onset"]
    assert failures
    assert all("silence" in failure.actual for failure in failures)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"seed": 0', '"seed": 7', "stems.seed"),
        ('"sample_rate": 44100', '"sample_rate": 48000', "stems.sample_rate"),
        ('"tin": "', '"tin": "0', "kits: kit tin"),
    ],
)
def test_an_identity_that_tells_of_another_corpus(corpus, old, new, where):
    path = corpus / "corpus.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert where in {f.where for f in verify_corpus(corpus, jobs=1).failures if f.check == "identity"}


def test_a_single_hit_that_starts_late(corpus_with_single_hits):
    corpus = corpus_with_single_hits
    path = str(Corpus(corpus).single_hits["path"].iloc[9])
    _reencode(corpus, path, lambda pcm: np.roll(pcm, 30, axis=0))
    (failure,) = verify_corpus(corpus, jobs=1).failures
    assert (failure.check, failure.where) == ("onset", path)


def test_a_performance_in_two_splits(corpus):
    def moved(frame):
        frame.loc[frame.index[frame["gmd_split"] == "test"][:3], "gmd_split"] = "train"
        return frame

    _change(corpus, "stems", moved)
    (failure,) = verify_corpus(corpus, jobs=1).failures
    assert failure.check == "split"
    assert (failure.actual, failure.expected) == ("in test, train", "one split")


def test_a_kit_in_two_splits(corpus):
    def moved(frame):
        frame["kit_split"] = frame["kit_split"].where(frame["track"] != "kick", "train")
        return frame

    _change(corpus, "stems", moved)
    assert _checks(corpus) == {"split"}


def test_one_midi_file_in_two_splits(corpus):
    def twins(frame):
        frame.loc[1:, "midi_hash"] = frame["midi_hash"].iloc[0]
        return frame

    _change(corpus, "performances", twins)
    assert "split" in _checks(corpus)


def test_rows_that_are_missing(corpus):
    path = _track(corpus, "kick")
    _change(corpus, "stems", lambda frame: frame[frame["path"] != path].reset_index(drop=True))
    assert _checks(corpus) >= {"stray", "rows"}
    _change(corpus, "hits", lambda frame: frame.iloc[:-1])
    assert "hits" in _checks(corpus)
    _change(corpus, "kits", lambda frame: frame.iloc[:1])
    assert "rows" in _checks(corpus)


def test_manifests_that_disagree_or_are_damaged(corpus):
    text = corpus / "manifests" / "stems.csv"
    text.write_text(text.read_text().replace("kick.flac", "kick2.flac", 1))
    assert _checks(corpus) == {"manifest"}
    text.write_text("nonsense")
    (failure,) = verify_corpus(corpus, jobs=1).failures
    assert failure.where == "manifests/stems"


def test_a_bank_that_is_not_the_published_one_is_a_note(grouped, monkeypatch):
    monkeypatch.setattr(banks, "kit_table", lambda: (KitRow("tin", "train", "0" * 64), KitRow("wood", "x", "")))
    verdict = verify_corpus(grouped, jobs=1)
    assert verdict.failures == ()
    (note,) = verdict.notes
    assert note.startswith("kit tin: its bank has the hash ")


def test_a_bank_at_hand_that_is_not_the_one_used_is_a_note(grouped, monkeypatch):
    at_hand = banks.stored_sha256
    monkeypatch.setattr(
        banks, "stored_sha256", lambda name, *rest: "f" * 64 if name == "wood" else at_hand(name, *rest)
    )
    verdict = verify_corpus(grouped, jobs=1)
    assert verdict.failures == ()
    (note,) = verdict.notes
    assert re.match("kit wood: rendered from the bank [0-9a-f]{16}, the cache of this machine holds f{16}: ", note)


def test_a_manifest_that_names_another_bank_fails_for_that_kit(corpus):
    def other_bank(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["kit"] == "tin", "bank_sha256"] = "0" * 64
        return frame

    _change(corpus, "kits", other_bank)
    named = [failure for failure in verify_corpus(corpus, jobs=1).failures if failure.check == "bank"]
    assert [(failure.where, failure.expected) for failure in named] == [("kit tin", f"{'0' * 16}, as in kits")]


def test_a_corpus_is_not_continued_from_another_bank(corpus, request_of, monkeypatch):
    for record in sorted((corpus / ".stemgmd" / "stems" / "tin").rglob("*.record"))[:1]:
        record.unlink()
    monkeypatch.setattr(bank_checks, "stored_sha256", lambda *_: "f" * 64)
    with pytest.raises(CorpusError, match=r"kit tin was rendered from two banks, [0-9a-f]{16} and f{16}"):
        render_corpus(corpus, request_of(groups=True), jobs=1)


def test_what_is_no_corpus_or_not_complete_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no corpus here"):
        verify_corpus(tmp_path)


def test_a_table_of_failures_is_aligned():
    lines = failure_table([Failure("sum", "a.flac", "1", "2"), Failure("hash", "b", "x" * 20, "y")])
    assert lines[0].split() == ["check", "where", "actual", "expected"]
    assert {line.index(word) for line, word in zip(lines, ("expected", "2", "y"), strict=True)} == {37}


def test_info_counts_performance_hours_once_and_stem_hours_per_stem(finished):
    corpus = Corpus(finished)
    stems = corpus.tracks[corpus.tracks["track"].isin([piece.value for piece in PIECES])]
    hours = stems["frames"].sum() / 44_100 / 3600
    for table in (hours_by_kit(corpus), hours_by_piece(corpus), hours_by_split(corpus)):
        assert table["stem hours"].sum() == pytest.approx(hours)
    assert hours_by_kit(corpus)["bytes"].sum() == corpus.tracks["bytes"].sum()
    assert hours_by_piece(corpus)["hits"].sum() == len(corpus.hits)
    assert list(hours_by_piece(corpus).index) == [piece.value for piece in PIECES]
    assert hours_by_split(corpus)["performances"].sum() == 4
    performance_h = corpus.performances["duration_s"].sum() / 3600
    assert 8 * performance_h < hours / 2 < 20 * performance_h  # nine stems by two kits, with tails
    assert hours_by_split(corpus)["performance hours"].sum() == pytest.approx(performance_h)
    assert any(f"{performance_h:,.2f} performance hours" in line for line in describe(corpus))
    assert any("4 performances (starter) x 2 kits" in line for line in describe(corpus))
