"""What a performance refuses to hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances import Hit, PedalMove, Performance


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"hits": [Hit(0.0, 35, 100)]}, r"notes \[35\] are not in the note table"),
        ({"hits": [Hit(0.0, 36, 0)]}, r"velocities reach 0\.\.0, allowed 1\.\.127"),
        ({"hits": [Hit(0.0, 36, 300)]}, r"hits must be rows of time_s, note, velocity, openness"),
        ({"hits": [(0.0, 36)]}, r"hits must be rows of"),
        ({"hits": [Hit(-1.0, 36, 100)]}, r"an event lies at -1\.0 s; times must be 0 or later"),
        ({"hits": [Hit(float("nan"), 36, 100)]}, r"an event lies at nan s"),
        ({"hits": [Hit(0.0, 46, 100, 1.5)]}, r"openness reaches 1\.5\.\.1\.5, allowed 0\.\.1"),
        ({"pedal": [PedalMove(0.0, float("nan"))]}, r"openness reaches nan"),
        ({"duration_s": 0.0}, r"duration is 0 s; it must be above 0"),
        ({"duration_s": float("nan")}, r"duration is nan s"),
        ({"duration_s": 1e9}, r"duration is 1e\+09 s; .* at most 86400"),
    ],
)
def test_values_that_cannot_be(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(PerformanceError, match=f"^p: {message}") as caught:
        Performance(**{"id": "p", "hits": [], "duration_s": 1.0, **tables})
    assert "\n" not in str(caught.value)


def test_rows_are_sorted_by_time_and_cannot_be_changed() -> None:
    performance = Performance("p", [Hit(2.0, 36, 1), Hit(1.0, 38, 127), Hit(1.0, 36, 9)], 3.0)  # type: ignore[arg-type]
    assert performance.hits["note"].tolist() == [38, 36, 36]
    with pytest.raises(ValueError, match="read-only"):
        performance.hits["note"][0] = 40
    assert not np.shares_memory(performance.hits, Performance("q", performance.hits, 3.0).hits)
