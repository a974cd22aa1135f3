"""Parameters of a modelled voice, as a sample map holds them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RoomModel(BaseModel):
    """The room a kit stands in."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VoiceModel(BaseModel):
    """One articulation's voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)
