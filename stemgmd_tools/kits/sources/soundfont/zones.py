"""Resolve the zones of a preset: global zones, ranges, and values of preset and instrument added up.

Source: *SoundFont Technical Specification*, version 2.04, sections 7.3, 7.7 and 9.4. A value of an instrument's zone
replaces that of its global zone, which replaces the default; the preset's, likewise, is added to it. Ranges intersect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.soundfont import generators as gen
from stemgmd_tools.kits.sources.soundfont.structure import SoundFont, Tables, name_of

Range = tuple[int, int]
_ALL: Final = (0, 127)
VELOCITY_TO_ATTENUATION: Final = (0x0502, 0)
"""Source and amount source of the default modulator that makes soft strokes soft, with an amount of 960 cB."""
DEFAULT_DYNAMICS_CB: Final = 960
MOST_ZONES: Final = 65_536
"""Largest number of sounding zones of a preset, of 100 in a usual drum kit."""


class Zone(NamedTuple):
    """A sample as a preset plays it."""

    sample: int
    """Index of the sample."""
    instrument: str
    keys: Range
    velocities: Range
    values: Mapping[int, int]
    """Generator -> value; see :func:`value`."""
    dynamics_cb: int
    """Attenuation of the softest stroke in centibels."""
    place: str

    def value(self, generator: int) -> int:
        """Return the value of a generator, its default if no zone gives one."""
        return self.values.get(generator, gen.DEFAULTS.get(generator, 0))


@dataclass(frozen=True, slots=True)
class _Bag:
    """One zone of a preset or an instrument as it stands in the file."""

    number: int
    keys: Range
    velocities: Range
    values: Mapping[int, int]
    terminal: int | None
    """Index of the instrument or sample; None for a global zone."""
    dynamics_cb: int | None


def zones_of(font: SoundFont, preset: int, ignored: Counter[str]) -> list[Zone]:
    """Return the sounding zones of a preset.

    :param ignored: counts generators and modulators that have no influence.
    :raises KitError: if an index leads out of a table, or there are more than :data:`MOST_ZONES`.
    """
    zones: list[Zone] = []
    instruments: dict[int, tuple[_Bag | None, list[_Bag]]] = {}
    shared, own = _bags(font, font.presets, preset, gen.INSTRUMENT, "preset", ignored)
    count = len(font.instruments.headers) - 1
    for outer in own:
        index = outer.terminal or 0
        if index >= count:
            raise _damaged(font, f"zone {outer.number} of a preset names instrument {index} of {count}")
        if index not in instruments:
            instruments[index] = _bags(font, font.instruments, index, gen.SAMPLE, "instrument", ignored)
        name = name_of(font.instruments.headers[index])
        common, inner_zones = instruments[index]
        for inner in inner_zones:
            zone = _zone(font, name, (shared, outer), (common, inner))
            if zone is not None:
                zones.append(zone)
        if len(zones) > MOST_ZONES:
            raise _damaged(font, f"the preset has more than {MOST_ZONES:,} zones")
    return zones


def _zone(
    font: SoundFont, instrument: str, outer: tuple[_Bag | None, _Bag], inner: tuple[_Bag | None, _Bag]
) -> Zone | None:
    """Return an instrument's zone as a zone of a preset plays it; None if their ranges do not meet."""
    keys = _meet(_range(outer, "keys"), _range(inner, "keys"))
    velocities = _meet(_range(outer, "velocities"), _range(inner, "velocities"))
    if keys is None or velocities is None:
        return None
    values = {**(inner[0].values if inner[0] else {}), **inner[1].values}
    added = {**(outer[0].values if outer[0] else {}), **outer[1].values}
    for generator, amount in added.items():
        if generator not in gen.SAMPLES_ONLY:
            values[generator] = values.get(generator, gen.DEFAULTS.get(generator, 0)) + amount
    own = [bag.dynamics_cb for bag in (inner[1], inner[0]) if bag and bag.dynamics_cb is not None]
    more = [bag.dynamics_cb for bag in (outer[1], outer[0]) if bag and bag.dynamics_cb is not None]
    dynamics_cb = (own[0] if own else DEFAULT_DYNAMICS_CB) + (more[0] if more else 0)
    sample = inner[1].terminal or 0
    if sample >= len(font.samples) - 1:
        raise _damaged(font, f'instrument "{instrument}" names sample {sample} of {len(font.samples) - 1}')
    place = f'{shown(font.path)}: instrument "{instrument}", zone {inner[1].number}'
    return Zone(sample, instrument, keys, velocities, values, dynamics_cb, place)


