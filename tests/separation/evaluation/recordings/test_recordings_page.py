"""A page on which recordings can be heard, with strokes and onsets marked."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from recorded_folders import RATE, STROKES_S, bursts, recorded_folder, stems, write_wav

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.separation.evaluation.examples import ExampleSound
from stemgmd_tools.separation.evaluation.methods.base import Callback
from stemgmd_tools.separation.evaluation.recordings import page
from stemgmd_tools.separation.evaluation.recordings.run import evaluate_recordings
from stemgmd_tools.separation.evaluation.recordings.track import find_recordings

HOP_S = 0.010
"""Step of the onset detector."""


def test_the_command_writes_a_page_to_listen_to(tmp_path: Path) -> None:
    one = recorded_folder("idmt", tmp_path)
    words = [
        "--recordings",
        str(one.path),
        "--estimates",
        str(one.estimates),
        "--out",
        str(tmp_path / "out"),
        "--quiet",
    ]
    result = CliRunner().invoke(stemgmd, ["evaluate", *words])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert f"open {tmp_path / 'out/index.html'}" in result.output
    text = (tmp_path / "out/index.html").read_text()
    assert "<h2>Onset F1</h2>" in text
    assert f"best: {one.recording}, from 0.0 s" in text
    sounds = re.findall(r'src="data:audio/flac;base64,([^"]+)"', text)
    assert len(sounds) == 1 + 3  # mixture, kick, snare, hi-hat
    excerpt, rate = soundfile.read(io.BytesIO(base64.b64decode(sounds[1])))
    assert rate == RATE
    kick = bursts(STROKES_S["kick"], 0).mean(axis=0)
    assert np.corrcoef(excerpt[:, 0], kick)[0, 1] > 0.999


def test_strokes_and_onsets_are_marked_in_the_part_with_most_strokes(tmp_path: Path, monkeypatch) -> None:
    """The strokes begin after 5 s of silence; the isolated stems are there too."""
    sounds = {stem: np.pad(sound, ((0, 0), (5 * RATE, 3 * RATE))) for stem, sound in stems().items()}
    for stem, sound in sounds.items():
        write_wav(tmp_path / "song" / f"{stem}.wav", sound)
    write_wav(tmp_path / "song/mix.wav", np.sum(list(sounds.values()), axis=0))
    lines = [f"{5 + time_s},{stem}" for stem, times in STROKES_S.items() for time_s in times]
    (tmp_path / "song/mix.csv").write_text("\n".join(lines))
    shown: list[ExampleSound] = []
    monkeypatch.setattr(page, "sounds_html", lambda items, *_: shown.extend(items) or "")
    _, recordings = find_recordings(tmp_path)
    method = Callback("mine", lambda _: np.stack(list(sounds.values())))
    table = evaluate_recordings(None, [method], recordings, tuple(sounds))
    page.write_page(tmp_path, "about", table, [method], recordings, tuple(sounds))
    assert [item.title for item in shown[:2]] == ["mixture", "isolated kick"]
    assert shown[0].played_s is None
    for item in shown[1:]:
        times = np.array(STROKES_S[item.title.split()[-1]])
        assert item.played_s is not None
        assert item.detected_s is not None
        lead_s = item.played_s[0] - times[0]
        assert item.played_s == pytest.approx(times + lead_s)
        assert item.detected_s == pytest.approx(times + lead_s, abs=2 * HOP_S)
        assert item.sound.shape == (2, round(page.EXCERPT_S * RATE))
