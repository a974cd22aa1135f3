"""Change a kit by named physical figures, see :data:`stemgmd_tools.kits.generate.figures.FIGURES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.generate.figures import FIGURES
from stemgmd_tools.kits.generate.instruments import DRUMS, GROUP_OF, INSTRUMENT_OF, INSTRUMENTS, MAIN, TOMS
from stemgmd_tools.kits.generate.parents import parent, voice_of
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.synthesis.parameters import Openness, OpennessChange, RoomModel, VoiceModel
from stemgmd_tools.kits.voices.edits import (
    HEAD_HZ,
    SIZE_DECAY,
    TENSION_DECAY,
    TENSION_GLIDE,
    Region,
    buzzing,
    damped,
    lifted,
    retuned,
    tilted,
    widened,
    with_tables,
)
from stemgmd_tools.kits.voices.individuality import Grain, regrained, scattered
from stemgmd_tools.kits.voices.loudness import level_db, peak_db, pitch_hz
from stemgmd_tools.kits.voices.tables import Shift, row, stretched
from stemgmd_tools.numerics.elementary import exp2, log2, power
from stemgmd_tools.seeds import stream
from stemgmd_tools.strict_yaml.problem import nearest

LEAST_STEP_SEMITONES: Final = 3.5
"""Least interval between neighbouring toms."""
BEATER: Final = Region(1500.0, 9000.0, 0.0, 0.02)
WIRES: Final = Region(1200.0, 16000.0, 0.004)
STICK: Final = Region(2000.0, 14000.0, 0.0, 0.008)
SHARP: Final = Region(1500.0, 22000.0, 0.0, 0.003)
_HEAD_HOLD_S: Final = 0.008
_CYMBAL_HOLD_S: Final = 0.015
_HAT_HOLD_S: Final = 0.006
_STRETCHES: Final = (0.01, 20.0)
_SHARPNESS_DB: Final = -1.0
_AIR_DB_PER_OCTAVE: Final = -1.0
_AIR_HZ: Final = 6000.0
_EARLY_DB: Final = 3.0
_LATE_DB: Final = 5.0
"""Changes of attack, air, early reflections and decay per doubling of the microphones' distance."""


def transformed(kit_map: KitMap, figures: Mapping[str, float], seed: int = 0) -> KitMap:
    """Return a kit changed by figures; without figures, the kit as a parent.

    Changes of a sound's colour or length do not change its level; only the level figures do.

    :param figures: name -> amount, in the unit given in :data:`FIGURES`; missing figures are 0.
    :param seed: seed of scatter and grain.
    :raises UsageError: for an unknown figure, an amount outside its limits, or a kit that plays sample files.
    """
    _check(figures)
    kit_map = parent(kit_map)
    amounts = {name: float(figures.get(name, 0.0)) for name in FIGURES}
    if not any(amounts.values()):
        return kit_map
    steps = _steps(kit_map, amounts)
    evened = _evened_db(kit_map, amounts["balance.evenness"])
    articulations = {}
    for instrument in INSTRUMENTS:
        change = _Change(
            instrument,
            amounts,
            steps.get(instrument, 0.0),
            evened[instrument],
            Grain.drawn(stream(seed, "grain", instrument)),
        )
        for name in (name for name, owner in INSTRUMENT_OF.items() if owner == instrument):
            articulations[name] = _changed(kit_map.articulations[name], name, change)
    ordered = {name: articulations[name] for name in kit_map.articulations}
    room = _changed_room(kit_map.room, amounts) if kit_map.room else None
    return kit_map.model_copy(update={"articulations": ordered, "room": room})


def _evened_db(kit_map: KitMap, share: float) -> dict[str, float]:
    """Return the gain of each instrument that brings it a share of the way to the mean peak of all."""
    main = {instrument: kit_map.articulations[MAIN[instrument]] for instrument in INSTRUMENTS}
    peaks = {name: peak_db(voice_of(articulation)) + articulation.gain_db for name, articulation in main.items()}
    mean = float(np.mean(list(peaks.values())))
    return {name: share * (mean - peak) for name, peak in peaks.items()}


