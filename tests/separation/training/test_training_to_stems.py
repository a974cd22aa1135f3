"""The whole way on the starter set: after some steps the loss has fallen, and the command separates a clip of the
training better than the mixture as it is. That a resumed run is the same run: test_train.py."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.evaluation.metric import is_present
from stemgmd_tools.separation.evaluation.metrics.nsdr_larsnet import METRIC as NSDR_LARSNET
from stemgmd_tools.separation.training.loop.data import open_data
from stemgmd_tools.separation.training.run.log import read_log
from stemgmd_tools.separation.training.settings.files import load_config
from stemgmd_tools.separation.training.train import train

STEPS = 60
CLIP_S = 8


def settings(kit: str, steps: int):
    return load_config(
        changes={
            "model": {"options": {"width": 8, "temporal": 16}},
            "data": {"kits": [kit], "test_kits": [], "segment_s": 1.0, "chain": "none", "workers": 0, "limit": 6},
            "optimizer": {"items": 4, "learning_rate": 5e-3},
            "loss": {"terms": {"nsdr_spectrum": 1.0}},
            "ema": 0.9,
            "validation": {"items": 0},
            "saving": {"every_steps": 1000},
            "budget": {"steps": steps},
            "schedule": {"name": "constant"},
            "device": "cpu",
        }
    )


@pytest.fixture(scope="module")
def run(kits, tmp_path_factory):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    done = train(settings(kits[0], STEPS), tmp_path_factory.mktemp("runs") / "run")
    torch.set_num_threads(before)
    return done


def test_the_loss_falls(run):
    losses = [float(row["loss"]) for row in read_log(run.folder.log) if row["loss"]]
    assert len(losses) == STEPS
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 3.0  # dB


def test_the_command_separates_a_training_clip_better_than_the_mixture(run, kits, tmp_path):
    data = open_data(settings(kits[0], STEPS).data)
    name = max(data.splits.train, key=lambda one: data.train.length(one, "tin"))
    pieces = data.train.floats(name, "tin", frames=CLIP_S * 44_100)
    mixture = pieces.sum(axis=0)
    soundfile.write(tmp_path / "clip.wav", mixture.T, 44_100, subtype="FLOAT")
    words = ["separate", tmp_path / "clip.wav", "--weights", run.weights, "--out", tmp_path, "--device", "cpu"]
    done = CliRunner().invoke(stemgmd, [str(word) for word in words])
    assert done.exit_code == 0, done.exception
    gains = []
    for stem in GROUPS:
        reference = pieces[[list(PIECES).index(piece) for piece in pieces_of_stem(stem)]].sum(axis=0)
        estimate = soundfile.read(tmp_path / "clip" / f"{stem}.wav")[0].T
        if is_present(reference):
            gains.append(NSDR_LARSNET(reference, estimate) - NSDR_LARSNET(reference, mixture))
    assert len(gains) >= 2
    assert min(gains) > 0.0
    assert np.mean(gains) > 3.0