def _range(bags: tuple[_Bag | None, _Bag], name: str) -> Range:
    """Return the range of a zone, or that of its global zone if it covers everything."""
    shared, own = bags
    own_range: Range = getattr(own, name)
    return getattr(shared, name) if shared is not None and own_range == _ALL else own_range


def _meet(one: Range, other: Range) -> Range | None:
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else None


def _bags(
    font: SoundFont, tables: Tables, index: int, terminal: int, kind: str, ignored: Counter[str]
) -> tuple[_Bag | None, list[_Bag]]:
    """Return the global zone of a preset or an instrument, if it has one, and its other zones."""
    first, last = (int(tables.headers["bag"][place]) for place in (index, index + 1))
    if not first <= last < len(tables.bags):
        raise _damaged(font, f'{kind} "{name_of(tables.headers[index])}" has zones {first} to {last}')
    bags = [_bag(font, tables, number, terminal, ignored) for number in range(first, last)]
    shared = bags[0] if bags and bags[0].terminal is None else None
    return shared, [bag for bag in bags if bag.terminal is not None]


def _bag(font: SoundFont, tables: Tables, number: int, terminal: int, ignored: Counter[str]) -> _Bag:
    keys, velocities = _ALL, _ALL
    values: dict[int, int] = {}
    index = None
    for place, (operator, amount) in enumerate(_rows(font, tables, number, "generator")):
        if operator == terminal:
            index = amount & 0xFFFF
            break  # what follows has no meaning
        if operator == gen.KEY_RANGE and place == 0:
            keys = _bounds(amount)
        elif operator == gen.VELOCITY_RANGE and place <= 1:
            velocities = _bounds(amount)
        elif operator in gen.WITHOUT_INFLUENCE:
            ignored[gen.WITHOUT_INFLUENCE[operator]] += 1
            if operator == gen.ENVELOPE_TO_CUTOFF:
                values[operator] = amount  # a filter that moves is not applied
        elif operator < gen.COUNT and operator not in (gen.KEY_RANGE, gen.VELOCITY_RANGE):
            values[operator] = amount
    return _Bag(number, keys, velocities, values, index, _dynamics(font, tables, number, ignored))


def _bounds(amount: int) -> Range:
    low, high = amount & 0xFF, (amount >> 8) & 0xFF
    return (min(low, 127), min(high, 127))


def _rows(font: SoundFont, tables: Tables, bag: int, field: str) -> Iterator[tuple[int, int]]:
    """Yield the generators of a zone, number and signed amount; or the modulators, source and position."""
    table = tables.generators if field == "generator" else tables.modulators
    first, last = (int(tables.bags[field][place]) for place in (bag, bag + 1))
    if not first <= last <= len(table):
        raise _damaged(font, f"zone {bag} has the {field}s {first} to {last} of {len(table)}")
    names = ("operator", "amount") if field == "generator" else ("source", "destination")
    yield from zip(*(table[name][first:last].tolist() for name in names), strict=True)


def _dynamics(font: SoundFont, tables: Tables, bag: int, ignored: Counter[str]) -> int | None:
    """Return what a zone's own modulator from velocity to attenuation says, in centibels."""
    value = None
    first = int(tables.bags["modulator"][bag])
    for place, (source, destination) in enumerate(_rows(font, tables, bag, "modulator")):
        row = tables.modulators[first + place]
        if destination == gen.ATTENUATION and (source, int(row["amount_source"])) == VELOCITY_TO_ATTENUATION:
            value = int(row["amount"])
        else:
            ignored["modulators"] += 1
    return value


def _damaged(font: SoundFont, what: str) -> KitError:
    return KitError(f"{shown(font.path)}: {what}; the file is damaged, copy or download it again")
