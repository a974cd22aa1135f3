"""What holds for every model of the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.networks.registry import LARGEST_SIZE, ModelSpec, build, model_named, model_names
from stemgmd_tools.separation.networks.separator import MaskSeparator, Separator, parameter_count
from stemgmd_tools.separation.weights.file import load_weights, save_weights
from stemgmd_tools.separation.weights.shapes import unallocated

NAMES = model_names()
TWO_S = 2 * 44_100
ROUNDING = 1e-5
"""Convolutions of a batch may add in another order than those of one item; outputs are about 0.1."""
BF16_ERROR = 0.1
"""Deviation of a bfloat16 network's output from the float32 one's, of the latter's: eight bits a layer, many layers,
and weights that were never trained."""
BYTES_PER_WEIGHT = 4
DESCRIPTION_BYTES = 512
"""Most that a checkpoint of PyTorch spends on the name, shape and alignment of a tensor."""
NARROW: dict[str, dict[str, int]] = {
    "bandsplit-s": {"width": 8, "across": 16},
    "tfc-tdf-s": {"width": 8, "growth": 8},
    "htdemucs-s": {"width": 8},
}
"""What holds for few channels holds for many, and sooner."""


def spec(name: str) -> ModelSpec:
    """Return a small one; a full LarsNet has five networks of ten million parameters, of which one is enough."""
    return ModelSpec(name, ("kick",) if name == "larsnet" else ("kick", "snare"), NARROW.get(name, {}))


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of every model in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> Separator:
    """Return a model in evaluation mode whose batch norms have seen sound."""
    torch.manual_seed(0)
    trained = build(spec(name)).train()
    with torch.no_grad():
        for layer in trained.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0  # what they saw last, and nothing else
        trained(noise(1, TWO_S))
    return trained.eval()


def noise(items: int, frames: int, seed: int = 1) -> torch.Tensor:
    """Return soft noise (item, 2, frame)."""
    return 0.1 * torch.randn(items, 2, frames, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("frames", [1, 999, 44_100, 12 * 44_100])
def test_stems_are_as_long_as_the_mixture(model: Separator, frames: int) -> None:
    with torch.inference_mode():
        stems = model(noise(1, frames))
    assert stems.shape == (1, len(model.stems), 2, frames)
    assert stems.dtype == torch.float32
    assert bool(stems.isfinite().all())


def test_an_item_does_not_see_its_batch(model: Separator) -> None:
    mixtures = noise(2, TWO_S) * torch.tensor([1.0, 5.0])[:, None, None]
    with torch.inference_mode():
        together, alone = model(mixtures), model(mixtures[:1])
    assert float((together[:1] - alone).abs().max()) <= ROUNDING
    assert float((together[1] - alone[0]).abs().max()) > 100 * ROUNDING


def test_silence_stays_silent(model: Separator) -> None:
    with torch.inference_mode():
        assert float(model(torch.zeros(1, 2, 44_100)).abs().max()) < 1e-3


def test_saved_weights_give_the_same_sound(name: str, model: Separator, tmp_path: Path) -> None:
    mixture = noise(1, 44_100)
    save_weights(tmp_path / "weights.safetensors", spec(name), model, {})
    again = load_weights(tmp_path / "weights.safetensors").model
    assert again.state_dict().keys() == model.state_dict().keys()
    with torch.inference_mode():
        assert torch.equal(again(mixture), model(mixture))


def test_bfloat16_is_near_and_its_sound_is_float32(model: Separator) -> None:
    mixture = noise(1, TWO_S)
    with torch.inference_mode():
        exact = model(mixture)
        with torch.autocast("cpu", torch.bfloat16):
            near = model(mixture)
    assert near.dtype == torch.float32
    assert float((near - exact).std() / exact.std()) <= BF16_ERROR


def test_training_reaches_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    trained = build(spec(name)).train()
    trained(noise(1 if name == "larsnet" else 2, 44_100)).square().sum().backward()
    unreached = [key for key, one in trained.named_parameters() if one.requires_grad and one.grad is None]
    still = [key for key, one in trained.named_parameters() if one.grad is not None and not bool(one.grad.any())]
    assert unreached == []
    assert still == []


def test_stems_are_those_asked_for(name: str) -> None:
    model = build(ModelSpec(name, ("a", "b", "c"), spec(name).options)).eval()
    with torch.inference_mode():
        estimate = model.estimate(noise(1, 999))
    assert model.stems == ("a", "b", "c")
    assert estimate.sound.shape == (1, 3, 2, 999)
    if isinstance(model, MaskSeparator):
        assert estimate.masked is not None
        assert estimate.masked.masks.shape == (1, 3, *estimate.masked.mixture.shape[1:])


@pytest.mark.parametrize(
    ("compact", "parameters"),
    [("bandsplit-s", 3_679_205), ("larsnet-s", 1_625_637), ("tfc-tdf-s", 4_659_328), ("htdemucs-s", 4_976_538)],
)
def test_compact_models_are_as_large_as_told(compact: str, parameters: int) -> None:
    assert parameter_count(build(ModelSpec(compact, ("kick", "snare", "toms", "hihat", "cymbals")))) == parameters


@pytest.mark.parametrize(
    ("width", "hop", "file_bytes"),
    [(128, 2048, 183_368_960), (256, 2048, 358_963_712), (64, 1024, 120_586_444)],
)
def test_tfc_tdf_in_its_published_sizes_is_as_large_as_the_published_weights(
    width: int, hop: int, file_bytes: int
) -> None:
    # Sizes of the checkpoints (float32) of model1, model2 and modelA of Kim et al. 2023, github.com/kuielab/sdx23.
    options = {"width": width, "growth": 64, "scales": 5, "window": 8192, "hop": hop}
    published = unallocated(ModelSpec("tfc-tdf-s", ("vocals", "drums", "bass", "other"), options), build)
    besides = file_bytes - BYTES_PER_WEIGHT * parameter_count(published)
    assert 0 < besides < DESCRIPTION_BYTES * len(published.state_dict())


def test_tfc_tdf_has_another_window() -> None:
    options = {"width": 8, "growth": 8, "scales": 2, "window": 1024, "hop": 256}
    model = build(ModelSpec("tfc-tdf-s", ("kick", "snare"), options)).eval()
    with torch.inference_mode():
        spectra = model.estimate(noise(1, 5000)).spectra
    assert spectra is not None
    assert spectra.shape == (1, 2, 2, 513, 21)


@pytest.mark.parametrize(
    ("compact", "options", "words"),
    [
        ("tfc-tdf-s", {"scales": 9}, "scales"),
        ("tfc-tdf-s", {"depth": 2}, "has no option depth"),
        ("tfc-tdf-s", {"window": 8200, "hop": 2050}, "window 8200; with scales 4 it must be a multiple of 128"),
        ("tfc-tdf-s", {"hop": 3000}, "window 4096 and hop 3000"),
        ("htdemucs-s", {"heads": 7}, "7 heads and a transformer of 192 features"),
        ("htdemucs-s", {"dimension": 36, "heads": 8}, "8 heads and a transformer of 36 features"),
        ("htdemucs-s", {"dimension": -4}, "option dimension is -4; allowed: 0 to"),
        ("htdemucs-s", {"sparsity": 1.0}, "option sparsity is 1.0; allowed: 0 <= sparsity < 1"),
        ("htdemucs-s", {"sparsity": 0.9, "buckets": 3}, "option buckets is 3; it must be an even number"),
    ],
)
def test_impossible_options_are_refused(compact: str, options: dict[str, int | float], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(ModelSpec(compact, ("kick", "snare"), options))


def test_layouts_change_no_result(model: Separator) -> None:
    mixture, state = noise(1, 44_100), {key: one.clone() for key, one in model.state_dict().items()}
    with torch.inference_mode():
        before = model(mixture)
        model.to(
            memory_format=torch.contiguous_format if model.memory_format is torch.channels_last else torch.channels_last
        )
        assert float((model(mixture) - before).abs().max()) <= ROUNDING
        model.to(memory_format=model.memory_format)
    assert all(torch.equal(state[key], one) for key, one in model.state_dict().items())


def test_options_have_defaults_and_descriptions(name: str) -> None:
    model = model_named(name)
    assert [option.name for option in model.options] == list(model.defaults)
    for option in model.options:
        default = model.defaults[option.name]
        assert isinstance(default, int | float | str | bool)
        assert option.description
        assert not isinstance(default, int) or option.least <= default <= option.most <= LARGEST_SIZE


def test_an_unknown_model_is_named_with_the_likeliest() -> None:
    with pytest.raises(UsageError, match=r"model 'larsnt-s' is unknown.*larsnet-s.*there are .*tfc-tdf-s"):
        build(ModelSpec("larsnt-s", ("kick",)))
