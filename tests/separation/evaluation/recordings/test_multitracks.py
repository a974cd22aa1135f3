"""Multitracks: stems by the names of their files, and scores that bleed does not decide."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from midi_files import midi_file, off, on
from numpy.typing import NDArray
from recorded_folders import RATE, STROKES_S, bursts, recorded_folder, stems, write_wav
from tone_kits import tone_kits

pytest.importorskip("torch")

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import GROUPS, PIECES_OF_GROUP, Piece
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.separation.evaluation.methods.base import Callback, Frames
from stemgmd_tools.separation.evaluation.methods.bounds import Mixture
from stemgmd_tools.separation.evaluation.metrics.nsdr_larsnet import METRIC as NSDR
from stemgmd_tools.separation.evaluation.recordings.bleed import reduced_bleed
from stemgmd_tools.separation.evaluation.recordings.run import evaluate_recordings
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.recordings.track import find_recordings

STEMS = tuple(group.value for group in GROUPS)
BLEED_DB = -12.0
"""Level at which each piece is in the microphones of the others, 1 to 3 ms later."""
TRUE_SDR_DB = 10.0
LITTLE_DB = -25.0
"""What is removed from stems without bleed, at most: where powers overlap, the model cannot tell them apart."""
NEAR_DB = 1.0
"""How near the score with reduced bleed is to that against the true stems."""


@pytest.fixture(scope="module")
def true_stems(tmp_path_factory) -> Frames:
    """Return the stems (group, 2, frame) of a rendered groove, whose strokes are often together."""
    kit = load_kit(tone_kits(tmp_path_factory.mktemp("kits"))[0])
    rng = np.random.default_rng(0)
    notes = {36: 8, 38: 6, 45: 4, 42: 14, 51: 6}
    grid = [(note, place) for note, count in notes.items() for place in rng.choice(24, count, replace=False)]
    hits = [
        Hit(0.125 * float(place), note, int(rng.integers(60, 127))) for note, place in sorted(grid, key=lambda x: x[1])
    ]
    source = VirtualCorpus([Performance("groove", hits, 3.5)], [kit], RenderSettings())
    pieces = source.floats("groove", kit.name, 0, round(3.5 * RATE))
    return np.stack([pieces[[piece.axis for piece in PIECES_OF_GROUP[group]]].sum(axis=0) for group in GROUPS])


def _microphones(sounds: Frames, level_db: float = BLEED_DB) -> Frames:
    """Return stems with each other's bleed."""
    result = sounds.copy()
    for number, microphone in enumerate(result):
        for other, sound in enumerate(sounds):
            if other != number:
                delay = 44 * (1 + (number + other) % 3)
                microphone[:, delay:] += np.float32(10 ** (level_db / 20)) * sound[:, :-delay]
    return result


def _noisy(sounds: Frames) -> NDArray[np.float32]:
    """Return stems with an error of 10 dB below each, at the same times."""
    noise = np.random.default_rng(0).standard_normal(sounds.shape)
    errors = np.abs(sounds) * noise
    gains = np.sqrt((sounds**2).sum(axis=(1, 2)) / np.maximum((errors**2).sum(axis=(1, 2)), 1e-12))
    return np.asarray(sounds + 10 ** (-TRUE_SDR_DB / 20) * gains[:, None, None] * errors, np.float32)


def _rows(folder: Path, estimates: Frames) -> pd.DataFrame:
    _, recordings = find_recordings(folder)
    method = Callback("given", lambda _: estimates)
    return evaluate_recordings(None, [method], recordings, STEMS).set_index("stem")


def _write(folder: Path, sounds: Frames) -> Path:
    for name, sound in zip(("Kick In", "SN top", "Tom 2", "HH", "cymbals"), sounds, strict=True):
        write_wav(folder / "song" / f"{name}.wav", sound)
    return folder


