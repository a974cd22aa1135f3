"""Read the recorded one-shots of a kit for a fit: aligned, at the kit's levels, with faults corrected and noted.

Levels include the gains of the map and the correction of layers that are not in order of loudness
(:mod:`stemgmd_tools.kits.bank.velocity_curve`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from scipy.signal import butter, sosfiltfilt

from stemgmd_tools.kits.bank.one_shots import treated
from stemgmd_tools.kits.bank.pcm import quantise
from stemgmd_tools.kits.bank.sound_sources import ArticulationSource, Recipes
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB, dynamics, energy
from stemgmd_tools.kits.checks.measures import is_clipped
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.onsets import magnitude, onset_frame
from stemgmd_tools.pieces import ARTICULATIONS

ONSET_FRAMES: Final = 44
"""Frames before the attack; 1 ms."""
LONGEST_S: Final = 10.0
"""Longest part of a recording that is used."""

_ATTACK_SHARE: Final = 0.04
"""The attack is moved forward to the frame that first reaches this share of its peak."""
_FORWARD_FRAMES: Final = 132
"""Largest such move, 3 ms: small noises of a beater or a pedal before that are not the stroke."""
_RUMBLE_HZ: Final = 12.0
_OFFSET_DB: Final = -70.0
"""If the mean of the last part of a recording is above this (re its peak), it is an offset and is filtered out."""
_OFFSET_SHARE: Final = 0.7
"""Least share of the offset in the RMS of that part, which excludes the slow end of a kick."""
_LATE_S: Final = 0.05
_FLOOR_WINDOW: Final = 441


@dataclass(frozen=True, slots=True)
class Strokes:
    """One velocity layer of one articulation at one degree of openness."""

    velocity: int
    """MIDI velocity at which the strokes have these levels."""
    openness: float
    """0 closed .. 1 open; NaN if the articulation has no degrees."""
    repeats: tuple[Float, ...]
    """Each (frames, 2) at 44.1 kHz, full scale 1, the attack at frame :data:`ONSET_FRAMES`."""
    noise_floor_db: float
    """RMS of the quietest part of the recordings, dB re full scale: upper limit of the recording's noise."""


class RecordedStrokes(NamedTuple):
    """The strokes of a kit, and notes about faults of its recordings."""

    strokes: dict[str, tuple[Strokes, ...]]
    """Articulation -> layers, softest first within a degree of openness, degrees ascending."""
    notes: tuple[str, ...]


def recorded_strokes(kit: Kit) -> dict[str, tuple[Strokes, ...]]:
    """Return the strokes of every articulation that has its own recordings.

    :raises KitError: if a sample file cannot be used.
    """
    return read_strokes(kit).strokes


def read_strokes(kit: Kit) -> RecordedStrokes:
    """Return the strokes of a kit and notes about corrected faults.

    :raises KitError: if a sample file cannot be used.
    """
    recipes = Recipes(kit)
    strokes: dict[str, tuple[Strokes, ...]] = {}
    notes: list[str] = []
    for name in ARTICULATIONS:
        if not kit.map.articulations[name].layers:
            continue
        faults: list[str] = []
        strokes[name] = tuple(_articulation(recipes[name], faults))
        notes += [f"{name}: {fault}" for fault in dict.fromkeys(faults)]
    return RecordedStrokes(strokes, tuple(notes))


