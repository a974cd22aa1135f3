"""Envelopes of formats, for sample maps."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.kits.sample_map.envelope import SILENCE_DB, Envelope

_SHORTEST_S: Final = 0.0005
"""Shorter attacks and delays are not heard."""
_LEAST_DECAY_DB: Final = -0.1
"""A decay to a level above this is not heard."""
_STEP_S: Final = 1e-5
_STEP_DB: Final = 0.01


def audible(envelope: Envelope) -> Envelope | None:
    """Return an envelope in figures that read well; None if it changes nothing that is heard."""
    decays = envelope.sustain_db < _LEAST_DECAY_DB
    if not decays and max(envelope.attack_s, envelope.delay_s) < _SHORTEST_S:
        return None
    stages = ("delay_s", "attack_s", "hold_s", "decay_s") if decays else ("delay_s", "attack_s")
    times = {stage: _rounded(getattr(envelope, stage), _STEP_S) for stage in stages}
    sustain_db = max(_rounded(envelope.sustain_db, _STEP_DB), SILENCE_DB) if decays else 0.0
    return Envelope(**times, sustain_db=sustain_db, curve=envelope.curve)


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)
