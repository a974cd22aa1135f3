"""Analysis by synthesis: measure the engine's strokes like recordings, and correct the tables by the difference.

Overlapping bands, steep envelopes, levelled noise and windows affect the measurement of the engine's strokes in the
same way, so these effects need not be modelled. Strokes are averaged over several draws, with more draws for short
strokes, which are cheap and vary most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.noise.bands import EDGES, TIMES_S, Bands, bands_of, decibels, knot_averages, mean_bands
from stemgmd_tools.fitting.noise.level_tables import LayerTable
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.fitting.velocity.law import Law
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, SAMPLE_RATE, Float, Tilt
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.parameters import (
    REFERENCE_VELOCITY,
    BandEnvelope,
    Glide,
    Jitter,
    Modes,
    Noise,
    Openness,
    VelocityBend,
    VoiceModel,
)
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.seeds import stream

KIT: Final = "fit"
"""Kit name of strokes synthesised while fitting; the same for all, so that the attack's noise is prepared once."""
STILL: Final = Jitter(level_db=0.0, tilt_db_per_octave=0.0, band_db=0.0, mode_db=0.0, frequency=0.0)

BAND_HZ: Final = tuple(float(f"{hertz:.4g}") for hertz in CENTRES_HZ)
"""Rows of a level table: the engine's bands."""

_SHORT_S: Final = 0.13
_SHORT_DRAWS: Final = 8
_DRAWS: Final = 3
_LONGEST_S: Final = 6.0
_COLOURED: Final = SAMPLE_RATE
_STEP: Final = 0.8
_LARGEST_DB: Final = 7.0
_LONGEST_VOICE_S: Final = 12.0
_SOFT_HZ: Final = (0.25, 0.5, 0.25)


class Stage(NamedTuple):
    """The strokes that are synthesised while fitting."""

    articulation: str
    velocities: tuple[int, ...]
    frames: tuple[int, ...]
    """Length of each layer's recordings after the attack."""


def noise_of(law: Law, template: Noise | None = None, *, step_db: float = 0.01) -> Noise:
    """Return the noise of a law, with the colour, grain and stereo of a template.

    :param step_db: step to which levels are rounded.
    """
    level = BandEnvelope(
        frequencies_hz=BAND_HZ, times_s=tuple(law.knots_s.tolist()), values=table(law.level_db, step_db)
    )
    times_s = tuple(law.coarse_s.tolist())

    def coarse(values: Float) -> BandEnvelope:
        return BandEnvelope(frequencies_hz=law.coarse_hz, times_s=times_s, values=table(values, step_db))

    velocities = [round(REFERENCE_VELOCITY * 2.0**octaves) for octaves in law.bend_octaves.tolist()]
    return Noise(
        level_db=level,
        velocity_db_per_octave=coarse(law.slope_db),
        velocity_bends=tuple(
            VelocityBend(velocity=velocity, change_db=coarse(bend))
            for velocity, bend in zip(velocities, law.bends_db, strict=True)
        ),
        colour=template.colour if template else None,
        grain_db=template.grain_db if template else None,
        stereo=template.stereo if template else None,
    )


def table(values: Float, step_db: float) -> tuple[tuple[float, ...], ...]:
    """Return rows of numbers, rounded."""
    return tuple(tuple(round(x, 4) for x in row) for row in (np.round(values / step_db) * step_db).tolist())


def noise_bands(
    noise: Noise, stage: Stage, salt: str, openness: Openness | None = None, degree: int = 0
) -> list[Bands]:
    """Return the bands of a synthesised noise at each layer's velocity, mean over several draws."""
    synthesiser = _synthesiser(noise, stage, salt, openness)
    return [
        _mean_stroke(synthesiser, velocity, degree, frames)
        for velocity, frames in zip(stage.velocities, stage.frames, strict=True)
    ]


def noise_strokes(noise: Noise, stage: Stage, salt: str) -> list[Float]:
    """Return strokes of a noise, a few per layer, the attack 1 ms after the start."""
    synthesiser = _synthesiser(noise, stage, salt, None)
    draw = stream(0, KIT, "strokes")
    return [
        led(synthesiser.stroke(velocity, 0, (index + draw.uniform()) / _DRAWS, draw, frames=min(frames, _COLOURED)))
        for velocity, frames in zip(stage.velocities, stage.frames, strict=True)
        for index in range(_DRAWS)
    ]


