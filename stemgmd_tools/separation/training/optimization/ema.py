"""Exponential moving average of the floating-point state of a model, including batch norm statistics."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Ema:
    """Averaged weights in a separate model.

    The decay begins small, ``(1 + n) / (10 + n)`` after ``n`` updates, so that the first weights are soon forgotten.

    :param model: what is averaged; its state is the first value.
    :param decay: 0 .. below 1, per update.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Copy the model."""
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the state of ``model``; what is not float (counts) is copied."""
        self.updates += 1
        weight = 1.0 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        average, current = self.model.state_dict(), model.state_dict()
        floats = [name for name, value in average.items() if value.is_floating_point()]
        torch._foreach_lerp_([average[name] for name in floats], [current[name] for name in floats], weight)
        for name, value in average.items():
            if not value.is_floating_point():
                value.copy_(current[name])

    def state_dict(self) -> dict[str, Tensor]:
        """Return the averaged state; save :attr:`updates` with it."""
        return dict(self.model.state_dict())

    def load_state_dict(self, state: Mapping[str, Tensor], updates: int) -> None:
        """Restore a saved average."""
        self.model.load_state_dict(state)
        self.updates = updates
