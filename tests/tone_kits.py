"""Kits whose pieces are tones of their own."""

from __future__ import annotations

from pathlib import Path

from toy_kits import layers, map_data, tone, write_map, write_sound

PLAYED = ("kick", "snare_head", "mid_tom_head", "hihat_closed_bow", "hihat_open_bow", "ride_bow", "crash1_bow")


def tone_kits(folder: Path) -> tuple[str, ...]:
    """Write the kits ``tin`` and ``wood``; return the paths of their sample maps."""
    paths = []
    for name, hertz in (("tin", 331.0), ("wood", 219.0)):
        articulations = {}
        for number, articulation in enumerate(PLAYED, start=1):
            for layer, peak in (("soft", 0.1), ("loud", 0.5)):
                sound = tone(peak=peak, hertz=hertz * number, seconds=0.1 + 0.05 * number, lead_s=0.001)
                write_sound(folder / name / f"{articulation}_{layer}.wav", sound)
            articulations[articulation] = layers(f"{articulation}_soft.wav", f"{articulation}_loud.wav")
        paths.append(str(write_map(folder, map_data(articulations, name=name, folder=name), name)))
    return tuple(paths)
