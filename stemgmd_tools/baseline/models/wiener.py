"""Alpha-Wiener filtering: the estimates of all stems share out the mixture among them (Liutkus and Badeau 2015)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from stemgmd_tools.baseline.models.separator import MaskSeparator

FLOOR: Final = 1e-7
"""Added to the sum over the stems, as LarsNet does, so that silence stays silence."""


def wiener_masks(masks: Tensor, magnitudes: Tensor, alpha: float) -> Tensor:
    """Return masks whose sum over the stems is one wherever there is sound.

    Shares are in 0..1 and keep the mixture's phase, whatever signs or phases the masks have.

    :param masks: (item, stem, 2, bin, spectrum), real, of either sign, or complex.
    :param magnitudes: of the mixture, (item, 2, bin, spectrum).
    :param alpha: power to which estimates are raised before they are normalised; 1 or 2 are usual, more is harder.
    """
    estimated = masks.abs().float() * magnitudes[:, None]
    powers = estimated.pow(alpha)
    return powers / (powers.sum(1, keepdim=True) + FLOOR)


class WienerFiltered(MaskSeparator):
    """Any model of masks, with alpha-Wiener filtering behind it; made of a trained model, not trained itself.

    :param model: whose masks are filtered; at least two stems.
    :param alpha: see :func:`wiener_masks`; above 0.
    :raises ValueError: for other values.
    """

    def __init__(self, model: MaskSeparator, alpha: float = 1.0) -> None:
        """Keep the model."""
        if not alpha > 0 or len(model.stems) < 2:
            raise ValueError(f"alpha {alpha} and {len(model.stems)} stems: give alpha above 0, and stems to share out")
        super().__init__(model.stems, model.transform, model.sample_rate)
        self.model, self.alpha, self.segment = model, alpha, model.segment

    def masks(self, spectra: Tensor) -> Tensor:
        """Return filtered masks, real; see :class:`MaskSeparator`."""
        masks = self.model.masks(spectra)
        with torch.autocast(spectra.device.type, enabled=False):
            return wiener_masks(masks, spectra.abs(), self.alpha)
