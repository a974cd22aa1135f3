"""nSDR of LarsNet. Variants that share a name in the literature have distinct names here."""

from __future__ import annotations

import math
from typing import Final

from stemgmd_tools.separation.evaluation.energies import DELTA, Energies, decibels
from stemgmd_tools.separation.evaluation.metric import Metric, Presence, StemFacts


def _nsdr_db(energies: Energies, _: StemFacts) -> float:
    """Return the ratio of mean powers, each plus 1e-7; NaN of no samples."""
    samples = energies.samples
    if not samples:
        return math.nan
    return decibels((energies.reference / samples + DELTA) / (energies.error / samples + DELTA))


METRIC: Final = Metric(
    name="nsdr_larsnet_db",
    title="nSDR",
    unit="dB",
    definition="10 log10((mean s² + 1e-7) / (mean (s - e)² + 1e-7)) of the stem s and its estimate e",
    source="Mezza et al. 2024 (LarsNet)",
    higher_is_better=True,
    meter=Energies,
    value=_nsdr_db,
    absent="0 for silence, falls with what was predicted",
    reported=Presence.BOTH,
)
