"""Read, select and download drum performances."""

from stemgmd_tools.performances.folder import read_folder
from stemgmd_tools.performances.gmd.dataset import read_gmd
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi_file import read_midi
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.select import Selection
from stemgmd_tools.performances.smf.interpret import ReadCounts
from stemgmd_tools.performances.source import PerformanceSource, SourceKind, find_source
from stemgmd_tools.performances.tables import Choke, Hit, PedalMove
from stemgmd_tools.performances.types import Performance

__all__ = [
    "Choke",
    "Hit",
    "MidiSource",
    "NoteMapping",
    "PedalMove",
    "Performance",
    "PerformanceSource",
    "ReadCounts",
    "Selection",
    "SourceKind",
    "find_source",
    "read_folder",
    "read_gmd",
    "read_midi",
]
