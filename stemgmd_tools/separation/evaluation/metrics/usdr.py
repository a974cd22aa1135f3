"""uSDR of the MDX challenges. On silent stems it differs widely from LarsNet's nSDR."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.separation.evaluation.energies import DELTA, Energies, decibels
from stemgmd_tools.separation.evaluation.metric import Metric, StemFacts


def _usdr_db(energies: Energies, _: StemFacts) -> float:
    """Return the ratio of energies, each plus 1e-7."""
    return decibels((energies.reference + DELTA) / (energies.error + DELTA))


METRIC: Final = Metric(
    name="usdr_db",
    title="uSDR",
    unit="dB",
    definition="as nSDR with sums instead of means: 10 log10((sum s² + 1e-7) / (sum (s - e)² + 1e-7))",
    source="Mitsufuji et al. 2022 (Music Demixing Challenge 2021)",
    higher_is_better=True,
    meter=Energies,
    value=_usdr_db,
    absent="falls with the length of the clip: do not average it",
)
