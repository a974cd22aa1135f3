"""Loss terms, computed in float32 and averaged over items, stems and time.

Spectral terms use the model's spectra in its own transform, so that no inverse transform is needed; spectra of the
targets are computed once for all terms. Every term is a mean over the items of a batch (but ``masked_mse``,
whose choice of stems is the batch's own), so that the mean over the parts of a batch is that of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from stemgmd_tools.separation.networks.separator import Estimate
from stemgmd_tools.separation.networks.stft import Spectrogram
from stemgmd_tools.separation.training.settings.schema import LossConfig

EPS: Final = 1e-7
"""Energy of LarsNet's nSDR."""
_HANN_POWER: Final = 0.375
"""Mean of a squared Hann window: a spectrum's mean power over that and the window's length is the sound's."""
_LOG_FLOOR: Final = 1e-3
"""Magnitude below which differences of logarithms say nothing; a full-scale sine has about a quarter."""


class Targets:
    """The targets of a batch; their spectra are computed on demand, once per transform.

    :param stems: (item, stem, 2, frame) float32.
    :param mixture: (item, 2, frame).
    """

    def __init__(self, stems: Tensor, mixture: Tensor) -> None:
        """Keep the sound."""
        self.stems, self.mixture = stems, mixture
        self._spectra: dict[int, Tensor] = {}

    def spectra(self, transform: Spectrogram) -> Tensor:
        """Return complex (item, stem, 2, bin, spectrum)."""
        key = id(transform)
        if key not in self._spectra:
            with torch.no_grad():
                self._spectra[key] = transform(self.stems)
        return self._spectra[key]


