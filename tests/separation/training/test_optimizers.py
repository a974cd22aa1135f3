"""Muon against PyTorch's own on what that one takes, and on what it does not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.bands import PerBand
from stemgmd_tools.separation.training.optimization.optimizers import Muon, optimizer_of, orthogonalised
from stemgmd_tools.separation.training.settings.schema import OptimizerConfig

LR = 0.01
DECAY = 0.1


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> None:
    for step in range(steps):
        for number, parameter in enumerate(model.parameters()):
            parameter.grad = noise(*parameter.shape, seed=100 * step + number)
        optimizer.step()


@pytest.mark.parametrize("shape", [(5, 12, 7), (40, 8), (1, 9)])
def test_singular_values_come_near_1_and_vectors_stay(shape):
    matrices = noise(*shape)
    orthogonal = orthogonalised(matrices)
    values = torch.linalg.svdvals(orthogonal)
    assert 0.6 < values.min() <= values.max() < 1.25
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    turned = left.mT @ orthogonal @ right.mT
    assert (turned - torch.diag_embed(torch.diagonal(turned, dim1=-2, dim2=-1))).abs().max() < 1e-4


def test_matrices_move_as_by_pytorchs():
    ours, theirs = nn.Linear(12, 30, bias=False), nn.Linear(12, 30, bias=False)
    theirs.load_state_dict(ours.state_dict())
    before = ours.weight.detach().clone()
    stepped(ours, Muon(ours, LR, (0.9, 0.999), DECAY))
    stepped(theirs, torch.optim.Muon(theirs.parameters(), LR, DECAY, adjust_lr_fn="match_rms_adamw"))
    moved = (theirs.weight - before).norm()
    assert (ours.weight - theirs.weight).norm() < 0.02 * moved  # theirs iterates in bfloat16


def test_kernels_and_stacks_move_as_their_matrices_do():
    kernel, flat = nn.Conv2d(4, 6, 3, bias=False), nn.Linear(36, 6, bias=False)
    stack, first = PerBand(3, 5, 8, 1.0), nn.Linear(5, 8, bias=False)
    with torch.no_grad():
        flat.weight.copy_(kernel.weight.flatten(1))
        first.weight.copy_(stack.weight[0].mT)
    for model, parameter in (
        (kernel, kernel.weight),
        (flat, flat.weight),
        (stack, stack.weight),
        (first, first.weight),
    ):
        optimizer = Muon(model, LR, (0.9, 0.999), DECAY)
        for step in range(3):
            gradient = noise(6, 36, seed=step) if model in (kernel, flat) else noise(8, 5, seed=step)
            parameter.grad = (
                noise(3, 5, 8, seed=9).index_copy(0, torch.tensor([0]), gradient.mT[None])
                if model is stack
                else gradient.reshape(parameter.shape)
            )
            optimizer.step()
    torch.testing.assert_close(kernel.weight.flatten(1), flat.weight)
    torch.testing.assert_close(stack.weight[0].mT, first.weight)


def test_all_else_moves_as_by_adamw_without_decay():
    ours, theirs = nn.BatchNorm2d(7), nn.BatchNorm2d(7)
    stepped(ours, Muon(ours, LR, (0.8, 0.95), DECAY))
    stepped(theirs, torch.optim.AdamW(theirs.parameters(), LR, betas=(0.8, 0.95), weight_decay=0.0))
    torch.testing.assert_close(list(ours.parameters()), list(theirs.parameters()))


def test_biases_are_no_matrices():
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ConvTranspose2d(4, 2, 2), PerBand(3, 4, 5, 1.0), nn.Linear(4, 4))
    groups = Muon(model, LR, (0.9, 0.999), DECAY).param_groups
    assert {group["shape"]: len(group["params"]) for group in groups} == {"kernel": 2, "matrices": 2, "other": 4}
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("muon", Muon)])
def test_the_configuration_names_it(name, kind):
    config = OptimizerConfig(name=name, learning_rate=0.5, betas=(0.5, 0.6), weight_decay=0.25)
    optimizer = optimizer_of(config, nn.Linear(3, 3))
    assert type(optimizer) is kind
    for group in optimizer.param_groups:
        assert (group["lr"], group["betas"], group["weight_decay"]) == (0.5, (0.5, 0.6), 0.25)
