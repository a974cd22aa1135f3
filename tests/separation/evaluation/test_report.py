"""What an evaluation leaves behind, from Python and from the command line."""

from __future__ import annotations

import base64
import io
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from corpora import IDS
from tone_kits import tone_kits
from toy_separators import register

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

import torch

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.evaluation import report as report_module
from stemgmd_tools.separation.evaluation.bootstrap import Interval
from stemgmd_tools.separation.evaluation.chart import Dot, chart
from stemgmd_tools.separation.evaluation.examples import (
    ExampleSound,
    example_sounds,
    examples_of,
    gain_for,
    loudest_part,
    sound_uri,
)
from stemgmd_tools.separation.evaluation.methods import model
from stemgmd_tools.separation.evaluation.methods.bounds import IdealRatioMask, Mixture
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.metric_table import metrics_of_present
from stemgmd_tools.separation.evaluation.report import EvaluationResult, markdown, write_page, write_table
from stemgmd_tools.separation.evaluation.run import Measures, audio_of, evaluate, evaluation_clips
from stemgmd_tools.separation.evaluation.summary import summary
from stemgmd_tools.separation.evaluation.table import evaluation_table
from stemgmd_tools.separation.networks.registry import ModelSpec
from stemgmd_tools.separation.networks.separator import Estimate, Separator
from stemgmd_tools.separation.splits.recorded_kits import recorded_kits, trained_on
from stemgmd_tools.separation.weights.file import TrainingKits, save_weights
from stemgmd_tools.storage.files import file_sha256

FIVE = Measures(tuple(group.value for group in GROUPS), max_s=2.0)
METHODS = (Mixture(), IdealRatioMask(1024, 256))


class Halver(Separator):
    """Gives every stem the same share of the mixture."""

    def __init__(self, stems, share: float = 0.5) -> None:
        super().__init__(stems)
        self.share = torch.nn.Parameter(torch.tensor(share))

    def estimate(self, mixture):
        return Estimate(mixture.shape[-1], sound=(self.share * mixture)[:, None].expand(-1, len(self.stems), -1, -1))


@pytest.fixture(scope="module")
def kit_files(tmp_path_factory) -> tuple[str, ...]:
    return tone_kits(tmp_path_factory.mktemp("kits"))


@pytest.fixture(scope="module")
def done(kit_files) -> EvaluationResult:
    clips = evaluation_clips(virtual_corpus(None, kit_files, ids=IDS[:3]))[:4]
    return EvaluationResult("Two bounds", "a test", evaluate(None, METHODS, clips, FIVE), METHODS, clips, FIVE)


def test_the_table_reads_back(done, tmp_path: Path) -> None:
    path = write_table(tmp_path, done.table)
    for one in (path, path.with_suffix(".csv")):
        assert read_manifest(one, evaluation_table()).equals(done.table)


