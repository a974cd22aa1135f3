"""The parameters of a modelled voice in a sample map.

A voice is the sum of damped modes, fast attack modes and noise with a fine colour and envelopes in bands, each a
function of velocity (and, on a hi-hat, of openness); a room is added once per kit. Modes alone cannot model the snare
wires, the stick and the wash of cymbals, and noise alone cannot model pitch.

Levels are in decibels re full scale (0 dB = amplitude 1.0) at velocity :data:`REFERENCE_VELOCITY`. A velocity slope is
in decibels per octave of velocity: ``level(v) = level_db + slope * log2(v / REFERENCE_VELOCITY)``. A bend is a
deviation from this line: an amount added at a few velocities, linear in log2 of velocity between them and constant
outside.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stemgmd_tools.kits.synthesis.numbers import Row, Table

REFERENCE_VELOCITY: Final = 100
"""MIDI velocity of all levels in a sample map."""

DEFAULT_LAYERS: Final = (12, 28, 44, 60, 76, 92, 108, 124)

GRAIN_OCTAVES_HZ: Final = (700.0, 1400.0, 2800.0, 5600.0, 11200.0)
"""Frequencies at which the depth of a noise's grain is given."""

Frequency = Annotated[float, Field(gt=0, le=22050)]
Time = Annotated[float, Field(ge=0, le=30)]
Level = Annotated[float, Field(ge=-200, le=40)]
Slope = Annotated[float, Field(ge=-40, le=40)]
Velocity = Annotated[int, Field(ge=1, le=127)]
Exponent = Annotated[float, Field(ge=-2, le=2)]
Coherence = Annotated[float, Field(ge=-1, le=1)]
Depth = Annotated[float, Field(ge=0, le=25)]


