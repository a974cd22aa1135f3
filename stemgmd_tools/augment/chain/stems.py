"""Select the stems of a step by name, and list the pieces of a stem."""

from __future__ import annotations

from collections.abc import Sequence

from stemgmd_tools.augment.chain.effect import Scope
from stemgmd_tools.augment.chain.rows import Example
from stemgmd_tools.augment.chain.schema import Step
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.pieces import GROUPS, PIECES, PIECES_OF_GROUP, Group


def selected(step: Step, example: Example) -> tuple[int, ...]:
    """Return the indices of the stems of a step; none for the scope ``mixture``.

    :raises AugmentError: if the example lacks a stem of the step, or lacks a target for the scope ``target``.
    """
    if step.scope is Scope.MIXTURE:
        return ()
    targets = _axes(example.target, example)
    axes = range(len(example.stems)) if step.stems is None else _axes(step.stems, example)
    if step.scope is Scope.TARGET:
        if not targets:
            raise AugmentError(f"{example.name}: {step.effect} has scope target, but the example names no target")
        return tuple(axis for axis in axes if axis in targets)
    return tuple(axis for axis in axes if not (step.except_target and axis in targets))


def _axes(names: Sequence[str], example: Example) -> tuple[int, ...]:
    """Return the indices of stems by name; a group's name stands for its pieces where the stems are pieces."""
    axes: set[int] = set()
    for name in names:
        stems: tuple[str, ...] = (name,)
        if name not in example.stems and name in tuple(GROUPS):
            stems = tuple(piece.value for piece in PIECES_OF_GROUP[Group(name)])
        for stem in stems:
            if stem not in example.stems:
                raise AugmentError(f"{example.name}: has no stem {stem}; its stems are {', '.join(example.stems)}")
            axes.add(example.stems.index(stem))
    return tuple(sorted(axes))


def pieces_of_stem(name: str) -> tuple[str, ...]:
    """Return the pieces of a stem.

    :raises AugmentError: if there is no such stem.
    """
    if name in tuple(PIECES):
        return (name,)
    if name in tuple(GROUPS):
        return tuple(piece.value for piece in PIECES_OF_GROUP[Group(name)])
    raise AugmentError(f"no stem {name}; pieces: {', '.join(PIECES)}; groups: {', '.join(GROUPS)}")
