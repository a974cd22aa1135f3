"""Convert fitted modes to the parameters of a sample map, rounded to audible precision."""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.fitting.modal.damped import Law
from stemgmd_tools.fitting.modal.esprit import Complex, Poles
from stemgmd_tools.fitting.modal.mode_levels import LevelLaw
from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import Modes

NEPERS_PER_60_DB: Final = float(np.log(1000.0))


def mode_table(poles: Poles, levels: LevelLaw, shape: Complex, turns: Float, law: Law) -> Modes:
    """Return the table of modes with these poles and levels, by ascending frequency.

    :param shape: (K, 2) complex amplitudes of the channels; only their ratio and their phases count.
    :param turns: (K, bends) turns added to the phases at the bend velocities.
    """
    order = np.argsort(poles.frequency_hz, kind="stable")
    power = np.abs(shape) ** 2 + 1e-30
    phase = np.angle(shape) / (2.0 * np.pi)
    return Modes(
        frequency_hz=_rounded(poles.frequency_hz[order], 3),
        t60_s=_rounded(NEPERS_PER_60_DB / poles.decay[order], 5),
        level_db=_rounded(levels.level_db[order], 2),
        left_minus_right_db=_rounded(np.clip(10.0 * np.log10(power[:, 0] / power[:, 1]), -40.0, 40.0)[order], 2),
        phase_turns=_rounded((phase[:, 0] % 1.0)[order], 4),
        channel_phase_turns=_rounded(((phase[:, 1] - phase[:, 0] + 0.5) % 1.0 - 0.5)[order], 4),
        velocity_db_per_octave=_rounded(levels.slope_db[order], 2),
        bend_velocities=levels.bend_velocities,
        bends_db=tuple(_rounded(row, 2) for row in levels.bends_db[order]) if levels.bend_velocities else None,
        phase_bends_turns=tuple(_rounded(row, 3) for row in turns[order]) if turns.any() else None,
        t60_velocity_exponent=round(law.t60_exponent, 4),
        frequency_velocity_exponent=round(law.frequency_exponent, 5),
        onset_s=law.onset_s,
    )


def _rounded(values: Float, digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)
