"""``stemgmd separate``: every option, every way to ask for the impossible."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result
from toy_separators import register_toys

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import AudioError, StemgmdError, UsageError
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference.record import RECORD_FILE
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.weights import file as weights_module
from stemgmd_tools.separation.weights.file import save_weights, shipped_weights

NINE = tuple(piece.value for piece in PIECES)


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    register_toys(monkeypatch)


def saved(path: Path, model: str = "tiny-masks", stems: tuple[str, ...] = GROUPS, **options: float) -> Path:
    """Write the weights of a toy."""
    torch.manual_seed(0)
    spec = ModelSpec(model, tuple(str(stem) for stem in stems), options)
    save_weights(path, spec, build(spec), {"made": "for a test"})
    return path


@pytest.fixture
def five(tmp_path: Path) -> Path:
    return saved(tmp_path / "five.safetensors")


def song(path: Path, frames: int = 20_000, rate: int = 44_100, channels: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = stream(7, "song", path.name, frames).uniform(-0.6, 0.6, (frames, channels))
    soundfile.write(path, sound, rate, subtype="PCM_16")
    return path


def call(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(stemgmd, ["separate", *(str(word) for word in words)], input=stdin)


def refusal(*words: str | Path) -> StemgmdError:
    error = call(*words).exception
    assert isinstance(error, StemgmdError), error
    assert "\n" not in str(error)
    return error


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder of stems, but for the record of how they were made."""
    return sorted(path.name for path in folder.iterdir() if path.name != RECORD_FILE)


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16", always_2d=True)[0].astype(np.int64)


def test_a_song_becomes_five_stems_that_sum_to_it(tmp_path, five):
    path, out = song(tmp_path / "song.wav"), tmp_path / "stems"
    result = call(path, "--out", out, "--weights", five, "--mixture-consistent", "--device", "cpu")
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith(f"{path}: kick, snare, toms, hihat, cymbals in {out / 'song'}; 0 s, ")
    assert "x real time" in result.stdout
    assert names_in(out / "song") == sorted(f"{stem}.wav" for stem in GROUPS)
    assert np.array_equal(sum(read(out / "song" / f"{stem}.wav") for stem in GROUPS), read(path))


def test_nine_stems_of_a_mono_song_at_another_rate_as_24_bit_flac(tmp_path):
    path, out = song(tmp_path / "song.wav", rate=16_000, channels=1), tmp_path / "stems"
    nine = saved(tmp_path / "nine.safetensors", stems=NINE)
    words = ("--format", "flac", "--subtype", "24", "--segment", "0.5", "--overlap", "0.5", "--batch", "2", "--bf16")
    result = call(path, "--out", out, "--weights", nine, *words, "--threads", "1", "--quiet")
    assert result.exit_code == 0, result.exception
    assert names_in(out / "song") == sorted(f"{stem}.flac" for stem in NINE)
    for file in (out / "song").glob("*.flac"):
        info = soundfile.info(file)
        assert (info.subtype, info.samplerate, info.channels, info.frames) == ("PCM_24", 16_000, 1, 20_000)


def test_a_batch_goes_on_past_what_fails_and_says_so(tmp_path, five):
    songs, out = tmp_path / "songs", tmp_path / "stems"
    song(songs / "a.wav")
    song(songs / "more" / "c.wav")
    (songs / "b.wav").write_bytes(b"no sound")
    for name in ("notes.txt", "cover.jpg"):
        (songs / name).write_bytes(b"no sound")
    result = call(songs, "--out", out, "--weights", five)
    assert isinstance(result.exception, AudioError)
    assert str(result.exception) == f"1 of 3 files could not be separated: {songs / 'b.wav'}"
    lines = result.stderr.splitlines()
    assert lines[0] == f"stemgmd: skipped, not audio: {songs / 'cover.jpg'}, {songs / 'notes.txt'}"
    assert lines[1].startswith(f"stemgmd: {songs / 'b.wav'}: cannot be read as audio")
    assert len(result.stdout.splitlines()) == 2
    assert (out / "a" / "kick.wav").is_file()
    assert (out / "more" / "c" / "kick.wav").is_file()
    assert not (out / "b").exists()
    again = call(songs, "--out", out, "--weights", five)
    assert "1 of 3 files could not be separated" in str(again.exception)
    assert again.stdout.count("skipped, already separated with the same settings") == 2
    other = call(songs, "--out", out, "--weights", five, "--mixture-consistent")
    assert "3 of 3 files could not be separated" in str(other.exception)
    assert "kick.wav: already exists, made with mixture-consistent False, not True; give --overwrite" in other.stderr


