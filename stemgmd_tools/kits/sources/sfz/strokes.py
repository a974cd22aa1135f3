"""Put together the layers that sound at once: strokes, each with one sound for each microphone.

For every key, ranges of hi-hat openness, velocities, the sequence of takes and random numbers are cut wherever a layer
begins or ends. What sounds in a piece is one stroke. Strokes that are alike on several keys become one.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources.sfz.definition.limits import SOUNDS
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems
from stemgmd_tools.kits.sources.sfz.layers import Layer
from stemgmd_tools.kits.sources.sfz.openness import WHOLE, Span

T = TypeVar("T")
LONGEST_SEQUENCE: Final = 64
"""Of takes, when layers with sequences of different lengths sound together."""
_SLIP: Final = 2.0
"""Velocities: layers that overlap the next one by up to this, and by no more than a quarter of either, are slips."""
_FEW: Final = 0.1
"""Share of strokes; where fewer have several layers, numbered files that sound at once are takes, not microphones."""
_SLIVER: Final = 1e-3
"""Random numbers: what lies between two ranges that do not quite meet."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """Layers that sound at once."""

    keys: tuple[int, ...]
    layers: tuple[Layer, ...]
    pitches: tuple[float, ...]
    """Of each layer, in semitones."""
    velocity: tuple[int, int]
    round_robin: int | None
    open_span: Span | None
    """Range of the hi-hat's controller."""


_Mark = tuple[tuple[int, ...], tuple[float, ...], tuple[int, int], int | None, Span | None]
"""What makes strokes of different keys alike."""


