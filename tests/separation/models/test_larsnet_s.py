"""The compact separator: what it promises whatever its weights are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stemgmd_tools.errors import UsageError
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.models.larsnet_s import LarsNetSmall
from stemgmd_tools.separation.networks.bands import BandJoin, BandSplit, band_count, band_groups
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import Separator, parameter_count

FIVE = tuple(group.value for group in GROUPS)
NINE = tuple(piece.value for piece in PIECES)
MOST_WEIGHTS = 2_000_000
SAME_ALONE = 1e-5
"""Between an item of a batch and the item alone, of full scale: libraries sum products in another order."""


@pytest.fixture(scope="module")
def model() -> Separator:
    torch.manual_seed(0)
    return build(ModelSpec("larsnet-s", FIVE)).eval()


def noise(*shape: int) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("name", "stems"), [("larsnet-s", FIVE), ("larsnet-s", NINE)])
def test_few_weights(name: str, stems: tuple[str, ...]) -> None:
    assert parameter_count(build(ModelSpec(name, stems))) <= MOST_WEIGHTS


@pytest.mark.parametrize("frames", [1, 999, 44_100])
def test_as_long_as_the_mixture(model: Separator, frames: int) -> None:
    with torch.no_grad():
        assert model(noise(2, 2, frames)).shape == (2, 5, 2, frames)


def test_an_item_of_a_batch_is_the_item_alone(model: Separator) -> None:
    mixtures = noise(3, 2, 30_000)
    with torch.no_grad():
        together, alone = model(mixtures)[0], model(mixtures[:1])[0]
    torch.testing.assert_close(together, alone, rtol=0, atol=SAME_ALONE)


def test_loudness_makes_no_difference(model: Separator) -> None:
    mixture = noise(1, 2, 30_000)
    with torch.no_grad():
        torch.testing.assert_close(model(mixture * 4) / 4, model(mixture), rtol=0, atol=1e-4)


def test_silence_stays_silence(model: Separator) -> None:
    with torch.no_grad():
        assert not model(torch.zeros(1, 2, 9_000)).any()


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    model = build(ModelSpec("larsnet-s", FIVE))
    model(noise(2, 2, 40_000)).square().mean().backward()
    silent = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum() > 0]
    assert silent == []


def test_masks_are_of_the_bins_they_stand_at() -> None:
    """A network whose bands say their own number masks each bin with the number of its band."""
    groups = band_groups(64, 8, 4)
    join = BandJoin(groups, 1, 1)
    with torch.no_grad():
        for maps in join.maps:
            maps.weight.fill_(1.0)
        said = join(torch.arange(band_count(groups), dtype=torch.float32).view(1, -1, 1))[0, :, 0]
    assert said.tolist() == [*range(8), *(8 + band for width in (2, 4, 8) for band in _octave(width))]


def _octave(width: int) -> list[int]:
    first = {2: 0, 4: 4, 8: 8}[width]
    return [first + band for band in range(4) for _ in range(width)]


def test_a_band_hears_its_own_bins_only() -> None:
    groups = band_groups(64, 8, 4)
    split = BandSplit(groups, 2, 3)
    spectrum = torch.zeros(1, 64, 2)
    with torch.no_grad():
        silent = split(spectrum)
        spectrum[0, 40] = 1.0  # the second band of eight bins from 32 on
        changed = (split(spectrum) != silent).any(-1)[0]
    assert changed.nonzero().flatten().tolist() == [8 + 4 + 4 + 1]


def test_bins_that_bands_cannot_share_are_refused() -> None:
    with pytest.raises(UsageError, match="1000 bins"):
        band_groups(1000, 32, 8)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UsageError, match="no option breadth"):
        build(ModelSpec("larsnet-s", FIVE, {"breadth": 3}))
    assert isinstance(build(ModelSpec("larsnet-s", FIVE, {"width": 8})), LarsNetSmall)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", "width is 'a'; it is of type int"),
        (2.5, "width is 2.5; it is of type int"),
        (0, "width is 0; allowed: 1 to 65536"),
    ],
)
def test_an_option_that_cannot_be_is_named(value: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(ModelSpec("larsnet-s", FIVE, {"width": value}))