def _articulation(recipe: ArticulationSource, faults: list[str]) -> Iterator[Strokes]:
    """Yield the layers of one articulation, degree by degree."""
    for degree in range(len(recipe.degrees)):
        source_degree = recipe.degrees[degree]
        layers = recipe.source.layers(source_degree)
        rows: list[list[Float]] = []
        for row, layer in enumerate(layers):
            takes = []
            for take in range(len(layer.takes)):
                sound, rate = recipe.source.one_shot(source_degree, row, take)
                at_rate = treated(sound, rate, SAMPLE_RATE, recipe.treatment)
                takes.append(_corrected(np.array(at_rate, np.float64), faults))
            rows.append([take for take in takes if len(take) > ONSET_FRAMES])
        audible = [index for index, row in enumerate(rows) if row]
        if not audible:
            continue
        audible_layers = [layers[index] for index in audible]
        energies = [float(np.mean([_energy(take) for take in rows[index]])) for index in audible]
        loudness = dynamics(audible_layers, energies, recipe.gain_db, recipe.dynamics_db)
        if loudness.dip_db > UNEVEN_DB:
            faults.append(f"a harder layer is up to {loudness.dip_db:.1f} dB softer than one below; levels evened out")
        for index, layer in zip(audible, audible_layers, strict=True):
            gain = float(loudness.gain[layer.reference])
            strokes = Strokes(layer.reference, recipe.openness(degree), tuple(rows[index]), 0.0)
            yield _louder(strokes, gain)


def _louder(strokes: Strokes, gain: float) -> Strokes:
    repeats = tuple(take * gain for take in strokes.repeats)
    return replace(strokes, repeats=repeats, noise_floor_db=min(_floor_db(take) for take in repeats))


def _energy(sound: Float) -> float:
    """Return the mean power of a take's start, as used for the kit's levels."""
    pcm, scale = quantise(sound)
    return energy(pcm, ONSET_FRAMES, scale, SAMPLE_RATE)


def _corrected(sound: Float, faults: list[str]) -> Float:
    """Return a sound from 1 ms before its attack on, without offset; empty if it is silent."""
    if is_clipped(sound):
        faults.append("clipped recordings: their peaks are not the drum's")
    sound = _without_offset(sound, faults)
    onset = onset_frame(sound, SAMPLE_RATE)
    if onset is None:
        faults.append("a silent recording was left out")
        return np.zeros((0, 2))
    if onset > _LATE_S * SAMPLE_RATE:
        faults.append("recordings start more than 50 ms late; the lead-in was cut")
    amplitude = magnitude(sound[max(0, onset - _FORWARD_FRAMES) : onset + 1])
    peak = magnitude(sound[onset : onset + round(0.15 * SAMPLE_RATE)]).max()
    onset -= len(amplitude) - 1 - int(np.argmax(amplitude >= min(_ATTACK_SHARE * peak, amplitude[-1])))
    start = onset - ONSET_FRAMES
    led = sound[max(0, start) : max(0, start) + round(LONGEST_S * SAMPLE_RATE)]
    led = np.concatenate([np.zeros((max(0, -start), 2)), led])
    led[:ONSET_FRAMES] *= np.linspace(0.0, 1.0, ONSET_FRAMES)[:, None]
    return led


def _without_offset(sound: Float, faults: list[str]) -> Float:
    """Return a sound without a constant offset."""
    tail = sound[-max(1, len(sound) // 4) :]
    mean, rms = np.abs(tail.mean(axis=0)), np.sqrt((tail**2).mean(axis=0))
    if not ((mean > 10.0 ** (_OFFSET_DB / 20.0) * np.abs(sound).max()) & (mean > _OFFSET_SHARE * rms)).any():
        return sound
    faults.append("a constant offset was filtered out")
    high = butter(2, _RUMBLE_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfiltfilt(high, sound - tail.mean(axis=0), axis=0))


def _floor_db(sound: Float) -> float:
    """Return the RMS of the quietest 10 ms without the last 10 % (often a fade), dB re full scale."""
    body = sound[ONSET_FRAMES : max(ONSET_FRAMES + _FLOOR_WINDOW, int(len(sound) * 0.9))]
    count = max(1, len(body) // _FLOOR_WINDOW)
    frames = body[: count * _FLOOR_WINDOW].reshape(count, -1)
    return float(10.0 * np.log10((frames**2).mean(axis=1).min() + 1e-20))


def loudest(strokes: Sequence[Strokes]) -> Strokes:
    """Return the layer of the highest velocity at the widest opening."""
    return max(strokes, key=lambda layer: (-1.0 if np.isnan(layer.openness) else layer.openness, layer.velocity))
