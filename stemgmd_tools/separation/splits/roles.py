"""Assign performances to training, validation and test, and check that no performance or kit leaks between them.

Training uses GMD's training split with the training kits; validation uses its validation split with the training kits
only (the original also validated on the held-out kits); the test uses the evaluation sessions and the rest of GMD's
test split, with both seen and held-out kits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from stemgmd_tools.errors import TrainingError
from stemgmd_tools.runtime.quantities import counted

ROLES: Final = ("train", "validation", "test")
_EVALUATION: Final = "/eval_session/"
_SHOWN: Final = 12


class KitIdentity(NamedTuple):
    """Identity of a kit, independent of its name."""

    name: str
    related: frozenset[str] = frozenset()
    """Kits it was derived from, and recorded kits that it or these were fitted to."""
    hashes: frozenset[str] = frozenset()
    """Hashes of its map and bank, as far as known."""


class Splits(NamedTuple):
    """Performances by role, each mapped to the hash of its notes."""

    train: Mapping[str, str]
    validation: Mapping[str, str]
    test: Mapping[str, str]
    left_out: Mapping[str, str]
    """Performances without a role, each mapped to the one with the same notes."""

    def of(self, role: str) -> Mapping[str, str]:
        """Return the performances of a role."""
        performances: Mapping[str, str] = getattr(self, role)
        return performances


def note_hashes(hits: pd.DataFrame) -> dict[str, str]:
    """Return a hash of the notes of every performance: numbers, velocities, and times after the first to 1 ms.

    :param hits: the manifest ``hits`` of a source.
    """
    hashes = {}
    for name, rows in hits.groupby("performance", sort=False, observed=True):
        times_s = rows["time_s"].to_numpy()
        order = np.lexsort([rows["note"].to_numpy(), times_s])
        columns = (np.rint(1000.0 * (times_s - times_s.min())), rows["note"].to_numpy(), rows["velocity"].to_numpy())
        content = b"".join(np.asarray(column, np.int64)[order].tobytes() for column in columns)
        hashes[str(name)] = hashlib.sha256(content).hexdigest()
    return hashes


def split_performances(gmd_splits: Mapping[str, str], notes: Mapping[str, str]) -> Splits:
    """Assign performances to roles.

    A performance with the same notes as one of a later role (train, validation, test) is left out. Performances without
    a split (your own MIDI) are used for training.

    :param gmd_splits: GMD's split of every performance by id.
    :param notes: hash of the notes by id, see :func:`note_hashes`; a performance without hits has none.
    """
    roles: dict[str, dict[str, str]] = {role: {} for role in ROLES}
    for name, split in gmd_splits.items():
        role = "test" if _EVALUATION in name else split or "train"
        if role not in roles:
            raise TrainingError(f"{name}: split is {role!r}; allowed: {', '.join(ROLES)}")
        if name in notes:
            roles[role][name] = notes[name]
    left_out = {}
    for role, later in (("validation", ("test",)), ("train", ("validation", "test"))):
        taken = {content: name for later_role in later for name, content in roles[later_role].items()}
        for name, content in list(roles[role].items()):
            if content in taken:
                left_out[name] = taken[content]
                del roles[role][name]
    return Splits(roles["train"], roles["validation"], roles["test"], left_out)


def split_table(performances: pd.DataFrame, hits: pd.DataFrame) -> Splits:
    """Assign the performances of a corpus to roles, see :func:`split_performances`.

    :param performances: manifest ``performances``.
    :param hits: manifest ``hits``.
    """
    splits = performances["gmd_split"].fillna("").tolist()
    gmd_splits = dict(zip(performances["performance"].tolist(), splits, strict=True))
    return split_performances(gmd_splits, note_hashes(hits))


def refuse_leaks(splits: Splits, train_kits: Iterable[KitIdentity], test_kits: Iterable[KitIdentity]) -> None:
    """Check that roles do not overlap.

    :param test_kits: kits held out for the test.
    :raises TrainingError: for the first overlap: a performance or its notes in two roles; a training kit that is a test
        kit, has the sound of one, or is related to one (:func:`kinship`).
    """
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        _refuse_performances(first, splits.of(first), second, splits.of(second))
    held_out = tuple(test_kits)
    for kit in train_kits:
        fault = next(filter(None, (_same(kit, test_kit) for test_kit in held_out)), None)
        fault = fault or next(filter(None, (_kin(kit, test_kit) for test_kit in held_out)), None)
        if fault:
            raise TrainingError(
                f"leak: kit {kit.name} {fault}kept for the test; "
                "leave it out of `kits`, or the other out of `test_kits`"
            )


def _refuse_performances(first: str, here: Mapping[str, str], second: str, there: Mapping[str, str]) -> None:
    both = sorted(here.keys() & there.keys())
    if both:
        raise TrainingError(
            f"leak: {counted(len(both), 'performance')} in both {first} and {second}: {_shortened(both)}; "
            "keep each in one role"
        )
    notes = {content: name for name, content in there.items()}
    same = sorted(f"{name} = {notes[content]}" for name, content in here.items() if content in notes)
    if same:
        raise TrainingError(f"leak: same notes in {first} and {second}: {_shortened(same)}; leave one of each out")


def same_kit(kit: KitIdentity, other: KitIdentity) -> bool:
    """Return whether two kits are the same, by name, map or sound."""
    return kit.name == other.name or bool(kit.hashes & other.hashes)


def _same(kit: KitIdentity, test_kit: KitIdentity) -> str | None:
    if not same_kit(kit, test_kit):
        return None
    return "is " if kit.name == test_kit.name else f"sounds as {test_kit.name} does, which is "


def _kin(kit: KitIdentity, test_kit: KitIdentity) -> str | None:
    fault = kinship(kit, test_kit)
    return f"{fault}, which is " if fault else None


def kinship(kit: KitIdentity, other: KitIdentity) -> str | None:
    """Describe how two kits with different names are related; None if they are not.

    Related: one was derived from or fitted to the other, or both to the same kit.
    """
    if other.name in kit.related:
        return f"was made of, or measured on, {other.name}"
    if kit.name in other.related:
        return f"was used to make, or to measure, {other.name}"
    common = sorted(kit.related & other.related)
    return f"was made of, or measured on, {common[0]}, as was {other.name}" if common else None


def _shortened(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
