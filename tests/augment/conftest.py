"""Two sample maps of tones."""

from __future__ import annotations

import pytest
from toy_kits import layers, map_data, tone, write_map, write_sound


@pytest.fixture(scope="session")
def kit_files(tmp_path_factory) -> tuple[str, ...]:
    """Return two sample maps of tones."""
    folder = tmp_path_factory.mktemp("kits")
    paths = []
    for name, hertz in (("tin", 331.0), ("wood", 219.0)):
        articulations = {}
        played = ("kick", "snare_head", "mid_tom_head", "hihat_closed_bow", "hihat_open_bow", "ride_bow", "crash1_bow")
        for number, articulation in enumerate(played, start=1):
            for layer, peak in (("soft", 0.1), ("loud", 0.5)):
                sound = tone(peak=peak, hertz=hertz * number, seconds=0.1 + 0.05 * number, lead_s=0.001)
                write_sound(folder / name / f"{articulation}_{layer}.wav", sound)
            articulations[articulation] = layers(f"{articulation}_soft.wav", f"{articulation}_loud.wav")
        paths.append(str(write_map(folder, map_data(articulations, name=name, folder=name), name)))
    return tuple(paths)
