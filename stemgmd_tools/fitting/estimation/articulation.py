"""Fit the voice of one articulation to its recorded strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stemgmd_tools.errors import KitError
from stemgmd_tools.fitting.estimation.balance import Rung, balanced
from stemgmd_tools.fitting.hihat.openness import Degree, fit_openness
from stemgmd_tools.fitting.modal.attack import fit_attack
from stemgmd_tools.fitting.modal.estimate import ModalFit, fit_modes
from stemgmd_tools.fitting.noise.bands import Bands, bands_of, mean_bands
from stemgmd_tools.fitting.noise.colour import fine_spectrum, flat_colour, mean_spectrum, remaining, sharpened
from stemgmd_tools.fitting.noise.grain import deepened, flatness_of, lacking, whole
from stemgmd_tools.fitting.noise.level_tables import LayerTable, at_knots, chosen_knots, layer_table, weights
from stemgmd_tools.fitting.noise.stereo import stereo_of
from stemgmd_tools.fitting.recordings.families import Family
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.fitting.velocity.jitter import TYPICAL, jitter_of, matched
from stemgmd_tools.fitting.velocity.law import Law, fit_law, octaves_of
from stemgmd_tools.fitting.velocity.refine import (
    Stage,
    corrections,
    mode_bands,
    mode_sound,
    noise_bands,
    noise_of,
    noise_strokes,
)
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE
from stemgmd_tools.kits.synthesis.parameters import Glide, Modes, Noise, VoiceModel

_ROUNDS: Final = 2
_COLOUR_ROUNDS: Final = 3
_GRAIN_ROUNDS: Final = 6
_GRAIN_LAYERS: Final = 3
"""Number of the hardest layers that the grain is fitted to: softer recordings have noise between the lines."""
_LEAST_SHARE: Final = 0.01
_LEAST_SHARE_FREE: Final = 0.1
"""Least share of noise in every cell's power; larger for cymbals, where a few modes represent thousands."""
_STEP_DB: Final = 0.5
_MOST_DB: Final = 3.0
_MOST_TONAL_DB: Final = 12.0
"""Largest gain of modes that miss a band's energy; larger for kicks and toms, where all energy is tonal."""
_CUT_DB: Final = -50.0
"""A recording that ends above this, re its loudest moment, was cut; its voice has the same length."""
_LONGEST_S: Final = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The measurements of one layer."""

    strokes: Strokes
    repeats: tuple[Bands, ...]
    whole: Bands
    modes: Bands | None
    frames: int

    def table(self, family: Family) -> LayerTable:
        """Return the target levels of the noise."""
        share = _LEAST_SHARE_FREE if family.form.free_phase else _LEAST_SHARE
        return layer_table(octaves_of(self.strokes.velocity), self.whole, self.modes, len(self.repeats), share)


def fit_voice(strokes: Sequence[Strokes], family: Family, name: str) -> VoiceModel:
    """Return the voice of one articulation.

    :param strokes: the layers of the articulation; for a hi-hat, at every degree of openness.
    :param name: name of the random streams used while fitting; equal names give equal fits.
    :raises KitError: if there are no strokes.
    """
    if not strokes:
        raise KitError(f"{name}: no strokes to fit a voice to; give one recording at least")
    widest = max((layer.openness for layer in strokes if not np.isnan(layer.openness)), default=np.nan)
    main = [layer for layer in strokes if np.isnan(widest) or layer.openness == widest]
    layers = [_measured(layer) for layer in main]
    modal = _fit_modes(layers, family)
    layers = [_with_modes(layer, _modes(modal)) for layer in layers]
    tables = [layer.table(family) for layer in layers]
    noise, law = _fit_noise(layers, tables, modal, family, name)
    openness = None
    if len(main) < len(strokes):
        openness = fit_openness(noise, _narrower(strokes, widest, family), name)
    known = jitter_of([layer.repeats for layer in layers])
    voice = VoiceModel(
        layers=family.form.layers,
        duration_s=_duration_s(layers),
        noise=noise_of(law, noise, step_db=_STEP_DB),
        body=modal.body,
        glide=modal.glide,
        attack=modal.attack,
        openness=openness,
        jitter=known or TYPICAL,
    )
    return voice if known is None else voice.model_copy(update={"jitter": matched(voice, main, name)})


def _duration_s(layers: Sequence[_Layer]) -> float:
    """Return the duration of the voice: longer than the recordings, unless the longest was cut while loud."""
    longest = max(layers, key=lambda layer: layer.frames)
    total = longest.whole.power.sum(axis=0)
    end_s = longest.frames / SAMPLE_RATE
    if total[max(0, longest.whole.bins - 1)] > total.max() * 10.0 ** (_CUT_DB / 10.0):
        return round(end_s, 3)
    return round(min(_LONGEST_S, end_s * 1.3 + 0.2), 1)


def _modes(modal: ModalFit) -> list[tuple[Modes, Glide | None]]:
    pairs = [(modal.body, modal.glide), (modal.attack, None)]
    return [(modes, glide) for modes, glide in pairs if modes is not None]


def _measured(strokes: Strokes) -> _Layer:
    repeats = tuple(bands_of(repeat) for repeat in strokes.repeats)
    frames = max(len(repeat) for repeat in strokes.repeats) - ONSET_FRAMES
    return _Layer(strokes, repeats, mean_bands(list(repeats)), None, frames)


def _with_modes(layer: _Layer, modes: Sequence[tuple[Modes, Glide | None]]) -> _Layer:
    return replace(layer, modes=mode_bands(modes, layer.strokes.velocity, layer.frames))


def _fit_modes(layers: Sequence[_Layer], family: Family) -> ModalFit:
    """Return the modes of all layers; modes of drums are limited to the energy of their bands."""
    modal = fit_modes([layer.strokes for layer in layers], family)
    if modal.body is None or family.form.free_phase:
        return modal
    wanted = [Rung(layer.strokes.velocity, layer.frames, layer.whole) for layer in layers]
    body = balanced(modal.body, modal.glide, wanted, _MOST_TONAL_DB if family.form.glides else _MOST_DB)
    if not family.form.glides:
        return modal._replace(body=body)
    left = [_without(strokes, body, modal.glide) for strokes in modal.together]
    return modal._replace(body=body, attack=fit_attack(left, family.form.attack_modes, None, ()))


def _without(strokes: Strokes, body: Modes, glide: Glide | None) -> Strokes:
    """Return strokes minus the synthesised modes."""
    frames = max(len(repeat) for repeat in strokes.repeats) - ONSET_FRAMES
    sound = mode_sound([(body, glide)], strokes.velocity, frames)
    return replace(strokes, repeats=tuple(repeat - sound[: len(repeat)] for repeat in strokes.repeats))


def _fit_noise(
    layers: Sequence[_Layer], tables: Sequence[LayerTable], modal: ModalFit, family: Family, name: str
) -> tuple[Noise, Law]:
    """Return the noise and its velocity law, fitted to the tables and then corrected by synthesis."""
    form = family.form
    knots_s = chosen_knots(tables, form.knots_s)
    octaves = np.array([table.octaves for table in tables])
    weight = np.array([weights(table, knots_s) for table in tables])
    levels = np.array([at_knots(table, knots_s) for table in tables])
    stage = Stage(name, tuple(layer.strokes.velocity for layer in layers), tuple(layer.frames for layer in layers))
    law = fit_law(octaves, levels, weight, knots_s, form.bend_knots_s)
    noise = noise_of(law)
    stereo = stereo_of([layer.whole for layer in layers], [layer.modes for layer in layers])
    noise = noise.model_copy(update={"stereo": stereo})
    for turn in range(_ROUNDS):
        synthesised = noise_bands(noise, stage, f"levels {turn}")
        levels = np.array([law.at(octave) for octave in octaves]) + corrections(tables, synthesised, knots_s)
        law = fit_law(octaves, levels, weight, knots_s, form.bend_knots_s)
        noise = noise_of(law, noise)
        if turn == 0:
            noise = _coloured(noise, layers, stage, modal, form.colour_points_per_octave)
            noise = _grained(noise, layers[-_GRAIN_LAYERS:], modal, name) if form.free_phase else noise
    return noise, law


def _coloured(noise: Noise, layers: Sequence[_Layer], stage: Stage, modal: ModalFit, points_per_octave: int) -> Noise:
    """Return a noise with a fine colour fitted to the layers."""
    colour = flat_colour(points_per_octave)
    spectra = []
    for layer in layers:
        modes = _modes(modal)
        mode_spectrum = (
            fine_spectrum(mode_sound(modes, layer.strokes.velocity, layer.frames), colour) if modes else None
        )
        spectra += [remaining(fine_spectrum(repeat, colour), mode_spectrum) for repeat in layer.strokes.repeats]
    wanted = mean_spectrum(spectra, colour)
    for turn in range(_COLOUR_ROUNDS):
        noise = noise.model_copy(update={"colour": colour})
        strokes = noise_strokes(noise, stage, f"colour {turn}")
        colour = sharpened(colour, wanted, mean_spectrum([fine_spectrum(stroke, colour) for stroke in strokes], colour))
    rounded = tuple(float(round(gain_db)) for gain_db in colour.gain_db or ())
    return noise.model_copy(update={"colour": colour.model_copy(update={"gain_db": rounded})})


def _grained(noise: Noise, layers: Sequence[_Layer], modal: ModalFit, name: str) -> Noise:
    """Return a noise with a grain fitted to the layers."""
    stage = Stage(name, tuple(layer.strokes.velocity for layer in layers), tuple(layer.frames for layer in layers))
    modes = _modes(modal)
    mode_sounds = [mode_sound(modes, layer.strokes.velocity, layer.frames) if modes else None for layer in layers]
    wanted = [np.mean([flatness_of(repeat) for repeat in layer.strokes.repeats], axis=0) for layer in layers]
    for turn in range(_GRAIN_ROUNDS):
        strokes = noise_strokes(noise, stage, f"grain {turn}")
        each = len(strokes) // len(layers)
        synthesised = [
            np.mean([flatness_of(whole(stroke, sound)) for stroke in strokes[row * each : (row + 1) * each]], axis=0)
            for row, sound in enumerate(mode_sounds)
        ]
        noise = noise.model_copy(update={"grain_db": deepened(noise.grain_db, lacking(wanted, synthesised))})
    return noise


def _narrower(strokes: Sequence[Strokes], widest: float, family: Family) -> list[Degree]:
    """Return the degrees below the widest."""
    degrees = []
    for openness in sorted({stroke.openness for stroke in strokes if stroke.openness < widest}):
        layers = [_measured(stroke) for stroke in strokes if stroke.openness == openness]
        velocities = tuple(layer.strokes.velocity for layer in layers)
        stage = Stage(f"open {openness:g}", velocities, tuple(layer.frames for layer in layers))
        degrees.append(Degree(openness, stage, [layer.table(family) for layer in layers]))
    return degrees
