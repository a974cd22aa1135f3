"""The format of a sample map, the YAML file that defines a kit.

The models here are the only declaration of the format: the loader validates with them, and the JSON Schema for editors
and the format's documentation are generated from them. Rules beyond types (velocities without gaps, fallbacks without
circles) are in :mod:`stemgmd_tools.kits.sample_map.validation`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.kits.synthesis.parameters import RoomModel, VoiceModel
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.storage.paths import KIT_NAME
from stemgmd_tools.strict_yaml.model import Strict

SCHEMA_ID: Final = "stemgmd-kit/1"
SOURCES: Final = ("model", "layers", "fallback")
"""Keys of an articulation that define its source; exactly one is required."""

Velocity = Annotated[int, Field(ge=1, le=127)]
Openness = Annotated[float, Field(ge=0.0, le=1.0)]
GAIN_LIMIT_DB: Final = 60.0
OFF_DB: Final = -144.0
"""Gain of a microphone that is switched off: below the last bit of 24-bit samples."""
PITCH_LIMIT_SEMITONES: Final = 48.0
DYNAMICS_LIMIT_DB: Final = 96.0
GainDb = Annotated[float, Field(ge=-GAIN_LIMIT_DB, le=GAIN_LIMIT_DB)]
Pan = Annotated[float, Field(ge=-1, le=1)]
Channel = Annotated[int, Field(ge=1, le=256)]
Frame = Annotated[int, Field(ge=0)]
MicrophoneName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=64)]
ArticulationName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ARTICULATIONS)})]


def _or_file_name(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of a sound accept a file's name, too."""
    mapping = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "description": "a sample file, as recorded"}, mapping]


