"""Training: it learns, and goes on exactly where it was killed; workers, processes and parts make no difference."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_separator import Tiny, make_tiny, tiny_config
from tone_kits import tone_kits
from toy_models import write_toy_models

from stemgmd_tools.augment.dataset import SegmentDataset
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.errors import StemgmdError, TrainingError, UsageError
from stemgmd_tools.kits.library import kits_named
from stemgmd_tools.kits.sample_map.kit import ENGINE_VERSION
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.runtime.progress import Silent
from stemgmd_tools.separation.networks.registry import ModelSpec
from stemgmd_tools.separation.training.loop.data import kit_names_of, open_data, open_test, prepare, train_segments
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.validate import Validation, ValidationResult
from stemgmd_tools.separation.training.run.checkpoint import read_progress, read_state
from stemgmd_tools.separation.training.run.log import read_log
from stemgmd_tools.separation.training.settings.files import config_text, with_changes
from stemgmd_tools.separation.training.settings.schema import DataConfig, TrainConfig
from stemgmd_tools.separation.training.train import TrainingResult, train
from stemgmd_tools.separation.weights.file import about_weights

PROGRAM = Path(__file__).resolve().parents[2] / "helpers" / "tiny_separator.py"
ROUNDING = 2e-5
"""Sums over a batch in another order, in float32, carried through some steps of Adam."""


@pytest.fixture(autouse=True)
def _one_thread():
    """A sum's order, and so its last bit, depends on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(config: TrainConfig, out: Path) -> TrainingResult:
    return train(config, out, make=make_tiny)


def losses(folder: Path) -> list[float]:
    return [float(row["loss"]) for row in read_log(folder / "log.csv") if row["loss"]]


def program(config: TrainConfig, out: Path, *before: str, session: bool = False) -> subprocess.Popen[bytes]:
    file = out.with_suffix(".yaml")
    file.write_text(config_text(config), encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, *before, str(PROGRAM), str(file), str(out)]
    stderr = subprocess.PIPE if session else None
    return subprocess.Popen(words, env=environment, start_new_session=session, stderr=stderr)


def test_the_loss_falls_and_the_average_is_what_is_kept(kits, tmp_path):
    config = tiny_config(
        kits, budget={"steps": 40}, validation={"items": 8, "every_steps": 60}, loss={"terms": {"mse": 1}}
    )
    done = run(config, tmp_path / "run")
    values = losses(tmp_path / "run")
    assert len(values) == 40
    assert np.mean(values[-10:]) < 0.8 * np.mean(values[:10])
    assert done.state.items == 40 * config.optimizer.items
    assert done.weights == tmp_path / "run" / "best.safetensors"
    row = read_log(tmp_path / "run" / "log.csv")[-1]
    assert float(row["score_db"]) == pytest.approx(done.state.best_db)


