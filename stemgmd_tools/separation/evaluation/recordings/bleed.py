"""Reduce the bleed in close microphones, so that estimates are not compared with what a microphone heard of others.

Two steps, after Kokkinis, Reiss & Mourjopoulos 2012 ("A Wiener filter approach to microphone leakage reduction in
close-microphone applications") and Prätzlich, Bittner, Liutkus & Müller 2015 ("Kernel additive modeling for
interference reduction in multi-channel music recordings"). The power of a microphone is modelled as that of its own
instrument plus the others', each times a gain that depends on the frequency but not on the time. The gains are measured
where an instrument sounds most alone. The powers of the instruments are those that explain all microphones
(multiplicative updates for the Kullback-Leibler divergence, Lee & Seung 2001), and each microphone is multiplied by the
share of its own instrument. Delays do not matter, since powers are compared; the phase stays that of the microphone.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgmd_tools.separation.evaluation.methods.base import Frames

_WINDOW: Final = 2048
_HOP: Final = 512
_BANDS: Final = 24
"""Bands in which gains are measured, equally wide on a logarithmic scale."""
_ALONE: Final = 0.05
"""Share of the windows in which a gain is measured: those in which the instrument is most alone in its band."""
_LOUD: Final = 0.8
"""Quantile of the power of a microphone in a band above which a window counts."""
_ITERATIONS: Final = 20
_PART: Final = 512
"""Windows that are filtered at a time."""
_FLOOR: Final = 1e-12

Powers: TypeAlias = NDArray[np.float32]


def reduced_bleed(microphones: Frames) -> Frames:
    """Return close microphones with less of each other's instruments.

    :param microphones: shape (instrument, 2, frame), float32; the own instrument of each is the loudest in it.
    :return: the same shape.
    """
    if len(microphones) < 2:
        return microphones
    gains = _gains(microphones)
    padded = np.pad(microphones, ((0, 0), (0, 0), (_WINDOW, _WINDOW + _HOP)))
    result = np.zeros_like(padded)
    weight = np.zeros(padded.shape[-1], np.float32)
    window = _hann()
    starts = range(0, padded.shape[-1] - _WINDOW + 1, _HOP)
    for begin in range(0, len(starts), _PART):
        part = list(starts[begin : begin + _PART])
        spectra = _spectra(padded, part)
        power = np.ascontiguousarray(_power(spectra).transpose(2, 0, 1))
        shares = _shares(power, gains).transpose(1, 2, 0)
        sounds = scipy.fft.irfft(spectra * shares[:, None], axis=-1) * window
        for number, start in enumerate(part):
            result[..., start : start + _WINDOW] += sounds[:, :, number]
            weight[start : start + _WINDOW] += window**2
    inner = slice(_WINDOW, _WINDOW + microphones.shape[-1])
    return np.asarray(result[..., inner] / weight[inner], np.float32)


def _hann() -> NDArray[np.float32]:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


def _spectra(sounds: Frames, starts: list[int]) -> NDArray[np.complex64]:
    """Return spectra (instrument, channel, window, bin)."""
    windows = np.stack([sounds[..., start : start + _WINDOW] for start in starts], axis=2)
    spectra: NDArray[np.complex64] = scipy.fft.rfft(windows * _hann(), axis=-1)
    return spectra


def _power(spectra: NDArray[np.complex64]) -> Powers:
    """Return the power of both channels, shape (instrument, window, bin)."""
    power: Powers = (spectra.real**2 + spectra.imag**2).sum(axis=1)
    return power


def _gains(microphones: Frames) -> Powers:
    """Return the gain of each instrument's power in each microphone, shape (bin, microphone, instrument)."""
    starts = range(0, max(1, microphones.shape[-1] - _WINDOW + 1), _HOP)
    bins = _WINDOW // 2 + 1
    edges = np.unique(np.rint(np.geomspace(1, bins, _BANDS + 1)).astype(int))
    powers = []
    for begin in range(0, len(starts), _PART):
        spectra = _spectra(_long_enough(microphones), list(starts[begin : begin + _PART]))
        powers.append(np.add.reduceat(_power(spectra), edges[:-1], axis=-1))
    bands = np.concatenate(powers, axis=1)
    count = len(microphones)
    gains = np.zeros((count, count, len(edges) - 1), np.float32)
    for band in range(len(edges) - 1):
        for instrument in range(count):
            gains[:, instrument, band] = _gains_of(bands[:, :, band], instrument)
    of_bin = np.clip(np.searchsorted(edges, np.arange(bins), side="right") - 1, 0, len(edges) - 2)
    return np.ascontiguousarray(gains[:, :, of_bin].transpose(2, 0, 1))


def _long_enough(sounds: Frames) -> Frames:
    return np.pad(sounds, ((0, 0), (0, 0), (0, max(0, _WINDOW - sounds.shape[-1]))))


def _gains_of(power: Powers, instrument: int) -> Powers:
    """Return the gains of one instrument in all microphones in one band; power has the shape (microphone, window)."""
    own = power[instrument]
    others = np.delete(power, instrument, axis=0).sum(axis=0)
    gains = np.zeros(len(power), np.float32)
    gains[instrument] = 1.0
    loud = np.flatnonzero((own >= np.quantile(own, _LOUD)) & (own > _FLOOR))
    if loud.size:
        ratios = own[loud] / (others[loud] + _FLOOR)
        alone = loud[np.argsort(ratios)[-max(1, round(_ALONE * loud.size / (1 - _LOUD))) :]]
        gains = np.minimum(power[:, alone].sum(axis=1) / own[alone].sum(), np.float32(1.0))
        gains[instrument] = 1.0
    return gains


def _shares(power: Powers, gains: Powers) -> Powers:
    """Return the share of the own instrument in each microphone, shape (bin, microphone, window) like the powers."""
    backwards = np.ascontiguousarray(gains.transpose(0, 2, 1))
    backwards /= backwards.sum(axis=2, keepdims=True)
    sources = power.copy()
    for _ in range(_ITERATIONS):
        sources *= backwards @ (power / (gains @ sources + _FLOOR))
    shares: Powers = sources / (gains @ sources + _FLOOR)
    return shares
