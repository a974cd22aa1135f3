"""A kit of three microphones: close, overhead and room, and hi-hats that no named microphone recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from toy_kits import layers, map_data, tone, write_map, write_sound


def delayed(sound: NDArray[np.float64], frames: int, factor: float) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((frames, 1)), factor * sound])[: len(sound)]


def write_kit(folder: Path, *, level_db: float = 0.0, apart: int = 40) -> Path:
    """Write a kit of three microphones; its hi-hats are files that no named microphone recorded."""
    takes = {}
    for name, hertz in (("kick", 60.0), ("snare_head", 230.0), ("ride_bow", 4000.0)):
        close = tone(hertz=hertz, peak=0.4, seconds=0.4)
        write_sound(folder / f"{name}_close.wav", close)
        # out of phase, so that the microphones cancel each other in part
        write_sound(folder / f"{name}_over.wav", np.hstack([delayed(close, apart, -0.5), delayed(close, apart, -0.4)]))
        write_sound(folder / f"{name}_room.wav", delayed(close, 700, 0.2))
        take = {"close": f"{name}_close.wav", "overhead": f"{name}_over.wav", "room": f"{name}_room.wav"}
        if name == "ride_bow":
            del take["close"]
        takes[name] = {"layers": [{"velocity": [1, 127], "takes": [take]}], "pan": 0.2, "gain_db": level_db}
    write_sound(folder / "hat.wav", tone(hertz=6000, peak=0.2))
    hat = {name: layers("hat.wav") for name in ("hihat_closed_bow", "hihat_closed_edge", "hihat_pedal")}
    rest = {name: {"fallback": {"articulation": "ride_bow"}} for name in ("ride_edge", "ride_bell")}
    rest |= {"snare_rimshot": {"fallback": {"articulation": "snare_head", "pitch_semitones": 2}}}
    microphones = {"close": {"pan": -0.3}, "overhead": {"gain_db": -2}, "room": {"gain_db": -3}}
    return write_map(folder, map_data({**takes, **hat, **rest}, microphones=microphones))
