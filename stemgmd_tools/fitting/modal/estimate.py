"""Estimate the modes of one articulation from all its recorded velocities at once.

    fit_modes(strokes, family) -> ModalFit(body, glide, attack)

``strokes`` are the velocity layers of one articulation at one degree of openness, softest first; ``body``, ``glide``
and ``attack`` are parameters of a :class:`~stemgmd_tools.kits.synthesis.parameters.VoiceModel`. To determine the
remaining noise, use ``ModeBank.from_parameters(fit.body).energy(velocity, times_s)``, the expected power of the modes,
or ``strike``, their waveform. Phases differ slightly between recorded strokes, so compare energies in bands rather than
subtract waveforms.

For struck drums, poles are estimated by ESPRIT in sub-bands from every stroke after removing the glide. The modes that
explain most are selected, and refined together with the glide and the exponents of velocity (:mod:`.damped`,
:mod:`.shared_poles`). Then common starts, phases and stereo are determined (:mod:`.shared_phases`), and levels over
velocity (:mod:`.mode_levels`). Attack modes are fitted to the rest of the first milliseconds (:mod:`.attack`). For
cymbals, modes are peaks of the spectrum after the attack, with free phases (:mod:`.peaks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from scipy.signal import resample_poly

from stemgmd_tools.fitting.modal.attack import fit_attack
from stemgmd_tools.fitting.modal.damped import Law, Observed, Solver, observe, refine, unexplained, weighted_basis
from stemgmd_tools.fitting.modal.esprit import NO_POLES, Complex, Poles, poles_in_bands
from stemgmd_tools.fitting.modal.glide import NO_GLIDE, GlideLaw, estimate_glide
from stemgmd_tools.fitting.modal.mode_levels import Amplitudes
from stemgmd_tools.fitting.modal.mode_table import mode_table
from stemgmd_tools.fitting.modal.peaks import fit_peaks
from stemgmd_tools.fitting.modal.shared_phases import agreement_of, mean_stroke, shared_modes, starts_s
from stemgmd_tools.fitting.modal.shared_poles import refine_shared
from stemgmd_tools.fitting.recordings.families import Family, Form
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, Glide, Modes

_LONGEST_S: Final = 1.4
_SHORTEST_S: Final = 0.06
_BANDWIDTH: Final = 2.5
"""Ratio of the decimated sample rate to the highest frequency of modes."""
_DECAYS: Final = (0.7, 280.0)
"""t60 of 10 s to 25 ms."""
_ABOVE_FLOOR: Final = 2.0
_ROUNDS: Final = 10
_LAST_ROUNDS: Final = 3
_SHARED_ROUNDS: Final = 4
_TWINS: Final = 0.6
"""Poles closer than this share of the lesser decay are merged: separate, they would cancel with huge amplitudes."""
_SPARE: Final = 3
"""Number of candidates per selected mode."""
_LEAST_GLIDE: Final = 0.004


class ModalFit(NamedTuple):
    """The modes of one articulation."""

    body: Modes | None
    """Ringing modes; None if noise alone is sufficient."""
    glide: Glide | None
    attack: Modes | None
    together: tuple[Strokes, ...] = ()
    """The strokes of a drum, aligned in time."""


class _Window(NamedTuple):
    """The part of a stroke in which poles are estimated."""

    start_s: float
    length_s: float
    highest_hz: float


def fit_modes(strokes: Sequence[Strokes], family: Family) -> ModalFit:
    """Return the modes that the strokes of all velocities share.

    :param strokes: one articulation at one degree of openness, softest first.
    """
    form = family.form
    if form.body_modes == 0 or not strokes:
        return ModalFit(None, None, None)
    if form.free_phase:
        return ModalFit(fit_peaks(strokes, form), None, None)
    return _fit_struck(strokes, family)


def _fit_struck(strokes: Sequence[Strokes], family: Family) -> ModalFit:
    """Return body, glide and attack of a struck drum."""
    form = family.form
    pairs = [(observed, layer) for layer in strokes if (observed := _observed(layer, form.highest_mode_hz)) is not None]
    observations = [observed for observed, _ in pairs]
    if not observations:
        return ModalFit(None, None, fit_attack(strokes, form.attack_modes, None, ()))
    law = Law(NO_POLES, onset_s=form.mode_onset_s)
    glides = [NO_GLIDE]
    if form.glides:
        estimated = estimate_glide([(_nepers(layer), _from_attack(layer)[0].mean(axis=1)) for layer in strokes])
        glides += [estimated] if estimated != NO_GLIDE else []
    tried = [_with_poles(law, glide, strokes, observations, form.body_modes, form.highest_mode_hz) for glide in glides]
    law = min(tried, key=lambda candidate: unexplained(candidate, observations))
    if not len(law.poles.decay):
        return ModalFit(None, None, fit_attack(strokes, form.attack_modes, None, ()))
    law = refine(law, observations, _ROUNDS, glides=form.glides, decays=_DECAYS)
    merged = _strongest(law, observations, form.body_modes)
    if len(merged.poles.decay) < len(law.poles.decay):
        law = refine(merged, observations, _LAST_ROUNDS, glides=form.glides, decays=_DECAYS)
        law = _strongest(law, observations, form.body_modes)
    aligned = _together(law, pairs)
    law = _shared_law(law, aligned, form)
    observations, stroke_amplitudes, bases = _stroke_amplitudes(law, aligned, form)
    body = mode_table(
        law.poles,
        *shared_modes(law.poles.frequency_hz, bases, [observed.sounds for observed in observations], stroke_amplitudes),
        law,
    )
    return ModalFit(body, _glide(law), fit_attack(aligned, form.attack_modes, law, stroke_amplitudes), tuple(aligned))


def _stroke_amplitudes(
    law: Law, strokes: Sequence[Strokes], form: Form
) -> tuple[list[Observed], list[Amplitudes], list[Complex]]:
    """Return the strokes prepared for the fit, the amplitudes of their modes, and the weighted modes."""
    pairs = [(observed, layer) for layer in strokes if (observed := _observed(layer, form.highest_mode_hz)) is not None]
    observations = [observed for observed, _ in pairs]
    return (
        observations,
        [_amplitudes(law, observed, layer) for observed, layer in pairs],
        [weighted_basis(law, observed) for observed in observations],
    )


def _shared_law(law: Law, aligned: Sequence[Strokes], form: Form) -> Law:
    """Return a law refined for the common part of aligned strokes."""
    observations, stroke_amplitudes, bases = _stroke_amplitudes(law, aligned, form)
    sounds = [observed.sounds for observed in observations]
    agreement = agreement_of(law.poles.frequency_hz, bases, sounds, stroke_amplitudes)
    gain = agreement.gain * agreement.turn
    means = [mean_stroke(sound) for sound in sounds]
    return refine_shared(law, observations, means, gain, _SHARED_ROUNDS, glides=form.glides, decays=_DECAYS)


def _nepers(strokes: Strokes) -> float:
    return float(np.log(strokes.velocity / REFERENCE_VELOCITY))


def _from_attack(strokes: Strokes) -> list[Float]:
    """Return the repeats from the attack on."""
    return [repeat[ONSET_FRAMES:] for repeat in strokes.repeats]


def _observed(strokes: Strokes, highest_hz: float) -> Observed | None:
    """Return the strokes of one velocity, decimated, up to the recordings' noise floor."""
    step = max(1, int(SAMPLE_RATE / (_BANDWIDTH * highest_hz)))
    frames = min(*(len(repeat) for repeat in strokes.repeats), ONSET_FRAMES + round(_LONGEST_S * SAMPLE_RATE))
    sounds = np.concatenate([repeat[:frames] for repeat in strokes.repeats], axis=1)
    slow = resample_poly(sounds, 1, step, axis=0)
    times_s = (np.arange(len(slow)) * step - ONSET_FRAMES) / SAMPLE_RATE
    floor = 10.0 ** (strokes.noise_floor_db / 20.0) * _ABOVE_FLOOR
    loud = np.sqrt((slow**2).mean(axis=1)) > floor
    last = int(np.flatnonzero(loud)[-1]) + 1 if loud.any() else 0
    used = slice(int(np.searchsorted(times_s, 0.0)), last)
    if last <= used.start or times_s[used][-1] < _SHORTEST_S:
        return None
    importance = (strokes.velocity / REFERENCE_VELOCITY) ** 0.25
    return observe(_nepers(strokes), times_s[used], slow[used], floor / np.sqrt(step), importance)


