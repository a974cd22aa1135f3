"""Choose entries of the catalogue by name, group and pattern."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.catalogue.loader import CatalogueKit, catalogue_kit
from stemgmd_tools.kits.library import installable_names
from stemgmd_tools.kits.sample_map.licence import is_permissive
from stemgmd_tools.strict_yaml.problem import nearest

_GROUPS: Final = ("recorded", "permissive")


def catalogue_kits(words: Iterable[str]) -> tuple[CatalogueKit, ...]:
    """Return the entries of names, comma-separated lists of names, patterns, ``recorded`` and ``permissive``.

    :raises UsageError: for an unknown name.
    """
    known = installable_names()
    names: dict[str, None] = {}
    for word in (part.strip() for entry in words for part in entry.split(",")):
        names.update(dict.fromkeys(_meant(word, known) if word else ()))
    if not names:
        raise UsageError(f"no kit is named; known: {', '.join(known)}; groups: {', '.join(_GROUPS)}")
    return tuple(catalogue_kit(name) for name in names)


def _meant(word: str, known: tuple[str, ...]) -> list[str]:
    if word == "recorded":
        return list(known)
    if word == "permissive":
        return [name for name in known if is_permissive(catalogue_kit(name).entry.license)]
    names = fnmatch.filter(known, word)
    if not names:
        likely = nearest(word, (*known, *_GROUPS))
        raise UsageError(
            f'no kit "{word}" can be installed{likely}; known: {", ".join(known)}; groups: {", ".join(_GROUPS)}'
        )
    return names
