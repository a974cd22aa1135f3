"""Say how a column is computed: from what, by which function, and when.

A value is known before anything is rendered (:class:`Known`), measured on the audio of a track (:class:`Measured`),
known once files are written (:class:`Written`), or the same as in another table (:class:`Copied`). Manifests on disk
hold all of them; a virtual corpus holds those that need no rendering.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from stemgmd_tools.audio import Pcm
from stemgmd_tools.manifest.contexts import TrackFacts, TrackFormat

Context = TypeVar("Context")


class Meter(Protocol):
    """Measures one track while it is written, block by block in constant memory."""

    def update(self, block: Pcm) -> None:
        """Add the next samples, integers of shape (frames, 2); every block but the last holds whole hops of 100 ms."""
        ...


SomeMeter = TypeVar("SomeMeter", bound=Meter)


@dataclass(frozen=True)
class Known(Generic[Context]):
    """A value known before rendering; the context is that of the table, see :mod:`stemgmd_tools.manifest.contexts`."""

    function: Callable[[Context], object]


@dataclass(frozen=True)
class Measured(Generic[SomeMeter]):
    """A value measured on the audio of a track; for the table ``stems``."""

    meter: Callable[[TrackFormat], SomeMeter]
    """Class of the meter. Columns with the same meter share one of each track."""
    function: Callable[[SomeMeter], object]
    """Returns the value once the meter has received the whole track."""
    before: Callable[[TrackFacts], object] | None = None
    """Value before rendering; missing if omitted."""


@dataclass(frozen=True)
class Written(Generic[Context]):
    """A value known once the files of a row are written."""

    function: Callable[[Context], object]


@dataclass(frozen=True)
class Copied:
    """The value of another table's row with the same key: ``performances`` or ``kits``."""

    table: str
    column: str


Value: TypeAlias = Known[Any] | Measured[Any] | Written[Any] | Copied