class _Table(BaseModel):
    """Base of every table of parameters: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _ascending(name: str, values: tuple[float, ...]) -> None:
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"{name} must ascend; found {list(values)}")


def _same_length(table: str, **columns: tuple[float, ...] | None) -> None:
    lengths = {name: len(values) for name, values in columns.items() if values is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the columns of {table} must have one length; found {listed}")


class BandEnvelope(_Table):
    """A quantity over frequency and time: rows are frequencies, columns are times.

    Linear between the points, on the ERB-number scale and in time; constant outside the frequencies and before the
    first time. After the last time, a level is extrapolated with its last slope.
    """

    frequencies_hz: tuple[Frequency, ...] = Field(min_length=1, description="frequencies of the rows, ascending")
    times_s: tuple[Time, ...] = Field(min_length=1, description="times of the columns, ascending; 0 is the attack")
    values: Table = Field(description="the quantity, one row per frequency")

    @model_validator(mode="after")
    def _shaped(self) -> BandEnvelope:
        _ascending("frequencies_hz", self.frequencies_hz)
        _ascending("times_s", self.times_s)
        if len(self.values) != len(self.frequencies_hz) or any(len(row) != len(self.times_s) for row in self.values):
            raise ValueError(f"values must be {len(self.frequencies_hz)} rows of {len(self.times_s)} numbers each")
        return self


class Colour(_Table):
    """The fine structure of the sustained noise: a fixed gain curve that models hundreds of dense partials.

    The curve is either given as ``gain_db`` or drawn from the kit's name and ``name``: independent normal gains in
    decibels with the standard deviation ``depth_db``. Its points form a grid that starts at ``low_hz``, with
    ``points_per_octave`` points and steps of at least ``least_step_hz``; a drawn curve ends at ``high_hz``.
    """

    name: str | None = Field(
        default=None, description="name of a drawn curve; articulations with the same name share the curve"
    )
    depth_db: float = Field(default=4.0, ge=0, le=15, description="standard deviation of a drawn curve")
    points_per_octave: int = Field(default=24, ge=1, le=96, description="grid of the curve")
    least_step_hz: float = Field(default=0.0, ge=0, le=1000, description="least step of the grid")
    low_hz: Frequency = Field(default=80.0, description="first point; the curve is flat below")
    high_hz: Frequency = Field(default=9000.0, description="a drawn curve is flat above")
    frequencies_hz: Row | None = Field(default=None, description="points of a given curve, instead of the grid")
    gain_db: Row | None = Field(default=None, description="gain at each point of a given curve")

    @model_validator(mode="after")
    def _one_source(self) -> Colour:
        if (self.name is None) == (self.gain_db is None) or (self.gain_db is None and self.frequencies_hz is not None):
            raise ValueError("a colour needs either name (drawn) or gain_db (given)")
        if self.frequencies_hz is not None:
            _ascending("frequencies_hz", self.frequencies_hz)
            _same_length("colour", frequencies_hz=self.frequencies_hz, gain_db=self.gain_db)
        return self


class Stereo(_Table):
    """The stereo image of the noise over frequency."""

    frequencies_hz: tuple[Frequency, ...] = Field(min_length=1, description="points, ascending")
    left_minus_right_db: tuple[Slope, ...] = Field(description="level difference of the channels at each point")
    coherence: tuple[Coherence, ...] = Field(description="correlation of the channels at each point; 1 is mono")

    @model_validator(mode="after")
    def _shaped(self) -> Stereo:
        _ascending("frequencies_hz", self.frequencies_hz)
        _same_length(
            "stereo",
            frequencies_hz=self.frequencies_hz,
            left_minus_right_db=self.left_minus_right_db,
            coherence=self.coherence,
        )
        return self


class VelocityBend(_Table):
    """Deviation of a level from its velocity slope at one velocity."""

    velocity: Velocity
    change_db: BandEnvelope = Field(description="added to the level at this velocity")


class Noise(_Table):
    """Noise with an envelope in every band."""

    level_db: BandEnvelope = Field(description="RMS level of the noise in one ERB, dB re full scale, mean of channels")
    velocity_db_per_octave: BandEnvelope = Field(description="velocity slope of the level")
    velocity_bends: tuple[VelocityBend, ...] = Field(
        default=(), description="deviations from the velocity slope, by ascending velocity; all tables share one grid"
    )
    colour: Colour | None = None
    grain_db: tuple[Depth, ...] | None = Field(
        default=None,
        min_length=len(GRAIN_OCTAVES_HZ),
        max_length=len(GRAIN_OCTAVES_HZ),
        description="standard deviation of narrow lines drawn on top of the colour, at "
        f"{', '.join(f'{hertz:g}' for hertz in GRAIN_OCTAVES_HZ)} Hz; default: no lines",
    )
    stereo: Stereo | None = Field(default=None, description="default: mono")

    @model_validator(mode="after")
    def _bends_match(self) -> Noise:
        _ascending("the velocities of velocity_bends", tuple(bend.velocity for bend in self.velocity_bends))
        if len({(bend.change_db.frequencies_hz, bend.change_db.times_s) for bend in self.velocity_bends}) > 1:
            raise ValueError("the tables of velocity_bends must have the same frequencies_hz and times_s")
        return self


class Modes(_Table):
    """Damped sinusoids; one column per parameter, one entry per mode."""

    frequency_hz: tuple[Frequency, ...] = Field(min_length=1, description="frequency after the glide")
    t60_s: tuple[Annotated[float, Field(gt=0, le=60)], ...] = Field(description="time to fall by 60 dB")
    level_db: tuple[Level, ...] = Field(description="amplitude at the attack, dB re full scale, mean of channels")
    left_minus_right_db: tuple[Slope, ...] | None = Field(default=None, description="default: 0, centred")
    phase_turns: tuple[float, ...] | None = Field(
        default=None, description="phase of the cosine at the attack, 1 = full turn; default: drawn for every hit"
    )
    channel_phase_turns: tuple[float, ...] | None = Field(
        default=None, description="phase of the right channel minus that of the left; default: 0"
    )
    velocity_db_per_octave: tuple[Slope, ...] = Field(
        description="velocity slope of each level; a single number applies to all modes"
    )
    bend_velocities: tuple[Velocity, ...] = Field(
        default=(), description="columns of bends_db and phase_bends_turns, ascending"
    )
    bends_db: Table | None = Field(
        default=None, description="deviations from the velocity slope: one row per mode, one column per bend velocity"
    )
    phase_bends_turns: Table | None = Field(
        default=None,
        description="added to phase_turns: one row per mode, one column per bend velocity; values are unwrapped along "
        "velocity; default: 0",
    )
    t60_velocity_exponent: Exponent = Field(
        default=0.0, description="all decay times are proportional to (velocity / reference) to this power"
    )
    frequency_velocity_exponent: Exponent = Field(
        default=0.0, description="all frequencies are proportional to (velocity / reference) to this power"
    )
    onset_s: Time = Field(default=0.0008, description="the modes fade in over this time")

    @model_validator(mode="after")
    def _shaped(self) -> Modes:
        _same_length(
            "modes",
            frequency_hz=self.frequency_hz,
            t60_s=self.t60_s,
            level_db=self.level_db,
            left_minus_right_db=self.left_minus_right_db,
            phase_turns=self.phase_turns,
            channel_phase_turns=self.channel_phase_turns,
        )
        count = len(self.frequency_hz)
        if len(self.velocity_db_per_octave) not in (1, count):
            raise ValueError("velocity_db_per_octave of modes needs one number, or one per mode")
        _ascending("bend_velocities", self.bend_velocities)
        rows = self.bends_db or ()
        columns = len(self.bend_velocities)
        if len(rows) != (count if columns else 0) or any(len(row) != columns for row in rows):
            raise ValueError(f"bends_db must be {count} rows of {columns} numbers each, as bend_velocities has columns")
        turns = self.phase_bends_turns
        if turns is not None and (
            self.phase_turns is None or [len(row) for row in turns] != [len(row) for row in rows]
        ):
            raise ValueError("phase_bends_turns needs phase_turns, and as many rows and columns as bends_db")
        return self


LEAST_DEPTH: Final = -0.3
"""Least depth of an exponential of a glide."""


class Glide(_Table):
    """The falling pitch of a struck head: frequencies are multiplied by ``1 + sum(depth * exp(-t / time_s))``."""

    depth: tuple[Annotated[float, Field(ge=LEAST_DEPTH, le=1.5)], ...] = Field(
        min_length=1, max_length=4, description="relative rise of pitch at the attack, per exponential"
    )
    time_s: tuple[Annotated[float, Field(gt=0, le=5)], ...] = Field(description="time constant of each exponential")
    velocity_exponent: float = Field(
        default=1.0, ge=0, le=3, description="depth is proportional to (velocity / reference) to this power"
    )

    @model_validator(mode="after")
    def _shaped(self) -> Glide:
        _same_length("glide", depth=self.depth, time_s=self.time_s)
        return self


class OpennessChange(_Table):
    """Change of a hi-hat's noise at one degree of openness, in addition to the stretched times."""

    degree: float = Field(ge=0, lt=1, description="openness at which the change applies in full")
    change_db: BandEnvelope = Field(description="added to the noise; its times are not stretched")
    velocity_db_per_octave: BandEnvelope | None = Field(
        default=None, description="added to the noise's velocity slopes, on the grid of change_db; default: nothing"
    )

    @model_validator(mode="after")
    def _one_grid(self) -> OpennessChange:
        slope, level = self.velocity_db_per_octave, self.change_db
        if slope and (slope.frequencies_hz, slope.times_s) != (level.frequencies_hz, level.times_s):
            raise ValueError("change_db and velocity_db_per_octave must have the same frequencies_hz and times_s")
        return self