def _check(figures: Mapping[str, float]) -> None:
    for name, amount in figures.items():
        if name not in FIGURES:
            raise UsageError(f'no figure "{name}"{nearest(name, FIGURES)}; known: {", ".join(FIGURES)}')
        if not abs(amount) <= FIGURES[name].limit:
            raise UsageError(f"{name} is {amount:g}; allowed: -{FIGURES[name].limit:g}..{FIGURES[name].limit:g}")


def _steps(kit_map: KitMap, amounts: Mapping[str, float]) -> dict[str, float]:
    """Return the shift of each tom in semitones that scales the intervals between them; the mid tom is not moved.

    The resulting intervals are at least :data:`LEAST_STEP_SEMITONES`, in the usual order of toms.
    """
    pitches = {tom: pitch_hz(voice_of(kit_map.articulations[MAIN[tom]])) for tom in TOMS}
    mid = pitches["mid_tom"]
    if amounts["toms.interval_octaves"] == 0.0 or mid is None:
        return {}
    factor = exp2(amounts["toms.interval_octaves"])
    steps = {}
    for tom, upwards in (("hi_tom", 1.0), ("low_tom", -1.0)):
        pitch = pitches[tom]
        if pitch is not None:
            apart = upwards * 12.0 * float(log2(pitch / mid))
            steps[tom] = upwards * (max(LEAST_STEP_SEMITONES, apart * factor) - apart)
    return steps


@dataclass(frozen=True, slots=True)
class _Change:
    """The changes of one instrument."""

    instrument: str
    amounts: Mapping[str, float]
    step_semitones: float
    evened_db: float
    grain: Grain

    def __call__(self, figure: str) -> float:
        """Return a figure of the instrument or of its group; 0 if it has none."""
        for owner in (self.instrument, GROUP_OF[self.instrument]):
            name = f"{owner}.{figure}"
            if name in self.amounts:
                return self.amounts[name]
        return 0.0


def _changed(articulation: Articulation, name: str, change: _Change) -> Articulation:
    """Return an articulation with a changed voice at its old level plus the level figures."""
    voice = before = voice_of(articulation)
    family = _drum if change.instrument in DRUMS else _hat if change.instrument == "hihat" else _cymbal
    for step in (family, _recorded):
        voice = step(voice, name, change)
    added = change("level_db") + change.evened_db
    if change.instrument in TOMS:
        added += change.amounts["toms.level_db"]
    gain_db = articulation.gain_db + added + level_db(before) - level_db(voice)
    width = exp2(change.amounts["stereo.width_octaves"])
    return articulation.model_copy(
        update={
            "model": voice,
            "gain_db": float(np.clip(gain_db, -60.0, 60.0)),
            "pan": float(np.clip(articulation.pan * width, -1.0, 1.0)),
        }
    )


def _drum(voice: VoiceModel, name: str, change: _Change) -> VoiceModel:
    amounts = change.amounts
    tuned_hz = pitch_hz(voice)
    voice = scattered(voice, change.grain, amounts["drums.scatter"], tuned_hz)
    voice = regrained(voice, change.grain, amounts["drums.grain"])
    voice = retuned(voice, Shift(amounts["drums.size_semitones"], *HEAD_HZ), decay_exponent=SIZE_DECAY)
    tuning = change("tuning_semitones") + change.step_semitones
    voice = retuned(voice, Shift(tuning, *HEAD_HZ), TENSION_GLIDE, TENSION_DECAY)
    voice = damped(voice, exp2(amounts["drums.ring_octaves"] + change("ring_octaves")), _HEAD_HOLD_S, head=True)
    if change.instrument == "kick":
        voice = lifted(voice, change("beater_db"), BEATER, attack=True)
    if change.instrument == "snare":
        share = 0.5 if name == "snare_cross_stick" else 1.0
        voice = lifted(voice, share * change("wires_db"), WIRES)
        voice = buzzing(voice, exp2(share * change("wires_octaves")), WIRES.low_hz, _HEAD_HOLD_S)
    return voice


