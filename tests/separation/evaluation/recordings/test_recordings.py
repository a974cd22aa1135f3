"""Separators measured on recordings whose strokes are known: folders made like those of published datasets."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from recorded_folders import LABELS, RATE, STROKES_S, Folder, bursts, recorded_folder, stems, write_wav

pytest.importorskip("torch")

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.runtime.workers import workers
from stemgmd_tools.separation.evaluation.methods.base import Callback
from stemgmd_tools.separation.evaluation.recordings import run
from stemgmd_tools.separation.evaluation.recordings.measure import LEVEL_DB, level_gain
from stemgmd_tools.separation.evaluation.recordings.run import evaluate_recordings
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.recordings.track import find_recordings

SILENT_DB = -90.0
"""Level of a stem without leakage relative to the mixture; what remains is rounding."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Folder]:
    parent = tmp_path_factory.mktemp("recordings")
    return {layout: recorded_folder(layout, parent) for layout in LABELS}


def _call(folder: Path, *words: object) -> Result:
    given = ["--recordings", str(folder), "--quiet", "--no-page", *map(str, words)]
    return CliRunner().invoke(stemgmd, ["evaluate", *given])


def _table(out: Path):
    return read_manifest(out / "recordings.parquet", RECORDINGS_TABLE)


def _refusal(folder: Path, *words: object) -> str:
    """Return the one line with which a command is refused."""
    result = _call(folder, *words)
    assert isinstance(result.exception, StemgmdError), result.output + repr(result.exception)
    text = str(result.exception)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("layout", LABELS)
def test_true_stems_score_full_marks_and_the_mixture_does_not(layout: str, folders, tmp_path: Path) -> None:
    one = folders[layout]
    result = _call(one.path, "--method", "mixture", "--estimates", one.estimates, "--out", tmp_path)
    assert result.exit_code == 0, result.output + repr(result.exception)
    table = _table(tmp_path)
    assert set(table["recording"]) == {one.recording}
    true, mixed = (table[table["method"] == name].set_index("stem") for name in (one.estimates.name, "mixture"))
    assert list(true["strokes"]) == [len(STROKES_S[stem]) for stem in LABELS[layout]] == list(true["matched"])
    assert (true[["onset_f1", "onset_f1_30ms", "onset_f1_20ms"]] == 1.0).all(axis=None)
    assert (true["invented_per_min"] == 0.0).all()
    assert true["leakage_db"].max() < SILENT_DB
    assert mixed["leakage_db"].to_numpy() == pytest.approx(np.zeros(len(mixed)), abs=1e-6)
    strokes = sum(len(STROKES_S[stem]) for stem in LABELS[layout])
    assert list(mixed["onset_f1"]) == pytest.approx(
        [2 * count / (count + strokes) for count in true["strokes"]]  # the mixture holds every stroke
    )
    report = (tmp_path / "report.md").read_text()
    assert {"mdb": "MDB Drums", "enst": "ENST-Drums", "idmt": "IDMT-SMT-Drums", "plain": "plain"}[layout] in report
    assert f"| {one.estimates.name} |" in report


def test_missed_late_and_invented_strokes_cost(folders) -> None:
    """The snare is 25 ms late, the hi-hat misses a stroke, the toms have one that nobody played."""
    _, recordings = find_recordings(folders["mdb"].path)
    known = stems()
    changed = {
        **known,
        "snare": np.roll(known["snare"], round(0.025 * RATE), axis=1),
        "hihat": bursts(STROKES_S["hihat"][1:], 3),
        "toms": bursts((0.3, *STROKES_S["toms"]), 2),
    }
    method = Callback("changed", lambda _: np.stack(list(changed.values())))
    rows = evaluate_recordings(None, [method], recordings, tuple(known)).set_index("stem")
    assert tuple(rows.loc["snare", ["onset_f1", "onset_f1_30ms", "onset_f1_20ms"]]) == (1.0, 1.0, 0.0)
    assert rows.at["hihat", "onset_f1"] == pytest.approx(2 * 2 / (3 + 2))
    assert rows.at["toms", "onset_f1"] == pytest.approx(2 * 1 / (1 + 2))
    assert rows.at["toms", "invented_per_min"] == pytest.approx(60 / 2.5)
    assert rows.at["kick", "onset_f1"] == 1.0


