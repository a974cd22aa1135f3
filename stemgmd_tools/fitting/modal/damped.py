"""Fit damped modes shared by the strokes of all velocities: least squares for amplitudes, Gauss-Newton for the rest.

Each stroke is modelled as ``Re sum_k c_k exp(s_k(v) w(t, v))`` with its own amplitudes ``c_k``; the poles ``s_k``, the
glide that warps time to ``w`` and the exponents of velocity are shared. Amplitudes are linear and are eliminated
(variable projection, Golub and Pereyra 1973; Jacobian after Kaufman 1975), the other parameters are found by damped
Gauss-Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.fitting.modal.esprit import Complex, Poles
from stemgmd_tools.kits.synthesis.bands import Float

PRE_EMPHASIS: Final = 0.5
"""Sounds are filtered by ``y[n] - 0.5 y[n - 1]``: a weak high mode is as audible as a strong low one."""
_ENVELOPE_S: Final = 0.02
_LEVELLING: Final = 0.6
"""Samples are weighted by the inverse of the envelope to this power: errors in amplitude for 0, in decibels for 1."""
_RANGE: Final = 2e-3
_RIDGE: Final = 1e-3
_MOST_TARGETS: Final = 3
_DENSE_S: Final = 0.3
_THINNING: Final = 3
"""After :data:`_DENSE_S` every third sample is used, with three times the weight, since late sound is slow."""
_LONGEST_STEP: Final = 0.5
_DAMPING: Final = 1e-2
_LEAST_SPREAD: Final = 0.3
"""Least distance in nepers between the softest and the hardest velocity for fitting exponents of velocity."""


@dataclass(frozen=True, slots=True)
class Law:
    """The parameters that the modes of all velocities share, besides amplitudes."""

    poles: Poles
    depth: tuple[float, float] = (0.0, 0.0)
    time_s: tuple[float, float] = (0.05, 0.2)
    glide_exponent: float = 1.0
    t60_exponent: float = 0.0
    frequency_exponent: float = 0.0
    onset_s: float = 0.0008

    def warped(self, nepers: float, times_s: Float) -> Float:
        """Return the warped times of a gliding mode at ``times_s``.

        :param nepers: natural logarithm of velocity over the reference.
        """
        strength = float(np.exp(self.glide_exponent * nepers))
        return times_s + strength * sum(
            depth * time_s * -np.expm1(-times_s / time_s) for depth, time_s in zip(self.depth, self.time_s, strict=True)
        )

    def rates(self, nepers: float) -> Complex:
        """Return the (K,) complex rates per second of a stroke."""
        decay = self.poles.decay * np.exp(-self.t60_exponent * nepers)
        pulsation = 2.0 * np.pi * self.poles.frequency_hz * np.exp(self.frequency_exponent * nepers)
        return np.asarray(-decay + 1j * pulsation)

    def basis(self, nepers: float, times_s: Float) -> Complex:
        """Return every mode with amplitude 1 and phase 0, shape (times, K)."""
        ring = np.exp(self.warped(nepers, times_s)[:, None] * self.rates(nepers))
        if self.onset_s > 0.0:
            ring *= np.clip(times_s / self.onset_s, 0.0, 1.0)[:, None]
        return np.asarray(ring)


class Observed(NamedTuple):
    """The strokes of one velocity, prepared for the fit of the modes."""

    nepers: float
    """Natural logarithm of velocity over the reference."""
    times_s: Float
    """(N,) times: all of the decimated samples at first, later every third."""
    step_s: float
    """Sampling interval of the decimated sounds."""
    weight: Float
    """(N,)"""
    sounds: Float
    """(N, channels x repeats), pre-emphasised and weighted."""
    targets: Float
    """(N, few) leading singular vectors of the sounds, scaled: their common part."""


class Step(NamedTuple):
    """The cost of a law and its derivatives."""

    cost: float
    """Energy that the modes do not explain."""
    slope: Float
    """(parameters,) half of the negative gradient of the cost."""
    curvature: Float
    """(parameters, parameters)"""


def observe(nepers: float, times_s: Float, sounds: Float, floor: float, importance: float) -> Observed:
    """Return one velocity's strokes, pre-emphasised and weighted.

    :param sounds: (times, channels x repeats).
    :param floor: RMS amplitude of the recordings' noise.
    :param importance: square root of the total weight of this velocity.
    """
    step_s = float(times_s[1] - times_s[0])
    white = sounds[1:] - PRE_EMPHASIS * sounds[:-1]
    envelope = np.sqrt(uniform_filter1d((white**2).mean(axis=1), 1 + round(_ENVELOPE_S / step_s)))
    weight = 1.0 / np.maximum(envelope, max(_RANGE * envelope.max(), floor, 1e-12)) ** _LEVELLING
    late = np.arange(len(white)) - round(_DENSE_S / step_s)
    selected = (late < 0) | (late % _THINNING == 0)
    weight = (weight * np.where(late < 0, 1.0, np.sqrt(_THINNING)))[selected]
    weight *= importance / np.sqrt(((white[selected] * weight[:, None]) ** 2).sum())
    weighted = white[selected] * weight[:, None]
    left, size, _ = np.linalg.svd(weighted, full_matrices=False)
    return Observed(nepers, times_s[1:][selected], step_s, weight, weighted, (left * size)[:, :_MOST_TARGETS])


def weighted_basis(law: Law, observations: Observed) -> Complex:
    """Return the modes, pre-emphasised and weighted like the sounds of ``observations``, shape (N, K)."""
    now, before = (
        law.basis(observations.nepers, observations.times_s),
        law.basis(observations.nepers, observations.times_s - observations.step_s),
    )
    return (now - PRE_EMPHASIS * before) * observations.weight[:, None]


class Solver:
    """Least squares for the amplitudes of modes, slightly regularised."""

    def __init__(self, basis: Complex, ridge: float = _RIDGE) -> None:
        """Factor the normal equations of a (N, K) basis, columns of norm 1 plus a ridge."""
        real = np.concatenate([basis.real, -basis.imag], axis=1)
        size = np.sqrt((real**2).sum(axis=0)) + 1e-30
        self._real = real / size
        self._size = size
        gram = self._real.T @ self._real
        self._factor = scipy.linalg.cho_factor(gram + ridge * np.eye(len(gram)))

    def amplitudes(self, sounds: Float) -> Complex:
        """Return the (K, columns) complex amplitudes of ``sounds`` (N, columns)."""
        both = scipy.linalg.cho_solve(self._factor, self._real.T @ sounds) / self._size[:, None]
        half = len(both) // 2
        return np.asarray(both[:half] + 1j * both[half:])

    def explained(self, sounds: Float) -> Float:
        """Return the products of the explained parts of ``sounds`` (N, columns), shape (columns, columns)."""
        projected = self._real.T @ sounds
        return np.asarray(projected.T @ scipy.linalg.cho_solve(self._factor, projected))

    def remainder(self, sounds: Float) -> Float:
        """Return the part of ``sounds`` (N, columns) that the modes do not explain."""
        return np.asarray(sounds - self._real @ scipy.linalg.cho_solve(self._factor, self._real.T @ sounds))


def unexplained(law: Law, observations: Sequence[Observed]) -> float:
    """Return the weighted energy that the modes do not explain, summed over velocities."""
    return sum(
        float((Solver(weighted_basis(law, observed)).remainder(observed.targets) ** 2).sum())
        for observed in observations
    )


def refine(
    law: Law, observations: Sequence[Observed], rounds: int, *, glides: bool, decays: tuple[float, float]
) -> Law:
    """Return a law refined for the sounds, with free amplitudes for every stroke.

    :param rounds: number of damped Gauss-Newton steps.
    :param glides: whether depth, times and exponent of the glide may change.
    :param decays: least and greatest decay, nepers per second.
    """
    return descend(
        law, lambda tried: _normal(tried, observations), freedoms(law, observations, glides=glides), rounds, decays
    )


def freedoms(law: Law, observations: Sequence[Observed], *, glides: bool) -> NDArray[np.bool_]:
    """Return which parameters of a Jacobian are free; exponents of velocity need sufficiently different velocities."""
    spread = (
        max(observed.nepers for observed in observations) - min(observed.nepers for observed in observations)
        > _LEAST_SPREAD
    )
    own = [True] * (2 * len(law.poles.decay))
    return np.array(own + [glides] * 4 + [glides and spread, spread, spread])


def descend(
    law: Law, normal: Callable[[Law], Step], free: NDArray[np.bool_], rounds: int, decays: tuple[float, float]
) -> Law:
    """Return the law after ``rounds`` Gauss-Newton steps with Levenberg-Marquardt damping."""
    damping = _DAMPING
    now = normal(law)
    for _ in range(rounds):
        system = now.curvature[np.ix_(free, free)]
        diagonal = np.diag(system)
        damped = system + np.diag(damping * diagonal + 1e-9 * diagonal.max() + 1e-30)
        step = np.zeros(len(free))
        step[free] = np.linalg.solve(damped, now.slope[free])
        tried = _moved(law, step, decays)
        then = normal(tried)
        if then.cost < now.cost:
            law, now, damping = tried, then, max(damping / 5.0, 1e-5)
        else:
            damping *= 8.0
    return law


def _moved(law: Law, step: Float, decays: tuple[float, float]) -> Law:
    """Return ``law`` after a step, limited to its bounds."""
    count = len(law.poles.decay)
    least, greatest = decays
    shift = np.clip(step[:count], -20.0, 20.0)
    stretch = np.exp(np.clip(step[count : 2 * count], -_LONGEST_STEP, _LONGEST_STEP))
    depth_1, depth_2, time_1, time_2, glide, t60, frequency = step[2 * count :]
    depth = (law.depth[0] + depth_1, law.depth[1] + depth_2)
    time_s = tuple(
        float(np.clip(time * np.exp(np.clip(change, -_LONGEST_STEP, _LONGEST_STEP)), 0.006, 0.8))
        for time, change in zip(law.time_s, (time_1, time_2), strict=True)
    )
    return replace(
        law,
        poles=Poles(
            np.maximum(law.poles.frequency_hz + shift, 15.0), np.clip(law.poles.decay * stretch, least, greatest)
        ),
        depth=(float(np.clip(depth[0], -0.15, 1.0)), float(np.clip(depth[1], -0.15, 1.0))),
        time_s=(time_s[0], time_s[1]),
        glide_exponent=float(np.clip(law.glide_exponent + np.clip(glide, -0.4, 0.4), 0.0, 2.5)),
        t60_exponent=float(np.clip(law.t60_exponent + t60, -0.5, 0.5)),
        frequency_exponent=float(np.clip(law.frequency_exponent + frequency, -0.06, 0.06)),
    )


def _normal(law: Law, observations: Sequence[Observed]) -> Step:
    """Return the Gauss-Newton step over all velocities, amplitudes projected out."""
    size = 2 * len(law.poles.decay) + 7
    cost, slope, curvature = 0.0, np.zeros(size), np.zeros((size, size))
    for observed in observations:
        basis = weighted_basis(law, observed)
        solver = Solver(basis)
        amplitudes = solver.amplitudes(observed.targets)
        left = solver.remainder(observed.targets)
        cost += float((left**2).sum())
        for column in range(observed.targets.shape[1]):
            moves = jacobian(law, observed, basis * amplitudes[:, column])
            slope += moves.T @ left[:, column]
            curvature += moves.T @ moves - solver.explained(moves)
    return Step(cost, slope, curvature)


def jacobian(law: Law, observed: Observed, modes: Complex) -> Float:
    """Return the Jacobian of the sum of ``modes`` (N, K), which include amplitudes, shape (N, parameters).

    Parameters: each frequency in Hz, the logarithm of each decay, two depths, the logarithms of their times, exponents
    of the glide, of t60 and of frequency.
    """
    times_s = observed.times_s
    warped = law.warped(observed.nepers, times_s)
    rates = law.rates(observed.nepers)
    strength = float(np.exp(law.glide_exponent * observed.nepers))
    turning = modes * (1j * rates.imag)
    fading = modes * -rates.real
    per_second = (turning - fading).sum(axis=1).real
    moves = [turning.real * (warped[:, None] / law.poles.frequency_hz), -fading.real * warped[:, None]]
    past = [-np.expm1(-times_s / time_s) for time_s in law.time_s]
    for time_s, gone in zip(law.time_s, past, strict=True):
        moves.append((per_second * strength * time_s * gone)[:, None])
    for depth, time_s, gone in zip(law.depth, law.time_s, past, strict=True):
        late = gone - times_s / time_s * (1.0 - gone)
        moves.append((per_second * strength * depth * time_s * late)[:, None])
    moves.append((per_second * (warped - times_s) * observed.nepers)[:, None])
    moves.append((fading.sum(axis=1).real * warped * observed.nepers)[:, None])
    moves.append((turning.sum(axis=1).real * warped * observed.nepers)[:, None])
    return np.concatenate(moves, axis=1)
