"""The sample map: what one kit's YAML may say. A new kit is one such file and no Python.

The models here are the only declaration of the format: the loader validates with them, the JSON Schema for editors and
the format's documentation are generated from them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stemgmd_tools.kits.model.parameters import RoomModel, VoiceModel
from stemgmd_tools.pieces import ARTICULATIONS

SCHEMA_ID: Final = "stemgmd-kit/1"

Velocity = Annotated[int, Field(ge=1, le=127)]
Openness = Annotated[float, Field(ge=0.0, le=1.0)]


class Strict(BaseModel):
    """Base of every table in a sample map: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(Strict):
    """Sample files for one velocity range (and, on a hi-hat, one degree of openness); the files are its variations."""

    velocity: tuple[Velocity, Velocity] = Field(description="lowest and highest MIDI velocity this layer plays for")
    files: tuple[str, ...] = Field(
        min_length=1, description="sample files relative to the kit's folder, one per variation"
    )
    openness: Openness | None = Field(
        default=None, description="hi-hat openness the files were played at, 0 shut .. 1 open"
    )
    gain_db: float = Field(default=0.0, ge=-60, le=60)


class Fallback(Strict):
    """Borrow another articulation of the same kit, declared so that a gap is never hidden."""

    articulation: str
    gain_db: float = Field(default=0.0, ge=-60, le=60)
    pitch_semitones: float = Field(default=0.0, ge=-24, le=24, description="resampled when the bank is compiled")


class Articulation(Strict):
    """How one of the 22 articulations sounds: from `model`, from `layers` of files, or as a `fallback`; exactly one."""

    model: VoiceModel | None = None
    layers: tuple[Layer, ...] | None = None
    fallback: Fallback | None = None
    gain_db: float = Field(default=0.0, ge=-60, le=60)
    pan: float = Field(default=0.0, ge=-1, le=1, description="balance, -1 left .. 1 right; 0 leaves the channels alone")
    choke_group: str | None = Field(default=None, description="sounds of one group silence each other, see `chokes`")
    chokes: bool = Field(default=False, description="a stroke of this articulation stops what rings in its choke group")
    dynamics_db: float | None = Field(
        default=None,
        gt=0,
        le=80,
        description="level between velocity 1 and 127; default: measured from the layers (40 log10 v for one layer)",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Articulation:
        given = [name for name in ("model", "layers", "fallback") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of model, layers, fallback; found {', '.join(given) or 'none'}")
        return self


class KitMap(Strict):
    """One kit."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_id: Literal["stemgmd-kit/1"] = Field(alias="schema")
    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_]*$", description="file name without .yaml; used in paths and manifests"
    )
    title: str
    description: str
    license: str = Field(description="SPDX identifier of the licence the kit's sound is under")
    attribution: str
    source_url: str | None = None
    measured_on: tuple[str, ...] = Field(
        default=(), description="recordings the figures were measured on, with licence"
    )
    folder: str | None = Field(default=None, description="name of the folder of sample files, searched on the kit path")
    gain_db: float = Field(default=0.0, ge=-60, le=60, description="applied to every articulation")
    room: RoomModel | None = None
    articulations: dict[str, Articulation]

    @model_validator(mode="after")
    def _complete(self) -> KitMap:
        unknown = sorted(set(self.articulations) - set(ARTICULATIONS))
        missing = [name for name in ARTICULATIONS if name not in self.articulations]
        if unknown:
            raise ValueError(f"unknown articulations {', '.join(unknown)}; known: {', '.join(ARTICULATIONS)}")
        if missing:
            raise ValueError(f"missing articulations {', '.join(missing)}; give each layers, a model or a fallback")
        return self
