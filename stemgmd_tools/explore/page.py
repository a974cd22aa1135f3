"""The page of a corpus: for the server, or self-contained with some clips."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.explore.sound import TRACKS
from stemgmd_tools.html import script_page
from stemgmd_tools.rendering.kit_page.page import SUFFIXES
from stemgmd_tools.rendering.kit_page.page import asset as shared
from stemgmd_tools.runtime.progress import Progress, Silent
from stemgmd_tools.storage.files import remove_abandoned, write_bytes

_SHARED_SCRIPTS: Final = ("dom", "audio", "spectrogram")
_SCRIPTS: Final = ("clips", "table", "player", "clip", "hours", "start")
"""Script files, in the order in which they are joined."""


def explore_page(corpus: ExploredCorpus, clips: list[dict[str, Any]] | None = None) -> bytes:
    """Return the page as UTF-8.

    :param clips: for a page without a server, what it shows: see :func:`write_static_page`.
    """
    data = corpus.overview()
    if clips is not None:
        data["clips"] = clips
    return script_page(
        _asset("page.html"),
        title=corpus.title,
        style=shared("page.css") + _asset("explore.css"),
        data=data,
        scripts=[
            *(shared(f"{name}.js") for name in _SHARED_SCRIPTS),
            *(_asset(f"{name}.js") for name in _SCRIPTS),
        ],
    )


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def write_static_page(corpus: ExploredCorpus, path: Path, count: int, progress: Progress | None = None) -> int:
    """Write one HTML file with the first part of some clips, evenly spaced, as 16-bit FLAC; return their number.

    :param path: ends in .html; an existing file is replaced.
    :raises UsageError: if the suffix is another.
    :raises StemgmdError: if the corpus cannot be read or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: the page is HTML; end its name in .html")
    chosen = corpus.clips.spaced(count)
    progress = progress or Silent()
    clips = []
    for performance, kit in chosen:
        clips.append({**corpus.clip(performance, kit, 0), "sounds": _sounds(corpus, performance, kit)})
        progress.update(len(clips), len(chosen))
    progress.close()
    remove_abandoned(path)
    write_bytes(path, explore_page(corpus, clips))
    return len(clips)


def _sounds(corpus: ExploredCorpus, performance: str, kit: str) -> list[str | None]:
    """Return the stems of the first part as FLAC in base64; None for silence."""
    sounds = [corpus.sounds.flac(performance, kit, 0, track) for track in TRACKS]
    return [None if sound is None else base64.b64encode(sound).decode("ascii") for sound in sounds]