def test_the_level_of_a_recording_makes_no_difference(folders) -> None:
    sound, _ = soundfile.read(folders["mdb"].audio, dtype="float32", always_2d=True)
    gains = [level_gain(factor * sound.T) for factor in (1.0, 0.01)]
    assert gains[1] / gains[0] == pytest.approx(100.0, rel=1e-4)
    windows = np.square(gains[0] * sound[: len(sound) // 2048 * 2048]).mean(axis=1).reshape(-1, 2048).mean(axis=1)
    assert 10 * np.log10(np.quantile(windows, 0.95)) == pytest.approx(LEVEL_DB, abs=0.2)
    assert level_gain(np.zeros((2, 5_000), np.float32)) == 1.0


def test_finished_recordings_are_measured_once(folders, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(folders["plain"].path, folder)
    for suffix in (".wav", ".csv"):
        shutil.copy(folder / f"mine/toy{suffix}", folder / f"mine/other{suffix}")
    words = (folder, "--method", "mixture", "--out", tmp_path / "out")
    assert _call(*words).exit_code == 0
    first = _table(tmp_path / "out")
    records = sorted((tmp_path / "out" / "recordings").rglob("*.json"))
    assert len(records) == 2
    before = {path: path.stat().st_mtime_ns for path in records}
    assert _call(*words).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in records} == before
    assert _table(tmp_path / "out").equals(first)
    with (folder / "mine/other.csv").open("a") as file:
        file.write("2.4,kick\n")
    records[1].write_bytes(records[1].read_bytes()[:-20])  # of mine/toy, damaged
    assert _call(*words).exit_code == 0
    assert all(path.stat().st_mtime_ns != before[path] for path in records)
    again = _table(tmp_path / "out").set_index(["recording", "stem"])
    assert again.at[("mine/other", "kick"), "strokes"] == 3
    assert again.at[("mine/toy", "kick"), "strokes"] == 2


def test_recordings_go_to_as_many_workers_as_asked_for(folders, tmp_path: Path, monkeypatch) -> None:
    asked: list[int] = []

    def in_this_process(jobs: int, **options: object):
        asked.append(jobs)
        return workers(1, **options)

    monkeypatch.setattr(run, "workers", in_this_process)
    assert _call(folders["plain"].path, "--method", "mixture", "--jobs", "3", "--out", tmp_path).exit_code == 0
    assert asked == [3]


def _without_annotation(one: Folder) -> None:
    one.annotation.unlink()


def _unknown_label(one: Folder) -> None:
    one.annotation.write_text("0.5 \tGONG\n")


def _no_time(one: Folder) -> None:
    one.annotation.write_text("0.5 KD\nsoon KD\n")


def _damaged_audio(one: Folder) -> None:
    one.audio.write_bytes(one.audio.read_bytes()[:3000])


def _no_sound(one: Folder) -> None:
    write_wav(one.audio, np.zeros((2, 0), np.float32))


def _surround(one: Folder) -> None:
    write_wav(one.audio, np.zeros((6, 100), np.float32))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_annotation, "MusicDelta_Toy_subclass.txt: is missing, the annotation of a recording"),
        (_unknown_label, 'MusicDelta_Toy_subclass.txt: label "GONG" is not known; labels are KD, SD'),
        (_no_time, 'MusicDelta_Toy_subclass.txt:2: "soon KD" is not a time in seconds and a label'),
        (_damaged_audio, "MusicDelta_Toy_Drum.wav: "),
        (_no_sound, "MusicDelta_Toy_Drum.wav: holds no audio frame"),
        (_surround, "MusicDelta_Toy_Drum.wav: has 6 channels and 100 frames"),
    ],
)
def test_damaged_recordings_are_named_in_one_line(damage, message: str, tmp_path: Path) -> None:
    one = recorded_folder("mdb", tmp_path)
    damage(one)
    text = _refusal(one.path, "--method", "mixture", "--out", tmp_path / "out")
    assert message in text
    assert not (tmp_path / "out" / "recordings.parquet").exists()


def test_folders_that_hold_nothing_to_measure_are_refused(folders, tmp_path: Path) -> None:
    words = ("--method", "mixture", "--out", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert "empty: holds no recordings as enst, idmt, mdb, multitrack, plain have" in _refusal(
        tmp_path / "empty", *words
    )
    assert "layout cd: not known; layouts are enst, idmt, mdb, multi" in _refusal(
        folders["mdb"].path, "--layout", "cd", *words
    )
    assert "holds no recordings as idmt have them" in _refusal(folders["mdb"].path, "--layout", "idmt", *words)
    plain = recorded_folder("plain", tmp_path)
    write_wav(plain.path / "second.wav", bursts((0.1,), 0))
    assert "second.wav: has no annotation beside it" in _refusal(plain.path, *words)
    (tmp_path / "idmt/annotation_xml").mkdir(parents=True)
    write_wav(tmp_path / "idmt/audio/x#MIX.wav", bursts((0.1,), 0))
    (tmp_path / "idmt/annotation_xml/x#MIX.xml").write_text("<a><event>")
    assert "x#MIX.xml: cannot be read as an annotation" in _refusal(tmp_path / "idmt", *words)


def test_estimates_that_do_not_fit_are_refused(folders, tmp_path: Path) -> None:
    one = folders["mdb"]
    words = ("--estimates", tmp_path / "estimates", "--out", tmp_path / "out")
    shutil.copytree(one.estimates, tmp_path / "estimates")
    write_wav(tmp_path / "estimates/MusicDelta_Toy/snare.wav", np.zeros((2, 44), np.float32))
    assert "snare.wav: has 44 frames at 44.1 kHz, the recording 110250" in _refusal(one.path, *words)
    (tmp_path / "estimates/MusicDelta_Toy/snare.wav").unlink()
    assert "MusicDelta_Toy: has no snare.wav; --estimates needs" in _refusal(one.path, *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to evaluate: give --weights FILE, --estimates DIR, or --method"),
        (("--method", "irm"), "--method irm cannot be used with --recordings: it needs true stems"),
        (("--method", "mixture", "--max-s", "3"), "--recordings cannot be used with --max-s"),
        (("--method", "mixture", "--stems", "nine"), "--recordings measures five stems"),
    ],
)
def test_options_that_do_not_fit_are_refused(words, message: str, folders, tmp_path: Path) -> None:
    assert message in _refusal(folders["mdb"].path, *words, "--out", tmp_path / "out")
