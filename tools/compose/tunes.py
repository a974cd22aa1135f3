"""Every tune of the starter set, in the order of its sessions."""

from __future__ import annotations

from typing import Final

from tools.compose.tunes_groove import GROOVE_TUNES
from tools.compose.tunes_jazz_latin import JAZZ_LATIN_TUNES
from tools.compose.tunes_rock import ROCK_TUNES
from tools.compose.writing import Tune

TUNES: Final[tuple[Tune, ...]] = (*ROCK_TUNES, *GROOVE_TUNES, *JAZZ_LATIN_TUNES)
