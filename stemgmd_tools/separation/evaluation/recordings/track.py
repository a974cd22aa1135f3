"""A recording with what is known of it, and how layouts of folders are found and read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.pieces import Piece
from stemgmd_tools.runtime.plugins import declared
from stemgmd_tools.separation.evaluation.recordings import layouts
from stemgmd_tools.separation.evaluation.recordings.annotations import Strokes


@dataclass(frozen=True)
class Recording:
    """A drum track with annotated strokes, isolated stems or both."""

    name: str
    """Name in tables; may hold ``/``."""
    audio: tuple[Path, ...]
    """Files whose sum is the mixture."""
    strokes_s: Strokes | None = None
    """Annotated strokes; None if they are not annotated."""
    ignored: int = 0
    """Annotated strokes of instruments that belong to no stem."""
    stems: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Files whose sum is an isolated stem, by group; a stem that is not there is not known."""


@dataclass(frozen=True)
class Layout:
    """A known layout of a folder of recordings."""

    name: str
    title: str
    """Name of the dataset, for help and documentation."""
    is_in: Callable[[Path], bool]
    """Whether a folder has this layout."""
    recordings: Callable[[Path], list[Recording]]
    """Returns all tracks with their annotations; raises :class:`UsageError` for damaged ones."""
    pieces: Collection[Piece]
    """Pieces that are annotated or isolated; stems of other pieces are not measured."""


def layouts_by_name() -> dict[str, Layout]:
    """Return the layouts by name; ``plain``, which fits most folders, comes last."""
    known = sorted(
        declared(layouts.__name__, "LAYOUT", Layout), key=lambda layout: (layout.name == "plain", layout.name)
    )
    return {layout.name: layout for layout in known}


def find_recordings(folder: Path, layout: str | None = None) -> tuple[Layout, list[Recording]]:
    """Return the layout of a folder and its recordings, sorted by name.

    :param layout: name of a layout; None: the first that fits.
    :raises UsageError: if the folder has no known layout or no recordings, or an annotation is damaged.
    """
    known = layouts_by_name()
    if layout is not None and layout not in known:
        raise UsageError(f"layout {layout}: not known; layouts are {', '.join(known)}")
    chosen = known[layout] if layout else next((item for item in known.values() if item.is_in(folder)), None)
    recordings = sorted(chosen.recordings(folder), key=lambda one: one.name) if chosen else []
    if chosen is None or not recordings:
        raise UsageError(
            f"{shown(folder)}: holds no recordings as {layout or ', '.join(known)} have them; "
            "docs/real-recordings.md describes the layouts"
        )
    return chosen, recordings
