"""Scale-invariant SDR."""

from __future__ import annotations

import math
from typing import Final

from stemgmd_tools.separation.evaluation.energies import Energies, decibels
from stemgmd_tools.separation.evaluation.metric import Metric, StemFacts

LIMIT_DB: Final = 100.0
"""SI-SDR is clipped to +-100 dB, since perfect or silent estimates would give infinity."""


def _si_sdr_db(energies: Energies, _: StemFacts) -> float:
    """Return the ratio with one scale over all channels; NaN for a silent reference."""
    reference, error, cross = energies.reference, energies.error, energies.cross
    if not reference > 0.0:
        return math.nan
    # The estimate is s - d. Its projection is (1 - <d,s>/<s,s>) s, what is left of it -(d - <d,s>/<s,s> s).
    target = (1.0 - cross / reference) ** 2 * reference
    noise = max(error - cross**2 / reference, 0.0)
    if math.isnan(target) or math.isnan(noise):
        return math.nan
    if noise == 0.0 or target == 0.0:
        return LIMIT_DB if target > 0.0 else -LIMIT_DB
    return min(max(decibels(target / noise), -LIMIT_DB), LIMIT_DB)


METRIC: Final = Metric(
    name="si_sdr_db",
    title="SI-SDR",
    unit="dB",
    definition="scale-invariant SDR, one scale over both channels, within 100 dB of 0",
    source="Le Roux et al. 2019",
    higher_is_better=True,
    meter=Energies,
    value=_si_sdr_db,
    absent="missing",
)