def _synthesiser(noise: Noise, stage: Stage, salt: str, openness: Openness | None) -> Synthesiser:
    """Return the engine for a noise alone, without jitter."""
    voice = VoiceModel(
        layers=tuple(sorted(set(stage.velocities))),
        variations=1,
        duration_s=min(_LONGEST_VOICE_S, max(stage.frames) / SAMPLE_RATE + 0.1),
        noise=noise,
        openness=openness,
        jitter=STILL,
    )
    return Synthesiser(voice, None, KIT, f"{stage.articulation} {salt}")


def _mean_stroke(synthesiser: Synthesiser, velocity: int, degree: int, frames: int) -> Bands:
    """Return the mean bands: of short strokes for the first tenth of a second, of long ones for the rest."""
    draw = stream(0, KIT, velocity)
    frames = min(frames, round(_LONGEST_S * SAMPLE_RATE))
    short = min(frames, round(_SHORT_S * SAMPLE_RATE))
    long_draws = _DRAWS if frames > short else 0
    sounds = [(short, _SHORT_DRAWS), (frames, long_draws)]
    measured: list[list[Bands]] = []
    for length, count in sounds:
        places = [(index + draw.uniform()) / max(count, 1) for index in range(count)]
        strokes = [synthesiser.stroke(velocity, degree, place, draw, frames=length) for place in places]
        measured.append([bands_of(led(stroke)) for stroke in strokes])
    head = mean_bands(measured[0])
    if not long_draws:
        return head
    whole = mean_bands(measured[1])
    early = EDGES[1:] < 0.08 * SAMPLE_RATE
    left, right, cross = (np.where(early, a, b) for a, b in zip(head[:3], whole[:3], strict=True))
    return Bands(left, right, cross, whole.bins)


def led(sound: Float) -> Float:
    """Return a sound of the engine with its attack 1 ms after the start, as in recordings."""
    return np.concatenate([np.zeros((ONSET_FRAMES, 2)), sound])


def mode_bands(modes: Sequence[tuple[Modes, Glide | None]], velocity: int, frames: int) -> Bands | None:
    """Return the expected bands of modes in a stroke; None without modes."""
    if not modes:
        return None
    draws = 3 if any(group.phase_turns is None for group, _ in modes) else 1
    return mean_bands([bands_of(mode_sound(modes, velocity, frames, index)) for index in range(draws)])


def mode_sound(modes: Sequence[tuple[Modes, Glide | None]], velocity: int, frames: int, index: int = 0) -> Float:
    """Return the sound of modes alone, the attack 1 ms after the start."""
    draw = stream(index, KIT, "modes")
    sound = np.zeros((frames, 2))
    for group, glide in modes:
        bank = ModeBank.from_parameters(group)
        sound += bank.strike(velocity, frames, STILL, Tilt(0.0, 0.0), glide, draw)
    return led(sound)


def corrections(
    tables: Sequence[LayerTable], synthesised: Sequence[Bands], knots_s: Float, largest_db: float = _LARGEST_DB
) -> Float:
    """Return the corrections in dB from the engine's strokes to the tables, shape (L, BANDS, knots); 0 if unknown."""
    averages = knot_averages(knots_s)
    rows = []
    for wanted, bands in zip(tables, synthesised, strict=True):
        known = wanted.known & (np.arange(len(TIMES_S)) < bands.bins)
        target = wanted.noise_power(averages, known.astype(np.float64))
        short = decibels(target) - decibels((bands.power * known) @ averages.T)
        short = _smooth(short) * (known @ averages.T > 0.3)
        rows.append(_STEP * np.clip(short, -largest_db, largest_db))
    return np.array(rows)


def _smooth(values: Float) -> Float:
    """Return values smoothed over neighbouring bands, since corrections vary slowly but random errors do not."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return _SOFT_HZ[0] * padded[:-2] + _SOFT_HZ[1] * padded[1:-1] + _SOFT_HZ[2] * padded[2:]
