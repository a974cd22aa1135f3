"""Measure every take of a kit once, as recorded, for the rules."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.dc_offset import centred
from stemgmd_tools.kits.bank.one_shots import Stereo
from stemgmd_tools.kits.bank.pcm import quantise
from stemgmd_tools.kits.bank.sound_sources import ArticulationSource, Recipes, take_label
from stemgmd_tools.kits.bank.velocity_curve import energy
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.numerics.elementary import log10
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.runtime.workers import delayed, results_of, workers

_RUN_FRAMES: Final = 3
"""Successive frames that count as staying at the peak."""
_FLAT_RUNS: Final = 2
"""A sound is clipped if it stays at its very peak this often,"""
_NEAR: Final = 0.98
_NEAR_RUNS: Final = 4
"""or this often above this share of it. Of 684 takes of ten recorded kits, those of two kits that are known to be
clipped and 2 others do."""
_PEAK_TOLERANCE: Final = 1.5 * 2.0**-15
_LEAST_PEAK: Final = 64 * 2.0**-15
"""Below this, neighbouring frames of a 16-bit file are often equal."""
SILENT_DB: Final = -200.0
"""Level of digital silence."""
_WINDOW_S: Final = 0.01
"""Length of the windows of the noise floor."""
_BODY_SHARE: Final = 0.9
"""The last tenth of a file is often a fade and says nothing about noise."""
_RING_DB: Final = -30.0
"""A sound rings until its level is this far below its start."""
BODY_S: Final = 0.1
"""Part after the attack whose spectrum is measured and whose channels are compared."""


@dataclass(frozen=True, slots=True)
class TakeMeasures:
    """Measures of one take."""

    articulation: str
    openness: float
    """NaN for an articulation without openness."""
    layer: int
    """0 = softest."""
    velocity: int
    """Reference of the layer."""
    take: int
    name: str
    """File, or the files and settings of a take."""
    digest: str
    """Of the samples; equal for equal sounds."""
    seconds: float
    peak: float
    """Full scale 1."""
    clipped: bool
    offset_share: float
    """Constant offset, as a share of the peak."""
    onset_s: float
    """Attack, from the start of the sound."""
    level_db: float
    """Mean power after the attack at the kit's gains, dB re full scale."""
    floor_db: float
    """RMS of the quietest 10 ms after the attack, dB re the peak."""
    fall_db: float
    """Fall of the level from the third quarter after the attack to the fourth; about 0 for steady noise."""
    ring_s: float
    """Time until the sound stays 30 dB below its start."""
    centroid_hz: float
    correlation: float
    """Of left and right after the attack; 1 for mono, below 0 for channels in opposite phase."""

    @property
    def label(self) -> str:
        """The files of the take, for messages."""
        return take_label(self.name)

    @property
    def place(self) -> str:
        """Where the take is, for messages."""
        openness = "" if math.isnan(self.openness) else f" at openness {self.openness:g}"
        return f"{self.articulation}{openness}, layer {self.layer + 1}, take {self.take + 1} ({self.label})"


@dataclass(frozen=True, slots=True)
class MeasuredKit:
    """A kit and the measures of all its takes that can be read."""

    kit: Kit
    takes: tuple[TakeMeasures, ...]
    """In the order of articulations, degrees of openness, layers and takes; borrowed articulations are left out."""
    unreadable: tuple[str, ...]
    """One line for each sound that cannot be used."""

    def layers(self) -> Iterator[tuple[str, float, list[list[TakeMeasures]]]]:
        """Yield articulation, openness and the takes of every layer that sound, softest first."""
        rows: dict[tuple[str, float], dict[int, list[TakeMeasures]]] = {}
        for take in (take for take in self.takes if take.peak > 0):
            key = (take.articulation, -1.0 if math.isnan(take.openness) else take.openness)
            rows.setdefault(key, {}).setdefault(take.layer, []).append(take)
        for (name, openness), layers in rows.items():
            yield name, math.nan if openness < 0 else openness, [layers[index] for index in sorted(layers)]


def measured_names(kit: Kit) -> tuple[str, ...]:
    """Return the articulations of a kit that are measured: those that borrow no sound."""
    return tuple(name for name in ARTICULATIONS if kit.map.articulations[name].fallback is None)


def measure_kit(kit: Kit, progress: Callable[[str], None] = lambda _: None, *, jobs: int = 1) -> MeasuredKit:
    """Measure every take of a kit; a sound that cannot be read is noted.

    :param progress: called with the name of each articulation when it is measured.
    :param jobs: worker processes; the sounds of a modelled kit are computed first, which takes a minute of one core.
    """
    takes: list[TakeMeasures] = []
    unreadable: dict[str, None] = {}
    names = measured_names(kit)
    if jobs == 1:
        recipes = Recipes(kit)
        results = (_articulation(name, recipes[name]) for name in names)
    else:
        tasks = (delayed(_articulation_of)(kit, name) for name in names)
        results = results_of(workers(jobs, ordered=True), tasks)  # type: ignore[assignment]
    for name, (own_takes, own_faults) in zip(names, results, strict=True):
        takes += own_takes
        unreadable.update(dict.fromkeys(own_faults))
        progress(name)
    return MeasuredKit(kit, tuple(takes), tuple(unreadable))


def _articulation_of(kit: Kit, name: str) -> tuple[list[TakeMeasures], list[str]]:
    return _articulation(name, Recipes(kit)[name])