def test_sections_tell_what_the_table_holds(done) -> None:
    sections = {section.title: section for section in summary(done.table, done.names)}
    there = done.table[done.table["present"] & (done.table["method"] == "irm-1024-256")]
    overview = dict(zip(sections["Overview"].header, sections["Overview"].rows[1], strict=True))
    assert overview["method"] == "irm-1024-256"
    assert overview["clips"] == "4"
    assert overview["nSDR pooled, dB"].startswith(f"{there['nsdr_larsnet_db'].mean():.2f} [")
    by_stem = there.groupby("stem")["nsdr_larsnet_db"].mean()
    assert overview["nSDR stem mean, dB"].startswith(f"{by_stem.mean():.2f} [")
    stems = dict(zip(sections["nSDR by stem, dB"].header, sections["nSDR by stem, dB"].rows[1], strict=True))
    for stem, mean in by_stem.items():
        assert stems[stem].startswith(f"{mean:.2f}")
    above = sections["nSDR of irm-1024-256 above others, dB"].rows
    gain = (there["nsdr_larsnet_db"] - there["mixture_nsdr_larsnet_db"]).mean()
    assert above[0][2].startswith(f"{gain:.2f} [")
    gains = (there["nsdr_larsnet_db"] - there["mixture_nsdr_larsnet_db"]).groupby(there["kit"]).mean()
    assert above[0][3] == f"{gains.min():.2f} to {gains.max():.2f}"
    absent = sections["Absent stems and silence"].rows[0]
    assert absent[2] == str((~done.table["present"]).sum() // 2)
    assert overview["of medians"] == f"{there.groupby('stem')['nsdr_larsnet_db'].median().mean():.2f}"
    whole = sections["SDR of BSS eval v4, median of medians, dB"]
    medians = dict(zip(whole.header, whole.rows[1], strict=True))
    by_clip = {stem: sorted(rows["sdr_bss_eval_db"].dropna()) for stem, rows in there.groupby("stem")}
    expected = {stem: float(np.median(figures)) for stem, figures in by_clip.items() if figures}
    assert {stem: medians[stem] for stem in expected} == {stem: f"{one:.2f}" for stem, one in expected.items()}
    assert medians["mean of stems"] == f"{np.mean(list(expected.values())):.2f}"
    of_kit = {row[2]: row for row in sections["nSDR by kit, dB"].rows if row[0] == "irm-1024-256"}
    assert set(of_kit) == {"tin", "wood"}
    kicks = there[there["stem"] == "kick"].groupby("kit")["nsdr_larsnet_db"].mean()
    place = sections["nSDR by kit, dB"].header.index("kick")
    assert {kit: row[place] for kit, row in of_kit.items()} == {kit: f"{mean:.2f}" for kit, mean in kicks.items()}
    pooled = there.groupby("kit")["nsdr_larsnet_db"].mean()
    assert overview["by kit"] == f"{pooled.min():.2f} to {pooled.max():.2f}"
    played = there[there["stem"] == "kick"].drop_duplicates("performance")["strokes"]
    assert f"kick {len(played)} ({played.sum()})" in sections["nSDR by stem, dB"].note
    assert sections["nSDR by style, pooled, dB"].rows


def test_markdown_is_whole(done) -> None:
    text = markdown(done)
    assert text.startswith("# Two bounds\n\na test\n")
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_examples_are_the_best_the_median_and_the_worst(done) -> None:
    examples = examples_of(done.table, "irm-1024-256", done.clips)
    there = done.table[done.table["present"] & (done.table["method"] == "irm-1024-256")]
    for example in examples:
        own = there.loc[there["stem"] == example.stem, "nsdr_larsnet_db"].sort_values()
        wanted = {"best": own.iloc[-1], "worst": own.iloc[0], "median": own.iloc[len(own) // 2]}
        assert example.figures["irm-1024-256"] == wanted[example.rank]
        assert set(example.figures) == {"mixture", "irm-1024-256"}
    assert {example.stem for example in examples} == set(there["stem"])
    counts = there.groupby("stem").size()
    for stem, count in counts.items():
        assert len([example for example in examples if example.stem == stem]) == min(count, 3)


def test_what_is_heard_is_the_loudest_part_of_what_was_measured(done, monkeypatch) -> None:
    monkeypatch.setattr("stemgmd_tools.separation.evaluation.examples.EXCERPT_S", 0.5)
    example = examples_of(done.table, "irm-1024-256", done.clips)[0]
    clip = audio_of(example.clip, FIVE)
    axis = clip.stems.index(example.stem)
    start, frames = loudest_part(clip, axis)
    whole = clip.both(0, clip.frames)[1][axis]
    parts = [float((whole[:, at : at + frames] ** 2).sum()) for at in range(0, clip.frames - frames + 1, frames)]
    assert parts[start // frames] == max(parts)
    mixture, true, estimates = example_sounds(example, METHODS, FIVE)
    assert np.array_equal(true.sound, whole[:, start : start + frames])
    estimate = np.concatenate(list(METHODS[1].separate(clip)), axis=-1)[axis, :, start : start + frames]
    assert np.array_equal(estimates.sound, estimate)
    assert (mixture.title, estimates.title) == ("mixture", "irm-1024-256")


def test_sounds_are_files_within_the_page() -> None:
    sound = np.linspace(-1.5, 1.5, 3_000, dtype=np.float32).repeat(2).reshape(3_000, 2).T
    gain = gain_for([ExampleSound("a", sound)])
    content = base64.b64decode(sound_uri(sound, gain, 44_100).partition("base64,")[2])
    samples, rate = soundfile.read(io.BytesIO(content))
    assert (samples.shape, rate) == ((3_000, 2), 44_100)
    assert np.abs(samples - sound.T / 1.5).max() < 1e-4


def test_the_page_needs_no_other_file(done, tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    entry = done.clips[0]
    own = (done.table["kit"] == entry.kit) & (done.table["performance"] == entry.performance)
    done = done._replace(clips=[entry], table=done.table[own])
    text = write_page(tmp_path, done, lambda number, total: reported.append((number, total))).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert set(re.findall(r'src="([a-z]+:[a-z]+/[a-z]+)', text)) == {"data:image/png", "data:audio/flac"}
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert text.count("<svg") == 1 + len(metrics_of_present()) + done.table.loc[done.table["present"], "stem"].nunique()
    assert reported[-1][0] == reported[-1][1] == len(examples_of(done.table, "irm-1024-256", done.clips))
    assert text.count("<audio") == 3 * reported[-1][1]


def test_charts_leave_out_what_has_no_value() -> None:
    dots = [Dot("a", Interval(1.0, 0.5, 2.0, 3, 3), 0), Dot("b <", Interval(np.nan, np.nan, np.nan, 0, 0), 1)]
    text = chart("t", dots)
    assert text.count("<circle") == 1
    assert "b &lt;" not in text
    assert chart("t", dots[1:]) == ""
    same = chart("t", [Dot("b <", Interval(0.0, np.nan, np.nan, 1, 1), 0)])
    assert "b &lt;" in same
    assert "nan" not in same


def test_weights_are_evaluated_and_pieces_add_up_to_groups(kit_files, tmp_path: Path, monkeypatch) -> None:
    path = _weights(tmp_path, monkeypatch)
    entry = evaluation_clips(virtual_corpus(None, kit_files, ids=IDS[:1]))[0]
    method = TrainedModel(path)
    clip = audio_of(entry, FIVE)
    estimate = np.concatenate(list(method.separate(clip)), axis=-1)
    mixture = clip.mixture(0, clip.frames)
    for stem, times in (("kick", 1), ("toms", 3), ("hihat", 2)):
        assert np.allclose(estimate[FIVE.stems.index(stem)], 0.5 * times * mixture, atol=1e-6)
    assert method.training_kits == TrainingKits(("cedar_hall",))
    table = evaluate(None, [method], [entry], FIVE)
    assert table["nsdr_larsnet_db"].notna().all()
    with pytest.raises(UsageError, match="has no stem ride"):
        next(TrainedModel(_weights(tmp_path, monkeypatch, ("kick",))).separate(audio_of(entry, Measures(("ride",)))))


def _weights(folder: Path, monkeypatch, stems=tuple(piece.value for piece in PIECES)) -> Path:
    register(monkeypatch, halver=Halver)
    path = folder / "halver.safetensors"
    about = {"config": {"data": {"kits": ["cedar_hall"]}}}
    save_weights(path, ModelSpec("halver", stems), Halver(stems), about)
    return path


def test_what_methods_were_trained_on(kit_files) -> None:
    assert {one.name for one in trained_on([None], ())} >= {"cedar_hall", "granite_garage"}
    training_kits = [TrainingKits(("cedar_hall",)), TrainingKits(("birch_room,gone/away.yaml",), ("oak",))]
    names = {one.name: one.related for one in trained_on(training_kits, ())}
    assert set(names) == {"cedar_hall", "birch_room", "away"}
    assert names["cedar_hall"]  # recordings that it was measured on
    assert names["away"] == {"oak"}


@pytest.mark.real
def test_recorded_kits_of_a_folder(kits_dir: Path, tmp_path: Path) -> None:
    names = [kit.name for kit in recorded_kits(kits_dir)]
    assert {"salamander", "avl_black_pearl", "becks_ludwig"} <= set(names)
    with pytest.raises(UsageError, match="holds no sample map"):
        recorded_kits(tmp_path)


def _call(*words: str | Path) -> Result:
    return CliRunner().invoke(stemgmd, ["evaluate", *map(str, words)])


def test_the_command_writes_rows_report_and_page(tmp_path: Path, kit_files, monkeypatch) -> None:
    monkeypatch.setattr(report_module, "examples_of", lambda *words: examples_of(*words)[:1])
    corpus, out = _corpus_of(tmp_path, kit_files[0], IDS[0]), tmp_path / "out"
    words = (corpus, "--method", "mixture", "--max-s", "1", "--stems", "nine", "--out", out)
    result = _call(*words, "--test-kits", Path(kit_files[1]).parent)
    assert result.exit_code == 0, result.output + repr(result.exception)
    table = read_manifest(out / "evaluation.parquet", evaluation_table())
    assert set(table["kit"]) == {"tin", "wood"}
    assert len(table) == 2 * 9
    report = (out / "report.md").read_text()
    assert "1 performance through" in report
    assert "GMD's splits: train 1; chosen: all there are;" in report
    assert "No test:" not in report  # nothing was trained
    assert (out / "index.html").is_file()
    again = _call(*words, "--no-page")
    assert again.exit_code == 0
    assert len(read_manifest(out / "evaluation.parquet", evaluation_table())) == 9


def test_the_weights_of_several_runs_are_told_apart(tmp_path: Path, kit_files, monkeypatch) -> None:
    files = [tmp_path / folder / "best.safetensors" for folder in ("one/run", "two/run", "three")]
    for file in files:
        file.parent.mkdir(parents=True)
        _weights(file.parent, monkeypatch).rename(file)
    corpus, out = _corpus_of(tmp_path, kit_files[0], IDS[3]), tmp_path / "out"
    weights = [word for file in files for word in ("--weights", file)]
    result = _call(corpus, *weights, "--max-s", "1", "--no-page", "--device", "cpu", "--out", out)
    assert result.exit_code == 0, repr(result.exception)
    names = set(read_manifest(out / "evaluation.parquet", evaluation_table())["method"])
    assert names == {"one-run-best", "two-run-best", "three-best"}
    report = (out / "report.md").read_text()
    assert f"two-run-best: SHA-256 {file_sha256(files[1])}" in report
    error = _call(corpus, *weights, *weights[:2]).exception
    assert isinstance(error, UsageError)
    assert "give each file once, or rename one" in str(error)


def test_weights_are_measured_on_what_training_did_not_hear(tmp_path: Path, kit_files, monkeypatch) -> None:
    corpus, out = _corpus_of(tmp_path, kit_files[0], IDS[0], IDS[3]), tmp_path / "out"
    words = (corpus, "--weights", _weights(tmp_path, monkeypatch), "--max-s", "1", "--device", "cpu", "--out", out)

    def measured(*more: str) -> tuple[dict[str, str], str]:
        result = _call(*words, *more, "--no-page")
        assert result.exit_code == 0, repr(result.exception)
        table = read_manifest(out / "evaluation.parquet", evaluation_table())
        return dict(zip(table["performance"], table["split"], strict=True)), (out / "report.md").read_text()

    measured_table, report = measured()
    assert measured_table == {IDS[3]: "test"}
    assert "GMD's splits: test 1; chosen: test performances;" in report
    assert "No test:" not in report
    measured_table, report = measured("--id", "*", "--limit", "2")
    assert measured_table == {IDS[0]: "train", IDS[3]: "test"}
    assert "GMD's splits: test 1, train 1; chosen: `--id *` `--limit 2`;" in report
    assert "No test: 1 of 2 performances are of GMD's training split or of none" in report
    monkeypatch.setattr("stemgmd_tools.separation.evaluation.run.performances_for_test", lambda _: frozenset())
    assert "no test performances" in str(_call(*words).exception)


def _corpus_of(folder: Path, kit: str, *ids: str) -> Path:
    words = ["render", "--kits", kit, "--out", str(folder / "corpus"), "--jobs", "1", "--no-single-hits"]
    result = CliRunner().invoke(stemgmd, [*words, *(word for one in ids for word in ("--id", one))])
    assert result.exit_code == 0, result.output
    return folder / "corpus"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "mixture"), "either CORPUS or --virtual"),
        (("here", "--virtual", "there", "--method", "mixture"), "either CORPUS or --virtual"),
        (("here", "--kits", "train", "--method", "mixture"), "--kits cannot be used with CORPUS"),
        (("--virtual", "there"), "nothing to evaluate: give --weights FILE, or --method"),
    ],
)
def test_what_the_command_refuses(words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = _call(*words).exception
    assert isinstance(error, UsageError)
    assert message in str(error)


def test_weights_that_change_meanwhile_are_not_measured(kit_files, tmp_path: Path, monkeypatch) -> None:
    path = _weights(tmp_path, monkeypatch)
    entry = evaluation_clips(virtual_corpus(None, kit_files, ids=IDS[:1]))[0]
    method = pickle.loads(pickle.dumps(TrainedModel(path)))
    before = evaluate(None, [method], [entry], FIVE)
    save_weights(path, ModelSpec("halver", FIVE.stems), Halver(FIVE.stems), {})
    assert evaluate(None, [method], [entry], FIVE).equals(before), "this process has read them"
    model._loaded.cache_clear()  # another one has not
    with pytest.raises(UsageError, match="changed while it was evaluated"):
        evaluate(None, [method], [entry], FIVE)


def test_what_a_model_cannot_do_is_told_before_anything_is_measured(kit_files, tmp_path: Path, monkeypatch) -> None:
    kick = TrainedModel(_weights(tmp_path, monkeypatch, ("kick",)))
    entry = evaluation_clips(virtual_corpus(None, kit_files, ids=IDS[:1]))[0]
    with pytest.raises(UsageError, match="has no stem snare"):
        evaluate(tmp_path / "out", [*METHODS, kick], [entry], FIVE)
    assert not (tmp_path / "out").exists()
