"""SFZ: text files that say which audio file is played by which note, velocity and controller."""

from __future__ import annotations

from stemgmd_tools.kits.sources.base import KitFormat
from stemgmd_tools.kits.sources.sfz.library import accepts, read

FORMAT = KitFormat(
    name="sfz",
    description="SFZ definitions (`.sfz`), as read by sfizz, Sforzando, LinuxSampler and many others; "
    "versions 1 and 2 and the extensions of ARIA that drum libraries use",
    suffixes=(".sfz",),
    accepts=accepts,
    read=read,
    options={
        "controllers": "values of MIDI controllers instead of those that the kit is loaded with, such as 42=127;43=0",
    },
)
