"""Every planted fault is found where it is, a clean corpus is clean."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from corpora import IDS
from curation_songs import RATE, song
from toy_kits import toy_kit

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.curation.base import Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures, StemMeasures, measure_sound
from stemgmd_tools.curation.rules.activity import RULE as ACTIVITY
from stemgmd_tools.curation.rules.levels import RULE as LEVELS
from stemgmd_tools.curation.run import curate, rules
from stemgmd_tools.curation.songs import songs_of, songs_of_source
from stemgmd_tools.curation.table import CURATION_TABLE
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source

CLEAN = song(99)


def measured(sound: np.ndarray) -> StemMeasures:
    return measure_sound(sound.astype(np.float32), RATE)


def violations(root: Path) -> set[tuple[str, str, str, str]]:
    """Return clip, rule, severity and place of all violations."""
    table = curate(None, songs_of(root)).table
    table = table[table["severity"] != "ok"]
    return set(zip(table["clip"], table["rule"], table["severity"], table["where"], strict=True))


def test_a_clean_corpus_is_clean(corpus: Path) -> None:
    result = curate(None, songs_of(corpus))
    assert {row for row in violations(corpus) if row[2] != "advice"} == set()
    assert result.dropped == set()
    assert len(result.clips) == 2
    assert set(result.table["rule"]) >= {rule.name for rule in rules()} - {"activity"}


def test_a_stem_that_is_silent_in_spite_of_its_hits_is_an_error(corpus: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "corpus"
    shutil.copytree(corpus, damaged)
    path = max(damaged.glob("audio/*/**/snare.wav"), key=lambda path: path.stat().st_size)
    sound, rate = soundfile.read(path)
    soundfile.write(path, 0 * sound, rate, subtype="PCM_16")
    assert {rule for _, rule, severity, _ in violations(damaged) if severity == "error"} == {"silence", "mixture"}


CLIPPED = np.clip(CLEAN["snare"], -0.03, 0.03)
PLANTED = {
    "silence": ({"kick": 0 * CLEAN["kick"], "mixture": CLEAN["mixture"] - CLEAN["kick"]}, "advice", "kick"),
    "clipping": ({"snare": CLIPPED, "mixture": CLEAN["mixture"] - CLEAN["snare"] + CLIPPED}, "warning", "snare"),
    "offset": ({"hihat": CLEAN["hihat"] + 0.01, "mixture": CLEAN["mixture"] + 0.01}, "warning", "hihat"),
    "mixture": ({"mixture": CLEAN["mixture"] + 0.2 * np.roll(CLEAN["kick"], 99, axis=0)}, "error", "mixture"),
    "format": ({"kick": CLEAN["kick"][:-100]}, "error", "kick"),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_fault_is_found(songs: Callable[..., Path], rule: str) -> None:
    tracks, severity, where = PLANTED[rule]
    violated = violations(songs(**tracks))
    assert {row for row in violated if row[1] != "activity" and row[3] == where} == {("planted", rule, severity, where)}


def test_channels_in_opposite_phase_are_found(songs: Callable[..., Path]) -> None:
    inverted = CLEAN["snare"][:, :1] * [1, -1]
    root = songs(snare=inverted, mixture=CLEAN["mixture"] - CLEAN["snare"] + inverted)
    assert ("planted", "channels", "warning", "snare") in violations(root)


def test_stereo_that_is_mono_is_advice(songs: Callable[..., Path]) -> None:
    mono = {name: np.repeat(sound[:, :1], 2, axis=1) for name, sound in CLEAN.items()}
    assert violations(songs(**mono)) == {("planted", "channels", "advice", "all")}


def test_levels_outside_those_of_the_others_are_found(songs: Callable[..., Path]) -> None:
    softer = {name: 0.01 * sound for name, sound in CLEAN.items()}
    violated = {row for row in violations(songs(clean=7, **softer)) if row[1] == "levels"}
    assert {(clip, severity) for clip, _, severity, _ in violated} == {("planted", "warning")}


def test_the_low_end_of_a_kick_is_no_offset() -> None:
    """While a kick sounds, its mean is not zero; a second later it is."""
    time_s = np.arange(2 * RATE) / RATE
    kick = 0.5 * np.exp(-time_s / 0.1) * np.maximum(np.sin(2 * np.pi * 40 * time_s), -0.5)
    assert abs(kick.mean()) > 0.001
    assert measured(np.stack([kick, kick], 1)).offset < 0.001
    assert measured(np.stack([kick, kick + 0.002], 1)).offset == pytest.approx(0.002, rel=0.05)


def test_a_few_soft_strokes_are_advice(songs: Callable[..., Path]) -> None:
    root = songs(clean=8, kick=0.01 * CLEAN["kick"], mixture=CLEAN["mixture"] - 0.99 * CLEAN["kick"])
    clips = [replace(clip, hits=None) for clip in curate(None, songs_of(root)).clips]
    assert {name: one.severity for name, one in LEVELS.compare(clips).items() if one.message} == {"planted": None}
    known = [replace(clip, hits={"kick": (0.0, 1.0)}) for clip in clips]
    soft = {name: one.severity for name, one in LEVELS.compare(known).items() if one.message}
    assert soft == {"planted": Severity.ADVICE}


def test_a_damaged_file_is_an_error(songs: Callable[..., Path]) -> None:
    root = songs()
    (root / "planted" / "snare.wav").write_bytes(b"RIFF")
    assert ("planted", "unreadable", "error", "snare") in violations(root)


def test_the_command_writes_manifest_list_and_report_and_resumes(
    songs: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = songs(hihat=CLEAN["hihat"] + 0.01, mixture=CLEAN["mixture"] + 0.01)
    out = tmp_path / "report"
    line = ["curate", str(root), "--out", str(out), "--jobs", "1", "--quiet"]
    assert CliRunner().invoke(stemgmd, [*line, "--fail-on", "error"]).exit_code == 0
    first = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    table = read_manifest(out / "curation.csv", CURATION_TABLE)
    pd.testing.assert_frame_equal(table, read_manifest(out / "curation.parquet", CURATION_TABLE))
    assert (out / "keep.csv").read_text() == "performance,kit\nclean0,\n"
    assert "has a DC offset" in (out / "report.md").read_text()
    monkeypatch.setattr("stemgmd_tools.curation.run.measure_song", None)  # calling it would fail
    again = CliRunner().invoke(stemgmd, [*line, "--fail-on", "warning"])
    assert again.exit_code == 1
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == first
    monkeypatch.undo()
    soundfile.write(root / "planted" / "hihat.wav", CLEAN["hihat"], RATE, subtype="FLOAT")
    soundfile.write(root / "planted" / "mixture.wav", CLEAN["mixture"], RATE, subtype="FLOAT")
    assert CliRunner().invoke(stemgmd, [*line, "--fail-on", "warning"]).exit_code == 0


def test_a_rendered_clip_is_measured_again_if_it_is_played_otherwise(tmp_path: Path) -> None:
    kit = load_kit_file(toy_kit(tmp_path / "kit"))
    performance = select(find_source().read(), Selection(ids=IDS[:1]))[0]
    hits = performance.hits.copy()
    hits["velocity"] = 1
    softer = replace(performance, hits=hits)
    first, again, other = (
        curate(tmp_path / "out", songs_of_source(source), source=source).clips[0]
        for source in (VirtualCorpus([played], [kit]) for played in (performance, performance, softer))
    )
    assert first == again
    assert other.mixture.level_db < first.mixture.level_db - 3


def test_layouts_of_other_datasets_are_read(tmp_path: Path) -> None:
    def touch(*names: str) -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()

    touch("train/A - B/mixture.wav", "train/A - B/drums.wav", "train/A - B/bass.wav")
    touch("moises/x/data.json", "moises/x/drums/1.wav", "moises/x/drums/2.wav", "moises/x/bass/1.wav")
    drummer = "gmd/drummer1/session1/kit_a"
    touch(*(f"{drummer}/{stem}/1_funk.wav" for stem in ("kick", "crash_left", "toms", "mixture")))
    by_name = {one.name: one for one in songs_of(tmp_path)}
    assert set(by_name) == {"train/A - B", "moises/x", "kit_a/gmd/drummer1/session1/1_funk"}
    assert by_name["train/A - B"].split == "train"
    assert len(by_name["train/A - B"].mixture) == 1
    assert [len(files) for files in by_name["moises/x"].stems.values()] == [1, 2]
    assert set(by_name["kit_a/gmd/drummer1/session1/1_funk"].stems) == {"kick", "crash"}


def test_the_published_rule_of_activity() -> None:
    """Three of ten seconds just above -40 dB are enough, two are not, and -40.1 dB is silence."""
    second = np.full((RATE, 2), 0.01001)  # -39.99 dB
    second[1::2] *= -1

    def of_seconds(*gains: float) -> np.ndarray:
        return np.concatenate([gain * second for gain in gains])

    enough = of_seconds(1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
    for snare, is_enough in (
        (enough, True),
        (of_seconds(0, 1, 1, 0, 0, 0, 0, 0, 0, 0), False),
        (0.985 * enough, False),
    ):
        stems = {name: measured(sound) for name, sound in (("kick", enough), ("snare", snare))}
        outcome = ACTIVITY.judge(ClipMeasures("a", "a", None, "", stems), Preset.HTDEMUCS)
        assert outcome is not None
        assert (outcome.message == "") == is_enough
        assert outcome.threshold == 0.3


def test_drums_need_the_activity_of_their_hits() -> None:
    loud, soft = measured(np.full((4 * RATE, 2), 0.01)), measured(np.full((4 * RATE, 2), 1e-4))
    hits = {"ride": (0.5, 1.5, 2.5), "crash": (0.5,), "kick": (0.1,)}
    clip = ClipMeasures("a", "a", None, "", {"kick": loud, "ride": soft, "crash": soft}, hits=hits)
    outcome = ACTIVITY.judge(clip, Preset.DRUMS)
    assert outcome is not None
    assert (outcome.where, outcome.value, outcome.message != "") == ("ride", 0.0, True)
