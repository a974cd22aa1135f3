"""Songs of noise bursts, as folders with a file for each stem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 8000
STEMS = ("kick", "snare", "hihat")
SECONDS = 4


def times(seed: int) -> dict[str, tuple[float, ...]]:
    """Return the times of the bursts of a song in seconds, ascending, by stem."""
    random = np.random.default_rng(seed)
    return {name: tuple((np.sort(random.integers(0, (SECONDS - 1) * RATE, 8)) / RATE).tolist()) for name in STEMS}


def song(seed: int) -> dict[str, NDArray[np.float64]]:
    """Return stems of bursts of noise, shape (frame, 2), and their sum."""
    random = np.random.default_rng(seed)
    stems = {}
    for name, starts in times(seed).items():
        sound = np.zeros((SECONDS * RATE, 2))
        for start in (round(RATE * time) for time in starts):
            sound[start : start + 2000] += (
                0.1 * random.standard_normal((2000, 2)) * np.exp(-np.arange(2000) / 500)[:, None]
            )
        stems[name] = sound
    return {**stems, "mixture": sum(stems.values(), np.zeros((SECONDS * RATE, 2)))}


def write_song(folder: Path, sounds: dict[str, NDArray[np.float64]]) -> None:
    """Write the stems and the mixture of a song."""
    folder.mkdir(parents=True)
    for name, sound in sounds.items():
        soundfile.write(folder / f"{name}.wav", sound, RATE, subtype="FLOAT")
