"""Draw random kits: donors for every group of instruments, then figures that vary them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.generate.figures import FIGURES
from stemgmd_tools.kits.generate.instruments import GROUP_OF, GROUPS, INSTRUMENT_OF, MAIN
from stemgmd_tools.kits.generate.morph import mixed_articulations, mixed_room
from stemgmd_tools.kits.generate.parents import Parent, balanced, voice_of
from stemgmd_tools.kits.generate.transform import transformed
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.voices.loudness import pitch_hz
from stemgmd_tools.numerics.elementary import cos, log2
from stemgmd_tools.seeds import standard_normal, stream

_FARTHEST: Final = 2.0
"""Draws are limited to this many standard deviations, so that no kit is a caricature."""
_TRACE: Final = 0.4
"""A donor with a smaller share is dropped: seven groups of eight come from one kit, not from a mean of two. With means
of two kits, varied by all figures, a separator learned less (``benchmarks/realism/tried.yaml``)."""
_TRIES: Final = 16
"""Number of normal draws of which at least one is within the limit (it fails once in 10^21)."""
PITCH_HZ: Final = {"kick": (38.0, 132.0), "snare": (130.0, 330.0), "toms": (70.0, 190.0)}
"""Allowed pitch of the head (for all toms: of the mid tom), slightly wider than the range of recorded kits."""
SCATTER: Final = 0.5
"""Scatter of a drawn kit at a spread of 1; constant, so that no kit is a perfect instrument."""
MOST_GRAIN: Final = 0.25
"""Grain is drawn uniformly from 0 to this."""
TAILS: Final = 0.25
"""Share of kits that have the wider standard deviation of a figure, drawn for each figure."""
RETUNED: Final = 1.0 / 3.0
"""Share of kits whose kick, snare or toms are tuned to any of the pitches, drawn for each."""
EVENED: Final = 0.5
"""Share of kits that are brought towards equal peaks: half of the public libraries have files normalised one by one."""
_DIGITS: Final = 4


class Donors(NamedTuple):
    """Two kits and the share of the second; a single donor is given twice, with a share of 0."""

    first: str
    second: str
    share: float

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the donors with a positive share."""
        return tuple(self.parts)

    @property
    def parts(self) -> dict[str, float]:
        """Share of each used donor, by name."""
        return {
            self.first: 1.0,
            **({self.second: self.share, self.first: 1.0 - self.share} if self.share > 0.0 else {}),
        }


class Drawn(NamedTuple):
    """A drawn kit."""

    kit_map: KitMap
    """The map; name, title and origin are still the first donor's."""
    donors: Mapping[str, Donors]
    """Group of instruments, ``ride`` if it is not its group's, or ``room`` -> its donors."""
    figures: Mapping[str, float]
    """All drawn values: figures and shares of donors."""


def draw_kit(seed: int, parents: Sequence[Parent], spread: float = 1.0, rooms: Sequence[KitMap] = ()) -> Drawn:
    """Draw a kit.

    Each group of instruments comes from one donor, or sometimes from a mixture of two, of those that have it, and so
    does the room; a ride comes from elsewhere if the donor of the crashes has none. Then the whole kit is varied by
    figures. The donors' loudness is equalised first, so that each instrument keeps its level relative to its own kit.

    :param seed: equal seeds give equal kits.
    :param parents: the kits drawn from; their order does not matter.
    :param spread: factor on the standard deviations of all figures; 0 leaves mixtures of donors unchanged.
    :param rooms: kits of which one gives the room; none: one of the donors does, if any has a room.
    :raises UsageError: if no parent has an instrument.
    """
    ordered = sorted(parents, key=lambda one: one.map.name)
    donors = _drawn_donors(seed, ordered)
    known = balanced({one.map.name: one.map for one in ordered}, {one.map.name: one.instruments for one in ordered})
    articulations: dict[str, Articulation] = {}
    for part, (first_name, second_name, share) in donors.items():
        both = mixed_articulations(known[first_name], known[second_name], share, (GROUP_OF.get(part, part),))
        articulations |= {name: one for name, one in both.items() if part in (INSTRUMENT_OF[name], *GROUPS)}
    used = sorted({name for pair in donors.values() for name in pair.used})
    roomy = {kit.name: kit for kit in rooms or [known[name] for name in used] if kit.room is not None}
    room = None
    if roomy:
        donors["room"] = _donors(seed, "room", tuple(sorted(roomy)))
        first_name, second_name, share = donors["room"]
        room = mixed_room(roomy[first_name].room, roomy[second_name].room, share)
    first = known[donors["kick"].first]
    in_order = {name: articulations[name] for name in first.articulations}
    mixed = first.model_copy(update={"articulations": in_order, "room": room})
    figures = tuned(mixed, draw_figures(seed, spread), seed, spread)
    parts = {
        f"{part}.from.{name}": round(amount, _DIGITS)
        for part, pair in donors.items()
        for name, amount in pair.parts.items()
    }
    return Drawn(transformed(mixed, figures, seed), donors, {**parts, **figures})


