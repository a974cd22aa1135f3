"""Plain measures of a drum sound, for tests: what a drummer would call pitch, length, brightness, likeness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt

Sound = NDArray[np.float64]
RATE = 44100


def t30_s(sound: Sound) -> float:
    """Seconds until the energy still to come has fallen by 30 dB (Schroeder's backward integral)."""
    energy = (sound**2).sum(axis=1)
    to_come = energy[::-1].cumsum()[::-1]
    return float(np.argmax(to_come < to_come[0] * 1e-3) / RATE)


def level_db(sound: Sound) -> float:
    """RMS level over the first half second, dB re full scale."""
    return float(10 * np.log10((sound[: RATE // 2] ** 2).sum() / RATE))


def spectrum(sound: Sound, start_s: float, end_s: float) -> tuple[Sound, Sound]:
    """Frequencies and power of a Hann-windowed stretch, both channels together, padded to 65536."""
    part = sound[round(start_s * RATE) : round(end_s * RATE)]
    power = (np.abs(np.fft.rfft(part * np.hanning(len(part))[:, None], 1 << 16, axis=0)) ** 2).sum(axis=1)
    return np.fft.rfftfreq(1 << 16, 1 / RATE), power


def centroid_hz(sound: Sound) -> float:
    """Power-weighted mean frequency of the first half second."""
    power = (np.abs(np.fft.rfft(sound[: RATE // 2], 1 << 15, axis=0)) ** 2).sum(axis=1)
    return float((power * np.fft.rfftfreq(1 << 15, 1 / RATE)).sum() / power.sum())


def fundamental_hz(sound: Sound, low_hz: float, high_hz: float, start_s: float = 0.06, end_s: float = 0.6) -> float:
    """Strongest frequency between two bounds after the attack."""
    frequencies, power = spectrum(sound, start_s, end_s)
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    return float(frequencies[inside][np.argmax(power[inside])])


def pitch_hz(sound: Sound, low_hz: float, high_hz: float, start_s: float, end_s: float) -> float:
    """Lowest peak of the spectrum between two bounds that comes within 6 dB of the highest one there."""
    frequencies, power = spectrum(sound, start_s, end_s)
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    peak = (power >= np.roll(power, 1)) & (power >= np.roll(power, -1))
    strong = inside & peak & (power >= power[inside].max() * 10 ** (-6 / 10))
    return float(frequencies[strong][0])


def glide_ratio(sound: Sound) -> float:
    """Instantaneous frequency below 160 Hz at 6 to 25 ms, relative to 90 to 160 ms."""
    low = sosfiltfilt(
        butter(2, [25, 160], "bandpass", fs=RATE, output="sos"), np.pad(sound.sum(axis=1), (RATE // 5, 0))
    )
    analytic = hilbert(low)[RATE // 5 :]

    def mean_hz(start_s: float, end_s: float) -> float:
        part = analytic[round(start_s * RATE) : round(end_s * RATE)]
        return float(np.angle((part[1:] * part[:-1].conj()).sum()) * RATE / 2 / np.pi)

    return mean_hz(0.006, 0.025) / mean_hz(0.09, 0.16)


def band_share_db(sound: Sound, low_hz: float, high_hz: float, start_s: float, end_s: float) -> float:
    """Energy between two frequencies relative to all, in a stretch of time."""
    frequencies, power = spectrum(sound, start_s, end_s)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return float(10 * np.log10(power[inside].sum() / power.sum()))


def peakiness_db(sound: Sound) -> float:
    """How far the ten strongest partials between 300 Hz and 6 kHz stand above the median, 0.05 to 1 s."""
    frequencies, power = spectrum(sound, 0.05, 1.0)
    inside = np.sort(power[(frequencies > 300) & (frequencies < 6000)])
    return float(10 * np.log10(inside[-10:].mean() / np.median(inside)))


_MELS = 48
_FFT, _HOP = 1024, 256


def _mel_filters() -> Sound:
    def hz(mel: Sound) -> Sound:
        return 700 * (10 ** (mel / 2595) - 1)

    edges = hz(np.linspace(*2595 * np.log10(1 + np.array([30.0, 20000.0]) / 700), _MELS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / RATE)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    filters = filters[filters.sum(axis=1) > 0]
    return np.asarray(filters / filters.sum(axis=1, keepdims=True))


_FILTERS = _mel_filters()


def mel_power(sound: Sound, seconds: float = 1.5) -> Sound:
    """(frames, bands) mel power of the beginning, both channels together, total energy 1."""
    frames = round(seconds * RATE)
    padded = np.zeros((frames + 2 * _FFT, 2))
    part = sound[:frames]
    padded[_FFT // 2 : _FFT // 2 + len(part)] = part
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT, axis=0)[::_HOP]
    power = (np.abs(np.fft.rfft(windows * np.hanning(_FFT), axis=-1)) ** 2).sum(axis=1) @ _FILTERS.T
    return np.asarray(power / power.sum())


def distance_db(one: Sound, other: Sound) -> float:
    """Mean |dB| between two mel powers over all cells within 60 dB of the loudest."""
    floor = max(one.max(), other.max()) * 1e-6
    audible = np.maximum(one, other) > floor
    return float(np.abs(10 * np.log10(np.maximum(one, floor) / np.maximum(other, floor)))[audible].mean())
