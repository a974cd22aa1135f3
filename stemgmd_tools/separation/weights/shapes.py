"""Determine the tensor shapes of a model without allocating it, since a file may describe a model of any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from stemgmd_tools.separation.networks.registry import ModelSpec
from stemgmd_tools.separation.networks.separator import Separator


def shapes_of(spec: ModelSpec, make: Callable[[ModelSpec], Separator]) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor of a model's state; see :func:`unallocated`."""
    return {name: tuple(tensor.shape) for name, tensor in unallocated(spec, make).state_dict().items()}


def unallocated(spec: ModelSpec, make: Callable[[ModelSpec], Separator]) -> Separator:
    """Return a model whose tensors have shapes but no content.

    :param make: builds the model of a spec.
    :raises UsageError: as ``make`` does.
    :raises ValueError: if there can be no such model.
    """
    try:
        with torch.device("meta"), _NoContent():
            return make(spec)
    except (RuntimeError, TypeError, ArithmeticError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


_KEEP_SHAPE: Final = frozenset({"normal_", "mul", "div"})
"""Functions that keep the shape of a tensor if the other operand is a number."""


class _NoContent(TorchFunctionMode):
    """Skips the computations in constructors of models.

    On the ``meta`` device, PyTorch decomposes these operations with modules that take a second to import.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if func is torch.randn:
            return torch.empty(*args, **options)
        if func is torch.hann_window:
            return func(*args, **{"device": "cpu", **options})
        if func.__name__ in _KEEP_SHAPE and not any(isinstance(argument, Tensor) for argument in args[1:]):
            return args[0]
        return func(*args, **options)