class Sound(Strict):
    """A part of a sample file and how it is played; a file's name alone stands for all of it, as recorded."""

    model_config = ConfigDict(json_schema_extra=_or_file_name)

    file: str = Field(description="sample file relative to the kit's folder")
    channels: tuple[Channel, ...] = Field(
        default=(), max_length=2, description="channels to play, counted from 1: one (mono) or two; default: all"
    )
    start_frame: int = Field(default=0, ge=0, description="first frame that is played")
    end_frame: int | None = Field(default=None, ge=1, description="first frame that is not played; default: the end")
    gain_db: GainDb = Field(default=0.0, description="added to the recorded level")
    pan: Pan = Field(default=0.0, description="balance, -1 left .. 1 right; 0: no change")
    pitch_semitones: float = Field(
        default=0.0, ge=-PITCH_LIMIT_SEMITONES, le=PITCH_LIMIT_SEMITONES, description="shift of pitch, by resampling"
    )
    lowpass: Filter | None = Field(default=None, description="filter that takes away high frequencies")
    highpass: Filter | None = Field(default=None, description="filter that takes away low frequencies")
    envelope: Envelope | None = Field(default=None, description="level over time; default: as recorded")
    loop: tuple[Frame, Frame] | None = Field(
        default=None,
        description="first frame of a part of the file that is repeated until the envelope is silent, and first frame "
        "after it",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_file_name(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"file": data}
        if isinstance(data, dict):  # as in JSON, where strict types take lists
            return {
                key: tuple(item) if key in ("channels", "loop") and isinstance(item, list) else item
                for key, item in data.items()
            }
        return data

    @model_serializer(mode="wrap")
    def _as_file_name(self, serialise: SerializerFunctionWrapHandler) -> Any:
        return self.file if self.is_plain else serialise(self)

    @property
    def is_plain(self) -> bool:
        """Whether it is all of a file, as recorded."""
        return all(
            getattr(self, name) == field.default for name, field in type(self).model_fields.items() if name != "file"
        )


class Microphone(Strict):
    """Level and position of one microphone in the mix of a kit."""

    gain_db: float = Field(default=0.0, ge=OFF_DB, le=GAIN_LIMIT_DB, description="level of the microphone")
    pan: Pan = Field(default=0.0, description="balance, -1 left .. 1 right; 0: no change")
    channels: tuple[Channel, ...] = Field(
        default=(),
        max_length=2,
        description="channels of the microphone in every file of `files`, counted from 1: one (mono) or two",
    )


class Layer(Strict):
    """Sounds for one velocity range (and, on a hi-hat, one degree of openness); its files or takes are variations."""

    velocity: tuple[Velocity, Velocity] = Field(
        description="lowest and highest MIDI velocity of the layer; the layers cover 1..127 without gap or overlap"
    )
    files: tuple[Sound, ...] | None = Field(
        default=None, min_length=1, description="sample files relative to the kit's folder, one per variation"
    )
    takes: tuple[dict[MicrophoneName, Sound], ...] | None = Field(
        default=None,
        min_length=1,
        description="instead of `files`: for each variation, a file per microphone; they start together",
    )
    openness: Openness | None = Field(
        default=None, description="hi-hat openness the files were played at, 0 shut .. 1 open"
    )
    reference: Velocity | None = Field(
        default=None, description="velocity at which the files play as recorded; default: the highest of the layer"
    )
    gain_db: GainDb = Field(default=0.0, description="correction of this layer's recorded level")

    @model_validator(mode="after")
    def _files_or_takes(self) -> Layer:
        if (self.files is None) == (self.takes is None):
            raise ValueError(f"needs files or takes; found {'neither' if self.files is None else 'both'}")
        return self

    @property
    def variations(self) -> int:
        """Number of variations."""
        return len(self.files or self.takes or ())


class Fallback(Strict):
    """Borrow another articulation of the same kit; gaps must be declared."""

    articulation: ArticulationName = Field(description="the articulation to borrow; it may be a fallback itself")
    gain_db: GainDb = Field(default=0.0, description="added to the borrowed articulation's own gain")
    pitch_semitones: float = Field(
        default=0.0, ge=-24, le=24, description="shift of pitch, by resampling when the bank is compiled"
    )
    openness: Openness | None = Field(
        default=None, description="borrow only the degree of openness nearest to this; default: all of them"
    )


class Articulation(Strict):
    """One of the 22 articulations, with exactly one source: `model`, `layers` of files, or `fallback`."""

    model: VoiceModel | None = Field(default=None, description="parameters of a modelled voice")
    layers: tuple[Layer, ...] | None = Field(default=None, min_length=1, description="recorded one-shots")
    fallback: Fallback | None = Field(default=None, description="another articulation that replaces it")
    gain_db: GainDb = Field(default=0.0, description="level of this articulation")
    pan: Pan = Field(default=0.0, description="balance, -1 left .. 1 right; 0: no change")
    choke_group: str | None = Field(default=None, description="sounds of one group silence each other, see `chokes`")
    chokes: bool = Field(default=False, description="whether a stroke stops the ringing sounds of its choke group")
    release_s: float = Field(default=0.05, gt=0, le=2, description="length of the fade, in seconds, when it is choked")
    dynamics_db: float | None = Field(
        default=None,
        gt=0,
        le=DYNAMICS_LIMIT_DB,
        description="level from velocity 1 to 127, in dB; default: as recorded, 40 log10 v for a single layer",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Articulation:
        present = [name for name in SOURCES if getattr(self, name) is not None]
        if len(present) != 1:
            raise ValueError(f"needs exactly one of {', '.join(SOURCES)}; found {', '.join(present) or 'none'}")
        return self


class Recording(Strict):
    """A recorded kit on which parameters of this kit were measured."""

    kit: str = Field(pattern=rf"^{KIT_NAME}$", description="name of the recorded kit's own sample map")
    license: str = Field(min_length=1, description="SPDX identifier of the recording's licence")
    attribution: str = Field(default="", description="who recorded it")
    source_url: str | None = Field(default=None, description="where it is published")
    articulations: tuple[ArticulationName, ...] = Field(
        default=(), description="articulations of this kit that are based on it; none listed: all"
    )


class Origin(Strict):
    """How a kit was generated from others."""

    name: str = Field(min_length=1, description="its generated name, e.g. `random:7`")
    kits: tuple[str, ...] = Field(default=(), description="the kits it was generated from")
    figures: dict[str, float] = Field(default={}, description="every figure that was drawn or given")


class KitMap(Strict):
    """One kit."""

    model_config = ConfigDict(validate_by_name=True)

    schema_id: Literal["stemgmd-kit/1"] = Field(alias="schema", description="name and version of this format")
    name: str = Field(pattern=rf"^{KIT_NAME}$", description="file name without .yaml; used in paths and manifests")
    title: str = Field(min_length=1, description="displayed name of the kit")
    description: str = Field(description="description of the kit and its sound")
    license: str = Field(min_length=1, description="SPDX identifier of the licence of the kit's sound")
    attribution: str = Field(description="required credit")
    source_url: str | None = Field(default=None, description="where the sample files are published")
    measured_on: tuple[Recording, ...] = Field(default=(), description="recordings on which parameters were measured")
    origin: Origin | None = Field(default=None, description="how it was generated from other kits")
    folder: str | None = Field(
        default=None, description="name of the folder of sample files; default: the folder of this file"
    )
    gain_db: GainDb = Field(default=0.0, description="applied to every articulation")
    velocity_curve: Literal["smooth", "recorded"] = Field(
        default="smooth",
        description="level over velocity: `smooth` draws one curve through the layers that never falls, `recorded` "
        "plays each of several layers at its recorded level",
    )
    microphones: dict[MicrophoneName, Microphone] | None = Field(
        default=None, description="the microphones of a kit recorded with several, and their mix"
    )
    room: RoomModel | None = Field(default=None, description="the room of a modelled kit")
    articulations: dict[ArticulationName, Articulation] = Field(
        description="all 22 articulations of the note table, each with layers, a model or a fallback"
    )
