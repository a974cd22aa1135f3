"""SoundFont 2 and 3: banks of FluidSynth, MuseScore and many synthesizers."""

from __future__ import annotations

from stemgmd_tools.kits.sources.soundfont.read import FORMAT

__all__ = ["FORMAT"]