def _plate(voice: VoiceModel, change: _Change) -> VoiceModel:
    """Return a voice of a different cymbal of the same kind."""
    amounts = change.amounts
    voice = scattered(voice, change.grain, amounts["cymbals.scatter"])
    voice = regrained(voice, change.grain, amounts["cymbals.grain"])
    return retuned(voice, Shift(amounts["cymbals.weight_semitones"] + change("weight_semitones")))


def _hat(voice: VoiceModel, name: str, change: _Change) -> VoiceModel:
    voice = _plate(voice, change)
    is_open = name.startswith("hihat_open")
    ring = change.amounts["cymbals.ring_octaves"] + change("ring_octaves")
    voice = damped(voice, exp2(ring if is_open else change("looseness_octaves")), _HAT_HOLD_S)
    if is_open and voice.openness is not None:
        openness = _bent(voice.openness, exp2(change("openness_octaves")))
        voice = voice.model_copy(update={"openness": openness})
    return voice


def _bent(openness: Openness, exponent: float) -> Openness:
    """Return an openness with other stretches; its changes follow the stretch at their degree."""
    stretch = np.clip(power(np.array(openness.stretch), exponent), *_STRETCHES)
    longer_octaves = log2(stretch / np.array(openness.stretch))

    def followed(change: OpennessChange) -> OpennessChange:
        factor = exp2(float(np.interp(change.degree, openness.degrees, longer_octaves)))
        return with_tables(change, lambda table: stretched(table, factor, openness.stick_s))

    changes = openness.changes and tuple(followed(change) for change in openness.changes)
    return openness.model_copy(update={"stretch": row(stretch), "changes": changes})


def _cymbal(voice: VoiceModel, name: str, change: _Change) -> VoiceModel:
    voice = _plate(voice, change)
    ring = change.amounts["cymbals.ring_octaves"] + change("ring_octaves")
    voice = damped(voice, exp2(ring), _CYMBAL_HOLD_S)
    return lifted(voice, change("stick_db"), STICK, attack=True) if name != "ride_bell" else voice


def _recorded(voice: VoiceModel, name: str, change: _Change) -> VoiceModel:  # noqa: ARG001 - one of several steps
    """Return a voice as recorded by other microphones at another distance."""
    distance = change.amounts["microphone.distance_octaves"]
    tilt = change("tilt_db_per_octave") + change.amounts["microphone.tilt_db_per_octave"]
    voice = tilted(voice, tilt)
    voice = lifted(voice, _SHARPNESS_DB * distance, SHARP, attack=True)
    voice = tilted(voice, _AIR_DB_PER_OCTAVE * distance, _AIR_HZ, _AIR_HZ)
    return widened(voice, exp2(change.amounts["stereo.width_octaves"]))


def _changed_room(room: RoomModel, amounts: Mapping[str, float]) -> RoomModel:
    distance = amounts["microphone.distance_octaves"]
    level = amounts["room.level_db"]

    def longer(value: float, octaves: float, most: float) -> float:
        return float(min(value * exp2(octaves), most))

    return RoomModel(
        decay_s=longer(room.decay_s, amounts["room.decay_octaves"], 3.0),
        bass_ratio=longer(room.bass_ratio, amounts["room.bass_octaves"], 3.0),
        treble_ratio=longer(room.treble_ratio, amounts["room.treble_octaves"], 2.0),
        predelay_s=longer(room.predelay_s, 0.5 * amounts["room.decay_octaves"], 0.1),
        early_db=float(np.clip(room.early_db + level + _EARLY_DB * distance, -80.0, 0.0)),
        late_db=float(np.clip(room.late_db + level + _LATE_DB * distance, -80.0, 0.0)),
        reflections=room.reflections,
        width=room.width,
    )
