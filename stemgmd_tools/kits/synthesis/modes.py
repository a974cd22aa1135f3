"""Damped modes: sums of exponentially decaying sinusoids, and the pitch glide of a struck head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float, Tilt, channel_gains, knot_weights
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, Glide, Jitter, Modes
from stemgmd_tools.numerics.elementary import exp, exp10, expm1, log, log2, power, turn
from stemgmd_tools.numerics.products import complex_product, product, scaled
from stemgmd_tools.seeds import standard_normal

_BLOCK: Final = 512
_FEWEST_BLOCKS: Final = 8
_INAUDIBLE: Final = 1e-10
"""A mode that has decayed to this amplitude, 200 dB below full scale, is left out."""
_NEPERS_PER_60_DB: Final = log(1000.0)
_INDIVIDUAL: Final = 0.3
"""Share of the frequency jitter that each mode has for itself."""


@dataclass(frozen=True, slots=True, eq=False)
class ModeBank:
    """Modes of one voice, ready to ring."""

    rate: NDArray[np.complex128]
    """(K,) complex rate per second: -decay + 2 pi i frequency."""
    amplitude: NDArray[np.complex128]
    """(2, K) complex amplitude of the left and right channel at the reference velocity, full scale = 1."""
    velocity_db_per_octave: Float
    """(K,) velocity slopes."""
    free_phase: bool
    """Whether every hit draws its own phases."""
    onset_s: float
    """Length of the fade-in."""
    bend_octaves: Float
    """(B,) velocities of the bends, octaves above the reference; may be empty."""
    bends_db: Float
    """(K, B) added to the level at the bends' velocities, constant outside."""
    phase_bends: Float
    """(K, B) turns added to the phase there."""
    t60_exponent: float
    """Decay times are proportional to (velocity / reference) to this power."""
    frequency_exponent: float
    """Frequencies are proportional to (velocity / reference) to this power."""

    @classmethod
    def from_parameters(cls, modes: Modes) -> ModeBank:
        """Build from a voice's table."""
        frequency = np.array(modes.frequency_hz)
        count = len(frequency)
        decay = _NEPERS_PER_60_DB / np.array(modes.t60_s)
        gains = channel_gains(np.array(modes.left_minus_right_db or (0.0,) * count))
        phase = np.array(modes.phase_turns or (0.0,) * count)
        turned = phase + np.array(modes.channel_phase_turns or (0.0,) * count)
        level = exp10(np.array(modes.level_db) / 20.0)
        amplitude = scaled(_unit(np.stack([phase, turned])), np.stack(gains) * level)
        slopes = np.broadcast_to(np.array(modes.velocity_db_per_octave, dtype=np.float64), (count,))
        return cls(
            _complex(-decay, 2.0 * np.pi * frequency),
            amplitude,
            slopes,
            modes.phase_turns is None,
            modes.onset_s,
            log2(np.array(modes.bend_velocities, dtype=np.float64) / REFERENCE_VELOCITY),
            _rows(modes.bends_db, count),
            _rows(modes.phase_bends_turns or ((0.0,) * len(modes.bend_velocities),) * count, count),
            modes.t60_velocity_exponent,
            modes.frequency_velocity_exponent,
        )

    def at_velocity(self, velocity: float) -> NDArray[np.complex128]:
        """Return the (2, K) amplitudes of a stroke."""
        octaves = log2(velocity / REFERENCE_VELOCITY)
        change_db = self.velocity_db_per_octave * octaves
        turns = np.zeros(len(change_db))
        if len(self.bend_octaves):
            weights = knot_weights(self.bend_octaves, np.array([octaves]), extend=False)
            change_db = change_db + product(self.bends_db, weights)[:, 0]
            turns = turns + product(self.phase_bends, weights)[:, 0]
        return complex_product(self.amplitude, scaled(_unit(turns), exp10(change_db / 20.0)))

    def rate_at(self, velocity: float) -> NDArray[np.complex128]:
        """Return the (K,) complex rates of a stroke."""
        ratio = velocity / REFERENCE_VELOCITY
        decay, pulsation = power(ratio, -self.t60_exponent), power(ratio, self.frequency_exponent)
        return _complex(self.rate.real * decay, self.rate.imag * pulsation)

    def energy(self, velocity: float, times_s: Float) -> Float:
        """Return the mean power of both channels expected at ``times_s``."""
        amplitude = self.at_velocity(velocity)
        at_start = (amplitude.real**2 + amplitude.imag**2).mean(axis=0) / 2
        return np.asarray(product(at_start[None], exp(2 * self.rate_at(velocity).real[:, None] * times_s))[0])

    def strike(
        self, velocity: float, frames: int, jitter: Jitter, own: Tilt, glide: Glide | None, draw: np.random.Generator
    ) -> Float:
        """Return (frames, 2) samples of one stroke, with its own small jitter of level, frequency and free phase.

        :param own: the stroke's own deviation of level, which the noise has too.
        """
        count = len(self.rate)
        wander = standard_normal(draw) + _INDIVIDUAL * standard_normal(draw, count)
        rate = self.rate_at(velocity)
        rate = _complex(rate.real, rate.imag * (1.0 + jitter.frequency * wander))
        level_db = own.at(self.rate.imag / (2.0 * np.pi)) + jitter.mode_db * standard_normal(draw, count)
        amplitude = scaled(self.at_velocity(velocity), exp10(level_db / 20.0))
        phase = draw.uniform(0.0, 1.0, count)
        if self.free_phase:
            amplitude = complex_product(amplitude, _unit(phase))
        if glide is None:
            sound = ring(rate, amplitude, frames)
        else:
            place = warped_frames(glide, velocity, frames)
            sound = _at(ring(rate, amplitude, int(place[-1]) + 4), place)
        onset = min(frames, max(1, round(self.onset_s * SAMPLE_RATE)))
        sound[:onset] *= (np.arange(1, onset + 1) / onset)[:, None]
        return sound


