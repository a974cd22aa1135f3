"""The commands that make, check, count and join corpora: every option, every way to ask for the impossible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result
from midi_files import midi_file, off, on
from toy_kits import toy_kit

import stemgmd_tools
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.folder.identity import require_identity
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import CorpusError, StemgmdError, UsageError

SHORT = ("--id", "drummer13/session1/7", "--id", "drummer11/session1/4", "--id", "drummer11/session2/2")


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of a toy kit's map."""
    return str(toy_kit(tmp_path_factory.mktemp("cli") / "toy"))


def call(*words: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(stemgmd, [str(word) for word in words])


def rendered(out: Path, kit: str, *words: str, selection: tuple[str, ...] = SHORT[:2]) -> Corpus:
    """Render a little and open it."""
    result = call("render", "--kits", kit, "--out", out, "--jobs", "1", "--no-single-hits", *selection, *words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return Corpus(out)


def refusal(*words: str | Path) -> StemgmdError:
    """Return the error that a command ends with; one line."""
    error = call(*words).exception
    assert isinstance(error, StemgmdError), error
    assert "\n" not in str(error)
    return error


def test_render_says_what_there_is_and_how_to_look_at_it(kit, tmp_path):
    out = tmp_path / "corpus"
    result = call("render", "--kits", kit, "--out", out, "--jobs", "1", *SHORT[:4])
    assert result.exit_code == 0, result.output
    assert "using the starter set" in result.stderr.splitlines()[0]
    assert "stemgmd fetch gmd" in result.stderr
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{out}: 2 performances (0.00 performance hours) x 1 kit, 20 tracks, 0.0")
    assert second == f"look at it: stemgmd info {out}; check it: stemgmd verify {out}; rows: {out / 'manifests'}"
    assert len(Corpus(out).single_hits) == 220


@pytest.mark.parametrize(
    ("words", "setting", "value"),
    [
        (("--seed", "7"), "seed", 7),
        (("--sample-rate", "22050"), "sample_rate", 22_050),
        (("--format", "wav"), "container", "wav"),
        (("--subtype", "24"), "sample_format", "int24"),
        (("--format", "wav", "--subtype", "float"), "sample_format", "float32"),
        (("--tail", "cut"), "tail", "cut"),
        (("--groups",), "groups", True),
        (("--flac-level", "0"), "flac_level", 0),
        (("--mapping", "stemgmd"), "mapping", "stemgmd"),
        (("--layout", "stemgmd"), "layout", "stemgmd"),
    ],
)
def test_every_setting_reaches_the_corpus_and_its_files(kit, tmp_path, words, setting, value):
    corpus = rendered(tmp_path / "corpus", kit, *words)
    settings = require_identity(tmp_path / "corpus").settings
    assert getattr(settings, setting) == value
    assert set(corpus.tracks["sample_rate"]) == {settings.sample_rate}
    info = soundfile.info(tmp_path / "corpus" / corpus.tracks["path"].iloc[0])
    assert (info.samplerate, info.channels) == (settings.sample_rate, 2)
    assert info.subtype == {"int16": "PCM_16", "int24": "PCM_24", "float32": "FLOAT"}[settings.sample_format]
    assert info.format.lower() == settings.container
    assert call("verify", tmp_path / "corpus", "--jobs", "1").exit_code == 0


def test_the_stemgmd_layout_has_the_original_names(kit, tmp_path):
    out = tmp_path / "corpus"
    rendered(out, kit, "--layout", "stemgmd")
    folder = out / "audio" / "drummer13" / "session1" / "toy"
    name = "7_jazz_144_fill_4-4.wav"
    folders = "kick snare hi_tom mid_tom low_tom hihat_open hihat_closed crash_left ride mixture toms hihat cymbals"
    assert sorted(path.name for path in folder.iterdir()) == sorted(folders.split())
    assert all((folder / track / name).is_file() for track in folders.split())


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--split", "validation", "--style", "rock"), {"drummer11/session2/2"}),
        (("--drummer", "drummer11", "--beat-type", "fill"), {"drummer11/session1/4", "drummer11/session2/2"}),
        (("--bpm", "180-190"), {"drummer11/session1/3"}),
        (("--bpm", "170-"), {"drummer11/session1/3"}),
        (("--bpm", "-73"), {"drummer13/eval_session/2"}),
        (("--id", "drummer13/*/7"), {"drummer13/session1/7"}),
        (("--style", "jazz", "--limit", "1", "--split", "train"), {"drummer13/session1/6"}),
    ],
)
def test_every_selection(kit, tmp_path, words, ids):
    assert set(rendered(tmp_path / "corpus", kit, selection=words).performances["performance"]) == ids


