"""Record the versions of the libraries that compute sound, and compare them with recorded versions.

Other versions may sum in another order or design filters differently, so that the sound has other bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.manifest_rows import Drawn
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.version import __version__

ALWAYS: Final = ("numpy", "scipy", "soxr", "torch")
"""Libraries that every augmented corpus depends on."""


def require_libraries(effects: Iterable[str]) -> None:
    """Check that the libraries of effects are installed.

    :raises UsageError: if one is not.
    """
    for name in sorted(effects):
        find_effect(name).require_library()


def libraries(effects: Iterable[str], recorded: str = "") -> str:
    """Return names and versions of the libraries that compute effects: ``numpy 2.3.4, scipy 1.16.2, ...``.

    :param recorded: recorded libraries; those that are installed are included too.
    """
    names = {*ALWAYS, *_parsed(recorded), *(find_effect(effect).library for effect in effects)} - {""}
    return ", ".join(f"{name} {installed}" for name in sorted(names) if (installed := _version(name)))


def environment_difference(drawn: Drawn, augmentation: Augmentation) -> str | None:
    """Return one line about the difference between the recorded and the current environment; None if they are equal.

    :param augmentation: with the libraries and the device of this run.
    """
    recorded = dict(_facts(drawn.augmentation, drawn.version))
    current = dict(_facts(augmentation, __version__))
    changed = [name for name in recorded if name in current and recorded[name] != current[name]]
    if not changed:
        return None
    before, here = (", ".join(f"{name} {facts[name]}" for name in changed) for facts in (recorded, current))
    return f"these rows were computed with {before}, this run has {here}: the bytes of the results may differ"


def _facts(augmentation: Augmentation, code: str) -> Iterator[tuple[str, str]]:
    yield "stemgmd-tools", code
    yield "device", augmentation.device
    yield from _parsed(augmentation.libraries).items()


def _parsed(text: str) -> dict[str, str]:
    parts = (part.partition(" ") for part in text.split(", ") if part)
    return {name: number for name, _, number in parts}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