def _rows(table: tuple[tuple[float, ...], ...] | None, count: int) -> Float:
    """Return a table of bends as (count, B)."""
    return np.array(table or ((),) * count, dtype=np.float64).reshape(count, -1)


def ring(rate: NDArray[np.complex128], amplitude: NDArray[np.complex128], frames: int) -> Float:
    """Return (frames, 2) samples of ``Re(sum_k amplitude_k exp(rate_k t))``.

    Written as real matrix products of block starts by frames in a block, ``exp(s 512 b) exp(s j)``, which cost a fifth
    of one exponential per mode and frame. Each stretch of blocks is twice as long as the one before, and without the
    modes that have decayed by then.

    :param rate: (K,) complex rate per second.
    :param amplitude: (2, K) complex amplitude per channel.
    """
    blocks = -(-frames // _BLOCK)
    inside = decaying(rate[:, None], np.arange(_BLOCK) / SAMPLE_RATE)
    loudest = np.sqrt(amplitude.real**2 + amplitude.imag**2).max(axis=0)
    sound = np.zeros((2, blocks, _BLOCK))
    first, last = 0, _FEWEST_BLOCKS
    while first < blocks:
        times_s = np.arange(first, min(last, blocks), dtype=np.float64) * (_BLOCK / SAMPLE_RATE)
        audible = loudest * exp(rate.real * times_s[0]) > _INAUDIBLE
        starts = complex_product(amplitude[:, None, audible], decaying(rate[audible], times_s[:, None]))
        left = np.concatenate([starts.real, -starts.imag], axis=2)
        sound[:, first:last] = product(left, np.concatenate([inside.real[audible], inside.imag[audible]]))
        first, last = last, 2 * last
    return np.ascontiguousarray(sound.reshape(2, blocks * _BLOCK)[:, :frames].T)


def decaying(rate: NDArray[np.complex128], times_s: Float) -> NDArray[np.complex128]:
    """Return ``exp(rate * times_s)``, the two broadcast."""
    return scaled(_unit(rate.imag / (2.0 * np.pi) * times_s), exp(rate.real * times_s))


def _unit(turns: Float) -> NDArray[np.complex128]:
    """Return the numbers of absolute value 1 at the given angles."""
    return _complex(*turn(turns))


def _complex(real: Float, imag: Float) -> NDArray[np.complex128]:
    whole = np.empty(real.shape, np.complex128)
    whole.real, whole.imag = real, imag
    return whole


def warped_frames(glide: Glide, velocity: float, frames: int) -> Float:
    """Return where on an even time axis, in frames, each frame of a gliding sound lies: the integral of the glide."""
    times_s = np.arange(frames) / SAMPLE_RATE
    strength = power(velocity / REFERENCE_VELOCITY, glide.velocity_exponent)
    warped_s = times_s.copy()
    for depth, time_s in zip(glide.depth, glide.time_s, strict=True):
        warped_s -= strength * depth * time_s * expm1(-times_s / time_s)
    return np.asarray(warped_s * SAMPLE_RATE)


def _at(sound: Float, place: Float) -> Float:
    """Return ``sound`` (frames, 2) read at fractional frames, by third-order Lagrange interpolation.

    The error is below -60 dB up to 3 kHz, far above the modes that glide.
    """
    index = place.astype(np.intp)
    x = (place - index)[:, None]
    index = np.maximum(index, 1)
    x = np.where((place < 1)[:, None], x - 1.0, x)
    before, here, after, beyond = (sound[index + step] for step in (-1, 0, 1, 2))
    return np.asarray(
        before * (-x * (x - 1) * (x - 2) / 6)
        + here * ((x + 1) * (x - 1) * (x - 2) / 2)
        + after * (-(x + 1) * x * (x - 2) / 2)
        + beyond * ((x + 1) * x * (x - 1) / 6)
    )