@pytest.mark.slow
def test_killed_at_any_step_the_next_losses_are_equal(kits, tmp_path):
    config = tiny_config(
        kits,
        budget={"steps": 34},
        data={"chain": "larsnet"},
        saving={"every_steps": 2},
        validation={"items": 2, "every_steps": 7},
        optimizer={"items": 4, "accumulate": 2},
    )
    run(config, tmp_path / "whole")
    wanted = losses(tmp_path / "whole")
    killed = tmp_path / "killed"
    process = program(config, killed)
    stop_at = int(np.random.default_rng().integers(2, 12))
    while process.poll() is None and step_of(killed) < stop_at:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
    stood = step_of(killed)
    assert stop_at <= stood <= 14
    run(config, killed)
    assert losses(killed)[stood:] == wanted[stood:]
    assert len(wanted[stood:]) >= 20
    assert losses(killed) == wanted
    for name in ("state", "last", "best"):
        one, other = (load_file(folder / f"{name}.safetensors") for folder in (killed, tmp_path / "whole"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def step_of(folder: Path) -> int:
    try:
        return int(folder.joinpath("state.json").read_text().split('"step": ')[1].split(",")[0])
    except (FileNotFoundError, IndexError):
        return 0


@pytest.mark.slow
def test_two_processes_learn_as_one(kits, tmp_path):
    # Batch norm sees its own process's share of a batch on a CPU, so that the model goes without.
    config = tiny_config(
        kits,
        model={"name": "tiny", "options": {"norm": False, "dropout": 0.0}},
        budget={"steps": 8},
        optimizer={"accumulate": 2},
    )
    run(config, tmp_path / "one")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert program(config, tmp_path / "two", *launcher).wait() == 0
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == len(two) == 8
    assert one == pytest.approx(two, abs=ROUNDING)
    scores = [read_log(tmp_path / name / "log.csv")[-1]["score_db"] for name in ("one", "two")]
    assert float(scores[0]) == pytest.approx(float(scores[1]), abs=1e-3)


def test_workers_and_parts_make_no_difference(kits, tmp_path):
    plain = {"model": {"name": "tiny", "options": {"norm": False, "dropout": 0.0}}, "budget": {"steps": 5}}
    run(tiny_config(kits, **plain), tmp_path / "plain")
    run(tiny_config(kits, **plain, data={"workers": 2}), tmp_path / "workers")
    assert losses(tmp_path / "workers") == losses(tmp_path / "plain")
    run(tiny_config(kits, **plain, optimizer={"accumulate": 4}), tmp_path / "parts")
    assert losses(tmp_path / "parts") == pytest.approx(losses(tmp_path / "plain"), abs=ROUNDING)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_goes_on(kits, tmp_path, number):
    config = tiny_config(kits, budget={"steps": 12}, data={"workers": 1})
    run(tiny_config(kits, budget={"steps": 12}), tmp_path / "whole")
    out = tmp_path / "run"

    def make(spec: ModelSpec) -> Tiny:
        model = make_tiny(spec)
        calls = iter(range(1000))

        def interrupt(*_: object) -> None:
            if next(calls) == 6:
                os.kill(os.getpid(), number)

        model.register_forward_pre_hook(interrupt)
        model.layers.register_forward_pre_hook(interrupt)
        return model

    with pytest.raises(KeyboardInterrupt):
        train(config, out, make=make)
    assert 1 <= step_of(out) < 12
    run(config, out)
    assert losses(out) == losses(tmp_path / "whole")


def test_sigterm_to_all_processes_of_a_run_saves_it(kits, tmp_path):
    """What ``timeout``, Slurm and systemd send when time is up: to the run, and to its group, loaders among them."""
    config = tiny_config(kits, budget={"steps": 100_000}, data={"workers": 1}, saving={"every_steps": 5})
    out = tmp_path / "run"
    with program(config, out, session=True) as process:
        try:
            while step_of(out) < 5:
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            os.killpg(process.pid, signal.SIGTERM)
            stderr = process.communicate(timeout=60)[1].decode()
        finally:
            process.kill()
    assert "KeyboardInterrupt" in stderr, "which the command line tells in one line"
    assert "DataLoader" not in stderr
    stood = step_of(out)
    assert [int(row["step"]) for row in read_log(out / "log.csv") if row["loss"]][-1] == stood, "saved where it stood"


def test_what_cannot_be_loaded_is_told_as_it_was_said(kits, tmp_path):
    roles = open_data(DataConfig(kits=kits, test_kits=())).splits
    root = rendered_corpus(tmp_path / "corpus", kits, list(roles.train)[:2])
    for path in root.rglob("*.wav"):
        path.write_bytes(path.read_bytes()[:20])
    data = {"corpus": str(root), "kits": ["tin"], "limit": None, "workers": 1}
    config = tiny_config(kits, data=data, validation={"items": 0})
    with pytest.raises(StemgmdError) as error:
        run(config, tmp_path / "run")
    assert "\n" not in str(error.value)
    assert ".wav" in str(error.value)


def test_a_time_budget_is_kept_and_what_was_spent_counts(kits, tmp_path):
    config = tiny_config(kits, budget={"time_s": 2.5}, validation={"items": 2, "every_s": 0.7}, saving={"every_s": 0.5})
    done = run(config, tmp_path / "run")
    rows = [row for row in read_log(tmp_path / "run" / "log.csv") if row["loss"]]
    ends_s = [float(row["time_s"]) for row in rows]
    # The last step began within the budget, and nothing more than it and the last validation came after.
    assert max([done.state.began_s, *ends_s[:-1]]) < 2.5
    assert done.state.spent_s >= 2.5 - done.state.validation_s
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates[0] == pytest.approx(0.01 * config.optimizer.learning_rate)  # the first step of a warm-up
    assert rates[-1] < config.optimizer.learning_rate
    again = run(config, tmp_path / "run")
    assert again.state == done.state
    longer = config.model_copy(update={"budget": config.budget.model_copy(update={"time_s": done.state.spent_s + 2.0})})
    more = run(longer, tmp_path / "run")
    assert more.state.step > done.state.step
    assert more.state.spent_s > done.state.spent_s + 1.0


def test_a_run_goes_on_with_its_own_settings_only(kits, tmp_path):
    run(tiny_config(kits, budget={"steps": 2}), tmp_path / "run")
    with pytest.raises(TrainingError, match=r"other settings: optimizer.learning_rate 0.003 \(now 0.1\)"):
        run(tiny_config(kits, optimizer={"learning_rate": 0.1}), tmp_path / "run")
    with pytest.raises(TrainingError, match=r"data.limit"):
        run(tiny_config(kits, data={"limit": 5}), tmp_path / "run")


def test_a_run_does_not_go_on_with_another_chain_or_other_segments_of_validation(kits, tmp_path):
    chain = tmp_path / "mine.yaml"
    text = (
        "schema: stemgmd-chain/1\nname: mine\ndescription: for a test\n"
        "steps:\n  - {{effect: channel_swap, scope: stem, probability: {}}}\n"
    )
    chain.write_text(text.format(0.5), encoding="utf-8")
    config = tiny_config(kits, data={"chain": str(chain)}, budget={"steps": 2})
    run(config, tmp_path / "run")
    chain.write_text(text.format(0.25), encoding="utf-8")
    with pytest.raises(TrainingError, match="other steps in its chain's file"):
        run(config, tmp_path / "run")
    chain.write_text(text.format(0.5) + "# the same\n", encoding="utf-8")
    run(config, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"validation.items 4 \(now 6\)"):
        run(tiny_config(kits, data={"chain": str(chain)}, validation={"items": 6}), tmp_path / "run")


@pytest.mark.parametrize("name", ["config.yaml", "log.csv"])
def test_files_that_are_of_no_run_are_not_written_over(kits, tmp_path, name):
    config = tiny_config(kits, budget={"steps": 2})
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(TrainingError, match=f"{name}: would be written over"):
        run(config, tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def record(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("config.yaml", "splits.json", "state.safetensors")]


def test_a_refused_run_leaves_the_record_of_the_one_before(kits, tmp_path, monkeypatch):
    out = tmp_path / "run"
    run(tiny_config(kits, budget={"steps": 2}), out)
    before = record(out)
    with monkeypatch.context() as patched:
        patched.setattr(
            "stemgmd_tools.separation.training.train.open_data",
            lambda *given: open_data(*given)._replace(fingerprint="other"),
        )
        with pytest.raises(TrainingError, match="begun with other performances or kits"):
            run(tiny_config(kits, budget={"steps": 5}), out)
    assert record(out) == before
    state = out / "state.safetensors"
    state.write_bytes(before[2][:-100])
    with pytest.raises(TrainingError, match="damaged"):
        run(tiny_config(kits, budget={"steps": 5}), out)
    assert record(out)[:2] == before[:2]


def test_an_edited_record_does_not_pass_for_the_settings_of_the_run(kits, tmp_path):
    out = tmp_path / "run"
    run(tiny_config(kits, budget={"steps": 2}), out)
    other = tiny_config(kits, optimizer={"learning_rate": 0.1}, budget={"steps": 4})
    (out / "config.yaml").write_text(config_text(other), encoding="utf-8")
    before = record(out)
    with pytest.raises(TrainingError, match=r"other settings: optimizer.learning_rate 0.003 \(now 0.1\)"):
        run(other, out)
    (out / "last.safetensors").unlink()
    with pytest.raises(TrainingError, match="was saved with other settings than these"):
        run(other, out)
    assert record(out) == before


def test_a_run_of_a_version_that_hashed_settings_otherwise_goes_on(kits, tmp_path, monkeypatch):
    plain = {"schedule": {"name": "constant"}, "loss": {"terms": {"mse": 1.0}}}
    run(tiny_config(kits, budget={"steps": 4}, **plain), tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(TrainConfig, "identity", "of another version")
        run(tiny_config(kits, budget={"steps": 2}, **plain), tmp_path / "parts")
    run(tiny_config(kits, budget={"steps": 4}, **plain), tmp_path / "parts")
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")


class Messages(Silent):
    """Keeps what a run says and how far it is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.shares: list[tuple[float, float | None]] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def update(self, done: float, total: float | None, text: str = "") -> None:
        self.shares.append((done, total))


class EndsAt(Silent):
    """Ends a run as a kill does, without a save, when it says something; right after best weights were written."""

    def __init__(self, words: str) -> None:
        self._words = words

    def say(self, line: str) -> None:
        if self._words in line:
            raise SystemExit(line)


def test_best_weights_are_not_forgotten_when_the_run_is_killed(kits, tmp_path, monkeypatch):
    """Validation finds scores of our own: the second weights are the best, the later ones are worse."""
    scores = iter([2.0, 6.0, 4.0, 4.0, 4.0, 4.0])
    monkeypatch.setattr(Validation, "__call__", lambda *_: ValidationResult({"kick": next(scores)}, 0.0, 0.0))
    config = tiny_config(
        kits, budget={"steps": 6}, validation={"items": 2, "every_steps": 2}, saving={"every_steps": 1}
    )
    out = tmp_path / "run"
    with pytest.raises(SystemExit, match=r"step 2: validation 6\.00 dB .* the best so far"):
        train(config, out, make=make_tiny, progress=EndsAt("step 2"))
    stood = read_progress(out / "state.safetensors")
    assert stood is not None
    assert (stood.step, stood.best_db) == (1, 2.0)
    done = run(config, out)
    assert (done.state.best_db, done.state.best_step) == (6.0, 2)
    about = about_weights(out / "best.safetensors")
    assert (about["step"], about["validation_db"]["score"]) == (2, 6.0)


def test_best_weights_and_what_the_run_knows_of_them_are_saved_together(kits, tmp_path, monkeypatch):
    scores = iter([2.0, 1.0, 6.0, 4.0])
    monkeypatch.setattr(Validation, "__call__", lambda *_: ValidationResult({"kick": next(scores)}, 0.0, 0.0))
    config = tiny_config(kits, budget={"steps": 8}, validation={"items": 2, "every_steps": 2})
    out = tmp_path / "run"
    with pytest.raises(SystemExit, match=r"step 6: validation 4\.00 dB"):
        train(config, out, make=make_tiny, progress=EndsAt("step 6"))
    progress = read_progress(out / "state.safetensors")
    assert progress is not None
    assert (progress.step, progress.best_db, progress.best_step) == (4, 6.0, 4)


def test_a_damaged_state_is_named(kits, tmp_path):
    run(tiny_config(kits, budget={"steps": 2}), tmp_path / "run")
    state = tmp_path / "run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"state.safetensors: damaged"):
        run(tiny_config(kits, budget={"steps": 4}), tmp_path / "run")


def test_a_loss_without_value_ends_the_run_and_is_not_saved(kits, tmp_path):
    config = tiny_config(kits, optimizer={"learning_rate": 1e30, "clip_norm": None}, budget={"steps": 40})
    with pytest.raises(TrainingError, match="the loss is nan at step") as caught:
        run(config, tmp_path / "run")
    assert not (tmp_path / "run" / "state.safetensors").exists()
    failed = int(str(caught.value).split("at step ")[1].split(";")[0])
    steps = [int(row["step"]) for row in read_log(tmp_path / "run" / "log.csv") if row["loss"]]
    assert steps == list(range(1, failed)), "the way there is in the log"


def make_without_gradient(since: int):
    """Return what builds a model whose gradient, not its loss, has no value from a step on, counted from 1."""

    def make(spec: ModelSpec) -> Tiny:
        model = make_tiny(spec)
        steps = iter(range(1, 1000))

        def spoilt(gradient: torch.Tensor) -> torch.Tensor:
            return gradient * math.nan if next(steps) >= since else gradient

        model.layers[4].weight.register_hook(spoilt)
        return model

    return make


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gradient_without_value_ends_the_run_and_is_not_saved(kits, tmp_path, precision):
    config = tiny_config(
        kits,
        precision=precision,
        budget={"steps": 6},
        saving={"every_steps": 1},
        validation={"items": 2, "every_steps": 1},
    )
    out = tmp_path / "run"
    with pytest.raises(
        TrainingError, match="the norm of the gradient is nan at step 3; the saved state is from an earlier step"
    ):
        train(config, out, make=make_without_gradient(3))
    held = read_state(out / "state.safetensors")
    assert held is not None
    assert held.state.step == 2
    weights = [load_file(out / f"{name}.safetensors") for name in ("best", "last", "state")]
    assert all(bool(torch.isfinite(one).all()) for file in weights for one in file.values())
    assert max(int(row["step"]) for row in read_log(out / "log.csv")) == 2


def test_fp16_skips_a_step_whose_gradient_has_no_value(kits, tmp_path):
    terms = {"mse": 1.0}  # whose gradient has a value at the first scale
    config = tiny_config(kits, precision="fp16", loss={"terms": terms}, budget={"steps": 4}, saving={"every_steps": 1})
    done = train(config, tmp_path / "run", make=make_without_gradient(3))
    assert done.state.step == 4
    held = read_state(done.folder.state)
    assert held is not None
    assert held.rest["ema_updates"] == 2
    assert all(bool(torch.isfinite(one).all()) for one in held.tensors.values())


def test_fp16_does_not_skip_for_ever(kits, tmp_path):
    config = tiny_config(kits, precision="fp16", loss={"terms": {"mse": 1.0}}, budget={"steps": 120})
    with pytest.raises(TrainingError, match=r"the norm of the gradient is (nan|inf) at step 67;"):
        train(config, tmp_path / "run", make=make_without_gradient(3))


def test_a_target_trains_its_own_stem_alone(kits, tmp_path):
    config = tiny_config(
        kits, data={"target": ["kick"]}, budget={"steps": 3}, loss={"terms": {"l1_waveform": 1}}, ema=None
    )
    before = make_tiny(ModelSpec("tiny", config.model.stem_names, {}))

    def make(spec: ModelSpec) -> Tiny:
        model = make_tiny(spec)
        before.load_state_dict(model.state_dict())
        return model

    train(
        config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"weight_decay": 0.0})}),
        tmp_path / "run",
        make=make,
    )
    after = load_file(tmp_path / "run" / "last.safetensors")["layers.4.weight"]
    moved = (after - before.layers[4].weight).abs().amax((1, 2, 3)).reshape(5, 2).amax(1)
    assert moved[0] > 0
    assert not moved[1:].any()


def test_training_starts_from_weights_that_fit(kits, tmp_path):
    first = run(tiny_config(kits, budget={"steps": 3}), tmp_path / "first")
    weights = {"name": "tiny", "weights": str(first.folder.last)}
    still = {"items": 4, "learning_rate": 1e-12, "weight_decay": 0.0}
    run_from = tiny_config(kits, model=weights, optimizer=still, budget={"steps": 1}, ema=None)
    run(run_from, tmp_path / "second")
    one, other = (load_file(tmp_path / name / "last.safetensors") for name in ("first", "second"))
    learnt = [key for key in one if "running" not in key and "batches" not in key]
    assert all(torch.allclose(one[key], other[key]) for key in learnt)
    with pytest.raises(UsageError, match=r"is a tiny of kick, .*; this run trains a tiny of kick, snare, hi_tom"):
        run(tiny_config(kits, model={**weights, "stems": "nine"}), tmp_path / "third")
    with pytest.raises(UsageError, match="has other options than this run's model"):
        run(tiny_config(kits, model={**weights, "options": {"width": 4}}), tmp_path / "fourth")


def test_a_corpus_at_another_rate_is_refused(kits, tmp_path):
    source = find_source()
    performances = [one for one in source.read() if one.metadata["split"] == "train"][:1]
    settings = RenderSettings(sample_rate=22_050)
    request = Request(performances, source.midi(), "starter", kits_named(kits), settings, single_hits=False)
    render_corpus(tmp_path / "corpus", request, jobs=1)
    with pytest.raises(UsageError, match=r"has 22,050 Hz, the models need 44,100 Hz"):
        open_data(DataConfig(corpus=str(tmp_path / "corpus"), kits=("tin",), test_kits=()))


def test_the_fingerprint_is_of_the_sound(kits, tmp_path):
    folder = str(Path(kits[0]).parent)
    text = Path(kits[0]).read_text(encoding="utf-8")
    fingerprints = []
    for split in (64, 70):  # the velocity from which the loud sample is heard
        other = tmp_path / str(split) / "tin.yaml"
        other.parent.mkdir()
        other.write_text(re.sub(r"\b65\b", str(split + 1), re.sub(r"\b64\b", str(split), text)), encoding="utf-8")
        config = DataConfig(kits=(str(other),), test_kits=(), limit=3, kit_path=(folder,))
        fingerprints.append(open_data(config).fingerprint)
    assert fingerprints[0] == open_data(DataConfig(kits=kits[:1], test_kits=(), limit=3)).fingerprint
    assert fingerprints[0] != fingerprints[1]


def test_what_starting_weights_heard_is_passed_on_and_may_not_be_tested(kits, tmp_path):
    first = run(tiny_config(kits[:1], budget={"steps": 1}), tmp_path / "first")
    start = {"name": "tiny", "weights": str(first.folder.last)}
    second = run(tiny_config(kits[1:], model=start, budget={"steps": 1}), tmp_path / "second")
    about = about_weights(second.folder.last)
    assert about["kits"] == ["wood", "tin"]
    assert about["bank_engine"] == ENGINE_VERSION
    again = run(tiny_config(kits[:1], model=start, budget={"steps": 1}), tmp_path / "again")
    assert about_weights(again.folder.last)["kits"] == ["tin"]
    assert "weights" not in about["config"]["model"]
    third = tiny_config(kits[1:], model={**start, "weights": str(second.folder.last)}, data={"test_kits": [kits[0]]})
    with pytest.raises(TrainingError, match="leak: kit tin is kept for the test"):
        run(third, tmp_path / "third")


def test_what_cannot_be_is_refused(kits, tmp_path):
    with pytest.raises(UsageError, match="give steps or time_s"):
        run(
            tiny_config(kits, budget={}).model_copy(update={"budget": type(tiny_config(kits).budget)()}), tmp_path / "a"
        )
    with pytest.raises(TrainingError, match="no performance is for validation"):
        from stemgmd_tools.separation.training.loop.data import open_data, validation_segments

        config = tiny_config(kits)
        validation_segments(config, open_data(config.data)._replace(validation=None))


def test_kits_of_several_splits_train_together_and_others_validate(kits):
    """Recorded kits and those of your own have no split; kits are swapped among all that are trained on."""
    data = {"kits": [kits[0], "cedar_hall"], "validation_kits": [kits[1]], "chain": "larsnet"}
    config = tiny_config(kits, data=data)
    opened = open_data(config.data)
    segments = train_segments(config, opened)
    drawn = [segments.drawn((0, index)) for index in range(60)]
    swaps = {
        (example.kit, row.parameters["kit"]) for example, rows in drawn for row in rows if row.effect == "kit_swap"
    }
    assert swaps == {("tin", "cedar_hall"), ("cedar_hall", "tin")}
    assert list(opened.validation.kit_splits) == ["wood"]
    assert opened.kits == ("tin", "cedar_hall")
    assert kit_names_of(opened)["validation_kits"] == ["wood"]
    with pytest.raises(TrainingError, match="leak: kit wood is kept for the test"):
        open_data(config.data.model_copy(update={"test_kits": (kits[1],)}))


def test_banks_are_built_before_the_first_step_with_progress(kits, tmp_path, monkeypatch):
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    toys = write_toy_models(tmp_path / "toys")
    data = {"kits": ["random:1:from=one+other"], "kit_path": [str(toys)], "test_kits": [kits[1]]}
    opened = open_data(tiny_config(kits, data=data).data)
    first = Messages()
    prepare(opened, 1, first)
    assert first.lines == ["building 1 bank before the first step"]
    assert first.shares == [(0, 1), (1, 1)]
    prepare(opened, 1, again := Messages())
    assert not again.lines and not again.shares
    monkeypatch.setenv("STEMGMD_CACHE_GB", "0.1")
    prepare(opened, 1, again)
    assert "banks of 1 kit take about 0.2 GB and the cache holds 0.1 GB" in again.lines[0]


def test_a_kit_is_drawn_as_often_as_its_weight_says(kits):
    data = {"kits": [*kits, "cedar_hall"], "kit_weights": {"tin": 6}, "chain": "larsnet"}
    config = tiny_config(kits, data=data)
    segments = train_segments(config, open_data(config.data))
    drawn = [segments.drawn((0, index)) for index in range(300)]
    played = [example.kit for example, _ in drawn]
    swapped = [
        row.parameters["kit"]
        for example, rows in drawn
        for row in rows
        if row.effect == "kit_swap" and example.kit != "tin"
    ]
    for names, share in ((played, 6 / 8), (swapped, 6 / 7)):
        assert abs(names.count("tin") / len(names) - share) < 0.08
    with pytest.raises(UsageError, match="kit_weights names steel, which is none of the training kits: tin, wood"):
        open_data(config.data.model_copy(update={"kit_weights": {"steel": 2}}))


def test_another_validation_kit_of_the_same_name_makes_another_run(kits, tmp_path):
    config = tiny_config(kits, data={"kits": [kits[0]], "validation_kits": [kits[1]]}).data
    changed = tone_kits(tmp_path, {"wood": 333.0})
    others = config.model_copy(update={"validation_kits": changed})
    assert open_data(others).validation_identities[0].name == "wood"
    assert open_data(config).fingerprint != open_data(others).fingerprint


def test_validation_applies_the_effects_of_its_segments(kits):
    config = tiny_config(kits)
    source, ranks = open_data(config.data).train, Ranks(0, 1, torch.device("cpu"))

    def first(gain_db: float) -> torch.Tensor:
        mix = RandomMix(p_original=0.0, scope="aligned", gain_db=(gain_db, gain_db))
        segments = SegmentDataset(source, config.segment_frames, 1, mix=mix)
        return Validation(segments, 1, ranks).first()

    plain = first(0.0)
    assert bool(plain.any())
    torch.testing.assert_close(first(-20.0), plain / 10.0, rtol=ROUNDING, atol=0.0)


def test_without_a_present_stem_there_is_no_score(kits):
    assert math.isnan(ValidationResult({"kick": math.nan}, math.nan, -70.0).score_db)
    result = ValidationResult({"kick": 10.0, "snare": 4.0, "toms": math.nan}, 8.0, -70.0)
    assert result.score_db == 7.0
    assert result._replace(target=("snare",)).score_db == 4.0


def rendered_corpus(root: Path, kits: tuple[str, ...], ids: list[str]) -> Path:
    source = find_source()
    performances = [one for one in source.read() if one.id in ids]
    settings = RenderSettings(container="wav")
    request = Request(performances, source.midi(), "starter", kits_named(kits), settings, single_hits=False)
    render_corpus(root, request, jobs=1)
    return root


def test_files_of_a_corpus_train_as_what_is_rendered_on_the_way(kits, tmp_path):
    roles = open_data(DataConfig(kits=kits, test_kits=())).splits
    ids = [*list(roles.train)[:3], *list(roles.validation)[:2], next(iter(roles.test))]
    root = rendered_corpus(tmp_path / "corpus", kits, ids)
    read = tiny_config(kits, budget={"steps": 3}, data={"corpus": str(root), "kits": ["tin", "wood"], "limit": None})
    data = open_data(read.data)
    assert set(data.splits.train) == set(ids[:3])
    assert data.validation is not None
    assert set(data.validation.performances["performance"]) == set(ids[3:5])
    assert set(open_test(read.data).performances["performance"]) == {ids[5]}
    run(read, tmp_path / "read")
    rendered = data._replace(train=virtual_corpus(kits=kits, ids=tuple(ids[:3])))
    items = [train_segments(read, one)[0, index].stems for one in (data, rendered) for index in range(4)]
    assert all(torch.equal(one, other) for one, other in zip(items[:4], items[4:], strict=True))
    assert len(losses(tmp_path / "read")) == 3


def test_kits_of_a_corpus_are_refused_as_others_are(kits, tmp_path):
    performance = next(iter(open_data(DataConfig(kits=kits, test_kits=())).splits.train))
    root = rendered_corpus(tmp_path / "corpus", kits, [performance])
    with pytest.raises(TrainingError, match="kit tin is kept for the test"):
        open_data(DataConfig(corpus=str(root), kits=("tin", "wood"), test_kits=(kits[0],)))
    with pytest.raises(UsageError, match="holds no kit brass; it holds tin, wood"):
        open_data(DataConfig(corpus=str(root), kits=("brass",)))
    with pytest.raises(UsageError, match="holds no kit of heldout"):
        open_data(DataConfig(corpus=str(root), kits=("heldout",)))


def test_a_curriculum_goes_on_exactly(kits, tmp_path):
    # Random mixes of songs until mix 8, the third step of four items; then original ones.
    mix = {"p_original": 0.0, "level": "song", "pool_size": 10, "curriculum": [{"from_mix": 8, "p_original": 1.0}]}
    config = tiny_config(kits, data={"mix": mix}, budget={"steps": 4}, validation={"items": 0})
    run(config, tmp_path / "whole")
    run(with_changes(config, {"budget": {"steps": 1}}), tmp_path / "parts")
    run(config, tmp_path / "parts")
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    without = with_changes(config, {"data": {"mix": {**mix, "curriculum": []}}})
    run(without, tmp_path / "random")
    same = [one == other for one, other in zip(losses(tmp_path / "random"), losses(tmp_path / "whole"), strict=True)]
    assert same == [True, True, False, False]


@pytest.mark.parametrize(("precision", "optimizer"), [("bf16", "adamw"), ("fp16", "adamw"), ("bf16", "muon")])
def test_lower_precision_and_other_optimizers_go_on_exactly_too(kits, tmp_path, precision, optimizer):
    def config(steps: int) -> TrainConfig:
        # Nothing here follows the share of the budget, so that a shorter run is the beginning of a longer one.
        constant = {"schedule": {"name": "constant", "warm_up": 0.0}, "loss": {"terms": {"mse": 1.0}}}
        return tiny_config(
            kits, precision=precision, optimizer={"name": optimizer}, budget={"steps": steps}, **constant
        )

    run(config(6), tmp_path / "whole")
    run(config(3), tmp_path / "parts")
    run(config(6), tmp_path / "parts")
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    assert all(map(math.isfinite, losses(tmp_path / "whole")))
    held = read_state(tmp_path / "parts" / "state.safetensors")
    assert held is not None
    assert bool(held.rest["scaler"]) == (precision == "fp16")
