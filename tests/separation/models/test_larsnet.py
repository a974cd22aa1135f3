"""LarsNet: the published architecture, one patch at a time, and its original weights."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch

from benchmarks.plain_larsnet import PlainLarsNet
from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.inference.wiener import WienerFiltered, wiener_masks
from stemgmd_tools.separation.models.larsnet import BINS, HOP, PATCH, LarsNet
from stemgmd_tools.separation.networks.unet import UNet
from stemgmd_tools.separation.weights.original_larsnet import load_original

PARAMETERS = 9_828_680
"""Of one stem's network, counted by the paper's authors; 1,024 of them reach no output."""
PLAIN_ERROR = 1e-5
"""Layouts add in another order; sound is below 1."""
PATCH_FRAMES = (PATCH - 1) * HOP
CHANNELS = (2, 16, 32, 64, 128, 256, 512)


@pytest.fixture(scope="module")
def model() -> LarsNet:
    """Return a network for one stem whose batch norms have seen sound."""
    torch.manual_seed(0)
    trained = LarsNet(("kick",)).train()
    for layer in trained.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        trained(sound(PATCH_FRAMES)[None])
    return trained.eval()


def sound(frames: int) -> torch.Tensor:
    """Return soft noise (2, frame) that comes and goes."""
    swell = torch.linspace(0.0, 20.0 * math.pi, frames).sin()
    return 0.1 * swell * torch.randn(2, frames, generator=torch.Generator().manual_seed(1))


def original(network: UNet) -> dict[str, torch.Tensor]:
    """Return a network's state under the names of the original code."""
    renamed = {}
    for name, value in network.state_dict().items():
        part, _, rest = name.partition(".")
        if part in ("encoder", "decoder"):
            level, layer, rest = rest.split(".")
            kind = {"norm": "bn", "convolution": "conv" if part == "encoder" else "conv_trans"}[layer]
            renamed[f"{part[:3]}{int(level) + 1}.{kind}.{rest}"] = value
        else:
            renamed[{"norm": "input_norm", "mask": "mask_layer.0"}[part] + f".{rest}"] = value
    return renamed


def test_a_network_has_the_published_parameters() -> None:
    network = UNet(BINS)
    assert sum(one.numel() for one in network.parameters()) == PARAMETERS
    assert sum(one.numel() for one in network.parameters() if not one.requires_grad) == 1024
    state = original(network)
    for level, (before, after) in enumerate(itertools.pairwise(CHANNELS), start=1):
        assert state[f"enc{level}.conv.weight"].shape == (after, before, 5, 5)
        assert state[f"dec{7 - level}.conv_trans.weight"].shape == (after * (1 if level == 6 else 2), before, 5, 5)
    assert state["mask_layer.0.weight"].shape == (2, 2, 4, 4)
    assert state["input_norm.running_mean"].shape == (2048,)


def test_it_has_the_five_groups_unless_told() -> None:
    assert list(LarsNet().networks) == ["kick", "snare", "toms", "hihat", "cymbals"]


def test_it_does_what_the_original_way_does(model: LarsNet) -> None:
    mixture = sound(PATCH_FRAMES + 5000)  # two patches, the last almost empty, a length that no hop divides
    with torch.inference_mode():
        ours, plain = model(mixture[None])[0], PlainLarsNet(model)(mixture)
    assert float(plain.std()) > 1e-3
    assert float((ours - plain).abs().max()) <= PLAIN_ERROR


def test_a_patch_does_not_depend_on_what_follows_it(model: LarsNet) -> None:
    magnitudes = model.transform(sound(2 * PATCH_FRAMES)[None])
    with torch.inference_mode():
        whole, first = model.masks(magnitudes), model.masks(magnitudes[..., :PATCH])
    assert torch.equal(whole[..., :PATCH], first)
    assert whole.shape[-2] == BINS + 1
    assert not bool(whole[..., BINS, :].any())


