"""`stemgmd render --midi` on folders as they are found: damaged files, odd names, links."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from midi_files import END, KICK, SNARE, chunk, raw_file
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.cli.main import run
from stemgmd_tools.manifest.files import read_manifest

BEAT = raw_file(chunk(b"MTrk", KICK + SNARE + END))
MISCOUNTED = raw_file(chunk(b"MTrk", KICK + END), chunk(b"MTrk", SNARE + END), tracks=1)
LONG = "é" * 122
"""244 bytes."""
DRUM = "\U0001f941 \u00a0\U0001f468\u200d\U0001f469"
"""A drum, a space that does not break, and two people joined to one."""
ODD = ["-x", "A", "a", "a b ", "dot.", "=1+1", "NA", LONG, DRUM, "x'\"$&|;*?"]
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample map of a kit of one short sound."""
    folder = tmp_path_factory.mktemp("kit")
    write_sound(folder / "tin" / "one.wav", tone(peak=0.5, hertz=331.0, seconds=0.1, lead_s=0.001))
    return write_map(folder, map_data({"kick": layers("one.wav")}, name="tin", folder="tin"), "tin")


Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def stemgmd(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command as the program does: exit code, lines on standard error."""

    def call(*words: str | Path) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["stemgmd", *map(str, words)])
        code = 0
        try:
            run()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, [line for line in capsys.readouterr().err.splitlines() if not line.startswith("MIDI files:")]

    return call


@pytest.fixture
def render(stemgmd: Run, kit: Path) -> Run:
    """Return a function that renders MIDI into a folder."""

    def call(midi: Path, out: Path, *more: str) -> tuple[int, list[str]]:
        options = ("--kits", kit, "--jobs", "1", "--no-single-hits", "--quiet")
        return stemgmd("render", "--midi", midi, "--out", out, *options, *more)

    return call


def files_of(corpus: Path) -> dict[str, bytes]:
    return {path.relative_to(corpus).as_posix(): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def put(path: Path, data: bytes = BEAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_bad_files_are_listed_at_the_end_and_again_by_a_second_run(tmp_path: Path, render: Run, stemgmd: Run) -> None:
    midi, out = tmp_path / "midi", tmp_path / "corpus"
    put(midi / "good.mid")
    put(midi / "miscounted.mid", MISCOUNTED)
    put(midi / "page.mid", b"<html>")
    put(midi / "empty.mid", b"")
    put(midi / "two\nlines.mid")
    expected = [
        f"stemgmd: {midi}/miscounted.mid: repaired: the header states 1 as its number of tracks, there are 2",
        f"stemgmd: left out: {midi}/empty.mid: not a Standard MIDI File (it is empty); replace the file",
        f"stemgmd: left out: {midi}/page.mid: not a Standard MIDI File (it starts with b'<html>'); replace the file",
        rf"stemgmd: left out: {midi}/two\nlines.mid: its name holds a control character; rename the file",
    ]
    code, lines = render(midi, out, "--strict")
    assert (code, out.exists()) == (1, False)
    assert "3 of 5 MIDI files cannot be used" in "".join(lines)
    assert render(midi, out) == (1, expected)
    first = files_of(out)
    assert render(midi, out) == (1, expected)
    assert files_of(out) == first
    assert stemgmd("verify", out, "--quiet")[0] == 0
    performances = pd.read_parquet(out / "manifests/performances.parquet")
    assert performances["performance"].tolist() == ["good", "miscounted"]
    assert performances["hits"].tolist() == [2, 2]
    put(midi / "empty.mid")  # mended
    code, lines = render(midi, out)
    assert (code, len(lines)) == (1, 3)
    assert stemgmd("verify", out, "--quiet")[0] == 0
    assert len(pd.read_parquet(out / "manifests/performances.parquet")) == 3


def test_odd_names_are_rendered(tmp_path: Path, render: Run, stemgmd: Run) -> None:
    midi, out = tmp_path / "midi", tmp_path / "corpus"
    for name in ODD:
        put(midi / f"{name}.mid")
    code, (line,) = render(midi, out)
    assert code == 0
    assert f"{midi}: A and a differ only in case" in line
    assert stemgmd("verify", out, "--quiet")[0] == 0
    for ending in ("parquet", "csv"):
        manifest = read_manifest(out / f"manifests/stems.{ending}")
        assert sorted(set(manifest["performance"])) == sorted(ODD)
        assert all((out / path).is_file() for path in manifest["path"])
    assert all((out / "midi" / f"{name}.pieces.mid").is_file() for name in ODD)


def test_a_locale_without_utf_8_makes_no_difference(tmp_path: Path, render: Run, kit: Path) -> None:
    midi, posix, here = tmp_path / "midi", tmp_path / "posix", tmp_path / "here"
    put(midi / f"{DRUM}.mid")
    words = ["render", "--midi", midi, "--out", posix, "--kits", kit, "--jobs", "2", "--no-single-hits", "--quiet"]
    program = "from stemgmd_tools.cli.main import run; run()"
    subprocess.run([sys.executable, "-c", program, *words], env={**os.environ, "LC_ALL": "POSIX"}, check=True)
    assert render(midi, here) == (0, [])
    written = [{name: data for name, data in files_of(one).items() if "lock" not in name} for one in (posix, here)]
    assert written[0] == written[1]


def test_the_folder_of_the_corpus_may_have_any_name(tmp_path: Path, render: Run, stemgmd: Run) -> None:
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\nbar"))
    assert render(put(tmp_path / "a.mid"), out) == (0, [])
    assert stemgmd("verify", out, "--quiet") == (0, [])


@pytest.mark.real
@pytest.mark.parametrize(
    ("case", "performances", "code"),
    [
        ("01-header-track-count/midi", 1, 0),
        ("01-header-track-count/midi_len0", 1, 0),
        ("13-one-bad-in-a-folder/midi", 2, 1),
        ("14-file-instead-of-folder/midi", 1, 0),
        ("14-file-instead-of-folder/midi/a.mid", 1, 0),
    ],
)
def test_cases_of_bug_reports(
    case: str, performances: int, code: int, tmp_path: Path, render: Run, stemgmd: Run
) -> None:
    if not (CASES / case).exists():
        pytest.skip(f"no {CASES / case}")
    assert render(CASES / case, tmp_path / "corpus")[0] == code
    assert stemgmd("verify", tmp_path / "corpus", "--quiet")[0] == 0
    rows = pd.read_parquet(tmp_path / "corpus/manifests/performances.parquet")
    assert len(rows) == performances
    assert rows["hits"].min() >= 2


def test_a_corpus_whose_folder_was_moved_and_linked_is_whole(tmp_path: Path, render: Run, stemgmd: Run) -> None:
    out = tmp_path / "corpus"
    assert render(put(tmp_path / "a.mid"), out)[0] == 0
    shutil.move(out / "audio/tin", tmp_path / "big disk")
    (out / "audio/tin").symlink_to(tmp_path / "big disk")
    assert stemgmd("verify", out, "--quiet")[0] == 0
    put(out / "audio/tin/a/stray.flac")
    assert stemgmd("verify", out, "--quiet")[0] == 1
