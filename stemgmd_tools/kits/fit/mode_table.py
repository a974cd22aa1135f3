"""Modes as a sample map holds them, rounded to what can be heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.kits.fit.damped import Law
from stemgmd_tools.kits.fit.esprit import Poles
from stemgmd_tools.kits.fit.mode_levels import Amplitudes, level_law, shared_phases
from stemgmd_tools.kits.model.bands import Float
from stemgmd_tools.kits.model.parameters import Modes

NEPERS_PER_60_DB: Final = float(np.log(1000.0))


def mode_table(poles: Poles, strokes: Sequence[Amplitudes], law: Law) -> Modes:
    """Return the table of modes with these poles and amplitudes, by ascending frequency."""
    energy = np.mean([(np.abs(one.values) ** 2).mean(axis=(0, 1)) for one in strokes], axis=0) / poles.decay
    # Where strokes are moved in time, the phase turns with the pitch at the attack, before the glide.
    shared = shared_phases(strokes, poles.frequency_hz * (1.0 + sum(law.depth)), energy)
    levels = level_law(strokes)
    order = np.argsort(poles.frequency_hz, kind="stable")
    return Modes(
        frequency_hz=_rounded(poles.frequency_hz[order], 3),
        t60_s=_rounded(NEPERS_PER_60_DB / poles.decay[order], 5),
        level_db=_rounded(levels.level_db[order], 2),
        left_minus_right_db=_rounded(shared.left_minus_right_db[order], 2),
        phase_turns=_rounded(shared.phase_turns[order], 4),
        channel_phase_turns=_rounded(shared.channel_phase_turns[order], 4),
        velocity_db_per_octave=_rounded(levels.slope_db[order], 2),
        bend_velocities=levels.bend_velocities,
        bends_db=tuple(_rounded(row, 2) for row in levels.bends_db[order]) if levels.bend_velocities else None,
        t60_velocity_exponent=round(law.t60_exponent, 4),
        frequency_velocity_exponent=round(law.frequency_exponent, 5),
        onset_s=law.onset_s,
    )


def _rounded(values: Float, digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)
