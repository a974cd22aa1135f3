"""Determine the licence and attribution of a kit measured on recordings."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import Recording

_SHARE_ALIKE: Final = ("CC-BY-SA-3.0", "CC-BY-SA-4.0")
_ATTRIBUTION: Final = ("CC-BY-3.0", "CC-BY-4.0")
_FREE: Final = ("CC0-1.0", "MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Unlicense")
_PUBLIC_DOMAIN: Final = "LicenseRef-public-domain"
_ATTRIBUTION_OF_ANY_VERSION: Final = "LicenseRef-CC-BY"
OWN_LICENSE: Final = "Apache-2.0"
"""Licence of a kit based only on recordings that require at most a notice."""


class Condition(Enum):
    """What a licence asks of those who pass on sounds made with a kit."""

    ATTRIBUTION = "attribution or a notice at most"
    SHARE_ALIKE = "share-alike"
    COPYLEFT = "copyleft of a software licence"
    NON_COMMERCIAL = "no commercial use"
    UNKNOWN = "unknown"


def condition_of(license_name: str) -> Condition:
    """Return the strictest condition of a licence, an SPDX expression."""
    if is_permissive(license_name):
        return Condition.ATTRIBUTION
    if "-NC" in license_name:
        return Condition.NON_COMMERCIAL
    if license_name.startswith("CC-BY-SA-"):
        return Condition.SHARE_ALIKE
    return Condition.COPYLEFT if "GPL-" in license_name else Condition.UNKNOWN


def is_permissive(license_name: str) -> bool:
    """Return whether a licence asks for attribution or a notice at most: no share-alike, nothing non-commercial."""
    return license_name in (*_FREE, *_ATTRIBUTION, _PUBLIC_DOMAIN, _ATTRIBUTION_OF_ANY_VERSION)


def asks_for_credit(license_name: str) -> bool:
    """Return whether a licence asks to name the author: Creative Commons with attribution, of any version."""
    return license_name.startswith("CC-BY-") or license_name == _ATTRIBUTION_OF_ANY_VERSION


def license_over(licenses: Iterable[str]) -> str:
    """Return the licence of a kit measured on recordings under ``licenses``; the strictest decides.

    Share-alike recordings require CC-BY-SA-4.0 (which version 3.0 allows for adaptations), recordings that require
    attribution CC-BY-4.0; otherwise the kit is under this project's own licence.

    :raises KitError: for an unknown licence.
    """
    names = sorted(set(licenses))
    unknown = [name for name in names if name not in (*_SHARE_ALIKE, *_ATTRIBUTION, *_FREE)]
    if unknown:
        known = ", ".join((*_FREE, *_ATTRIBUTION, *_SHARE_ALIKE))
        raise KitError(f"licence {unknown[0]} of a recording: a kit made from it cannot be licensed; known: {known}")
    if any(name in _SHARE_ALIKE for name in names):
        return "CC-BY-SA-4.0"
    return "CC-BY-4.0" if any(name in _ATTRIBUTION for name in names) else OWN_LICENSE


def attribution_over(recordings: Iterable[Recording]) -> str:
    """Return the attribution of a kit measured on these recordings."""
    named = "; ".join(f"{recording.kit}: {recording.attribution} ({recording.license})" for recording in recordings)
    return f"The stemgmd authors; measured on recordings of {named}"
