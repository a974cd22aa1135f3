"""Kits of the drum sampler DrumGizmo: an XML file for the kit, one for each instrument, and a MIDI map.

Source of the format and of what its fields mean: DrumGizmo's parser, loader and engine (``src/dgxmlparser.cc``,
``src/domloader.cc``, ``src/inputprocessor.cc``), versions 0.9.12 to 0.9.20.
"""

from stemgmd_tools.kits.sources.drumgizmo.kit import FORMAT

__all__ = ["FORMAT"]
