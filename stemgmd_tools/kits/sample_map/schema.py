"""The format of a sample map, the YAML file that defines a kit.

The models here are the only declaration of the format: the loader validates with them, and the JSON Schema for editors
and the format's documentation are generated from them. Rules beyond types (velocities without gaps, fallbacks without
circles) are in :mod:`stemgmd_tools.kits.sample_map.validation`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from stemgmd_tools.kits.synthesis.parameters import RoomModel, VoiceModel
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.storage.paths import KIT_NAME
from stemgmd_tools.strict_yaml.model import Strict

SCHEMA_ID: Final = "stemgmd-kit/1"
SOURCES: Final = ("model", "layers", "fallback")
"""Keys of an articulation that define its source; exactly one is required."""

Velocity = Annotated[int, Field(ge=1, le=127)]
Openness = Annotated[float, Field(ge=0.0, le=1.0)]
GainDb = Annotated[float, Field(ge=-60, le=60)]
ArticulationName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ARTICULATIONS)})]


class Layer(Strict):
    """Sample files for one velocity range (and, on a hi-hat, one degree of openness); the files are its variations."""

    velocity: tuple[Velocity, Velocity] = Field(
        description="lowest and highest MIDI velocity of the layer; the layers cover 1..127 without gap or overlap"
    )
    files: tuple[str, ...] = Field(
        min_length=1, description="sample files relative to the kit's folder, one per variation"
    )
    openness: Openness | None = Field(
        default=None, description="hi-hat openness the files were played at, 0 shut .. 1 open"
    )
    reference: Velocity | None = Field(
        default=None, description="velocity at which the files play as recorded; default: the highest of the layer"
    )
    gain_db: GainDb = Field(default=0.0, description="correction of this layer's recorded level")


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
    pan: float = Field(default=0.0, ge=-1, le=1, description="balance, -1 left .. 1 right; 0: no change")
    choke_group: str | None = Field(default=None, description="sounds of one group silence each other, see `chokes`")
    chokes: bool = Field(default=False, description="whether a stroke stops the ringing sounds of its choke group")
    release_s: float = Field(default=0.05, gt=0, le=2, description="length of the fade, in seconds, when it is choked")
    dynamics_db: float | None = Field(
        default=None,
        gt=0,
        le=96,
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
    room: RoomModel | None = Field(default=None, description="the room of a modelled kit")
    articulations: dict[ArticulationName, Articulation] = Field(
        description="all 22 articulations of the note table, each with layers, a model or a fallback"
    )