def test_masks_are_a_function_of_magnitudes_that_can_be_exported() -> None:
    torch.manual_seed(0)
    network, magnitudes = UNet(64).eval(), torch.rand(1, 2, 64, 128)
    exported = torch.export.export(network, (magnitudes,)).module()
    with torch.inference_mode():
        assert float((exported(magnitudes) - network(magnitudes)).abs().max()) <= PLAIN_ERROR


def test_original_checkpoints_become_our_weights(model: LarsNet, tmp_path: Path) -> None:
    paths = {stem: tmp_path / f"pretrained_{stem}_unet.pth" for stem in model.stems}
    for stem, path in paths.items():
        torch.save({"epoch": 3, "model_state_dict": original(model.networks[stem])}, path)
    again = load_original(paths)
    assert again.stems == model.stems
    assert not again.training
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in again.state_dict().items())


class Unsafe:
    """What a checkpoint must not hold: an object whose loading would run code."""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: {**state, "enc7.conv.bias": torch.zeros(1)}, "enc7.conv.bias is no parameter"),
        (lambda state: {**state, "enc1.conv.bias": torch.zeros(3)}, r"encoder.0.convolution.bias has shape \(3,\)"),
        (lambda state: {k: v for k, v in state.items() if k != "dec6.bn.bias"}, "1 parameters are missing"),
        (lambda state: [1, 2], "holds list"),
        (lambda state: {**state, "extra": Unsafe()}, "cannot be read as a checkpoint"),
    ],
)
def test_other_checkpoints_are_refused(change, message: str, tmp_path: Path) -> None:
    path = tmp_path / "kick.pth"
    torch.save(change(original(UNet(BINS))), path)
    with pytest.raises(UsageError, match=message):
        load_original({"kick": path})


def test_missing_and_damaged_checkpoints_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("no checkpoint", encoding="utf-8")
    for path in (tmp_path / "text.pth", tmp_path / "absent.pth"):
        with pytest.raises(UsageError, match=path.name):
            load_original({"kick": path})
    with pytest.raises(UsageError, match="no checkpoint is given"):
        load_original({})


@pytest.mark.parametrize("alpha", [1.0, 1.5, 30.0])
def test_wiener_masks_share_out_whatever_the_signs_of_masks_are(alpha: float) -> None:
    torch.manual_seed(0)
    signed = torch.randn(2, 3, 2, 6, 4)
    masks = wiener_masks(signed, alpha)
    assert float(masks.min()) >= 0.0
    assert float((masks.sum(1) - 1.0).abs().max()) < 1e-4
    assert torch.equal(masks, wiener_masks(signed.abs(), alpha))
    assert torch.allclose(masks, wiener_masks(signed * 1j, alpha), atol=1e-5)


@pytest.mark.parametrize("alpha", [0.1, 4.0, 50.0])
def test_wiener_masks_share_out_the_quiet_and_the_loud_alike(alpha: float) -> None:
    torch.manual_seed(0)
    signed = torch.randn(1, 3, 2, 6, 4)
    masks = wiener_masks(signed, alpha)
    for factor in (1e-12, 1e6):
        assert torch.allclose(wiener_masks(factor * signed, alpha), masks, atol=1e-4)
    assert not wiener_masks(torch.zeros(1, 3, 2, 6, 4), alpha).any()


def test_wiener_filtered_stems_share_out_the_mixture() -> None:
    torch.manual_seed(0)
    model, mixture = LarsNet(("kick", "snare")).eval(), sound(44_100)[None]
    with torch.inference_mode():
        plain, soft, hard = model(mixture), WienerFiltered(model)(mixture), WienerFiltered(model, 8.0)(mixture)
    assert float((plain.sum(1) - mixture).abs().max()) > 1e-2
    assert float((soft.sum(1) - mixture).std()) < 1e-3  # but for the topmost frequency, which no stem has
    spread = [float((stems[:, 0] - stems[:, 1]).std()) for stems in (soft, hard)]
    assert spread[1] > spread[0]
    for wrong in (0.0, float("nan")):
        with pytest.raises(ValueError, match="alpha"):
            WienerFiltered(model, wrong)
    with pytest.raises(ValueError, match="1 stems"):
        WienerFiltered(LarsNet(("kick",)))
