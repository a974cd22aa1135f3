"""Envelopes of the noise: levels over frequency and time as functions of velocity and openness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.synthesis.bands import (
    BANDS,
    CENTRES_HZ,
    DENSITY,
    SAMPLE_RATE,
    Float,
    envelope_in_bands,
    knot_weights,
    rows_in_bands,
)
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, BandEnvelope, Noise, Openness, VoiceModel
from stemgmd_tools.numerics.elementary import exp10, log2
from stemgmd_tools.numerics.products import product, weighted


class LevelChange(NamedTuple):
    """What openness adds to the noise at one degree."""

    knots_s: Float
    """(Q,) times of the knots."""
    level_db: Float
    """(BANDS, Q)"""
    slope_db: Float
    """(BANDS, Q) dB per octave of velocity."""


_NO_CHANGE: Final = LevelChange(np.zeros(1), np.zeros((BANDS, 1)), np.zeros((BANDS, 1)))


def level_changes(openness: Openness) -> tuple[LevelChange, ...]:
    """Return what openness adds at each of its degrees."""
    if not openness.changes:
        return (_NO_CHANGE,) * len(openness.degrees)
    knots_s = np.array(sorted({time_s for change in openness.changes for time_s in change.change_db.times_s}))
    anchors = np.array([*(entry.degree for entry in openness.changes), 1.0])
    shares = knot_weights(anchors, np.array(openness.degrees), extend=False)[:-1]
    levels = np.array([_on_knots(entry.change_db, knots_s) for entry in openness.changes])
    slopes = np.array([_on_knots(entry.velocity_db_per_octave, knots_s) for entry in openness.changes])
    return tuple(
        LevelChange(knots_s, level, slope)
        for level, slope in zip(weighted(shares.T, levels), weighted(shares.T, slopes), strict=True)
    )


def _on_knots(envelope: BandEnvelope | None, knots_s: Float) -> Float:
    """Return (BANDS, knots) of an envelope read at other knots; 0 without one."""
    if envelope is None:
        return np.zeros((BANDS, len(knots_s)))
    weights = knot_weights(np.array(envelope.times_s), knots_s, extend=False)
    return np.asarray(product(envelope_in_bands(envelope), weights))


@dataclass(frozen=True, slots=True, eq=False)
class NoiseShape:
    """Envelopes of one degree of openness: knots of level and velocity slope in bands."""

    knots_s: Float
    """(N,) times of the level's knots."""
    level_db: Float
    """(BANDS, N) level per ERB at the reference velocity, dB re full scale."""
    slope_knots_s: Float
    """(M,) times of the velocity slope's knots."""
    slope_db: Float
    """(BANDS, M) dB per octave of velocity."""
    bend_octaves: Float
    """(B,) velocities of the bends, octaves above the reference; may be empty."""
    bend_knots_s: Float
    """(P,) times of the bends' knots."""
    bends_db: Float
    """(B, BANDS, P) added to the level at the bends' velocities, constant outside."""
    change: LevelChange
    """What openness adds."""

    def at(self, velocity: float, times_s: Float) -> Float:
        """Return (BANDS, times) level per ERB of a stroke."""
        level = product(self.level_db, knot_weights(self.knots_s, times_s, extend=True))
        slope = product(self.slope_db, knot_weights(self.slope_knots_s, times_s, extend=False))
        octaves = log2(velocity / REFERENCE_VELOCITY)
        level += slope * octaves
        if len(self.bend_octaves):
            weights = knot_weights(self.bend_octaves, np.array([octaves]), extend=False)[:, 0]
            bend = weighted(weights[None], self.bends_db)[0]
            level += product(bend, knot_weights(self.bend_knots_s, times_s, extend=False))
        changed = self.change.level_db + octaves * self.change.slope_db
        level += product(changed, knot_weights(self.change.knots_s, times_s, extend=False))
        return np.asarray(level)

    def energy(self, velocity: float, times_s: Float) -> Float:
        """Return the power expected at ``times_s``, all bands together."""
        widths = np.gradient(CENTRES_HZ)
        per_erb = exp10(self.at(velocity, times_s) / 10.0)
        return np.asarray((per_erb * (DENSITY**2 * widths / (SAMPLE_RATE / 2))[:, None]).sum(axis=0))


def voice_shapes(voice: VoiceModel) -> tuple[NoiseShape, ...]:
    """Return the envelopes of a voice's noise, one per degree of openness; one of a voice that has none."""
    openness = voice.openness
    if openness is None:
        return noise_shapes(voice.noise, (1.0,), np.zeros((BANDS, 1)), 0.0)
    added_db = np.zeros((BANDS, len(openness.degrees)))
    if openness.level_db is not None:
        added_db += rows_in_bands(openness.frequencies_hz, openness.level_db)
    return noise_shapes(voice.noise, openness.stretch, added_db, openness.stick_s, level_changes(openness))


def noise_shapes(
    noise: Noise,
    stretch: tuple[float, ...],
    added_db: Float,
    stick_s: float,
    changes: tuple[LevelChange, ...] | None = None,
) -> tuple[NoiseShape, ...]:
    """Return one shape per degree of openness.

    :param stretch: factor on all times after ``stick_s``, per degree.
    :param added_db: (BANDS, degrees) added to the level.
    :param changes: what openness adds besides, per degree; default: nothing.
    """
    changes = changes or (_NO_CHANGE,) * len(stretch)
    times_s = np.array(noise.level_db.times_s)
    level = envelope_in_bands(noise.level_db)
    slope_knots_s = np.array(noise.velocity_db_per_octave.times_s)
    slope = envelope_in_bands(noise.velocity_db_per_octave)
    bends = noise.velocity_bends
    bend_octaves = log2(np.array([bend.velocity for bend in bends], dtype=np.float64) / REFERENCE_VELOCITY)
    bend_knots_s = np.array(bends[0].change_db.times_s if bends else ())
    bends_db = np.array([envelope_in_bands(bend.change_db) for bend in bends])
    return tuple(
        NoiseShape(
            np.where(times_s > stick_s, stick_s + (times_s - stick_s) * factor, times_s),
            level + added_db[:, degree, None],
            slope_knots_s,
            slope,
            bend_octaves,
            bend_knots_s,
            bends_db,
            changes[degree],
        )
        for degree, factor in enumerate(stretch)
    )
