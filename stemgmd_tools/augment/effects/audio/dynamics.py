"""Compressor, limiter and transient shaper, with linked channels and gains computed at a control rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, EXAMPLE, AudioEffect, GainEffect, Parameter

if TYPE_CHECKING:
    from torch import Tensor

FAST_ATTACK_S, SLOW_ATTACK_S, SHAPER_RELEASE_S = 0.001, 0.020, 0.060
FAST_RELEASE_S, SLOW_RELEASE_S = 0.030, 0.300
SHAPER_FLOOR_DB = -60.0
"""Level below which sound is not shaped."""
SHAPER_RANGE_DB = 12.0
"""Difference between the envelopes at which the full gain is applied."""


def static_curve(level_db: Tensor, threshold_db: Tensor, ratio: Tensor, knee_db: Tensor) -> Tensor:
    """Return the gain (line, step) of a compressor for a constant level: 0 or negative, in dB.

    Equation 4 of Giannoulis, Massberg and Reiss, JAES 60 (6), 2012, minus its input.
    """
    import torch

    over = level_db - threshold_db
    slope = 1 / ratio - 1
    half = knee_db / 2
    within = slope * (over + half).square() / (2 * knee_db).clamp_min(1e-9)
    return torch.where(over > half, slope * over, torch.where(over > -half, within, torch.zeros_like(over)))


def compressor(audio: Tensor, *, sample_rate: int, **values: Tensor) -> Tensor:
    """Compress levels above a threshold, with linked channels.

    :param values: those of :func:`compression_db`.
    """
    from stemgmd_tools.augment.audio.signal import envelope

    return envelope.apply_gain_db(audio, compression_db(audio, sample_rate=sample_rate, **values))


def compression_db(
    audio: Tensor,
    *,
    threshold_db: Tensor,
    ratio: Tensor,
    attack_ms: Tensor,
    release_ms: Tensor,
    knee_db: Tensor,
    makeup_db: Tensor,
    sample_rate: int,
) -> Tensor:
    """Return the gain (line, step) of a compressor in dB, with linked channels.

    Feed-forward, in the log domain, with the smooth decoupled detector: a peak meter that falls with the release time,
    then a one-pole with the attack time (Giannoulis et al. 2012). The gain is :func:`static_curve`.
    """
    from stemgmd_tools.augment.audio.signal import envelope

    level = envelope.decibels(envelope.block_peaks(audio))
    curve = static_curve(level, *(envelope.column(values, level) for values in (threshold_db, ratio, knee_db)))
    fall = envelope.DB_PER_TIME_CONSTANT / envelope.control_steps(release_ms / 1000, sample_rate)
    meter_level = envelope.decaying_peak(-curve, fall.clamp_min(1e-9)).clamp_min(0)
    smooth = envelope.one_pole(meter_level, envelope.control_steps(attack_ms / 1000, sample_rate))
    return envelope.column(makeup_db, smooth) - smooth


def bus_compression(sound: Tensor, *, sample_rate: int, **values: float) -> Tensor:
    """Return the gain of a compressor of the sum of the stems, in dB for every control step.

    :param values: those of :func:`compression_db`.
    """
    import torch

    columns = {name: torch.tensor([value], dtype=torch.float64) for name, value in values.items()}
    return compression_db(sound[None], **columns, sample_rate=sample_rate)[0]


def limiter(
    audio: Tensor, *, threshold_db: Tensor, lookahead_ms: Tensor, release_ms: Tensor, sample_rate: int
) -> Tensor:
    """Limit every sample to a threshold, with look-ahead and without delaying the sound.

    The gain that each block needs is held over the look-ahead, released with the release time, and averaged over the
    look-ahead: an average of sufficiently low gains is sufficiently low.
    """
    import torch

    from stemgmd_tools.augment.audio.signal import envelope
    from stemgmd_tools.augment.audio.signal.gains import per_line, ratio_of_db
    from stemgmd_tools.augment.audio.signal.portable import windowed_sum

    peaks = envelope.block_peaks(audio)
    ceiling = per_line(ratio_of_db(threshold_db), audio)
    need = envelope.decibels(peaks / ceiling[:, 0]).clamp_min(0)
    ahead = envelope.control_steps(lookahead_ms / 1000, sample_rate).round().clamp_min(1).long().tolist()
    fall = envelope.DB_PER_TIME_CONSTANT / envelope.control_steps(release_ms / 1000, sample_rate)
    for index, steps in enumerate(ahead):
        reached = torch.nn.functional.pad(need[index : index + 1], (steps + 1, steps + 1))
        early = torch.nn.functional.max_pool1d(reached[:, None], 2 * steps + 2, 1)[:, 0]
        meter_level = envelope.decaying_peak(early, fall[index : index + 1]).clamp_min(0)
        before = torch.cat([meter_level[:, :1].expand(-1, steps), meter_level], 1)
        smooth = windowed_sum(before, steps + 1) / (steps + 1)
        knots = smooth[:, : need.shape[1] + 1]
        steps_of_line = ratio_of_db(-knots).to(audio.dtype)
        envelope.apply_gain(audio[index : index + 1], steps_of_line, audio[index : index + 1])
    return torch.clamp(audio, -ceiling, ceiling, out=audio)  # what rounding left over


def transient_shaper(audio: Tensor, *, attack_db: Tensor, sustain_db: Tensor, sample_rate: int) -> Tensor:
    """Raise or lower attacks and sustain, where a fast envelope differs from a slow one.

    While the envelope with a fast attack (1 ms) is above the slow one (20 ms), ``attack_db`` is applied in proportion
    to the difference; while the envelope with a fast release (30 ms) is below the slow one (300 ms), ``sustain_db``.
    The full gain is reached at a difference of 12 dB; a constant level is not changed.
    """
    import torch

    from stemgmd_tools.augment.audio.signal import envelope

    level = envelope.decibels(envelope.block_peaks(audio)).clamp_min(SHAPER_FLOOR_DB)
    lines = torch.ones(audio.shape[0], dtype=torch.float64)

    def meter(release_s: float) -> Tensor:
        return envelope.decaying_peak(
            level, envelope.DB_PER_TIME_CONSTANT / envelope.control_steps(lines * release_s, sample_rate)
        )

    def smooth(values: Tensor, attack_s: float) -> Tensor:
        return envelope.one_pole(values, envelope.control_steps(lines * attack_s, sample_rate), SHAPER_FLOOR_DB)

    shared = meter(SHAPER_RELEASE_S)
    rising = (smooth(shared, FAST_ATTACK_S) - smooth(shared, SLOW_ATTACK_S)) / SHAPER_RANGE_DB
    falling = (meter(SLOW_RELEASE_S) - meter(FAST_RELEASE_S)) / SHAPER_RANGE_DB
    gain_db = envelope.column(attack_db, rising) * rising.clamp(0, 1) + envelope.column(
        sustain_db, rising
    ) * falling.clamp(0, 1)
    return envelope.apply_gain_db(audio, gain_db)


_COMPRESSION: Final = (
    Parameter("threshold_db", "threshold level", "dBFS", -80.0, 0.0, typical=-20.0),
    Parameter("ratio", "compression ratio, input over output", "", 1.0, 100.0, typical=4.0),
    Parameter("attack_ms", "time constant of the attack", "ms", 0.1, 500.0, 5.0),
    Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 100.0),
    Parameter("knee_db", "width of the soft knee", "dB", 0.0, 40.0, 0.0),
    Parameter("makeup_db", "gain after compression", "dB", -24.0, 48.0, 0.0),
)

EFFECTS: Final = (
    AudioEffect(
        "compressor",
        "Feed-forward compressor with linked channels.",
        compressor,
        _COMPRESSION,
        ANYWHERE,
        source="Giannoulis, Massberg and Reiss 2012",
    ),
    GainEffect(
        "bus_compression",
        "Compresses the sum of the stems and applies the gain to every stem, so that they still add up to the mixture.",
        bus_compression,
        _COMPRESSION,
        EXAMPLE,
        source="Giannoulis, Massberg and Reiss 2012",
    ),
    AudioEffect(
        "limiter",
        "Look-ahead limiter: no sample peak above the threshold.",
        limiter,
        (
            Parameter("threshold_db", "highest sample peak", "dBFS", -60.0, 0.0, typical=-6.0),
            Parameter("lookahead_ms", "look-ahead; the sound is not delayed", "ms", 0.1, 50.0, 5.0),
            Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 50.0),
        ),
        ANYWHERE,
        source="audiomentations Limiter",
    ),
    AudioEffect(
        "transient_shaper",
        "Raises or lowers attacks and sustain, by comparing fast and slow envelopes.",
        transient_shaper,
        (
            Parameter("attack_db", "gain of attacks", "dB", -24.0, 24.0, 0.0, typical=6.0),
            Parameter("sustain_db", "gain of the sustain", "dB", -24.0, 24.0, 0.0, typical=-6.0),
        ),
        ANYWHERE,
    ),
)
