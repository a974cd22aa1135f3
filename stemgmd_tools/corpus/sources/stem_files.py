"""Folders of stems that other programs wrote: which audio files they hold, and which of them are mixtures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from stemgmd_tools.audio import AUDIO_SUFFIXES

_MIXTURE: Final = re.compile(r"(?:.*[^a-z])?mix(?:ture)?", re.IGNORECASE)


def audio_in(folder: Path) -> tuple[Path, ...]:
    """Return the audio files that lie in a folder itself, by name."""
    return tuple(path for path in sorted(folder.iterdir()) if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())


def names_mixture(audio: Path) -> bool:
    """Return whether a file is named ``mix`` or ``mixture``, or its name ends in that."""
    return _MIXTURE.fullmatch(audio.stem) is not None