def test_a_limit_spreads_over_the_selection(kit, tmp_path):
    corpus = rendered(tmp_path / "corpus", kit, selection=("--limit", "3", "--beat-type", "fill"))
    assert corpus.performances["drummer"].nunique() > 1
    assert len(corpus.performances) == 3


def test_a_folder_of_general_midi(kit, tmp_path):
    (tmp_path / "midi").mkdir()
    song = midi_file([on(0, 35), off(60, 35), on(240, 41), off(300, 41), on(480, 54), off(500, 54)])
    (tmp_path / "midi" / "song.mid").write_bytes(song)
    corpus = rendered(tmp_path / "corpus", kit, "--midi", str(tmp_path / "midi"), "--mapping", "gm", selection=())
    assert corpus.hits["piece"].tolist() == ["kick", "low_tom"]
    assert corpus.performances["unmapped_notes"].tolist() == [1]
    assert corpus.performances["gmd_split"].isna().all()
    assert (tmp_path / "corpus" / corpus.performances["midi_path"].iloc[0]).read_bytes() == song
    assert call("verify", tmp_path / "corpus", "--jobs", "1").exit_code == 0


def test_a_copy_of_gmd_by_option_and_by_environment(kit, tmp_path, monkeypatch):
    from stemgmd_tools.data import shipped

    starter = shipped("manifests") / "starter"
    by_option = rendered(tmp_path / "option", kit, "--gmd", str(starter))
    monkeypatch.setenv("STEMGMD_GMD", str(starter))
    by_environment = rendered(tmp_path / "environment", kit)
    assert by_option.identity.source == by_environment.identity.source == "gmd"
    assert by_option.tracks["content_hash"].tolist() == by_environment.tracks["content_hash"].tolist()


def test_a_dry_run_prints_and_writes_nothing(kit, tmp_path):
    out = tmp_path / "corpus"
    result = call("render", "--kits", kit, "--out", out, "--dry-run", "--jobs", "2", *SHORT)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "3 performances (0.00 performance hours) x 1 kit = 27 stems, 256 files"
    assert "stem hours by nominal duration" in lines[1]
    assert "on disk" in lines[2]
    assert "with 2 processes" in lines[3]
    assert not out.exists()


def test_hours_limit_the_performance_hours_of_shards_extensions_and_virtual_corpora_alike(kit, tmp_path):
    words = ("render", "--kits", kit, "--jobs", "1", "--no-single-hits", "--id", "drummer13/*", "--seed", "5")
    hours = 25 / 3600
    virtual = stemgmd_tools.virtual_corpus(kits=kit, ids="drummer13/*", hours=hours, seed=5)
    chosen = virtual.performances["performance"].tolist()
    assert 1 < len(chosen) < 12
    dry = call(*words, "--out", tmp_path / "dry", "--hours", str(hours), "--dry-run")
    assert dry.stdout.startswith(f"{len(chosen)} performances (0.01 performance hours) x 1 kit")
    for i in (1, 2):
        result = call(*words, "--out", tmp_path / "corpus", "--hours", str(hours), "--shard", f"{i}/2")
        assert result.exit_code == 0, result.output
    corpus = Corpus(tmp_path / "corpus")
    assert corpus.performances["performance"].tolist() == chosen
    assert corpus.performances["duration_s"].sum() <= 3600 * hours
    again = call(*words, "--out", tmp_path / "corpus", "--hours", str(hours))
    assert "0 jobs done" in again.stdout
    assert "hours is 0;" in str(refusal(*words, "--out", tmp_path / "none", "--hours", "0"))


@pytest.mark.real
def test_a_dry_run_over_all_of_gmd_counts_as_the_original_does(gmd_dir, tmp_path):
    """1,222 stem hours by info.csv; the original's 1,224 h hold a little decay."""
    lines = call("render", "--gmd", gmd_dir, "--kits", "all", "--out", tmp_path / "c", "--dry-run").stdout.splitlines()
    assert lines[0].startswith("1,150 performances (13.58 performance hours) x 10 kits = 103,500 stems, ")
    assert lines[1].startswith("1,222.4 stem hours by nominal duration, about 1,2")


