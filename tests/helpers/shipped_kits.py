"""Maps of the modelled kits and of kits drawn from them, each read or drawn once for all tests of a process."""

from __future__ import annotations

from functools import lru_cache

from stemgmd_tools.kits.library import find_map
from stemgmd_tools.kits.sample_map.schema import KitMap

SHIPPED_SEEDS = range(1, 4)


@lru_cache
def shipped(name: str) -> KitMap:
    """Return the map of a modelled kit."""
    return find_map(name)


@lru_cache
def drawn(seed: int) -> KitMap:
    """Return the map of the kit that a seed stands for; tests share :data:`SHIPPED_SEEDS`."""
    return find_map(f"random:{seed}")
