"""How large a definition may be. Each limit is several times what the largest public drum libraries need."""

from __future__ import annotations

from typing import Final

FILE_BYTES: Final = 16 << 20
"""Of one definition file."""
EXPANDED_CHARACTERS: Final = 64 << 20
"""Of all lines together, with included files counted each time and variables replaced."""
INCLUDES: Final = 20_000
INCLUDE_DEPTH: Final = 32
DEFINED_CHARACTERS: Final = 4_096
"""Of the value of a variable."""
DEFINITIONS: Final = 20_000
REGIONS: Final = 100_000
SOUNDS: Final = 500_000
"""Of all strokes together, one for each microphone."""
LEVELS_UP: Final = 2
"""How many folders above its own a definition may use, as in ``../Samples/kick.wav``."""