class _Budget:
    """Counts what cutting makes, so that no definition can ask for endless work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = 4 * SOUNDS

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise KitError(
                f"{self._name}: regions that overlap make more than {SOUNDS} sounds; no drum library needs that: "
                "check lovel, hivel, lorand, hirand and seq_length"
            )


def strokes(
    layers: Sequence[tuple[Layer, Span | None]], resting: float, name: str, problems: Problems
) -> Iterator[Stroke]:
    """Yield the strokes of an instrument.

    :param layers: with the range of the hi-hat's controller, None for a layer that does not ask for one.
    :param resting: the value of that controller, 0..127, when the instrument is loaded.
    :param name: of the definition, for messages.
    :raises KitError: if layers overlap without end.
    """
    budget = _Budget(name)
    by_key: dict[int | None, list[tuple[Layer, float, Span | None]]] = defaultdict(list)
    for layer, span in layers:
        budget.spend(max(len(layer.keys), 1))
        for key, pitch in zip(layer.keys or (None,), layer.pitches or (0.0,), strict=True):
            by_key[key].append((layer, pitch, span))
    alike: dict[_Mark, list[int | None]] = defaultdict(list)
    by_mark: dict[_Mark, Stroke] = {}
    for key, rows in by_key.items():
        for stroke in _of_key(_with_spans(rows, resting), budget, problems):
            mark = (
                tuple(map(id, stroke.layers)), stroke.pitches, stroke.velocity, stroke.round_robin, stroke.open_span
            )  # fmt: skip
            alike[mark].append(key)
            by_mark[mark] = stroke
    for mark, stroke in by_mark.items():
        keys = tuple(sorted(key for key in alike[mark] if key is not None))
        yield Stroke(keys, stroke.layers, stroke.pitches, stroke.velocity, stroke.round_robin, stroke.open_span)


def takes_apart(strokes: Sequence[Stroke], problems: Problems) -> list[Stroke]:
    """Return strokes with takes apart that sound at once by a slip, such as equal random numbers.

    Their files differ in numbers only, and few strokes of the library have more than one layer.
    """
    layered = [stroke for stroke in strokes if _layers_of(stroke) > 1]
    if not 0 < len(layered) < _FEW * len(strokes):
        return list(strokes)
    result = []
    for stroke in strokes:
        rows = list(zip(stroke.layers, stroke.pitches, strict=True))
        names = {re.sub(r"\d+", "0", layer.written.opcodes["sample"]) for layer, _ in rows if layer.sound}
        if _layers_of(stroke) < 2 or len(names) > 1:
            result.append(stroke)
            continue
        problems.add("takes that would sound at once are taken one by one", stroke.layers[0].written.place)
        silent = [row for row in rows if row[0].sound is None]
        for row in rows:
            if row[0].sound is not None:
                layers, pitches = zip(row, *silent, strict=True)
                result.append(replace(stroke, layers=layers, pitches=pitches))
    return result


def _layers_of(stroke: Stroke) -> int:
    return sum(layer.sound is not None for layer in stroke.layers)


_Row = tuple[Layer, float]


def _with_spans(rows: list[tuple[Layer, float, Span | None]], resting: float) -> list[tuple[Span | None, _Row]]:
    """Return the rows of a key with their ranges of the hi-hat's controller; None if no row asks for one.

    A row that asks for none belongs to the gap in which the controller rests, or, if there is no such gap, to all.
    """
    asked = sorted({span for *_, span in rows if span is not None})
    if not asked:
        return [(None, (layer, pitch)) for layer, pitch, _ in rows]
    low, high = WHOLE
    for begin, end in asked:
        if end <= resting:
            low = max(low, end)
        elif begin > resting:
            high = min(high, begin)
        else:
            low, high = WHOLE
            break
    return [((low, high) if span is None else span, (layer, pitch)) for layer, pitch, span in rows]


def _of_key(rows: list[tuple[Span | None, _Row]], budget: _Budget, problems: Problems) -> Iterator[Stroke]:
    if rows[0][0] is None:
        yield from _of_openness([row for _, row in rows], None, budget, problems)
        return
    for low, high, inside in _cut([(span or WHOLE, row) for span, row in rows], budget):
        yield from _of_openness(inside, (low, high), budget, problems)


def _of_openness(rows: list[_Row], span: Span | None, budget: _Budget, problems: Problems) -> Iterator[Stroke]:
    ranged = [((float(row[0].velocity[0]), row[0].velocity[1] + 1.0), row) for row in rows]
    for low, high, inside in _cut(_untangled(ranged, "velocity", problems), budget):
        for turn, sounding in _takes(inside, budget, problems):
            yield Stroke(
                keys=(),
                layers=tuple(layer for layer, _ in sounding),
                pitches=tuple(pitch for _, pitch in sounding),
                velocity=(int(low), int(high) - 1),
                round_robin=turn,
                open_span=span,
            )


def _takes(rows: list[_Row], budget: _Budget, problems: Problems) -> Iterator[tuple[int | None, list[_Row]]]:
    """Yield the takes of one velocity range: the place in the sequence, if there is one, and what sounds."""
    lengths = {layer.length for layer, _ in rows}
    length = math.lcm(*lengths)
    if length > LONGEST_SEQUENCE:
        length = max(lengths)
    for turn in range(1, length + 1):
        budget.spend(len(rows))
        now = [(row[0].chance, row) for row in rows if (turn - 1) % row[0].length + 1 == row[0].position]
        for low, high, inside in _cut(_untangled(now, "random number", problems), budget):
            if high - low > _SLIVER:
                yield (turn if length > 1 else None), inside


def _untangled(rows: list[tuple[Span, _Row]], what: str, problems: Problems) -> list[tuple[Span, _Row]]:
    """Return rows with their ranges, of which those that overlap the next one by a slip end where it begins."""
    ordered = sorted({span for span, _ in rows})
    starts = [low for low, _ in ordered]
    ends: dict[Span, Span] = {}
    for low, high in ordered:
        following = bisect_right(starts, low)
        if following == len(ordered):
            continue
        begin, end = ordered[following]
        alone = following - bisect_left(starts, low) == 1
        if begin < high and (_is_slip_of_velocity if what == "velocity" else _is_slip_of_chance)(
            (low, high), (begin, end), alone=alone
        ):
            ends[low, high] = (low, begin)
    if ends:
        first = next(row for span, row in rows if span in ends)
        problems.add(f"ranges of {what} that overlap the next one by a slip end before it", first[0].written.place)
    return [(ends.get(span, span), row) for span, row in rows]


def _is_slip_of_velocity(span: Span, following: Span, *, alone: bool) -> bool:  # noqa: ARG001 - as for chances
    overlap = span[1] - following[0]
    narrower = min(span[1] - span[0], following[1] - following[0])
    return span[1] < following[1] and overlap <= min(_SLIP, narrower / 4.0)


def _is_slip_of_chance(span: Span, _following: Span, *, alone: bool) -> bool:
    """Return whether takes overlap by mistake: microphones with other divisions begin together somewhere."""
    return alone and span != (0.0, 1.0)


def _cut(spans: list[tuple[Span, T]], budget: _Budget) -> Iterator[tuple[float, float, list[T]]]:
    """Yield the pieces into which ranges divide each other, each with what lies in it, in the order given."""
    edges = sorted({edge for span, _ in spans for edge in span})
    if len(edges) == 2:
        yield edges[0], edges[1], [item for _, item in spans]
        return
    begins: dict[float, list[int]] = defaultdict(list)
    stops: dict[float, list[int]] = defaultdict(list)
    for number, ((low, high), _) in enumerate(spans):
        begins[low].append(number)
        stops[high].append(number)
    inside: set[int] = set()
    for low, high in itertools.pairwise(edges):
        inside.difference_update(stops[low])
        inside.update(begins[low])
        budget.spend(len(inside) + 1)
        if inside:
            yield low, high, [spans[number][1] for number in sorted(inside)]
