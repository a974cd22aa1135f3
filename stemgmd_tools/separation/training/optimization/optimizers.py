"""Optimizers: Adam and AdamW of PyTorch, and Muon for all matrices of a model, including kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, TypeAlias, overload

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from stemgmd_tools.separation.networks.bands import PerBand
from stemgmd_tools.separation.training.settings.schema import OptimizerConfig

Shape: TypeAlias = Literal["kernel", "matrices", "other"]
"""``kernel``: of a convolution, one matrix of its first axis by all others; ``matrices``: one, or a stack."""

_MOMENTUM: Final = 0.95
_STEPS: Final = 5
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)
"""Newton-Schulz iteration of the reference: singular values come near 1 within five steps."""
_MATCHED: Final = 0.2
"""Root mean square of AdamW's usual steps, so that one learning rate serves both (Liu et al. 2025)."""
_TINY: Final = 1e-7
_ADAM_EPS: Final = 1e-8


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for matrices, AdamW without decay for all else (biases, norms, scales).

    After K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024, with Nesterov momentum, and
    steps scaled as in J. Liu et al., "Muon is scalable for LLM training", 2025. ``torch.optim.Muon`` takes matrices
    only; here kernels of convolutions and stacks of matrices (one of each band) are among them.

    :param model: whose parameters to change.
    :param lr: learning rate of both.
    :param betas: of AdamW.
    :param weight_decay: of the matrices, decoupled.
    """

    def __init__(self, model: nn.Module, lr: float, betas: tuple[float, float], weight_decay: float) -> None:
        """Group the parameters by shape."""
        shapes: dict[Shape, list[nn.Parameter]] = {"kernel": [], "matrices": [], "other": []}
        for shape, parameter in _shapes(model):
            shapes[shape].append(parameter)
        groups = [{"params": parameters, "shape": shape} for shape, parameters in shapes.items() if parameters]
        super().__init__(groups, {"lr": lr, "betas": tuple(betas), "weight_decay": weight_decay})

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Change the parameters once."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            change = self._adam if group["shape"] == "other" else self._orthogonal
            for parameter in group["params"]:
                if parameter.grad is not None:
                    change(parameter, parameter.grad, group)
        return loss

    def _orthogonal(self, parameter: nn.Parameter, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - _MOMENTUM)
        ahead = gradient.lerp(momentum, _MOMENTUM)
        matrices = ahead.flatten(1) if group["shape"] == "kernel" else ahead
        change = orthogonalised(matrices) * (_MATCHED * max(matrices.shape[-2:]) ** 0.5)
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.sub_(change.reshape(parameter.shape), alpha=group["lr"])

    def _adam(self, parameter: nn.Parameter, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
        state["step"] += 1
        first, second = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - first)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        steps = int(state["step"])
        spread = (square / (1 - second**steps)).sqrt_().add_(_ADAM_EPS)
        parameter.addcdiv_(mean, spread, value=-group["lr"] / (1 - first**steps))


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices with the same singular vectors and singular values near 1; the very small ones stay less.

    :param matrices: (..., rows, columns).
    """
    linear, cubic, quintic = _QUINTIC
    tall = matrices.shape[-2] > matrices.shape[-1]
    iterate = matrices.mT if tall else matrices
    iterate = iterate / (torch.linalg.matrix_norm(iterate, keepdim=True) + _TINY)
    for _ in range(_STEPS):
        gram = iterate @ iterate.mT
        iterate = linear * iterate + (cubic * gram + quintic * (gram @ gram)) @ iterate
    result: Tensor = iterate.mT if tall else iterate
    return result


def optimizer_of(config: OptimizerConfig, model: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer that a configuration asks for."""
    if config.name == "muon":
        return Muon(model, config.learning_rate, config.betas, config.weight_decay)
    kind: type[torch.optim.Adam] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.name]
    return kind(model.parameters(), config.learning_rate, betas=config.betas, weight_decay=config.weight_decay)


def _shapes(model: nn.Module) -> Iterator[tuple[Shape, nn.Parameter]]:
    """Yield every parameter once, in the model's order."""
    seen: set[nn.Parameter] = set()
    for layer in model.modules():
        for name, parameter in layer.named_parameters(recurse=False):
            if parameter not in seen:
                seen.add(parameter)
                yield _shape(layer, name), parameter


def _shape(layer: nn.Module, name: str) -> Shape:
    if name != "weight":
        return "other"
    if isinstance(layer, _ConvNd):
        return "kernel"
    return "matrices" if isinstance(layer, nn.Linear | PerBand) else "other"
