"""A filter of a sound, as samplers have them.

Source: R. Bristow-Johnson, *Cookbook formulae for audio equalizer biquad filter coefficients*, which FluidSynth
(``fluid_iir_filter``) and sfizz (``sfz_filters.dsp``) use.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from stemgmd_tools.strict_yaml.model import Strict

FLAT_DB: Final = -3.01
"""Resonance of a filter without a peak (Butterworth)."""
LOWEST_HZ: Final = 10.0
HIGHEST_HZ: Final = 24_000.0
LOWEST_RESONANCE_DB: Final = -20.0
HIGHEST_RESONANCE_DB: Final = 60.0


class Filter(Strict):
    """A filter with two poles, 12 dB per octave; its frequencies are those of the sound as it is played."""

    cutoff_hz: Annotated[float, Field(ge=LOWEST_HZ, le=HIGHEST_HZ)] = Field(description="cutoff frequency")
    resonance_db: Annotated[float, Field(ge=LOWEST_RESONANCE_DB, le=HIGHEST_RESONANCE_DB)] = Field(
        default=FLAT_DB, description="gain at the cutoff frequency re the pass band; -3.01: no peak"
    )
