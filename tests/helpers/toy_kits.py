"""Small kits made on the fly: a folder of synthetic one-shots and a sample map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemgmd_tools.pieces import ARTICULATIONS

RATE = 44_100


def tone(
    *, hertz: float = 440.0, peak: float = 0.5, seconds: float = 0.3, lead_s: float = 0.0, rate: int = RATE
) -> NDArray[np.float64]:
    """Return a decaying cosine that starts with its peak after ``lead_s`` of silence, shape (frames, 1)."""
    time_s = np.arange(round(seconds * rate)) / rate
    sound = peak * np.cos(2 * np.pi * hertz * time_s) * np.exp(-time_s / (seconds / 6))
    return np.concatenate([np.zeros(round(lead_s * rate)), sound])[:, None]


def write_sound(path: Path, sound: NDArray[np.float64], rate: int = RATE, subtype: str = "PCM_24") -> None:
    """Write one sample file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, subtype=subtype)


def layers(*files: str) -> dict[str, Any]:
    """Return an articulation with one file per layer, velocities shared out evenly."""
    edges = np.linspace(0, 127, len(files) + 1).round().astype(int).tolist()
    rows = [
        {"velocity": [low + 1, high], "files": [file]} for low, high, file in zip(edges, edges[1:], files, strict=False)
    ]
    return {"layers": rows}


def map_data(articulations: Mapping[str, Any], **top: Any) -> dict[str, Any]:
    """Return a complete map: what is not given falls back to the kick."""
    rest = {name: {"fallback": {"articulation": "kick"}} for name in ARTICULATIONS if name not in articulations}
    return {
        "schema": "stemgmd-kit/1",
        "name": "toy",
        "title": "Toy",
        "description": "for tests",
        "license": "CC0-1.0",
        "attribution": "nobody",
        "articulations": {**articulations, **rest},
        **top,
    }


def write_map(folder: Path, data: Mapping[str, Any], name: str = "toy") -> Path:
    """Write a map (JSON is YAML) with one key per line, and return its path."""
    path = folder / f"{name}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return path


def toy_kit(folder: Path, articulations: Mapping[str, Any] | None = None, **top: Any) -> Path:
    """Write a kit with a soft and a loud kick tone, unless other articulations are given; return its map."""
    write_sound(folder / "soft.wav", tone(peak=0.1))
    write_sound(folder / "loud.wav", tone(peak=0.5, hertz=500))
    return write_map(folder, map_data(articulations or {"kick": layers("soft.wav", "loud.wav")}, **top))
