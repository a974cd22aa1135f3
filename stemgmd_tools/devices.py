"""Where tensors are computed."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stemgmd_tools.errors import UsageError


def device_named(name: str, *, found_by_auto: Sequence[str] = ("cuda",)) -> str:
    """Return the device that an option ``--device`` means.

    :param name: ``auto``, or as PyTorch names it: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    :param found_by_auto: what ``auto`` looks for, in this order, before it takes the processor.
    :raises UsageError: if there is no such device here.
    """
    if name == "auto":
        return next((one for one in found_by_auto if _works(one)), "cpu")
    if not _works(name):
        raise UsageError(f"--device {name}: PyTorch finds no such device here; use --device cpu")
    return name


def _works(name: str) -> bool:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError):
        return False
    return True
