"""Studies after Jeon, Wichern, Germain and Le Roux, "Why does music source separation benefit from cacophony?"."""

from __future__ import annotations

from typing import Any

from stemgmd_tools.separation.training.ablate import Variant

SOURCE = "Jeon et al. 2024 (cacophony), arXiv:2402.18407"
FAMILY = "cacophony"


def mixed(name: str, mix: dict[str, Any], **data: Any) -> Variant:
    """Return a variant with random mixing and no other augmentation.

    :param mix: options of random mixing.
    :param data: other changes of the data.
    """
    return Variant(name, {"data": {"chain": "none", "mix": mix, "min_active": {}, "grid_s": None, **data}})


def original() -> Variant:
    """Return the variant that trains on original mixes."""
    return mixed("p=1", {"p_original": 1.0})


def random() -> Variant:
    """Return the variant that trains on random mixes."""
    return mixed("p=0", {"p_original": 0.0})