def evaluated(folder: Path) -> Result:
    """Run the command on a folder of recordings."""
    words = ("--recordings", str(folder), "--method", "mixture", "--out", str(folder / "out"), "--quiet", "--no-page")
    return CliRunner().invoke(stemgmd, ["evaluate", *words])


def test_scores_with_reduced_bleed_are_those_against_true_stems(true_stems, tmp_path: Path) -> None:
    folder = _write(tmp_path, _microphones(true_stems))
    estimates = _noisy(true_stems)
    rows = _rows(folder, estimates)
    for axis, stem in enumerate(STEMS):
        true_db = NSDR(true_stems[axis], estimates[axis])
        with_bleed, reduced = rows.at[stem, "nsdr_larsnet_db"], rows.at[stem, "less_bleed_nsdr_larsnet_db"]
        assert abs(reduced - true_db) < NEAR_DB, stem
        assert with_bleed < reduced - 1.0, stem
    assert rows["strokes"].isna().all()
    assert rows["onset_f1"].isna().all()
    assert rows["detected"].min() > 0


def test_the_mixture_does_not_gain_from_reduced_bleed(true_stems, tmp_path: Path) -> None:
    microphones = _microphones(true_stems)
    rows = _rows(_write(tmp_path, microphones), np.stack([microphones.sum(axis=0)] * len(STEMS)))
    assert (rows["less_bleed_nsdr_larsnet_db"] <= rows["nsdr_larsnet_db"] + 0.5).all()


def test_stems_without_bleed_stay_as_they_are(true_stems) -> None:
    cleaned = reduced_bleed(true_stems)
    for stem, true, reduced in zip(STEMS, true_stems, cleaned, strict=True):
        removed = float(((true - reduced) ** 2).sum())
        assert removed <= 10 ** (LITTLE_DB / 10) * float((true**2).sum()), stem
    assert np.array_equal(reduced_bleed(true_stems[:1]), true_stems[:1])
    short = true_stems[..., :100]
    assert reduced_bleed(short).shape == short.shape
    assert not reduced_bleed(np.zeros_like(true_stems)).any()


def test_files_are_stems_by_their_names(tmp_path: Path) -> None:
    sounds = stems()
    folder = tmp_path / "album"
    names = {
        "01_Kick In": sounds["kick"],
        "Kick Out": 0.5 * sounds["kick"],
        "Snare Bottom": sounds["snare"],
        "floor tom": sounds["toms"],
        "Overhead L": bursts((0.1,), 9),
    }
    for name, sound in names.items():
        write_wav(folder / "one/take 2" / f"{name}.wav", sound)
    layout, (track,) = find_recordings(folder)
    assert (layout.name, track.name) == ("multitrack", "one/take 2")
    assert {stem: [path.stem for path in files] for stem, files in track.stems.items()} == {
        "kick": ["01_Kick In", "Kick Out"],
        "snare": ["Snare Bottom"],
        "toms": ["floor tom"],
    }
    kick = 1.5 * sounds["kick"]
    summed = np.sum(list(names.values()), axis=0)
    estimates = np.stack([kick, sounds["snare"], sounds["toms"], summed, summed])
    rows = _rows(folder, estimates)
    assert rows.loc[["kick", "snare"], "si_sdr_db"].min() > 90.0
    assert rows.loc[["hihat", "cymbals"], "nsdr_larsnet_db"].isna().all()  # no file, so not known
    table = evaluate_recordings(None, [Mixture()], find_recordings(folder)[1], STEMS).set_index("stem")
    assert table.at["kick", "nsdr_larsnet_db"] == pytest.approx(NSDR(kick, summed), abs=1e-3)