def test_wiener_and_chosen_stems(tmp_path, five):
    path = song(tmp_path / "song.wav")
    for name, words in {"plain": (), "shared": ("--wiener", "1")}.items():
        chosen = ("--stem", "snare", "--stem", "kick", "--stem", "kick")
        assert call(path, "--out", tmp_path / name, "--weights", five, *words, *chosen).exit_code == 0
        assert names_in(tmp_path / name / "song") == ["kick.wav", "snare.wav"]
    assert not np.array_equal(read(tmp_path / "plain/song/kick.wav"), read(tmp_path / "shared/song/kick.wav"))


def test_what_cannot_be_done_is_said_before_anything_is_written(tmp_path, five, monkeypatch):
    path, out = song(tmp_path / "song.wav"), tmp_path / "stems"
    asked = (path, "--out", out, "--weights", five)
    assert "these weights separate kick, snare" in str(refusal(*asked, "--stem", "crash"))
    assert "FLAC holds integers" in str(refusal(*asked, "--format", "flac", "--subtype", "float"))
    assert "PyTorch finds no such device" in str(refusal(*asked, "--device", "cuda:99"))
    assert "PyTorch finds no such device" in str(refusal(*asked, "--device", "abacus"))
    assert "0.1 to 3600 seconds" in str(refusal(*asked, "--segment", "0"))
    assert "alpha -1" in str(refusal(*asked, "--wiener", "-1"))
    assert "no such file" in str(refusal(tmp_path / "none.wav", "--out", out, "--weights", five))
    assert "cannot be read as weights" in str(refusal(path, "--out", out, "--weights", path))
    assert "leave out --format" in str(refusal(path, "--out", "-", "--weights", five, "--format", "flac"))
    assert "takes one file, not 2" in str(refusal(path, "-", "--out", "-", "--weights", five))
    for text in ("0", "1,2,3", "a", "1,", "²"):
        assert "counted from 1" in call(*asked, "--channels", text).stderr
    assert call(*asked, "--overlap", "0.6").exit_code == 2
    assert call("--out", out).exit_code == 2
    gains = saved(tmp_path / "gains.safetensors", "gains")
    assert "makes none" in str(refusal(path, "--out", out, "--weights", gains, "--wiener", "1"))
    assert not out.exists()


def test_clipped_samples_are_told(tmp_path):
    gains = saved(tmp_path / "gains.safetensors", "gains", gain=2.0)
    path = song(tmp_path / "song.wav")
    output = call(path, "--out", tmp_path / "stems", "--weights", gains, "--stem", "kick").stdout
    assert "clipped: 6,558 samples, --subtype float avoids this" in output
    output = call(path, "--out", tmp_path / "floats", "--weights", gains, "--subtype", "float").stdout
    assert "were clipped" not in output


def test_without_shipped_weights_it_says_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(weights_module, "REFERENCE", tmp_path / "reference.safetensors")
    with pytest.raises(UsageError, match="give --weights FILE"):
        shipped_weights()
    assert "give --weights FILE" in str(refusal(song(tmp_path / "song.wav"), "--out", tmp_path / "stems"))
    saved(weights_module.REFERENCE)
    assert call(tmp_path / "song.wav", "--out", tmp_path / "stems").exit_code == 0


PIPED = """
import sys
import pytest
sys.path.insert(0, "tests/helpers")
from toy_separators import register_toys
register_toys(pytest.MonkeyPatch())
from stemgmd_tools.cli.main import run
sys.argv = ["stemgmd", "separate", *sys.argv[1:]]
run()
"""
ROOT = Path(__file__).resolve().parents[2]


