"""Kits whose pieces are tones of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toy_kits import layers, map_data, tone, write_map, write_sound

PLAYED = ("kick", "snare_head", "mid_tom_head", "hihat_closed_bow", "hihat_open_bow", "ride_bow", "crash1_bow")


TONES_HZ: Final = {"tin": 331.0, "wood": 219.0}


def tone_kits(folder: Path, tones_hz: Mapping[str, float] = TONES_HZ) -> tuple[str, ...]:
    """Write kits, each of its own lowest tone; return the paths of their sample maps."""
    paths = []
    for name, hertz in tones_hz.items():
        articulations = {}
        for number, articulation in enumerate(PLAYED, start=1):
            for layer, peak in (("soft", 0.1), ("loud", 0.5)):
                sound = tone(peak=peak, hertz=hertz * number, seconds=0.1 + 0.05 * number, lead_s=0.001)
                write_sound(folder / name / f"{articulation}_{layer}.wav", sound)
            articulations[articulation] = layers(f"{articulation}_soft.wav", f"{articulation}_loud.wav")
        paths.append(str(write_map(folder, map_data(articulations, name=name, folder=name), name)))
    return tuple(paths)
