"""Batches of drum-like stems, and a typical row of every effect on sound."""

from __future__ import annotations

import numpy as np
import torch
from toy_strokes import ONSETS, strokes

from stemgmd_tools.augment.audio.apply import Applied, apply
from stemgmd_tools.augment.chain.catalogue import EFFECTS, find_effect
from stemgmd_tools.augment.chain.effect import Domain, Kind, TimeEffect
from stemgmd_tools.augment.chain.rows import Row

RATE = 44_100
NAMES = ("kick", "snare", "toms")
TAPS = {"hall": torch.from_numpy(np.random.default_rng(3).normal(size=(1, 700)).astype(np.float32))}
ON_STEMS = [effect.name for effect in EFFECTS if effect.domain is Domain.AUDIO]
TIME_EFFECTS = [effect.name for effect in EFFECTS if isinstance(effect, TimeEffect)]
DRAWN_VALUES = {
    Kind.SEED: 7,
    Kind.TEXT: "hall",
    Kind.KIT: "wood",
    Kind.PERFORMANCE: "d/2",
    Kind.START: 0.4,
    Kind.TEMPO: 120.0,
    Kind.FASTEST: 1.13,
}
"""What no declaration can name; of :data:`TAPS` and of `toy_source`."""


def parameters(effect: str) -> dict:
    """Return the typical parameters of an effect, as its declaration gives them."""
    return {
        p.name: DRAWN_VALUES.get(p.kind, p.default if p.typical is None else p.typical)
        for p in find_effect(effect).parameters
    }


def typical_row(effect: str, stem: int = 0, scope: str = "stem", step: int = 0, **changed) -> Row:
    if effect in TIME_EFFECTS:
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