def test_from_pipe_to_pipe(tmp_path, five):
    path, out = song(tmp_path / "song.wav"), tmp_path / "stems"
    words = ("--weights", str(five), "--stem", "kick", "--device", "cpu")
    done = subprocess.run(
        [sys.executable, "-c", PIPED, "-", "--out", "-", *words],
        input=path.read_bytes(),
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    (tmp_path / "piped.wav").write_bytes(done.stdout)
    assert done.stderr.decode().startswith("standard input: kick; 0 s, ")
    assert call(path, "--out", out, *words).exit_code == 0
    assert np.array_equal(read(tmp_path / "piped.wav"), read(out / "song" / "kick.wav"))
    assert read(tmp_path / "piped.wav").any()


def test_sigterm_leaves_nothing_half_written(tmp_path, five):
    out = tmp_path / "stems"
    path = song(tmp_path / "song.wav", frames=8_000_000)
    words = (str(path), "--out", str(out), "--weights", str(five), "--device", "cpu", "--segment", "0.2")
    with subprocess.Popen([sys.executable, "-c", PIPED, *words], cwd=ROOT) as running:
        try:
            while not list(out.rglob("*.part")):
                assert running.poll() is None
                time.sleep(0.02)
            running.terminate()
            assert running.wait(60) == 128 + signal.SIGTERM
        finally:
            running.kill()
    assert list(out.rglob("*")) == []


KILLED = """
import os, signal, sys
from pathlib import Path
rename, left = Path.replace, [int(sys.argv.pop(1))]
def replace(self, target):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return rename(self, target)
Path.replace = replace
"""


@pytest.mark.parametrize("renames", [1, 3, 8])
def test_the_same_command_goes_on_after_a_kill(tmp_path, five, renames):
    songs, out, whole = tmp_path / "songs", tmp_path / "stems", tmp_path / "whole"
    for name in ("a", "b"):
        song(songs / f"{name}.wav")
    words = ("--weights", five, "--device", "cpu", "--threads", "1")
    assert call(songs, "--out", whole, *words).exit_code == 0
    program = [sys.executable, "-c", KILLED + PIPED, str(renames), str(songs), "--out", str(out), *map(str, words)]
    assert subprocess.run(program, cwd=ROOT, check=False, capture_output=True).returncode == -signal.SIGKILL
    assert list(out.rglob("*.part"))  # the record (1 rename) and five stems of a, then those of b
    again = call(songs, "--out", out, *words)
    assert again.exit_code == 0, again.exception
    assert again.stdout.count("replaced files of an interrupted run: ") == 1
    assert again.stdout.count("skipped, already separated") == (1 if renames > 5 else 0)
    files = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert files == {path.relative_to(whole): path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    assert call(songs, "--out", out, *words).stdout.count("skipped, already separated") == 2


def test_a_kill_while_stems_are_written(tmp_path, five):
    path, out = song(tmp_path / "song.wav", frames=2_000_000), tmp_path / "stems"
    words = (str(path), "--out", str(out), "--weights", str(five), "--device", "cpu", "--stem", "kick")
    with subprocess.Popen([sys.executable, "-c", PIPED, *words, "--segment", "0.2"], cwd=ROOT) as running:
        try:
            while not list(out.rglob("*.part")):
                assert running.poll() is None
                time.sleep(0.02)
        finally:
            running.kill()
    assert list(out.rglob("*.part"))
    output = call(*words).stdout
    assert f"replaced files of an interrupted run: kick.wav.{running.pid}.part" in output
    assert names_in(out / "song") == ["kick.wav"]


NAMES = [b"caf\xe9.wav", "\U0001f941.wav".encode(), b"a\nb\\c.wav", b"x" * 234 + b".wav"]


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_any_name_under_any_locale(tmp_path, five, locale):
    songs, out = tmp_path / "songs", tmp_path / "stems"
    songs.mkdir()
    content = song(tmp_path / "song.wav").read_bytes()
    for name in NAMES:
        (songs / os.fsdecode(name)).write_bytes(content)
    (songs / os.fsdecode(b"bad \xff\n.wav")).write_bytes(b"no sound")
    (songs / os.fsdecode(b"left \xff.txt")).write_bytes(b"no sound")
    words = (str(songs), "--out", str(out), "--weights", str(five), "--device", "cpu", "--stem", "kick")
    done = subprocess.run(
        [sys.executable, "-c", PIPED, *words], cwd=ROOT, check=False, capture_output=True, env={**os.environ, **locale}
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 3, done.stderr
    assert lines[0].startswith(b"stemgmd: skipped, not audio: ")
    assert b"cannot be read as audio" in lines[1]
    assert b"1 of 5 files could not be separated" in lines[2]
    assert len(done.stdout.splitlines()) == len(NAMES)
    for name in NAMES:
        assert (out / os.fsdecode(name.removesuffix(b".wav")) / "kick.wav").is_file()


@pytest.mark.parametrize("stem", ["../../escaped", "/escaped", "a/../../../escaped"])
def test_weights_whose_stems_are_named_elsewhere_write_nothing(tmp_path, stem):
    weights = saved(tmp_path / "w.safetensors", stems=(stem, "rest"))
    song(tmp_path / "song.wav")
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "deep" / "down" / "out"
    assert call(tmp_path / "song.wav", "--weights", weights, "--device", "cpu", "--out", out).exception
    assert [path for path in sorted(tmp_path.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]


def test_nothing_is_separated_through_a_link_out_of_the_folder(tmp_path, five):
    song(tmp_path / "song.wav")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "song").symlink_to(tmp_path / "elsewhere")
    done = call(tmp_path / "song.wav", "--weights", five, "--device", "cpu", "--out", tmp_path / "out")
    assert "leads out of" in done.output + str(done.exception)
    assert not any((tmp_path / "elsewhere").iterdir())
