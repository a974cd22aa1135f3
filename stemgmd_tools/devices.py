"""Choose the PyTorch device."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stemgmd_tools.errors import UsageError


def device_named(name: str, *, auto_order: Sequence[str] = ("cuda",)) -> str:
    """Return the device for the value of an option ``--device``.

    :param name: ``auto`` or a PyTorch device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    :param auto_order: devices that ``auto`` tries in this order before ``cpu``.
    :raises UsageError: if the device is not available.
    """
    if name == "auto":
        return next((device for device in auto_order if _works(device)), "cpu")
    if not _works(name):
        raise UsageError(f"--device {name}: PyTorch finds no such device here; use --device cpu")
    return name


def _works(name: str) -> bool:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError):
        return False
    return True
