"""Alpha-Wiener filtering: distribute the mixture among the estimates of all stems (Liutkus and Badeau 2015)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stemgmd_tools.separation.networks.separator import MaskSeparator


def wiener_masks(masks: Tensor, alpha: float) -> Tensor:
    """Return masks whose sum over the stems is one wherever any mask is not zero.

    Shares are in 0..1 and keep the mixture's phase, whatever signs or phases the masks have. The mixture's magnitude,
    a factor of all estimates of a bin, cancels out. Masks are normalised to a maximum of 1 before the power, so that
    powers neither overflow nor underflow; LarsNet adds 1e-7 to the sum instead, which removes quiet sounds.

    :param masks: (item, stem, 2, bin, spectrum), real, of either sign, or complex.
    :param alpha: power to which estimates are raised before they are normalised; 1 or 2 are usual, more is harder.
    """
    sizes = masks.abs().float()
    highest = sizes.amax(1, keepdim=True)
    powers = (sizes / torch.where(highest > 0, highest, 1.0)).pow(alpha)
    return powers / powers.sum(1, keepdim=True).clamp_min(1.0)


class WienerFiltered(MaskSeparator):
    """A trained mask model followed by alpha-Wiener filtering; not trained itself.

    :param model: whose masks are filtered; at least two stems.
    :param alpha: see :func:`wiener_masks`; above 0.
    :raises ValueError: for other values.
    """

    def __init__(self, model: MaskSeparator, alpha: float = 1.0) -> None:
        """Keep the model."""
        if not 0 < alpha < math.inf or len(model.stems) < 2:
            raise ValueError(f"alpha {alpha} and {len(model.stems)} stems: give alpha above 0, and stems to share out")
        super().__init__(model.stems, model.transform, model.sample_rate)
        self.model, self.alpha, self.segment = model, alpha, model.segment

    def masks(self, spectra: Tensor) -> Tensor:
        """Return filtered masks, real; see :class:`MaskSeparator`."""
        masks = self.model.masks(spectra)
        with torch.autocast(spectra.device.type, enabled=False):
            return wiener_masks(masks, self.alpha)
