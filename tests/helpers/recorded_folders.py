"""Small recordings of noise bursts in folders like those of published datasets, whose strokes are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE: Final = 44_100
SECONDS: Final = 2.5
STROKES_S: Final[Mapping[str, tuple[float, ...]]] = {
    "kick": (0.2, 1.2),
    "snare": (0.45, 1.45, 2.1),
    "toms": (1.7,),
    "hihat": (0.7, 0.95, 1.95),
    "cymbals": (2.3,),
}
"""Stem -> seconds of its strokes; no two are together."""
LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "mdb": {"kick": "KD", "snare": "SDG", "toms": "HFT", "hihat": "PHH", "cymbals": "RDB"},
    "enst": {"kick": "bd", "snare": "cs", "toms": "lmt", "hihat": "ohh", "cymbals": "rc2"},
    "idmt": {"kick": "KD", "snare": "SD", "hihat": "HH"},
    "plain": {"kick": "kick", "snare": "38", "toms": "toms", "hihat": "hihat_pedal", "cymbals": "crash"},
}
"""Layout -> a label for each annotated stem."""


class Folder(NamedTuple):
    """A folder of one recording, and the same recording separated without error."""

    path: Path
    estimates: Path
    recording: str
    """Name of the recording."""
    audio: Path
    annotation: Path


def bursts(
    times_s: tuple[float, ...], seed: int, *, peak: float = 0.4, seconds: float = SECONDS
) -> NDArray[np.float32]:
    """Return decaying bursts of noise, shape (2, frame)."""
    rng = np.random.default_rng(seed)
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    for time_s in times_s:
        start = round(time_s * RATE)
        frames = min(round(0.15 * RATE), sound.shape[1] - start)
        decay = np.exp(-np.arange(frames) / (0.02 * RATE))
        sound[:, start : start + frames] += (rng.uniform(-peak, peak, (2, frames)) * decay).astype(np.float32)
    return sound


def stems() -> dict[str, NDArray[np.float32]]:
    """Return the sound of each stem, shape (2, frame)."""
    return {stem: bursts(times_s, seed) for seed, (stem, times_s) in enumerate(STROKES_S.items())}


def write_wav(path: Path, sound: NDArray[np.float32]) -> Path:
    """Write a sound (2, frame)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.T, RATE, subtype="FLOAT")
    return path


def recorded_folder(layout: str, parent: Path) -> Folder:
    """Write a recording in a folder with a layout, and its true stems as estimates of another program."""
    folder, estimates = parent / layout, parent / f"{layout}-estimates"
    name, audio, annotation = _places(layout)
    labelled = LABELS[layout]
    sounds = {stem: sound for stem, sound in stems().items() if stem in labelled}
    for stem, sound in sounds.items():
        write_wav(estimates / name / f"{stem}.wav", sound)
    path = write_wav(folder / audio, np.sum(list(sounds.values()), axis=0))
    strokes = sorted((time_s, label) for stem, label in labelled.items() for time_s in STROKES_S[stem])
    (folder / annotation).parent.mkdir(parents=True, exist_ok=True)
    (folder / annotation).write_text(_text(layout, strokes))
    return Folder(folder, estimates, name, path, folder / annotation)


def _places(layout: str) -> tuple[str, str, str]:
    """Return the name of the recording, its audio file and its annotation."""
    return {
        "mdb": (
            "MusicDelta_Toy",
            "MDB Drums/audio/drum_only/MusicDelta_Toy_Drum.wav",
            "MDB Drums/annotations/subclass/MusicDelta_Toy_subclass.txt",
        ),
        "enst": ("drummer_2/07_toy", "drummer_2/audio/wet_mix/07_toy.wav", "drummer_2/annotation/07_toy.txt"),
        "idmt": ("RealDrum01_00", "audio/RealDrum01_00#MIX.wav", "annotation_xml/RealDrum01_00#MIX.xml"),
        "plain": ("mine/toy", "mine/toy.wav", "mine/toy.csv"),
    }[layout]


def _text(layout: str, strokes: list[tuple[float, str]]) -> str:
    if layout == "idmt":
        events = "".join(
            f"<event><pitch>0</pitch><onsetSec>{time_s}</onsetSec><instrument>{label}</instrument></event>"
            for time_s, label in strokes
        )
        return f"<instrumentRecording><transcription>{events}</transcription></instrumentRecording>"
    if layout == "plain":
        return "seconds,label\n" + "".join(f"{time_s},{label}\n" for time_s, label in strokes)
    return "".join(f"{time_s:.6f} \t{label}\n" for time_s, label in strokes)