class Loss(nn.Module):
    """A weighted sum of terms.

    :param config: the terms and their settings.
    :param stems: of the model.
    :param target: the stems that count; empty: all.
    """

    weights: Tensor
    """(stem,) of mean 1 over the stems that count."""

    def __init__(self, config: LossConfig, stems: Sequence[str], target: Sequence[str] = ()) -> None:
        """Make what terms need."""
        super().__init__()
        self.config = config
        self.default = Spectrogram(4096, 1024)
        self._resolutions = nn.ModuleList(Spectrogram(window, window // 4) for window in config.windows)
        values = [config.stem_weights.get(name, 1.0) if not target or name in target else 0.0 for name in stems]
        weights = torch.tensor(values, dtype=torch.float32)
        self.register_buffer("weights", weights / weights.mean().clamp(min=1e-12), persistent=False)

    def forward(self, estimate: Estimate, wanted: Targets, progress: float = 0.0) -> dict[str, Tensor]:
        """Return every term as a scalar, and their weighted sum as ``loss``.

        :param progress: share of the training that is over, 0..1, which moves ``floor``.
        """
        with torch.autocast(wanted.stems.device.type, enabled=False):
            terms: dict[str, Tensor] = {
                str(name): (_TERMS[name](self, estimate, wanted, progress) * self.weights).mean()
                for name in self.config.terms
            }
            parts = [terms[str(name)] * weight for name, weight in self.config.terms.items()]
            return {"loss": torch.stack(parts).sum(), **terms}

    def floor(self, progress: float) -> float:
        """Return the energy that ``nsdr`` adds, moved evenly in its logarithm."""
        first, last = self.config.floor
        return float(first * (last / first) ** min(max(progress, 0.0), 1.0))

    def pair(self, estimate: Estimate, wanted: Targets) -> tuple[Tensor, Tensor]:
        """Return spectra of estimate and target, in the model's own transform if it has one."""
        if estimate.spectra is not None and estimate.transform is not None:
            return estimate.spectra, wanted.spectra(estimate.transform)
        return self.default(estimate.sound), wanted.spectra(self.default)

    def resolutions(self) -> list[Spectrogram]:
        """Return the transforms of ``multi_resolution``."""
        return [transform for transform in self._resolutions if isinstance(transform, Spectrogram)]


def nsdr(estimate: Tensor, stems: Tensor, eps: float = EPS) -> Tensor:
    """Return LarsNet's nSDR in dB, (item, stem): energies are means over channels and frames, each plus ``eps``.

    :param estimate: (item, stem, channel, frame), as ``stems``.
    """
    wanted = stems.float().square().mean((-1, -2)) + eps
    error = (stems.float() - estimate.float()).square().mean((-1, -2)) + eps
    return 10.0 * torch.log10(wanted / error)


Term = Callable[[Loss, Estimate, Targets, float], Tensor]
"""Returns (item, stem), whose weighted mean is the term, or a scalar."""


def _nsdr(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:
    return -nsdr(estimate.sound, wanted.stems, loss.floor(progress))


def _nsdr_spectrum(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:
    """What ``nsdr`` is, by the energies of spectra: no inverse transform, and for real masks no complex number.

    Spectra of neighbouring windows share samples, so an error that the inverse would take away counts here: the term
    is never better than ``nsdr`` by more than the ends of a segment make.
    """
    floor, transform = loss.floor(progress), estimate.transform or loss.default
    target = wanted.spectra(transform)
    signal, masked = _energy(_power(target)), estimate.masked
    if masked is not None and not masked.masks.is_complex():
        mixture = masked.mixture.detach()[:, None]
        error = signal + _energy(_above_target(masked.masks, _power(mixture), _common(mixture, target)))
    else:
        predicted, target = loss.pair(estimate, wanted)
        error = _energy(_power(predicted - target))
    unit = transform.window * _HANN_POWER * math.prod(target.shape[2:])
    return 10.0 * torch.log10((error.clamp_min(0.0) / unit + floor) / (signal / unit + floor))


def _power(spectra: Tensor) -> Tensor:
    """Return squared magnitudes."""
    return _common(spectra, spectra)


def _common(a: Tensor, b: Tensor) -> Tensor:
    """Return the real part of one spectrum times the other's conjugate; an eighth of the time that complex takes."""
    a, b = torch.view_as_real(a), torch.view_as_real(b)
    return torch.addcmul(a[..., 0] * b[..., 0], a[..., 1], b[..., 1])


def _above_target(masks: Tensor, power: Tensor, common: Tensor) -> Tensor:
    """Return by how much the squared error of masked spectra is above the squared target.

    What is multiplied with the masks is ordered in memory as they are first: a network's masks seldom are as spectra.
    """
    power, common = (torch.empty_like(masks, requires_grad=False).copy_(values) for values in (power, 2.0 * common))
    return masks * (masks * power - common)


def _energy(values: Tensor) -> Tensor:
    """Return sums over bins and spectra, then channels: (item, stem)."""
    return values.sum((-1, -2)).sum(-1)


def _l1_magnitude(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    """As LarsNet is trained."""
    if estimate.masked is not None:
        masks, mixture, transform = estimate.masked
        return (masks.abs() * mixture.abs()[:, None] - wanted.spectra(transform).abs()).abs().mean((-1, -2, -3))
    predicted, target = loss.pair(estimate, wanted)
    return (predicted.abs() - target.abs()).abs().mean((-1, -2, -3))


def _l1_spectrum(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    """Real and imaginary parts each; phase counts."""
    predicted, target = loss.pair(estimate, wanted)
    return (torch.view_as_real(predicted) - torch.view_as_real(target)).abs().mean((-1, -2, -3, -4))


def _l1_waveform(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    return (estimate.sound.float() - wanted.stems).abs().mean((-1, -2))


def _mse(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    return (estimate.sound.float() - wanted.stems).square().mean((-1, -2))


def _masked_mse(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:
    """Leave out the stems of a batch with the greatest error, as labels that may be wrong were left out of SDX'23.

    Fabbro et al., "The Sound Demixing Challenge 2023 - music demixing track", TISMIR 2024, section 6.
    """
    errors = _mse(loss, estimate, wanted, progress)
    counted = errors.detach()[:, loss.weights > 0]
    counts = errors.detach() <= torch.quantile(counted.flatten(), loss.config.keep)
    return errors * counts


def _multi_resolution(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    """Differences of magnitudes and of their logarithms, over several windows (Yamamoto et al. 2020).

    The relative error there ("spectral convergence") is left out: it has no value where the target is silent.
    """
    parts = []
    for transform in loss.resolutions():
        scale = transform.window**-0.5
        predicted, target = transform(estimate.sound).abs() * scale, wanted.spectra(transform).abs() * scale
        logs = torch.log(predicted + _LOG_FLOOR) - torch.log(target + _LOG_FLOOR)
        parts.append(((predicted - target).abs() + 0.1 * logs.abs()).mean((-1, -2, -3)))
    return torch.stack(parts).mean(0)


def _silence(loss: Loss, estimate: Estimate, wanted: Targets, progress: float) -> Tensor:  # noqa: ARG001
    """Level in dB of what is put into stems that are silent, 0 for all others.

    A share of the mixture's energy is added (Wisdom et al., "What's all the FUSS about free universal sound
    separation data?", 2021), so that what is quiet enough beside the mixture is driven down no further.
    """
    silent = wanted.stems.abs().amax((-1, -2)) == 0
    reference = wanted.mixture.float().square().mean((-1, -2))[:, None] * loss.config.silence_ratio + EPS
    energy = estimate.sound.float().square().mean((-1, -2))
    return torch.where(silent, 10.0 * torch.log10((energy + reference) / reference), torch.zeros_like(energy))


_TERMS: Final[dict[str, Term]] = {
    "nsdr": _nsdr,
    "nsdr_spectrum": _nsdr_spectrum,
    "l1_magnitude": _l1_magnitude,
    "l1_spectrum": _l1_spectrum,
    "l1_waveform": _l1_waveform,
    "mse": _mse,
    "masked_mse": _masked_mse,
    "multi_resolution": _multi_resolution,
    "silence": _silence,
}
