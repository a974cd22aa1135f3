"""What is measured of a clip, once; rules are functions of it, and records on disk hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WINDOW_S: Final = 1.0
"""Length of the windows of activity, as published for HT Demucs."""
SILENCE_DB: Final = -200.0
"""Level given for digital silence."""
_RUN: Final = 4
"""Frames at the peak that count as a flat top."""
_CONSTANT: Final = 0.05
"""Share of the RMS level from which on a mean counts as constant."""
_BLOCK: Final = 1 << 20
"""Frames that are measured at a time, so that they stay in the cache of the processor."""

Sound = NDArray[np.float32]
"""Shape (frame, channel), full scale 1."""


@dataclass(frozen=True)
class StemMeasures:
    """Figures of one stem or of the mixture."""

    sample_rate: int
    channels: int
    frames: int
    peak: float
    flat_tops: int
    """Runs of four frames or more at the peak."""
    offset: float
    """Largest absolute mean of a channel in the softest second that is not silent, full scale 1; 0 if it is less than
    5 % of the RMS level: the low end of a drum does not quite average out while it sounds."""
    level_db: float
    """Mean power over the whole, 10 log10 mean(x^2)."""
    windows_db: tuple[float, ...]
    """The same for each full window of a second; one window for shorter sounds."""
    correlation: float | None
    """Of left and right, -1 to 1; None for other than two channels or silence."""
    is_identical: bool
    """Whether left and right are equal, sample for sample."""


@dataclass(frozen=True)
class ClipMeasures:
    """Figures of a clip."""

    name: str
    performance: str
    kit: str | None
    split: str
    stems: Mapping[str, StemMeasures]
    mixture: StemMeasures | None = None
    residual_db: float | None = None
    """Power of the mixture minus the sum of the stems, relative to the mixture; None if they cannot be compared."""
    hits: Mapping[str, tuple[float, ...]] | None = None
    """Times of hits in seconds by stem; None if not known."""
    own_onsets: Mapping[str, float] = field(default_factory=dict)
    """Share of the onsets of a stem that lie at its own hits, by stem, where hits are known."""
    other_onsets: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """The other stem at whose hits a stem has onsets most often, and that share."""
    fingerprint: tuple[int, ...] = ()
    """Of the mixture, see :func:`~stemgmd_tools.curation.duplicates.fingerprint`."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Message for each stem, or ``mixture``, that cannot be read."""

    @property
    def tracks(self) -> dict[str, StemMeasures]:
        """Stems and the mixture by name."""
        return {**self.stems, **({} if self.mixture is None else {"mixture": self.mixture})}

    @property
    def duration_s(self) -> float:
        """Length of the longest track in seconds."""
        return max((track.frames / track.sample_rate for track in self.tracks.values()), default=0.0)

    def content(self) -> dict[str, Any]:
        """Return the figures in JSON's types."""
        return asdict(self)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> ClipMeasures:
        """Return figures from :meth:`content`; raises :class:`TypeError` or :class:`KeyError` for others."""
        mixture, hits = content["mixture"], content["hits"]
        return cls(
            **{
                **content,
                "stems": {name: _stem(stem) for name, stem in content["stems"].items()},
                "mixture": None if mixture is None else _stem(mixture),
                "other_onsets": {name: (other, share) for name, (other, share) in content["other_onsets"].items()},
                "fingerprint": tuple(content["fingerprint"]),
                "hits": None if hits is None else {name: tuple(times) for name, times in hits.items()},
            }
        )


def _stem(content: Mapping[str, Any]) -> StemMeasures:
    return StemMeasures(**{**content, "windows_db": tuple(content["windows_db"])})


def decibels(power: float) -> float:
    """Return 10 log10 of a power, or :data:`SILENCE_DB`."""
    return max(SILENCE_DB, float(10.0 * np.log10(power))) if power > 0 else SILENCE_DB


def measure_sound(sound: Sound, sample_rate: int) -> StemMeasures:
    """Measure a stem or a mixture.

    :param sound: shape (frame, channel).
    """
    frames, channels = sound.shape
    window = min(max(frames, 1), round(WINDOW_S * sample_rate))
    squares = np.zeros(max(1, frames // window))
    sums = np.zeros((len(squares), channels))
    products, power, peak = 0.0, np.zeros(channels), 0.0
    is_identical = channels == 2 and frames > 0
    step = max(1, _BLOCK // window) * window
    for start in range(0, frames, step):
        block = sound[start : start + step]
        of_channels = [np.ascontiguousarray(block[:, channel]) for channel in range(channels)]
        full = len(block) // window
        for channel, samples in enumerate(of_channels):
            peak = max(peak, float(samples.max()), -float(samples.min()))
            rows = samples[: full * window].reshape(full, window)
            powers = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
            rest = samples[full * window :]
            power[channel] += powers.sum() + float(np.dot(rest, rest))
            squares[start // window : start // window + full] += powers
            sums[start // window : start // window + full, channel] = rows.sum(axis=1, dtype=np.float64)
        if channels == 2:
            products += float(np.dot(of_channels[0], of_channels[1]))
            is_identical = is_identical and bool(np.array_equal(of_channels[0], of_channels[1]))
    norm = float(np.sqrt(power.prod())) if channels == 2 else 0.0
    return StemMeasures(
        sample_rate,
        channels,
        frames,
        peak,
        _flat_tops(sound, peak),
        _offset(sums / window, squares / (window * channels)),
        decibels(float(power.sum()) / max(frames * channels, 1)),
        tuple(round(decibels(float(one) / (window * channels)), 3) for one in squares),
        products / norm if norm > 0 else None,
        is_identical,
    )


def _offset(means: NDArray[np.float64], powers: NDArray[np.float64]) -> float:
    """Return the largest absolute mean of a channel in the softest window that is not silent; 0 for less than 5 % of
    its RMS level.

    :param means: shape (window, channel).
    :param powers: mean power of each window.
    """
    sounding = np.flatnonzero(powers)
    if not len(sounding):
        return 0.0
    softest = sounding[np.argmin(powers[sounding])]
    offset = float(np.abs(means[softest]).max())
    return offset if offset >= _CONSTANT * float(np.sqrt(powers[softest])) else 0.0


def _flat_tops(sound: Sound, peak: float) -> int:
    """Return the number of runs of :data:`_RUN` frames or more, in any channel, whose absolute value is the peak."""
    if peak <= 0:
        return 0
    runs = 0
    for channel in range(sound.shape[1]):
        at = np.flatnonzero(np.abs(sound[:, channel]) >= np.float32(peak))
        if len(at) >= _RUN:
            borders = np.flatnonzero(np.diff(at) != 1)
            lengths = np.diff(np.concatenate([[-1], borders, [len(at) - 1]]))
            runs += int((lengths >= _RUN).sum())
    return runs


def residual_db(mixture: Sound, total: Sound) -> float:
    """Return the power of a mixture minus the sum of its stems, relative to the mixture; both of one shape."""
    difference = (mixture - total).ravel()
    of_mixture = mixture.ravel()
    wanted, left = float(np.dot(of_mixture, of_mixture)), float(np.dot(difference, difference))
    return decibels(left / wanted) if wanted > 0 else (SILENCE_DB if left == 0 else 0.0)
