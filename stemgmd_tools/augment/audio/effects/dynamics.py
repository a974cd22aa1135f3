"""Compressor, limiter and transient shaper, with linked channels and gains computed at a control rate."""

from __future__ import annotations

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.effects.levels import per_line, ratio_of_db
from stemgmd_tools.augment.audio.signal.envelope import (
    BLOCK,
    DB_PER_TIME_CONSTANT,
    apply_gain,
    block_peaks,
    decaying_peak,
    decibels,
    one_pole,
)
from stemgmd_tools.augment.audio.signal.portable import windowed_sum

FAST_ATTACK_S, SLOW_ATTACK_S, SHAPER_RELEASE_S = 0.001, 0.020, 0.060
FAST_RELEASE_S, SLOW_RELEASE_S = 0.030, 0.300
SHAPER_FLOOR_DB = -60.0
"""Level below which sound is not shaped."""
SHAPER_RANGE_DB = 12.0
"""Difference between the envelopes at which the full gain is applied."""


def _steps(time_s: Tensor, sample_rate: int) -> Tensor:
    return time_s.double() * (sample_rate / BLOCK)


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values.to(device=like.device, dtype=like.dtype)[:, None]


def _with_end(steps: Tensor) -> Tensor:
    """Return steps with one more value, so that the last block has an end."""
    return torch.cat([steps, steps[:, -1:]], 1)


def static_curve(level_db: Tensor, threshold_db: Tensor, ratio: Tensor, knee_db: Tensor) -> Tensor:
    """Return the gain (line, step) of a compressor for a constant level: 0 or negative, in dB.

    Equation 4 of Giannoulis, Massberg and Reiss, JAES 60 (6), 2012, minus its input.
    """
    over = level_db - threshold_db
    slope = 1 / ratio - 1
    half = knee_db / 2
    within = slope * (over + half).square() / (2 * knee_db).clamp_min(1e-9)
    return torch.where(over > half, slope * over, torch.where(over > -half, within, torch.zeros_like(over)))


def compressor(
    audio: Tensor,
    threshold_db: Tensor,
    ratio: Tensor,
    attack_ms: Tensor,
    release_ms: Tensor,
    knee_db: Tensor,
    makeup_db: Tensor,
    *,
    sample_rate: int,
    out: Tensor | None = None,
) -> Tensor:
    """Compress levels above a threshold, with linked channels.

    Feed-forward, in the log domain, with the smooth decoupled detector: a peak meter that falls with the release time,
    then a one-pole with the attack time (Giannoulis et al. 2012). The gain is :func:`static_curve`.

    :param audio: (line, channel, frame) float32; the parameters (line,).
    :param out: where the result goes; may be ``audio``.
    """
    level = decibels(block_peaks(audio))
    curve = static_curve(level, *(_column(values, level) for values in (threshold_db, ratio, knee_db)))
    fall = DB_PER_TIME_CONSTANT / _steps(release_ms / 1000, sample_rate)
    meter_level = decaying_peak(-curve, fall.clamp_min(1e-9)).clamp_min(0)
    smooth = one_pole(meter_level, _steps(attack_ms / 1000, sample_rate))
    return _turned(audio, _column(makeup_db, smooth) - smooth, out)


def _turned(audio: Tensor, gain_db: Tensor, out: Tensor | None) -> Tensor:
    """Multiply by a gain per block (line, step)."""
    return apply_gain(audio, _with_end(ratio_of_db(gain_db)).to(audio.dtype), out)


def limiter(
    audio: Tensor,
    threshold_db: Tensor,
    lookahead_ms: Tensor,
    release_ms: Tensor,
    *,
    sample_rate: int,
    out: Tensor | None = None,
) -> Tensor:
    """Limit every sample to a threshold, with look-ahead and without delaying the sound.

    The gain that each block needs is held over the look-ahead, released with the release time, and averaged over the
    look-ahead: an average of sufficiently low gains is sufficiently low.

    :param audio: (line, channel, frame) float32; the parameters (line,).
    :param out: where the result goes; may be ``audio``.
    """
    peaks = block_peaks(audio)
    ceiling = per_line(ratio_of_db(threshold_db), audio)
    need = decibels(peaks / ceiling[:, 0]).clamp_min(0)
    ahead = _steps(lookahead_ms / 1000, sample_rate).round().clamp_min(1).long().tolist()
    fall = DB_PER_TIME_CONSTANT / _steps(release_ms / 1000, sample_rate)
    out = torch.empty_like(audio) if out is None else out
    for index, steps in enumerate(ahead):
        reached = torch.nn.functional.pad(need[index : index + 1], (steps + 1, steps + 1))
        early = torch.nn.functional.max_pool1d(reached[:, None], 2 * steps + 2, 1)[:, 0]
        meter_level = decaying_peak(early, fall[index : index + 1]).clamp_min(0)
        before = torch.cat([meter_level[:, :1].expand(-1, steps), meter_level], 1)
        smooth = windowed_sum(before, steps + 1) / (steps + 1)
        knots = smooth[:, : need.shape[1] + 1]
        steps_of_line = ratio_of_db(-knots).to(audio.dtype)
        apply_gain(audio[index : index + 1], steps_of_line, out[index : index + 1])
    return torch.clamp(out, -ceiling, ceiling, out=out)  # what rounding left over


def transient_shaper(
    audio: Tensor, attack_db: Tensor, sustain_db: Tensor, *, sample_rate: int, out: Tensor | None = None
) -> Tensor:
    """Raise or lower attacks and sustain, where a fast envelope differs from a slow one.

    While the envelope with a fast attack (1 ms) is above the slow one (20 ms), ``attack_db`` is applied in proportion
    to the difference; while the envelope with a fast release (30 ms) is below the slow one (300 ms), ``sustain_db``.
    The full gain is reached at a difference of 12 dB; a constant level is not changed.

    :param audio: (line, channel, frame) float32; the parameters (line,).
    :param out: where the result goes; may be ``audio``.
    """
    level = decibels(block_peaks(audio)).clamp_min(SHAPER_FLOOR_DB)
    lines = torch.ones(audio.shape[0], dtype=torch.float64)

    def meter(release_s: float) -> Tensor:
        return decaying_peak(level, DB_PER_TIME_CONSTANT / _steps(lines * release_s, sample_rate))

    def smooth(values: Tensor, attack_s: float) -> Tensor:
        return one_pole(values, _steps(lines * attack_s, sample_rate), SHAPER_FLOOR_DB)

    shared = meter(SHAPER_RELEASE_S)
    rising = (smooth(shared, FAST_ATTACK_S) - smooth(shared, SLOW_ATTACK_S)) / SHAPER_RANGE_DB
    falling = (meter(SLOW_RELEASE_S) - meter(FAST_RELEASE_S)) / SHAPER_RANGE_DB
    gain_db = _column(attack_db, rising) * rising.clamp(0, 1) + _column(sustain_db, rising) * falling.clamp(0, 1)
    return _turned(audio, gain_db, out)
