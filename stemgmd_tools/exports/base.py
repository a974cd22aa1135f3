"""What an export format declares, and what it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.runtime.plugins import PluginError, declared
from stemgmd_tools.runtime.progress import Progress, Silent
from stemgmd_tools.strict_yaml.problem import nearest

_PACKAGE: Final = "stemgmd_tools.exports"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a format: ``--name`` on the command line."""

    name: str
    help: str
    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: a selection of a corpus, to a folder."""

    source: Corpus | VirtualCorpus
    """A :class:`~stemgmd_tools.corpus.sources.base.StemSource`."""
    out: Path
    options: Mapping[str, str] = field(default_factory=dict)
    """Values of the format's options by name; when it is written, of all of them."""
    selection: Selection = field(default_factory=Selection)
    kits: tuple[str, ...] = ()
    """Names of kits; all kits of the source if empty."""
    midi: MidiSource | None = None
    """MIDI files of the performances of a virtual corpus, for formats that include them."""
    collection: str = "folder"
    """Kind of the collection of a virtual corpus: ``gmd``, ``starter`` or ``folder``."""
    jobs: int | None = None
    """Worker processes; all cores if None."""
    progress: Progress = field(default_factory=Silent)

    def performances(self) -> list[Performance]:
        """Return the selected performances.

        :raises StemgmdError: if none is selected.
        """
        names = self.source.performances["performance"]
        return select([self.source.played(str(name)) for name in names], self.selection)

    def clips(self) -> list[tuple[Performance, str]]:
        """Return the selected performances, each with the selected kits that the source has it through.

        :raises StemgmdError: if nothing is selected.
        """
        kits = self.kit_names()
        return [
            (performance, kit)
            for performance in self.performances()
            for kit in self.source.kits_of(performance.id)
            if kit in kits and self.selection.allows(performance.id, kit)
        ]

    def kit_names(self) -> tuple[str, ...]:
        """Return the names of the selected kits.

        :raises UsageError: if the source lacks one.
        """
        present = tuple(self.source.kit_splits)
        for name in self.kits:
            if name not in present:
                raise UsageError(f"kit {name!r}: not in this corpus; it has {', '.join(present)}")
        return tuple(dict.fromkeys(self.kits)) or present


class ExportReport(NamedTuple):
    """The result of an export."""

    files: int
    unchanged: bool
    """Whether all of them were there already."""


@dataclass(frozen=True, slots=True)
class Export:
    """A format. The module that declares it assigns it to ``EXPORT``."""

    name: str
    summary: str
    """One line for the list of formats."""
    description: str
    """What is written where, for the help of the command."""
    write: Callable[[ExportRequest], ExportReport]
    """Writes the export. A repeated call completes an interrupted one; a folder of other content is refused."""
    options: tuple[Option, ...] = ()

    def values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Return the value of every option, the default where none is given.

        :raises UsageError: if an option or a value does not exist.
        """
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                there = ", ".join(known) or "none"
                raise UsageError(f"export {self.name}: no option {name!r}{nearest(name, known)}; there are {there}")
            if value not in known[name].choices:
                raise UsageError(f"export {self.name}: {name} is {value!r}; allowed: {', '.join(known[name].choices)}")
        return {option.name: given.get(option.name, option.default) for option in self.options}


def formats() -> dict[str, Export]:
    """Return all formats by name.

    :raises PluginError: if two have one name.
    """
    exports = declared(_PACKAGE, "EXPORT", Export)
    by_name = {export.name: export for export in sorted(exports, key=lambda export: export.name)}
    if len(by_name) < len(exports):
        raise PluginError(
            f"{_PACKAGE}: two formats have one name among {', '.join(e.name for e in exports)}; rename one"
        )
    return by_name


def export(name: str, request: ExportRequest) -> ExportReport:
    """Export a corpus in a format.

    :raises UsageError: if there is no such format, or an option is not valid.
    :raises StemgmdError: if the format cannot hold this corpus, the folder holds something else, or is in use.
    """
    entry = formats().get(name)
    if entry is None:
        raise UsageError(
            f"export format {name!r}: not known{nearest(name, formats())}; there are {', '.join(formats())}"
        )
    return entry.write(replace(request, options=entry.values(request.options)))