def test_shards_and_merge(kit, tmp_path):
    words = ("render", "--kits", kit, "--jobs", "1", "--no-single-hits", *SHORT)
    for i in (1, 2):
        result = call(*words, "--out", tmp_path / f"shard{i}", "--shard", f"{i}/2")
        assert "this shard is done" in result.stdout
    result = call("merge", tmp_path / "corpus", tmp_path / "shard1", tmp_path / "shard2", "--jobs", "1")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path / 'corpus'}: 36 files of ")
    assert call("verify", tmp_path / "corpus", "--jobs", "1").exit_code == 0


def test_info_shows_kits_pieces_and_splits(kit, tmp_path):
    rendered(tmp_path / "corpus", kit, selection=SHORT)
    lines = call("info", tmp_path / "corpus").stdout.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'corpus'}: 3 performances (starter) x 1 kit, 27 stems, ")
    text = "\n".join(lines)
    assert all(word in text for word in ("by kit:", "by piece:", "by split:", "toy", "hi_tom", "validation"))
    written = (tmp_path / "corpus" / "ATTRIBUTION.md").read_text()
    assert "| toy | CC0-1.0 | nobody |" in written
    assert "\n".join(lines).endswith(written.removeprefix("# Attribution\n\n").rstrip("\n"))


def test_verify_prints_a_table_and_fails(kit, tmp_path):
    corpus = rendered(tmp_path / "corpus", kit)
    assert call("verify", tmp_path / "corpus", "--jobs", "1").stdout.endswith(
        " ms from the hits (5 to 95 %, median -0.1)\n"
    )
    path = corpus.tracks["path"].iloc[0]
    (tmp_path / "corpus" / path).unlink()
    result = call("verify", tmp_path / "corpus", "--jobs", "1")
    assert isinstance(result.exception, CorpusError)
    assert result.stdout.splitlines()[0].split() == ["check", "where", "actual", "expected"]
    assert any(line.split()[:3] == ["file", path, "missing"] for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (("--kits", "no_such_kit"), UsageError, 'no kit "no_such_kit"'),
        (("--id", "nobody/*"), UsageError, "id 'nobody/*': none of "),
        (("--split", "tset"), UsageError, "split 'tset'"),
        (("--bpm", "fast"), UsageError, "bpm 'fast': must have the form LO-HI"),
        (("--bpm", "-"), UsageError, "bpm '-'"),
        (("--bpm", "120-90"), UsageError, "bpm range 120..90 is empty"),
        (("--limit", "0"), UsageError, "limit is 0"),
        (("--shard", "3/2"), UsageError, "shard 3/2"),
        (("--shard", "two"), UsageError, "must have the form i/n"),
        (("--seed", str(2**63)), UsageError, "seed is 9223372036854775808; allowed: 0..9223372036854775807"),
        (("--sample-rate", "100"), UsageError, "sample_rate is 100 Hz"),
        (("--subtype", "float"), UsageError, "FLAC holds integers only"),
        (("--layout", "stemgmd", "--format", "flac"), UsageError, "--layout stemgmd is 16-bit WAV"),
        (("--layout", "stemgmd", "--subtype", "24"), UsageError, "--layout stemgmd is 16-bit WAV"),
        (("--mapping", "gm"), UsageError, "goes with --midi"),
        (("--gmd", "a", "--midi", "b"), UsageError, "give one"),
        (("--gmd", "/no/such/place"), StemgmdError, "no such file or folder"),
        (("--midi", "/no/such/place"), StemgmdError, "no such"),
        (("--kit-path", "/no/such/place"), UsageError, "no such folder"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(kit, tmp_path, words, kind, message):
    error = refusal("render", "--kits", kit, "--out", tmp_path / "corpus", *words)
    assert isinstance(error, kind)
    assert message in str(error)
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize("command", ["verify", "info"])
def test_a_folder_that_is_no_corpus(tmp_path, command):
    assert "no corpus here" in str(refusal(command, tmp_path))


@pytest.mark.parametrize("words", [("--jobs", "0"), ("--flac-level", "9"), ("--format", "mp3"), ("--seed", "-1")])
def test_values_out_of_range_are_usage_errors(words):
    result = call("render", *words)
    assert result.exit_code == 2
    assert words[0] in result.stderr


def test_the_process_exits_with_the_code_of_its_error(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "stemgmd_tools.cli.main", "verify", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"stemgmd: {tmp_path}: no corpus here")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_takes_nothing_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stemgmd_tools.cli.main", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "stemgmd: No space left on device"


def test_a_missing_extra_is_one_line(kit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = refusal("render", "--kits", kit, "--out", tmp_path / "c", "--scheduler", "tcp://localhost:1", *SHORT[:2])
    assert "pip install 'stemgmd-tools[dask]'" in str(error)