def _with_poles(
    law: Law,
    glide: GlideLaw,
    strokes: Sequence[Strokes],
    observations: Sequence[Observed],
    count: int,
    highest_hz: float,
) -> Law:
    """Return a law with a glide, and the poles that explain most of the sounds without it."""
    law = replace(law, depth=glide.depth, time_s=glide.time_s, glide_exponent=glide.exponent)
    order = max(8, min(30, int(count * 1.6 / np.ceil(highest_hz / 500.0)) + 8))
    candidates = NO_POLES
    for window in (_Window(0.2, 1.0, min(1000.0, highest_hz)), _Window(0.008, 0.4, highest_hz)):
        sounds, rate_hz = _straightened(law, strokes, window)
        if sounds:
            poles = poles_in_bands(sounds, rate_hz, window.highest_hz, order, _DECAYS)
            candidates = candidates.joined(poles.where(_apart(poles, candidates)))
    return _strongest(_strongest(replace(law, poles=candidates), observations, count * _SPARE), observations, count)


def _apart(poles: Poles, known: Poles) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of ``poles`` are distinct from the known ones."""
    if not len(known.decay):
        return np.ones(len(poles.decay), bool)
    distance = np.abs(poles.frequency_hz[:, None] - known.frequency_hz)
    distance = distance + np.abs(poles.decay[:, None] - known.decay) / 4.0
    return np.asarray(distance.min(axis=1) > 1.5)


def _straightened(law: Law, strokes: Sequence[Strokes], window: _Window) -> tuple[list[Float], float]:
    """Return the channels of all strokes within a window, on a time axis on which their pitch is constant."""
    step = max(1, int(SAMPLE_RATE / (_BANDWIDTH * window.highest_hz)))
    sounds: list[Float] = []
    for layer in strokes:
        for repeat in _from_attack(layer):
            length = min(len(repeat) / SAMPLE_RATE - window.start_s, window.length_s)
            if length < _SHORTEST_S:
                continue
            times_s = np.arange(round((window.start_s + length) * SAMPLE_RATE)) / SAMPLE_RATE
            warped = law.warped(_nepers(layer), times_s)
            for channel in repeat[: len(times_s)].T:
                even = np.interp(times_s, warped, channel)
                sounds.append(resample_poly(even, 1, step)[round(window.start_s * SAMPLE_RATE / step) :])
    return sounds, SAMPLE_RATE / step


def _strongest(law: Law, observations: Sequence[Observed], count: int) -> Law:
    """Return a law with the ``count`` poles whose modes have the most weighted energy, close ones merged."""
    energy = np.zeros(len(law.poles.decay))
    for observed in observations:
        basis = weighted_basis(law, observed)
        amplitudes = Solver(basis).amplitudes(observed.targets)
        energy += (np.abs(amplitudes) ** 2).sum(axis=1) * (np.abs(basis) ** 2).sum(axis=0)
    picked: list[int] = []
    rate = law.rates(0.0)
    for index in np.argsort(-energy, kind="stable"):
        near = _TWINS * np.minimum(law.poles.decay[picked], law.poles.decay[index])
        if (np.abs(rate[picked] - rate[index]) > near).all():
            picked.append(int(index))
        if len(picked) == count:
            break
    return replace(law, poles=law.poles.where(np.sort(np.array(picked, np.intp))))


def _amplitudes(law: Law, observations: Observed, strokes: Strokes) -> Amplitudes:
    """Return the amplitudes of the modes in each stroke of one velocity, and their standard deviations."""
    basis = weighted_basis(law, observations)
    solver = Solver(basis)
    values: Complex = solver.amplitudes(observations.sounds).T.reshape(len(strokes.repeats), 2, -1)
    left = (solver.remainder(observations.sounds) ** 2).mean()
    error = np.sqrt(2.0 * left / (np.abs(basis) ** 2).sum(axis=0))
    return Amplitudes(strokes.velocity, values, error)


def _together(law: Law, pairs: Sequence[tuple[Observed, Strokes]]) -> list[Strokes]:
    """Return the strokes aligned in time so that their modes agree."""
    stroke_amplitudes = [_amplitudes(law, observed, layer) for observed, layer in pairs]
    # A shift in time turns phases at the pitch of the attack, before the glide.
    turning = law.poles.frequency_hz * (1.0 + sum(law.depth))
    early_s = starts_s(
        [weighted_basis(law, observed) for observed, _ in pairs],
        [observed.sounds for observed, _ in pairs],
        stroke_amplitudes,
        turning,
    )
    return [
        replace(layer, repeats=tuple(_late(sound, late) for sound, late in zip(layer.repeats, late_s, strict=True)))
        for (_, layer), late_s in zip(pairs, early_s, strict=True)
    ]


def _late(sound: Float, late_s: float) -> Float:
    """Return a sound shifted by ``late_s``, which may be negative."""
    frames = round(late_s * SAMPLE_RATE)
    return np.concatenate([np.zeros((max(0, frames), 2)), sound[max(0, -frames) :]])


def _glide(law: Law) -> Glide | None:
    """Return the glide in the form of a sample map; None if it is negligible."""
    if max(abs(depth) for depth in law.depth) < _LEAST_GLIDE:
        return None
    return Glide(
        depth=tuple(round(depth, 4) for depth in law.depth),
        time_s=tuple(round(time_s, 4) for time_s in law.time_s),
        velocity_exponent=round(law.glide_exponent, 3),
    )