def _drawn_donors(seed: int, parents: Sequence[Parent]) -> dict[str, Donors]:
    """Return the donors of every group, and those of the ride if one of its group's has none."""
    needed = {group: tuple(one for one in members if one != "ride") for group, members in GROUPS.items()}
    donors = {group: _donors(seed, group, _givers(parents, needed[group])) for group in GROUPS}
    rides = _givers(parents, ("ride",))
    if not set(donors["cymbals"].used) <= set(rides):
        donors["ride"] = _donors(seed, "ride", rides)
    return donors


def _givers(parents: Sequence[Parent], instruments: Sequence[str]) -> tuple[str, ...]:
    names = tuple(one.map.name for one in parents if set(instruments) <= set(one.instruments))
    if not names:
        raise UsageError(
            f"no {', '.join(instruments)} in {', '.join(one.map.name for one in parents)}; "
            "name one more kit after from= that has it"
        )
    return names


def _donors(seed: int, group: str, names: tuple[str, ...]) -> Donors:
    """Draw two donors; shares near 0 and 1 are most likely, and mostly only one donor is used."""
    draw = stream(seed, "kit", "donors", group)
    if len(names) == 1:
        return Donors(names[0], names[0], 0.0)
    first, second = draw.permutation(len(names))[:2]
    share = 0.5 - 0.5 * float(cos(np.pi * draw.uniform()))
    if min(share, 1.0 - share) < _TRACE:
        alone = names[first if share < _TRACE else second]
        return Donors(alone, alone, 0.0)
    return Donors(names[first], names[second], round(share, _DIGITS))


def draw_figures(seed: int, spread: float = 1.0) -> dict[str, float]:
    """Draw every figure, each from its own stream, so that a figure added later does not change the others."""
    return {name: round(_figure(seed, name, spread), _DIGITS) for name in FIGURES}


def tuned(kit: KitMap, figures: Mapping[str, float], seed: int, spread: float) -> dict[str, float]:
    """Return figures whose tunings are limited to plausible pitches, see :data:`PITCH_HZ`.

    In one kit of three, drawn for each group, the head is tuned to any of these pitches; a spread below 1 goes that
    share of the way. A donor outside the range is not moved farther away from it.
    """
    limited = dict(figures)
    for group, (low_hz, high_hz) in PITCH_HZ.items():
        pitch = pitch_hz(voice_of(kit.articulations[MAIN[GROUPS[group][len(GROUPS[group]) // 2]]]))
        if pitch is not None:
            name = f"{group}.tuning_semitones"
            is_anywhere, place = stream(seed, "kit", "pitch", group).uniform(size=2).tolist()
            if is_anywhere < RETUNED:
                anywhere = place * float(log2(high_hz / low_hz)) - float(log2(pitch / low_hz))
                limited[name] = min(spread, 1.0) * 12.0 * anywhere
            low, high = (12.0 * float(log2(edge / pitch)) for edge in (low_hz, high_hz))
            size = limited["drums.size_semitones"]
            wanted = float(np.clip(limited[name] + size, min(low, 0.0), max(high, 0.0))) - size
            limited[name] = round(float(np.clip(wanted, -FIGURES[name].limit, FIGURES[name].limit)), _DIGITS)
    return limited


def _figure(seed: int, name: str, spread: float) -> float:
    draw = stream(seed, "kit", "figure", name)
    limit = FIGURES[name].limit
    if name.endswith(".scatter"):
        return min(SCATTER * spread, limit)
    if name.endswith(".grain"):
        return min(MOST_GRAIN * spread * float(draw.uniform()), limit)
    if name.endswith(".evenness"):
        is_evened, share = draw.uniform(size=2).tolist()
        return min(spread * share, limit) if is_evened < EVENED else 0.0
    tries = standard_normal(draw, _TRIES)
    normal = float(tries[np.argmax(np.abs(tries) <= _FARTHEST)])
    wider = FIGURES[name].tail if draw.uniform() < TAILS else 1.0
    return float(np.clip(spread * FIGURES[name].spread * wider * normal, -limit, limit))
