"""The amplitude envelope of a region (``ampeg_*``), as sfizz plays it.

Source: sfizz, ``src/sfizz/ADSREnvelope.cpp``: the attack rises in a line of amplitude; the decay falls in a line of
decibels, by 78 dB (``exp(-9)``) in its time, and ends at the sustained level. Velocity adds ``ampeg_vel2*``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from stemgmd_tools.kits.sample_map.envelope import SILENCE_DB, Envelope
from stemgmd_tools.kits.sources.envelopes import audible
from stemgmd_tools.kits.sources.sfz.definition.opcodes import STAGES
from stemgmd_tools.numerics.elementary import log, log10

_DECAY_DB: Final = 180.0 / log(10.0)
"""What sfizz lets a decay fall in its time: nine powers of e."""
_EMPTY_S: Final = 0.001
_HIGHEST: Final = 100.0
"""Longest stage in seconds, and the whole level in percent."""


class RegionEnvelope(NamedTuple):
    """The stages of an envelope, in seconds, and the sustained level in percent."""

    delay: float
    attack: float
    hold: float
    decay: float
    sustain: float

    @property
    def is_empty(self) -> bool:
        """Whether it leaves nothing to hear."""
        return self.sustain <= 0.0 and self.attack + self.hold + self.decay <= _EMPTY_S

    @property
    def of_map(self) -> Envelope | None:
        """The envelope for a sample map; None if it changes nothing."""
        level_db = 20.0 * log10(self.sustain / 100.0) if self.sustain > 0.0 else SILENCE_DB
        return audible(
            Envelope(
                delay_s=self.delay,
                attack_s=self.attack,
                hold_s=self.hold,
                decay_s=self.decay * -SILENCE_DB / _DECAY_DB,
                sustain_db=max(level_db, SILENCE_DB),
            )
        )


def region_envelope(
    number: Callable[[str, float, float, float], float], added: Mapping[str, float], velocity: int
) -> RegionEnvelope:
    """Return the envelope of a region at a velocity.

    :param number: returns the value of an opcode of the region, from its name, default and range.
    :param added: what controllers add to opcodes.
    """
    values = []
    for stage in STAGES:
        name = f"ampeg_{stage}"
        value = number(name, _HIGHEST if stage == "sustain" else 0.0, 0.0, _HIGHEST) + added.get(name, 0.0)
        value += number(f"ampeg_vel2{stage}", 0.0, -_HIGHEST, _HIGHEST) * velocity / 127.0
        values.append(min(max(value, 0.0), _HIGHEST))
    return RegionEnvelope(*values)
