"""Noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, SEED, AudioEffect, Kind, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def noise_floor(
    audio: Tensor, *, level_dbfs: Tensor, colour: tuple[str, ...], seed: Tensor, sample_rate: int
) -> Tensor:
    """Add noise to every line, including silence; 0 dBFS is an RMS of 1."""
    from stemgmd_tools.augment.audio.signal.gains import ratio_of_db
    from stemgmd_tools.augment.audio.signal.noise import CHUNK, noise, pink_noise

    levels, seeds = ratio_of_db(level_dbfs.double()).tolist(), seed.tolist()
    for line, level, hue, number in zip(audio, levels, colour, seeds, strict=True):
        if hue == "pink":
            line.add_(pink_noise(number, line, sample_rate).mul_(level))
            continue
        for start in range(0, line.shape[1], CHUNK):
            part = line[:, start : start + CHUNK]
            part += noise(number, part.shape[0], start, part.shape[1], part.device).mul_(level)
    return audio


EFFECTS: Final = (
    AudioEffect(
        "noise_floor",
        "Adds noise.",
        noise_floor,
        (
            Parameter("level_dbfs", "RMS level of the noise", "dBFS", -140.0, -10.0, typical=-50.0),
            Parameter("colour", "spectrum of the noise", kind=Kind.CHOICE, choices=("white", "pink"), default="white"),
            SEED,
        ),
        ANYWHERE,
        source="audiomentations AddColorNoise",
        adds_noise=True,
    ),
)
