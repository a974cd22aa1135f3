"""The compact separator whose bands have networks of their own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.separation.models.bandsplit_s import BandSplitSmall
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import parameter_count

FIVE = tuple(group.value for group in GROUPS)
NINE = tuple(piece.value for piece in PIECES)
MOST_BYTES = 16_000_000
"""Of the weights of nine stems in float32, so that they can ship."""
SPECTRA = 9
BAND = 40
SPECTRUM = 4


def one_layer() -> BandSplitSmall:
    torch.manual_seed(0)
    built = build(ModelSpec("bandsplit-s", FIVE, {"width": 4, "across": 16, "layers": 1})).eval()
    assert isinstance(built, BandSplitSmall)
    return built


def changed(model: BandSplitSmall) -> Tensor:
    """Return where (spectrum, band) features change when those of one band of one spectrum do."""
    bands = torch.randn(2, SPECTRA, 72, 4, generator=torch.Generator().manual_seed(1))
    other = bands.clone()
    other[0, SPECTRUM, BAND] *= torch.tensor([2.0, -1.0, 0.5, 3.0])
    with torch.inference_mode():
        before, after = (model.network(features.flatten(0, 1), 2) for features in (bands, other))
    differs = (before != after).any(-1).unflatten(0, (2, SPECTRA))
    assert not differs[1].any()  # the other item
    return differs[0]


@pytest.mark.parametrize("stems", [FIVE, NINE])
def test_weights_can_ship(stems: tuple[str, ...]) -> None:
    assert 2_000_000 <= parameter_count(build(ModelSpec("bandsplit-s", stems))) <= MOST_BYTES / 4


def test_along_time_a_band_depends_on_itself_alone() -> None:
    model = one_layer()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".leave." in name:
                weight.zero_()
    assert changed(model).nonzero().tolist() == [[SPECTRUM + step, BAND] for step in (-1, 0, 1)]


def test_across_bands_all_depend_on_one() -> None:
    reached = changed(one_layer())
    assert reached[SPECTRUM].all()
    assert reached.any(1).nonzero().flatten().tolist() == [SPECTRUM + step for step in (-2, -1, 0, 1, 2)]


def test_loudness_makes_no_difference() -> None:
    model = one_layer()
    mixture = 0.1 * torch.randn(1, 2, 30_000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(model(mixture * 4) / 4, model(mixture), rtol=0, atol=1e-4)
