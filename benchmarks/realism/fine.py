"""Fine features of a one-shot, of the kind that gives a synthetic sound away: peaks, crests, roughness."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from benchmarks.realism.features import SAMPLE_RATE, Float
from benchmarks.realism.sounds import LEAD_FRAMES

EDGES_HZ: Final = (60.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
"""Borders of the eight bands."""
ANALYSED_S: Final = 0.5
"""Nothing after this is looked at."""
PEAKS_S: Final = (0.03, 0.43)
"""Stretch whose fine spectrum is looked at."""
CRESTS_S: Final = (0.01, 0.046)
ROUGH_S: Final = (0.01, 0.3)
ENVELOPE_S: Final = 0.001
SMOOTH_FRAMES: Final = 15
"""Length, in milliseconds, of the smooth envelope that the roughness lies around."""
RANGE_DB: Final = 60.0
_FEWEST_BINS: Final = 4
_BANDS: Final = ("60 Hz", "125 Hz", "250 Hz", "500 Hz", "1 kHz", "2 kHz", "4 kHz", "8 kHz")
_ALL_BANDS: Final = ("whole", *_BANDS)
_CORRELATED: Final = (0, 3, 5, 7)
NAMES: Final = (
    *(f"peakiness {band}" for band in _BANDS),
    *(f"flatness {band}" for band in _BANDS),
    *(f"crest {length_s * 1000:.0f} ms {band}" for length_s in CRESTS_S for band in _ALL_BANDS),
    *(f"roughness {band}" for band in _ALL_BANDS),
    *(f"envelope correlation {_ALL_BANDS[band]}" for band in _CORRELATED),
)
"""What each feature is, bands by their lower border."""


def fine(sound: Float) -> Float:
    """Return the fine features of a one-shot, shape (47,) as :data:`NAMES`, in dB unless said otherwise.

    - *Peakiness* (8 bands): the 95th percentile of the power of the fine spectrum (30 to 430 ms, one Hann window, mean
      of the channels) over its median.
    - *Flatness* (8 bands): geometric over arithmetic mean of the same powers.
    - *Attack crest* (8 bands and the whole, first 10 and first 46 ms): peak over RMS.
    - *Roughness* (8 bands and the whole, 10 to 300 ms): standard deviation of the envelope in steps of 1 ms around its
      moving average over 15 ms, where it is within 60 dB of its maximum; and (whole and three of the bands) the
      correlation of neighbouring steps, -1 to 1.

    :param sound: shape (frames, 2), its attack at frame :data:`LEAD_FRAMES`.
    """
    start = np.zeros((round(ANALYSED_S * SAMPLE_RATE), 2))
    cut = sound[LEAD_FRAMES : LEAD_FRAMES + len(start)]
    start[: len(cut)] = cut
    stretch = cut[round(PEAKS_S[0] * SAMPLE_RATE) : round(PEAKS_S[1] * SAMPLE_RATE)]
    bands = np.concatenate([start[None], _bands(start)])
    length_s = min(ROUGH_S[1], len(cut) / SAMPLE_RATE)
    rough = np.array([_roughness(band, length_s) for band in bands])
    return np.concatenate([_peaks(stretch), _crests(bands), rough[:, 0], rough[list(_CORRELATED), 1]])


@lru_cache
def _masks(frames: int) -> Float:
    """Return the eight bands' masks over the bins, shape (8, bins)."""
    bins = np.fft.rfftfreq(frames, 1.0 / SAMPLE_RATE)
    return np.stack([((bins >= low) & (bins < high)).astype(float) for low, high in pairwise(EDGES_HZ)])


def _bands(sound: Float) -> Float:
    """Return a sound in eight bands, shape (8, frames, 2)."""
    spectrum = np.fft.rfft(sound, axis=0)
    return np.asarray(np.fft.irfft(_masks(len(sound))[:, :, None] * spectrum, len(sound), axis=1))


def _peaks(stretch: Float) -> Float:
    """Return peakiness and flatness in each band; zeros where the stretch is too short for a band."""
    if len(stretch) < SAMPLE_RATE // 50:
        return np.zeros(2 * (len(EDGES_HZ) - 1))
    window = np.hanning(len(stretch) + 2)[1:-1, None]
    power = (np.abs(np.fft.rfft(stretch * window, axis=0)) ** 2).mean(axis=1)
    power = np.maximum(power, power.max() * 1e-9 + 1e-20)
    bins = np.fft.rfftfreq(len(stretch), 1.0 / SAMPLE_RATE)
    peakiness, flatness = [], []
    for low, high in pairwise(EDGES_HZ):
        inside = 10.0 * np.log10(power[(bins >= low) & (bins < high)])
        enough = len(inside) >= _FEWEST_BINS
        peakiness.append(np.percentile(inside, 95) - np.median(inside) if enough else 0.0)
        flatness.append(inside.mean() - 10.0 * np.log10((10.0 ** (inside / 10.0)).mean()) if enough else 0.0)
    return np.array([*peakiness, *flatness])


def _crests(bands: Float) -> Float:
    """Return peak over RMS of each band's first moments."""
    features = []
    for length_s in CRESTS_S:
        power = (bands[:, : round(length_s * SAMPLE_RATE)] ** 2).mean(axis=2)
        features.append(10.0 * np.log10((power.max(axis=1) + 1e-20) / (power.mean(axis=1) + 1e-20)))
    return np.concatenate(features)


def _roughness(band: Float, length_s: float) -> tuple[float, float]:
    """Return how much the envelope moves around its smooth course, and how alike neighbouring steps are."""
    step = round(ENVELOPE_S * SAMPLE_RATE)
    part = band[round(ROUGH_S[0] * SAMPLE_RATE) : round(length_s * SAMPLE_RATE)]
    steps = len(part) // step
    if steps < 3 * SMOOTH_FRAMES:
        return 0.0, 0.0
    power = (part[: steps * step].reshape(steps, -1) ** 2).mean(axis=1)
    level = 10.0 * np.log10(np.maximum(power, power.max() * 10.0 ** (-RANGE_DB / 10.0) + 1e-20))
    rest = (level - np.convolve(level, np.ones(SMOOTH_FRAMES) / SMOOTH_FRAMES, "same"))[SMOOTH_FRAMES:-SMOOTH_FRAMES]
    rest = rest[level[SMOOTH_FRAMES:-SMOOTH_FRAMES] > level.max() - RANGE_DB + 1.0]
    if len(rest) < SMOOTH_FRAMES or not rest.std() > 0:
        return 0.0, 0.0
    return float(rest.std()), float(np.corrcoef(rest[:-1], rest[1:])[0, 1])
