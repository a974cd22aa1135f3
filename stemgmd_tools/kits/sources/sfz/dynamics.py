"""How much louder a player makes a region for a harder stroke.

By default the gain is 40 log10(v / 127) dB, scaled by ``amp_veltrack`` in percent; points given as ``amp_velcurve_N``
replace it by straight lines of amplitude between them.
"""

from __future__ import annotations

import bisect
import math
from typing import Final

from stemgmd_tools.kits.sources.sfz.definition.instrument import Written
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems, number, parsed
from stemgmd_tools.numerics.elementary import log10

FLOOR_DB: Final = -96.0


class VelocityGain:
    """The gain of a region by velocity."""

    def __init__(self, written: Written, added: float, problems: Problems) -> None:
        """Read a region.

        :param added: what controllers add to ``amp_veltrack``, in percent.
        """
        text = written.opcodes.get("amp_veltrack", "100")
        track = number(text, "amp_veltrack", written.place, problems, low=-100, high=200)
        self._track = min(max((100.0 if track is None else track) + added, -100.0), 200.0) / 100.0
        points = {0: 0.0, 127: 1.0}
        given = [name for name in written.opcodes if name.startswith("amp_velcurve_") and parsed(name).role]
        for name in given:
            value = number(written.opcodes[name], name, written.place, problems, low=0, high=10)
            if value is not None and parsed(name).number <= 127:
                points[parsed(name).number] = value
        self._points = sorted(points.items()) if given else []

    def db(self, velocity: int) -> float:
        """Return the gain at a velocity, 1..127."""
        if self._track < 0.0:
            velocity = 128 - velocity
        amplitude = self._curve(velocity) if self._points else (velocity / 127.0) ** 2
        if amplitude <= 0.0:
            return FLOOR_DB
        return max(20.0 * log10(amplitude) * abs(self._track), FLOOR_DB)

    def range_db(self) -> float:
        """Return the level from velocity 1 to 127 that the player adds."""
        return self.db(127) - self.db(1)

    def _curve(self, velocity: int) -> float:
        right = bisect.bisect_left(self._points, (velocity, -math.inf))
        (low, left), (high, end) = self._points[max(right - 1, 0)], self._points[right]
        return end if high == velocity else left + (end - left) * (velocity - low) / (high - low)
