"""Recorded test kits in a folder, and the training kits of the evaluated methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.library import load_kit, maps_in
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.separation.splits.kit_identity import known_identities
from stemgmd_tools.separation.splits.roles import KitIdentity
from stemgmd_tools.separation.weights.file import TrainingKits


def recorded_kits(folder: Path) -> tuple[Kit, ...]:
    """Return the recorded kits of a folder, sorted by name.

    :raises UsageError: if there are none.
    :raises KitError: if one cannot be used.
    """
    names = [path.stem for path in maps_in(folder)]
    if not names:
        raise UsageError(f"{folder}: holds no sample map; name a folder with kits, such as that of installed ones")
    return tuple(load_kit(name, (folder,)) for name in names)


def trained_on(training_kits: Iterable[TrainingKits | None], kit_path: Sequence[Path]) -> list[KitIdentity]:
    """Return the identities of all kits that any of several methods was trained on.

    :param training_kits: the training kits of each method; None, for a method that does not record them or is not
        trained, stands for the group ``train``.
    """
    identities = {
        kit.name: kit for kits in training_kits for kit in _identities(kits or TrainingKits(("train",)), kit_path)
    }
    return list(identities.values())


def _identities(training_kits: TrainingKits, kit_path: Sequence[Path]) -> Iterator[KitIdentity]:
    """Yield the identities of kits; a kit that is not available counts as related to all of ``related``."""
    names = [name for words in training_kits.kits for name in words.split(",") if name]
    try:
        yield from known_identities(names, kit_path)
    except StemgmdError:
        for name in names:
            try:
                yield from known_identities([name], kit_path)
            except StemgmdError:
                yield KitIdentity(Path(name).stem, frozenset(training_kits.related))
