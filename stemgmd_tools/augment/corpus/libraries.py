"""Which versions of the libraries that compute sound are here, and whether rows were carried out with others.

Another version may form sums in another order, or design a filter anew: the sound is as good, its bytes are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from stemgmd_tools.augment.audio.board import BOARD_EFFECTS
from stemgmd_tools.augment.chain.manifest_rows import Drawn
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.version import __version__

ALWAYS: Final = ("numpy", "scipy", "soxr", "torch")
"""Behind every augmented corpus."""
BOARD: Final = "pedalboard"
"""Behind those that some effects on finished mixes were applied to."""


def libraries(effects: Iterable[str], recorded: str = "") -> str:
    """Return name and version of what computes these effects here: ``numpy 2.3.4, scipy 1.16.2, ...``.

    :param recorded: what rows say; a library that is named there is named here, too, if it is installed.
    """
    names = {*ALWAYS, *_parsed(recorded)} | ({BOARD} if not BOARD_EFFECTS.isdisjoint(effects) else set())
    return ", ".join(f"{name} {installed}" for name in sorted(names) if (installed := _version(name)))


def environment_difference(drawn: Drawn, augmentation: Augmentation) -> str | None:
    """Return one line about what rows were carried out with and what would carry them out here; None if it is the same.

    :param here: with the libraries and the device of this run.
    """
    recorded = dict(_facts(drawn.augmentation, drawn.version))
    current = dict(_facts(augmentation, __version__))
    changed = [name for name in recorded if name in current and recorded[name] != current[name]]
    if not changed:
        return None
    before, here = (", ".join(f"{name} {facts[name]}" for name in changed) for facts in (recorded, current))
    return f"these rows were carried out with {before}, this run has {here}: bytes may differ from those made then"


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
