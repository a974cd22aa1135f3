"""Small modelled kits made on the fly, in the full form a fit gives: 40 bands x 12 knots, bends, given colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap, Recording
from stemgmd_tools.kits.sample_map.writer import write_map
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.seeds import stream

KNOTS_S = (0, 0.0015, 0.004, 0.01, 0.022, 0.05, 0.11, 0.24, 0.52, 1.1, 2.4, 5.2)
PITCH_HZ = {"kick": 60.0, "snare": 190.0, "hi_tom": 160.0, "mid_tom": 120.0, "low_tom": 80.0}
CHOKES = ("hihat_closed_bow", "hihat_closed_edge", "hihat_pedal")


def toy_voice(articulation: str, kit: str, *, ratio: float = 1.0, shots: int = 1) -> VoiceModel:
    """Return one voice; kits differ in their chance, and in pitch by ``ratio``."""
    draw = stream(0, "toy", kit, articulation)
    instrument = next((name for name in PITCH_HZ if articulation.startswith(name)), None)
    lowest_hz = ratio * PITCH_HZ.get(instrument or "", 700.0)
    is_hat = articulation.startswith("hihat")
    fall_db = 90.0 if instrument else 300.0 if articulation in CHOKES else 25.0
    level = -35.0 - fall_db * np.array(KNOTS_S) + draw.normal(0, 3, (len(CENTRES_HZ), len(KNOTS_S)))
    level -= 10.0 * np.abs(np.log2(CENTRES_HZ / (400.0 if instrument else 6000.0)))[:, None] / 3
    bend = {"frequencies_hz": (100.0, 5000.0), "times_s": (0.0, 0.1), "values": ((0.5, -0.5), (1.0, 0.0))}
    noise: dict[str, Any] = {
        "level_db": {"frequencies_hz": CENTRES_HZ.tolist(), "times_s": KNOTS_S, "values": level.tolist()},
        "velocity_db_per_octave": {"frequencies_hz": (1000.0,), "times_s": (0.0, 0.1), "values": ((8.0, 9.0),)},
        "velocity_bends": [{"velocity": 30, "change_db": bend}, {"velocity": 120, "change_db": bend}],
        "colour": {
            "low_hz": 50.0,
            "points_per_octave": 48,
            "least_step_hz": 3.0,
            "gain_db": draw.normal(0, 4, 315).tolist(),
        },
        "stereo": {"frequencies_hz": (100.0, 5000.0), "left_minus_right_db": (1.0, -2.0), "coherence": (0.9, 0.3)},
    }
    return VoiceModel.model_validate({
        "layers": (40, 110)[:shots],
        "variations": shots,
        "duration_s": 3.0,
        "noise": noise,
        "body": None if is_hat else _modes(lowest_hz, 12, draw, free=not instrument),
        "attack": _modes(3000.0, 3, draw) if instrument else None,
        "glide": {"depth": (0.2, 0.05), "time_s": (0.02, 0.1)} if instrument else None,
        "openness": _openness(articulation) if is_hat else None,
        "jitter": {"level_db": 0.3, "shared_noise": 0.2},
    })  # fmt: skip


def _modes(lowest_hz: float, count: int, draw: np.random.Generator, *, free: bool = False) -> dict[str, Any]:
    ratios = np.cumsum(np.concatenate([[1.0], draw.uniform(0.3, 0.7, count - 1)]))
    return {
        "frequency_hz": (lowest_hz * ratios).tolist(),
        "t60_s": (0.8 / ratios).tolist(),
        "level_db": (-18.0 - 6.0 * np.log2(ratios) - 3.0 * draw.uniform(0, 1, count)).tolist(),
        "left_minus_right_db": [1.0] * count,
        "phase_turns": None if free else draw.uniform(0, 1, count).tolist(),
        "channel_phase_turns": draw.uniform(-0.1, 0.1, count).tolist(),
        "velocity_db_per_octave": [8.0] * count,
        "bend_velocities": (30, 120),
        "bends_db": [[0.5, -0.5]] * count,
        "phase_bends_turns": None if free else [[0.1, 0.0]] * count,
        "t60_velocity_exponent": 0.05,
        "frequency_velocity_exponent": 0.01,
    }


def _openness(articulation: str) -> dict[str, Any]:
    if articulation in CHOKES:
        change = {"frequencies_hz": (500.0, 8000.0), "times_s": (0.0, 0.05), "values": ((0.0, -2.0), (0.0, -1.0))}
        changes = [{"degree": 0.0, "change_db": change, "velocity_db_per_octave": change}]
        return {"degrees": (0.0, 0.12), "stretch": (0.8, 1.2), "changes": changes}
    return {"degrees": (0.2, 0.6, 1.0), "stretch": (0.3, 0.6, 1.0), "level_db": [[-1.0, 0.0, 0.0]]}


def toy_model(name: str, *, ratio: float = 1.0, shots: int = 1, **changes: Any) -> KitMap:
    """Return a complete modelled kit with ``shots`` layers and variations."""
    articulations = {
        one: Articulation(
            model=toy_voice(one, name, ratio=ratio, shots=shots),
            gain_db=-2.0,
            choke_group="hihat" if one.startswith("hihat") else None,
            chokes=one in CHOKES,
        )
        for one in ARTICULATIONS
    }
    fields: dict[str, Any] = {
        "schema": "stemgmd-kit/1",
        "name": name,
        "title": name.title(),
        "description": "for tests",
        "license": "CC0-1.0",
        "attribution": f"maker of {name}",
        "measured_on": (Recording(kit=f"{name}_recorded", license="CC0-1.0"),),
        "gain_db": -1.0,
        "room": {"decay_s": 0.3},
        "articulations": articulations,
    }
    return KitMap.model_validate({**fields, **changes})


def write_toy_models(folder: Path) -> Path:
    """Write the kits ``one``, ``other`` and ``third`` into a folder."""
    for number, name in enumerate(("one", "other", "third")):
        write_map(toy_model(name, ratio=1.0 + 0.2 * number), folder / f"{name}.yaml")
    return folder
