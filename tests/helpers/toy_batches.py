"""Batches of drum-like stems, and a typical row of every effect on sound."""

from __future__ import annotations

import numpy as np
import torch
from toy_strokes import ONSETS, strokes

from stemgmd_tools.augment.audio.apply import Applied, apply
from stemgmd_tools.augment.audio.registry import LINE_EFFECTS, RESPONSES, TIME_FUNCTIONS
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.rows import Row

RATE = 44_100
NAMES = ("kick", "snare", "toms")
TAPS = {"hall": torch.from_numpy(np.random.default_rng(3).normal(size=(1, 700)).astype(np.float32))}
ON_STEMS = sorted({*LINE_EFFECTS, *TIME_FUNCTIONS, *RESPONSES})
TYPICAL = {
    "gain_db": -4.0, "factor": 0.6, "lufs": -22.0, "width": 0.4, "drive": 2.0, "cents": 210.0, "rate": 1.13,
    "frequency_hz": 900.0, "threshold_db": -20.0, "ratio": 4.0, "attack_db": 6.0, "sustain_db": -6.0, "decay_s": 0.2,
    "level_dbfs": -50.0, "rate_hz": 9000.0, "bits": 9, "drive_db": 9.0, "impulse_response": "hall", "seed": 7,
    "fastest": 1.13,
}  # fmt: skip


def parameters(effect: str) -> dict:
    return {p.name: TYPICAL.get(p.name, p.default) for p in find_effect(effect).parameters}


def typical_row(effect: str, stem: int = 0, scope: str = "stem", step: int = 0, **changed) -> Row:
    if effect in TIME_FUNCTIONS:
        scope, stem = "example", -1
    return Row("an example", step, effect, scope, stem, {**parameters(effect), **changed})


def toy_batch(items: int = 3, frames: int = 30_000, channels: int = 2, seed: int = 0) -> torch.Tensor:
    """Return stems that all differ."""
    rng = np.random.default_rng(seed)
    sounds = [
        strokes(90.0 * (1 + stem), frames=frames, channels=channels, onsets=toy_onsets(frames)) * rng.uniform(0.5, 1)
        for _ in range(items)
        for stem in range(len(NAMES))
    ]
    return torch.from_numpy(np.stack(sounds).reshape(items, len(NAMES), channels, frames))


def toy_onsets(frames: int) -> np.ndarray:
    return ONSETS[frames > ONSETS]


def toy_applied(rows, stems, **kwargs) -> Applied:
    onsets = [[toy_onsets(stems.shape[-1])] * len(NAMES)] * len(stems)
    return apply(rows, stems, sample_rate=RATE, names=NAMES, onsets=onsets, impulse_responses=TAPS, **kwargs)
