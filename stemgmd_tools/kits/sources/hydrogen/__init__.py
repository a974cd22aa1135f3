"""Kits of the drum machine Hydrogen: a folder with ``drumkit.xml``, or an archive ``.h2drumkit`` of one.

Source of the format and of what its fields mean: Hydrogen's XML schemas (``data/xsd``), and its loaders and sampler
(``src/core/Basics``, ``src/core/Sampler``), versions 0.9.3 to 2.0.
"""

from stemgmd_tools.kits.sources.hydrogen.kit import FORMAT

__all__ = ["FORMAT"]