class Openness(_Table):
    """How a hi-hat changes with openness; the voice's tables apply at a stretch of 1.

    Openness stretches all times after the stick's attack, so the whole decay becomes longer or shorter. A cross-fade
    between an open and a closed sound would instead sound like both at once.
    """

    degrees: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        min_length=1, description="openness of each degree, ascending; 0 shut, 1 open"
    )
    stretch: tuple[Annotated[float, Field(gt=0, le=20)], ...] = Field(
        description="factor on every time after the stick, per degree"
    )
    frequencies_hz: tuple[Frequency, ...] = Field(default=(1000.0,), min_length=1, description="rows of level_db")
    level_db: Table | None = Field(
        default=None, description="added to the noise, one row per frequency, one column per degree; default: 0"
    )
    stick_s: Time = Field(default=0.006, description="duration of the stick's attack, which is not stretched")
    changes: tuple[OpennessChange, ...] | None = Field(
        default=None,
        description="further changes by ascending degree: linear between degrees, constant below the first, 0 at 1; "
        "default: none",
    )

    @model_validator(mode="after")
    def _shaped(self) -> Openness:
        _ascending("degrees", self.degrees)
        _ascending("frequencies_hz", self.frequencies_hz)
        _same_length("openness", degrees=self.degrees, stretch=self.stretch)
        _ascending("the degrees of changes", tuple(change.degree for change in self.changes or ()))
        if self.level_db is not None and (
            len(self.level_db) != len(self.frequencies_hz) or any(len(r) != len(self.degrees) for r in self.level_db)
        ):
            raise ValueError(f"level_db must be {len(self.frequencies_hz)} rows of {len(self.degrees)} numbers each")
        return self