def test_the_mixture_file_goes_before_the_sum_and_carries_strokes(tmp_path: Path) -> None:
    sounds = stems()
    folder = tmp_path / "song"
    for stem, sound in sounds.items():
        write_wav(folder / f"{stem}.wav", sound)
    mixture = np.sum(list(sounds.values()), axis=0)
    write_wav(folder / "Song_MIX.wav", 0.5 * mixture)
    ticks = [(round(time_s * 960), note) for note, stem in ((36, "kick"), (54, "kick")) for time_s in STROKES_S[stem]]
    events = [event for tick, note in ticks for event in (on(tick, note), off(tick + 10, note))]
    (folder / "Song_MIX.mid").write_bytes(midi_file(sorted(events, key=lambda event: event[0])))
    _, (track,) = find_recordings(tmp_path)
    assert [path.name for path in track.audio] == ["Song_MIX.wav"]
    assert track.ignored == len(STROKES_S["kick"])  # a tambourine
    assert track.strokes_s is not None
    assert track.strokes_s[Piece.KICK] == pytest.approx(STROKES_S["kick"], abs=1e-3)
    result = evaluated(tmp_path)
    assert result.exit_code == 0, result.output + repr(result.exception)
    table = read_manifest(tmp_path / "out/recordings.parquet", RECORDINGS_TABLE).set_index("stem")
    assert table.at["kick", "strokes"] == len(STROKES_S["kick"])
    assert table.at["kick", "nsdr_larsnet_db"] == pytest.approx(NSDR(sounds["kick"], 0.5 * mixture), abs=1e-3)
    report = (tmp_path / "out/report.md").read_text()
    assert "## nSDR, dB, bleed reduced" in report
    assert "## Onset F1" in report


@pytest.mark.parametrize(
    ("name", "frames", "message"),
    [
        ("accordion", 0, "accordion.wav: the name says no piece; name it after one"),
        ("Rough Mix", 0, "is a second mixture beside Mixture.wav"),
        ("ride", 5, "ride.wav: has 110245 frames at 44.1 kHz, the recording 110250"),
    ],
)
def test_tracks_that_cannot_be_used_are_named(name: str, frames: int, message: str, tmp_path: Path) -> None:
    sounds = stems()
    for other in ("kick", "snare"):
        write_wav(tmp_path / "a" / f"{other}.wav", sounds[other])
    write_wav(tmp_path / "a/Mixture.wav", sounds["kick"])
    write_wav(tmp_path / "a" / f"{name}.wav", sounds["hihat"][:, frames:])
    error = evaluated(tmp_path).exception
    assert isinstance(error, StemgmdError)
    assert message in str(error)


def test_midi_beside_audio_is_an_annotation(tmp_path: Path) -> None:
    plain = recorded_folder("plain", tmp_path)
    plain.annotation.unlink()
    midi = plain.audio.with_suffix(".mid")
    midi.write_bytes(b"MThd")
    with pytest.raises(StemgmdError, match=r"toy\.mid"):
        find_recordings(plain.path)
    notes = {"kick": 36, "snare": 40, "toms": 41, "hihat": 22, "cymbals": 59}  # of General MIDI, and of GMD alone: 22
    strokes = sorted((round(time_s * 960), notes[stem]) for stem, times in STROKES_S.items() for time_s in times)
    midi.write_bytes(midi_file([event for tick, note in strokes for event in (on(tick, note), off(tick + 9, note))]))
    _, recordings = find_recordings(plain.path)
    rows = evaluate_recordings(None, [Callback("true", lambda _: np.stack(list(stems().values())))], recordings, STEMS)
    assert (rows["onset_f1"] == 1.0).all()
    assert rows["nsdr_larsnet_db"].isna().all()
    assert math.isclose(rows["strokes"].sum(), sum(map(len, STROKES_S.values())))


def test_a_method_that_needs_true_stems_is_refused(tmp_path: Path) -> None:
    _, recordings = find_recordings(recorded_folder("mdb", tmp_path).path)
    needs_stems = Callback("needs", lambda mixture: mixture)
    needs_stems.separate = lambda clip: iter([clip.both(0, clip.frames)[1]])  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="the true stems of a recording are not known"):
        evaluate_recordings(None, [needs_stems], recordings, STEMS)
