"""The amplitude envelope of a sound: what a sampler makes of its recorded level while it plays.

Sources: *SoundFont Technical Specification* 2.04, section 8.1.2, generators 33 to 37 (``decibels``); sfizz,
``src/sfizz/ADSREnvelope.cpp`` (``decibels``, a fall by 78.2 dB in the time of a decay); Hydrogen 2,
``src/core/Basics/Adsr.cpp`` (``exponential``).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from stemgmd_tools.strict_yaml.model import Strict

SILENCE_DB: Final = -100.0
"""Level that counts as silence: where the decay of a SoundFont ends."""

Seconds = Annotated[float, Field(ge=0.0, le=200.0)]


class Envelope(Strict):
    """Level of a sound over time, in seconds as it is played: delay, attack, hold, decay, then the sustained level.

    Drums are not let go, so it has no release; choked sounds fade over `release_s`.
    """

    delay_s: Seconds = Field(
        default=0.0,
        description="silence before the sound starts; of sounds that play together, the first starts at once",
    )
    attack_s: Seconds = Field(default=0.0, description="rise from silence to the recorded level")
    hold_s: Seconds = Field(default=0.0, description="time at the recorded level before the decay")
    decay_s: Seconds = Field(
        default=0.0, description="fall to the sustained level; with the curve `decibels`, the time of a fall by 100 dB"
    )
    sustain_db: float = Field(
        default=0.0, ge=SILENCE_DB, le=0.0, description="level after the decay re the recorded level; -100: silence"
    )
    curve: Literal["decibels", "exponential"] = Field(
        default="decibels",
        description="`decibels`: the attack rises in a line of amplitude, the decay falls in a line of decibels; "
        "`exponential`: both approach their ends as a capacitor does, and reach them",
    )

    @property
    def silent_after_s(self) -> float | None:
        """Time from the start of the sound, after the delay, to its end; None if it does not end."""
        return self.attack_s + self.hold_s + self.decay_s if self.sustain_db <= SILENCE_DB else None