class Jitter(_Table):
    """Variation between strokes of one velocity: standard deviations, and the share of noise they have in common.

    Regardless of these values, the takes of a layer differ by at most 2 dB in level and 0.5 dB per octave in tilt.
    """

    level_db: float = Field(default=0.0, ge=0, le=6, description="level of the whole stroke")
    tilt_db_per_octave: float = Field(
        default=0.0, ge=0, le=3, description="slope of the spectrum over frequency, around 1 kHz"
    )
    band_db: float = Field(default=0.5, ge=0, le=6, description="level of each band")
    mode_db: float = Field(default=0.5, ge=0, le=6, description="level of each mode")
    frequency: float = Field(default=0.0008, ge=0, le=0.05, description="frequency of all modes, relative")
    shared_noise: float = Field(
        default=0.0, ge=0, le=1, description="correlation of the noise of two strokes: 0 fresh noise, 1 always the same"
    )


class RoomModel(_Table):
    """The room of a kit: early reflections, then a diffuse decay; the same for every voice of the kit."""

    decay_s: float = Field(gt=0, le=3, description="time to fall by 60 dB at 1 kHz")
    bass_ratio: float = Field(default=1.1, gt=0, le=3, description="decay at 125 Hz relative to 1 kHz")
    treble_ratio: float = Field(default=0.6, gt=0, le=2, description="decay at 8 kHz relative to 1 kHz")
    predelay_s: float = Field(default=0.006, ge=0, le=0.1, description="first reflection after the direct sound")
    early_db: float = Field(
        default=-18, ge=-80, le=0, description="energy of the early reflections re the direct sound"
    )
    late_db: float = Field(default=-22, ge=-80, le=0, description="energy of the decay re the direct sound")
    reflections: int = Field(default=10, ge=0, le=64, description="early reflections per channel")
    width: float = Field(default=1.0, ge=0, le=1, description="0: equal channels .. 1: independent channels")


class VoiceModel(_Table):
    """One articulation's voice."""

    layers: tuple[Velocity, ...] = Field(
        default=DEFAULT_LAYERS, min_length=1, description="velocities of the layers, ascending"
    )
    variations: int = Field(default=3, ge=1, le=64, description="random variations per layer")
    duration_s: float = Field(default=8.0, gt=0, le=30, description="longest duration; longer sounds are cut")
    noise: Noise
    body: Modes | None = Field(default=None, description="ringing modes")
    glide: Glide | None = Field(default=None, description="pitch glide of the body's modes")
    attack: Modes | None = Field(default=None, description="fast modes of stick, beater, rim")
    openness: Openness | None = Field(default=None, description="hi-hats only")
    jitter: Jitter = Jitter()

    @model_validator(mode="after")
    def _consistent(self) -> VoiceModel:
        _ascending("layers", self.layers)
        if self.glide is not None and self.body is None:
            raise ValueError("glide moves the modes of body, which is missing")
        return self