def _articulation(name: str, recipe: ArticulationSource) -> tuple[list[TakeMeasures], list[str]]:
    """Return the measures of an articulation, and one line for each sound that cannot be used."""
    takes: list[TakeMeasures] = []
    faults: list[str] = []
    for degree in recipe.degrees:
        openness = recipe.source.degrees[degree] if recipe.source.degrees else math.nan
        for row, layer in enumerate(recipe.source.layers(degree)):
            for take, file in enumerate(layer.takes):
                try:
                    sound, rate = recipe.source.one_shot(degree, row, take)
                except KitError as error:
                    faults.append(str(error))
                    continue
                at = (name, openness, row, layer.reference, take, file)
                takes.append(_measured(at, np.array(sound, np.float64), round(rate), layer.gain_db + recipe.gain_db))
    return takes, faults


def _measured(
    at: tuple[str, float, int, int, int, str], sound: NDArray[np.float64], sample_rate: int, gain_db: float
) -> TakeMeasures:
    peak = float(np.abs(sound).max(initial=0.0))
    centred_sound, offset_share = centred(sound)
    onset = onset_frame(centred_sound, sample_rate) or 0
    if peak > 0:
        pcm, scale = quantise(centred_sound)
        power = energy(pcm, min(onset, len(pcm) - 1), scale, sample_rate)
    else:
        power = 0.0
    body = centred_sound[onset : onset + round(BODY_S * sample_rate)]
    return TakeMeasures(
        *at[:3],
        velocity=at[3],
        take=at[4],
        name=at[5],
        digest=hashlib.sha256(np.ascontiguousarray(sound).tobytes()).hexdigest(),
        seconds=len(sound) / sample_rate,
        peak=peak,
        clipped=is_clipped(sound),
        offset_share=offset_share,
        onset_s=onset / sample_rate,
        level_db=_db(power) + gain_db,
        floor_db=_floor_db(centred_sound[onset:], sample_rate) - _db(peak * peak),
        fall_db=_fall_db(centred_sound[onset:]),
        ring_s=_ring_s(centred_sound[onset:], sample_rate),
        centroid_hz=centroid_hz(body, sample_rate),
        correlation=_correlation(body),
    )


def is_clipped(sound: NDArray[np.float64]) -> bool:
    """Return whether a channel returns to its peak and stays there, which a decaying drum does not.

    Clipping that was followed by a gain, a conversion of the rate or a limiter is recognised, too.

    :param sound: shape (frames, channels), full scale 1.0.
    """
    for channel in np.abs(sound).T:
        peak = float(channel.max(initial=0.0))
        if peak <= _LEAST_PEAK:
            continue
        if _runs(channel >= peak - _PEAK_TOLERANCE) >= _FLAT_RUNS or _runs(channel >= peak * _NEAR) >= _NEAR_RUNS:
            return True
    return False


def _runs(high: NDArray[np.bool_]) -> int:
    """Return the number of runs of at least :data:`_RUN_FRAMES` true values."""
    edges = np.flatnonzero(np.diff(high, prepend=False, append=False))
    return int((edges[1::2] - edges[::2] >= _RUN_FRAMES).sum())


def _db(power: float) -> float:
    return 10.0 * log10(power) if power > 0 else SILENT_DB


def _windows(sound: Stereo, sample_rate: int) -> NDArray[np.float64]:
    """Return the mean power of successive windows, shape (windows,)."""
    width = max(1, round(_WINDOW_S * sample_rate))
    count = max(1, len(sound) // width)
    return np.asarray((sound[: count * width] ** 2).mean(axis=1)[: count * width].reshape(count, -1).mean(axis=1))


def _floor_db(sound: Stereo, sample_rate: int) -> float:
    body = sound[: max(round(_WINDOW_S * sample_rate), int(len(sound) * _BODY_SHARE))]
    return _db(float(_windows(body, sample_rate).min(initial=1.0))) if len(body) else SILENT_DB


def _fall_db(sound: Stereo) -> float:
    third, fourth = np.array_split(sound[: int(len(sound) * _BODY_SHARE)], 4)[2:]
    return _db(float((third**2).mean())) - _db(float((fourth**2).mean())) if len(fourth) else 0.0


def _ring_s(sound: Stereo, sample_rate: int) -> float:
    powers = _windows(sound, sample_rate)
    loud = np.flatnonzero(powers > powers.max(initial=0.0) * 10.0 ** (_RING_DB / 10.0))
    return (int(loud[-1]) + 1) * _WINDOW_S if len(loud) else 0.0


def centroid_hz(sound: Stereo, sample_rate: int) -> float:
    """Return the centroid of the power spectrum of both channels' mean, in Hz; 0 for silence.

    :param sound: shape (frames, 2).
    """
    power = np.abs(np.fft.rfft(sound.mean(axis=1) * np.hanning(len(sound)))) ** 2 if len(sound) > 1 else np.zeros(1)
    total = float(power.sum())
    frequencies = np.arange(len(power)) * sample_rate / max(1, len(sound))
    return float((power * frequencies).sum()) / total if total > 0 else 0.0


def _correlation(sound: Stereo) -> float:
    left, right = sound.T
    scale = math.sqrt(float((left * left).sum()) * float((right * right).sum()))
    return float((left * right).sum()) / scale if scale > 0 else 1.0
