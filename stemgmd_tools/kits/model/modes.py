"""Damped modes: sums of exponentially decaying sinusoids, and the pitch glide of a struck head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.model.bands import SAMPLE_RATE, Float, Tilt, channel_gains, knot_weights
from stemgmd_tools.kits.model.parameters import REFERENCE_VELOCITY, Glide, Jitter, Modes

_BLOCK: Final = 512
_NEPERS_PER_60_DB: Final = float(np.log(1000.0))
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
    """(K, B) radians added to the phase there."""
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
        level = 10.0 ** (np.array(modes.level_db) / 20.0)
        turn: NDArray[np.complex128] = np.exp(2j * np.pi * np.stack([phase, turned]))
        amplitude = np.stack(gains) * level * turn
        slopes = np.broadcast_to(np.array(modes.velocity_db_per_octave, dtype=np.float64), (count,))
        return cls(
            -decay + 2j * np.pi * frequency,
            amplitude,
            slopes,
            modes.phase_turns is None,
            modes.onset_s,
            np.log2(np.array(modes.bend_velocities, dtype=np.float64) / REFERENCE_VELOCITY),
            _rows(modes.bends_db, count),
            2.0 * np.pi * _rows(modes.phase_bends_turns or ((0.0,) * len(modes.bend_velocities),) * count, count),
            modes.t60_velocity_exponent,
            modes.frequency_velocity_exponent,
        )

    def at_velocity(self, velocity: float) -> NDArray[np.complex128]:
        """Return the (2, K) amplitudes of a stroke."""
        octaves = np.log2(velocity / REFERENCE_VELOCITY)
        change_db = self.velocity_db_per_octave * octaves
        turn = np.zeros(len(change_db))
        if len(self.bend_octaves):
            weights = knot_weights(self.bend_octaves, np.array([octaves]), extend=False)
            change_db = change_db + self.bends_db @ weights[:, 0]
            turn = turn + self.phase_bends @ weights[:, 0]
        return np.asarray(self.amplitude * 10.0 ** (change_db / 20.0) * np.exp(1j * turn))

    def rate_at(self, velocity: float) -> NDArray[np.complex128]:
        """Return the (K,) complex rates of a stroke."""
        ratio = velocity / REFERENCE_VELOCITY
        decay, pulsation = ratio**-self.t60_exponent, ratio**self.frequency_exponent
        return np.asarray(self.rate.real * decay + 1j * self.rate.imag * pulsation)

    def energy(self, velocity: float, times_s: Float) -> Float:
        """Return the mean power of both channels expected at ``times_s``."""
        power = (np.abs(self.at_velocity(velocity)) ** 2).mean(axis=0) / 2
        return np.asarray(power @ np.exp(2 * self.rate_at(velocity).real[:, None] * times_s))

    def strike(
        self, velocity: float, frames: int, jitter: Jitter, own: Tilt, glide: Glide | None, draw: np.random.Generator
    ) -> Float:
        """Return (frames, 2) samples of one stroke, with its own small jitter of level, frequency and free phase.

        :param own: the stroke's own deviation of level, which the noise has too.
        """
        count = len(self.rate)
        wander = draw.standard_normal() + _INDIVIDUAL * draw.standard_normal(count)
        rate = self.rate_at(velocity)
        rate = rate.real + 1j * rate.imag * (1.0 + jitter.frequency * wander)
        level_db = own.at(self.rate.imag / (2.0 * np.pi)) + jitter.mode_db * draw.standard_normal(count)
        amplitude = self.at_velocity(velocity) * 10.0 ** (level_db / 20.0)
        phase = draw.uniform(0.0, 1.0, count)
        if self.free_phase:
            amplitude = amplitude * np.exp(2j * np.pi * phase)
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

    Written as one real matrix product of block starts by frames in a block, ``exp(s 512 b) exp(s j)``, which costs a
    fifth of one exponential per mode and frame.

    :param rate: (K,) complex rate per second.
    :param amplitude: (2, K) complex amplitude per channel.
    """
    blocks = -(-frames // _BLOCK)
    starts = np.exp(np.outer(np.arange(blocks) * (_BLOCK / SAMPLE_RATE), rate))
    inside = np.exp(np.outer(rate, np.arange(_BLOCK) / SAMPLE_RATE))
    left = (amplitude[:, None, :] * starts).reshape(2 * blocks, -1)
    product = np.concatenate([left.real, -left.imag], axis=1) @ np.concatenate([inside.real, inside.imag])
    return np.ascontiguousarray(product.reshape(2, blocks * _BLOCK)[:, :frames].T)


def warped_frames(glide: Glide, velocity: float, frames: int) -> Float:
    """Return where on an even time axis, in frames, each frame of a gliding sound lies: the integral of the glide."""
    times_s = np.arange(frames) / SAMPLE_RATE
    strength = (velocity / REFERENCE_VELOCITY) ** glide.velocity_exponent
    warped_s = times_s.copy()
    for depth, time_s in zip(glide.depth, glide.time_s, strict=True):
        warped_s -= strength * depth * time_s * np.expm1(-times_s / time_s)
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
