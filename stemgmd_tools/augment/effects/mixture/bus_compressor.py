"""Compression of the mixture with pedalboard."""

from __future__ import annotations

from typing import Any, Final

from stemgmd_tools.augment.chain.effect import MIXTURE, BoardEffect, Parameter


def bus_compressor(board: Any, *, threshold_db: float, ratio: float, attack_ms: float, release_ms: float) -> list[Any]:
    """Return the compressor."""
    return [board.Compressor(threshold_db=threshold_db, ratio=ratio, attack_ms=attack_ms, release_ms=release_ms)]


EFFECTS: Final = (
    BoardEffect(
        "bus_compressor",
        "Compresses the mixture.",
        bus_compressor,
        (
            Parameter("threshold_db", "threshold level", "dBFS", -80.0, 0.0, typical=-20.0),
            Parameter("ratio", "compression ratio, input over output", "", 1.0, 100.0, typical=4.0),
            Parameter("attack_ms", "time constant of the attack", "ms", 0.1, 500.0, 10.0),
            Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 100.0),
        ),
        MIXTURE,
        source="pedalboard Compressor",
    ),
)
