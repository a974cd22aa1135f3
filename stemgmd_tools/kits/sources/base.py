"""What every format of drum libraries is read to: regions of sound, before they become a sample map.

A format reports what its files say. Which articulation a region is, how velocities are divided and what stands in for
missing articulations is decided afterwards, for all formats alike, in :mod:`stemgmd_tools.kits.importing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.filter import Filter

ONLY_MICROPHONE: Final = ""
"""Key of the sound of a region that has no named microphones."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A part of an audio file, and how the library plays it."""

    path: Path
    """Inside the library's folder; whether it exists and can be read is checked for all formats alike."""
    channels: tuple[int, ...] = ()
    """One or two channels, counted from 1; empty: all."""
    start_frame: int = 0
    end_frame: int | None = None
    """First frame that is not played; None: the end of the file."""
    gain_db: float = 0.0
    pan: float = 0.0
    """Balance, -1 left .. 1 right."""
    pitch_semitones: float = 0.0
    lowpass: Filter | None = None
    highpass: Filter | None = None
    envelope: Envelope | None = None
    """None: as recorded, which an envelope without attack, delay and decay is, too."""
    loop: tuple[int, int] | None = None
    """First frame of a part that is repeated until the envelope is silent, and first frame after it."""


@dataclass(frozen=True, slots=True)
class Region:
    """One recorded stroke: one sound for each microphone, and when it is played."""

    sounds: Mapping[str, SoundFile]
    """By microphone; the only key is :data:`ONLY_MICROPHONE` for a library without named microphones."""
    place: str
    """Where it is defined, for messages: ``file:line`` or ``file: element``."""
    keys: tuple[int, ...] = ()
    """MIDI notes that play it; empty for a format without notes."""
    names: tuple[str, ...] = ()
    """Names that say what is struck and how (instrument, group, file), the most telling first."""
    velocity: tuple[int, int] | None = None
    """Lowest and highest MIDI velocity that plays it, 1..127; None if the format has no ranges."""
    power: float | None = None
    """Strength of the stroke on a scale of the format's own, for a format without velocity ranges."""
    round_robin: int | None = None
    """Position in the sequence of takes; None if takes are chosen at random or there is one."""
    dynamics_db: float | None = None
    """Level from velocity 1 to 127 that the player adds to the recorded one; None: its default, 40 log10 v."""
    velocity_gain_db: tuple[float, float] | None = None
    """The gain that the player adds at the lowest and at the highest velocity of the range; None if the format has no
    such gain. A library balances its layers with it; :attr:`dynamics_db` sums it up over all velocities."""
    openness: float | None = None
    """Openness of the hi-hat, 0 shut .. 1 open, if the format says it."""
    choke_group: str | None = None
    """Group whose sounds can be silenced together."""
    chokes: tuple[str, ...] = ()
    """Choke groups that a stroke of this region silences."""
    release_s: float | None = None
    """Length of the fade when it is silenced, in seconds."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """Level and position of a microphone in the library's own mix."""

    gain_db: float = 0.0
    pan: float = 0.0


@dataclass(frozen=True, slots=True)
class DrumLibrary:
    """Everything a drum library says about itself."""

    folder: Path
    """All files of the library lie inside it."""
    regions: tuple[Region, ...]
    title: str
    description: str = ""
    license: str = ""
    """As found in its files; empty if they do not say."""
    attribution: str = ""
    source_url: str = ""
    microphones: Mapping[str, Microphone] = field(default_factory=dict)
    """In the library's order; empty without named microphones."""
    key_names: Mapping[int, str] = field(default_factory=dict)
    """What the library calls its MIDI notes, if it names them."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Settings of the library that have no influence here, such as SFZ opcodes -> number of occurrences."""
    notices: tuple[str, ...] = ()
    """One line for each thing that was corrected or left out."""


@dataclass(frozen=True, slots=True)
class KitFormat:
    """One format of drum libraries."""

    name: str
    description: str
    """For help and documentation: what it is and which programs use it."""
    suffixes: tuple[str, ...]
    """Suffixes of the files that define a kit, in lower case, such as ``.sfz``."""
    accepts: Callable[[Path], bool]
    """Whether a path (a file or a folder) looks like this format; reads as little as possible."""
    read: Callable[..., DrumLibrary]
    """Read a library: a function of two paths and of :attr:`options`, which are keywords. The second path is a folder
    for sound files, created on use by formats that keep them inside archives or binary files; others read the files
    where they are.

    Raises ``KitError`` with one line (file, line or element, what was found, what is allowed) if it cannot be used.
    """
    installed: Callable[[], Mapping[str, Path]] = dict
    """Libraries in the folders of programs that use the format, by name, so that they can be named without a path."""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names of the options of ``read``, which are texts -> what they choose, for help."""
