"""What a run tells: a log that reads back, sounds and pictures, a line or a bar; and who may write it."""

from __future__ import annotations

import math

import pytest
import torch
from filelock import FileLock
from tiny_separator import Tiny, make_tiny, tiny_config

from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.separation.training.run.log import Board, CsvLog, read_log
from stemgmd_tools.separation.training.run.reporter import Pace
from stemgmd_tools.separation.training.train import train


def test_the_log_takes_back_what_came_after_and_reads_back_exactly(tmp_path):
    path = tmp_path / "log.csv"
    first = CsvLog(path, ["loss", "score_db"], -1)
    first.add([{"step": step, "loss": step / 3} for step in range(1, 6)])
    first.add([{"step": 5, "score_db": math.nan}])
    first.close()
    with path.open("a") as file:
        file.write("6,0.5")  # cut short
    again = CsvLog(path, ["loss", "score_db"], 3)
    again.add([{"step": 4, "loss": 0.1, "score_db": 2.0}])
    again.close()
    rows = read_log(path)
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[1]["loss"]) == 2 / 3
    assert rows[0]["score_db"] == ""


def test_tensorboard_has_scalars_sounds_and_masks(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    model = Tiny(("kick", "snare")).eval()
    with Board(tmp_path, -1) as board:
        board.scalars({"step": 3, "loss": 0.5, "score_db": math.nan})
        board.example(model, torch.randn(2, 2, 4000) * 0.1, 3)
    tags = accumulator.EventAccumulator(str(tmp_path)).Reload().Tags()
    assert tags["scalars"] == ["loss"]
    assert set(tags["audio"]) == {"kick/estimate", "kick/target", "snare/estimate", "snare/target"}
    assert set(tags["images"]) == {"kick/mask", "snare/mask"}


def test_the_pace_shows_step_loss_speed_and_waiting():
    text = str(Pace(1234, -3.21, 2.5, 240.0, 0.04))
    assert text == "step 1,234, loss -3.21, 2.50 it/s, 240x real time, waits for data 4%"
    assert "20.0 s/it" in str(Pace(1234, -3.21, 0.05, 240.0, 0.04))


def test_one_process_at_a_time_trains_in_a_folder(kits, tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(StemgmdError, match="another run is at work on this folder"):
        train(tiny_config(kits), tmp_path, make=make_tiny)
