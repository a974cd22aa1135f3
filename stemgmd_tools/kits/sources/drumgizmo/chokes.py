"""Which instruments of a DrumGizmo kit silence which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

GROUP_FADE_S: Final = 0.068
"""DrumGizmo fades the other instruments of a group over 68 ms; also its default for ``<choke>``."""


@dataclass(frozen=True, slots=True)
class Choking:
    """What an instrument silences and what silences it."""

    group: str | None = None
    """Choke group of its sounds; None if nothing silences them and it silences nothing."""
    silences: bool = False
    """Whether its strokes silence the group."""
    fade_s: float | None = None
    """Length of the fade when it is silenced."""


def choking(groups: Mapping[str, str], targets: Mapping[str, Mapping[str, float]]) -> dict[str, Choking]:
    """Return how each instrument takes part in choking.

    Instruments that silence each other, in one direction or both, form a choke group. It is called as the kit's group
    of its first member that has one, else as its first member.

    :param groups: group of each instrument, "" without one, in the order of the kit.
    :param targets: instruments that an instrument silences beside its group, with the length of the fade in seconds.
    """
    sizes = Counter(groups.values())
    grouped = {name for name, group in groups.items() if group and sizes[group] > 1}
    links = [(name, f"group {groups[name]}") for name in grouped]
    links += [(name, target) for name, rows in targets.items() for target in rows]
    together = _joined([*groups], links)
    faded: dict[str, float] = {}
    for rows in targets.values():
        for target, seconds in rows.items():
            faded.setdefault(target, seconds)
    chokings: dict[str, Choking] = {}
    labels: dict[str, str] = {}
    for name in [*(one for one in groups if one in grouped), *groups]:
        labels.setdefault(together[name], groups[name] if name in grouped else name)
    for name in groups:
        silences = name in grouped or bool(targets.get(name))
        if silences or name in faded:
            fade = faded.get(name, GROUP_FADE_S if name in grouped else None)
            chokings[name] = Choking(labels[together[name]], silences, fade)
        else:
            chokings[name] = Choking()
    return chokings


def _joined(names: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return one of the names that a name is linked with, directly or by others, the same for all of them."""
    parent = {name: name for pair in links for name in pair} | {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in links:
        parent[root(one)] = root(other)
    return {name: root(name) for name in names}
