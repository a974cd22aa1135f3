"""Kits to test with: folders of recordings, and what the methods under test were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stemgmd_tools import data
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.library import load_kit, maps_in
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.separation.splits.kit_identity import known_identities
from stemgmd_tools.separation.splits.roles import KitIdentity
from stemgmd_tools.separation.weights.file import TrainingKits


def recorded_kits(folder: Path) -> tuple[Kit, ...]:
    """Return the recorded kits of a folder, by name: those of shipped sample maps whose samples lie there, and those of
    sample maps that lie there themselves.

    :raises UsageError: if there is none.
    :raises KitError: if one cannot be used.
    """
    shipped = (path.stem for path in maps_in(data.shipped("sample_maps") / "recorded"))
    names = {name for name in shipped if (folder / name).is_dir()} | {path.stem for path in maps_in(folder)}
    if not names:
        raise UsageError(
            f"{folder}: holds no recorded kit; put there folders of samples that shipped sample maps name, or your maps"
        )
    return tuple(load_kit(name, (folder,)) for name in sorted(names))


def trained_on(heard: Iterable[TrainingKits | None], kit_path: Sequence[Path]) -> list[KitIdentity]:
    """Return what several methods were trained on, all together.

    :param heard: the kits of each method; None for a method that does not tell or does not learn, which stands for the
        training kits of the toolkit.
    """
    found = {one.name: one for kits in heard for one in _identities(kits or TrainingKits(("train",)), kit_path)}
    return list(found.values())


def _identities(heard: TrainingKits, kit_path: Sequence[Path]) -> Iterator[KitIdentity]:
    """Yield what kits are; one that is not here is related to all that any of them is related to."""
    names = [name for words in heard.kits for name in words.split(",") if name]
    try:
        yield from known_identities(names, kit_path)
    except StemgmdError:
        for name in names:
            try:
                yield from known_identities([name], kit_path)
            except StemgmdError:
                yield KitIdentity(Path(name).stem, frozenset(heard.related))
