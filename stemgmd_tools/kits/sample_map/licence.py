"""The licence and attribution of a kit that was made from recordings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import Recording

_SHARE_ALIKE: Final = ("CC-BY-SA-3.0", "CC-BY-SA-4.0")
_ATTRIBUTION: Final = ("CC-BY-3.0", "CC-BY-4.0")
_FREE: Final = ("CC0-1.0", "MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Unlicense")
OWN_LICENSE: Final = "Apache-2.0"
"""Licence of a kit that rests on recordings alone that ask for no more than to be named."""


def license_over(licenses: Iterable[str]) -> str:
    """Return the licence of a kit whose figures were measured on recordings under these: the strictest decides.

    Share-alike recordings make it CC-BY-SA-4.0 (which version 3.0 allows for what is made from it), others that ask
    for attribution CC-BY-4.0, those that ask for no more than a notice leave it under this project's own licence.

    :raises KitError: for a licence nothing is known about.
    """
    found = sorted(set(licenses))
    unknown = [one for one in found if one not in (*_SHARE_ALIKE, *_ATTRIBUTION, *_FREE)]
    if unknown:
        known = ", ".join((*_FREE, *_ATTRIBUTION, *_SHARE_ALIKE))
        raise KitError(f"licence {unknown[0]} of a recording: a kit made from it cannot be licensed; known: {known}")
    if any(one in _SHARE_ALIKE for one in found):
        return "CC-BY-SA-4.0"
    return "CC-BY-4.0" if any(one in _ATTRIBUTION for one in found) else OWN_LICENSE


def attribution_over(recordings: Iterable[Recording]) -> str:
    """Return who is to be named for a kit measured on these recordings."""
    named = "; ".join(f"{one.kit}: {one.attribution} ({one.license})" for one in recordings)
    return f"The stemgmd authors; measured on recordings of {named}"
