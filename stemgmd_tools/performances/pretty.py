"""Convert between the tables of a performance and objects of pretty_midi, which is imported when it is used."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.mapping import MIDI_NOTES
from stemgmd_tools.performances.smf.file import DEFAULT_TEMPO_US, US_PER_S, DrumEvents
from stemgmd_tools.performances.smf.interpret import HIHAT_PEDAL_CC, PEDAL_DOWN
from stemgmd_tools.performances.smf.track import CONTROL, NOTE_OFF, NOTE_ON
from stemgmd_tools.performances.tables import Records
from stemgmd_tools.runtime.quantities import counted

GATE_S: Final = 0.1
"""Length of a written note unless it is struck again before: GMD's median trigger length."""
MAX_TICK_US: Final = 500
"""Maximum length of a tick, for onsets within 0.25 ms, unless :data:`MAX_TICKS` requires longer ticks."""
GMD_TICKS_PER_BEAT: Final = 480
MAX_TICKS_PER_BEAT: Final = 480 << 6
"""The highest resolution that fits the 15 bits of a MIDI header."""
MAX_TICKS: Final = 9_990_000
"""Maximum number of ticks, since pretty_midi rejects files of more than 10,000,000."""
MIN_TEMPO_US: Final = 60_000
"""The fastest tempo that is written, 1,000 bpm, at which one tick per beat is still below :data:`MAX_TICKS`."""
MAX_TEMPO_US: Final = MAX_TICK_US * MAX_TICKS_PER_BEAT
"""The slowest tempo that is written, 3.9 bpm; slower ones would need longer ticks."""
_BPM_DECIMALS: Final = 3


class TickGrid(NamedTuple):
    """Tempo and resolution of a file."""

    tempo_us: int
    """Microseconds per beat."""
    ticks_per_beat: int

    @property
    def tick_s(self) -> float:
        """Length of a tick in seconds."""
        return self.tempo_us / (self.ticks_per_beat * US_PER_S)

    @classmethod
    def of(cls, metadata: Mapping[str, Any], last_onset_s: float) -> TickGrid:
        """Return the tempo of the metadata (default: 120 bpm), and GMD's ticks per beat.

        They are doubled until a tick is short enough, but stay below :data:`MAX_TICKS` in all.
        """
        bpm = metadata.get("bpm")
        tempo_us = DEFAULT_TEMPO_US
        if isinstance(bpm, int | float) and bpm > 0:
            tempo_us = min(max(round(60 * US_PER_S / bpm), MIN_TEMPO_US), MAX_TEMPO_US)
        ticks_per_beat = GMD_TICKS_PER_BEAT
        while tempo_us > MAX_TICK_US * ticks_per_beat and ticks_per_beat < MAX_TICKS_PER_BEAT:
            ticks_per_beat *= 2
        return cls(tempo_us, min(ticks_per_beat, int(MAX_TICKS * tempo_us / ((GATE_S + last_onset_s) * US_PER_S))))


def time_signature(metadata: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return numerator and denominator of the time signature; None if the metadata hold no valid one."""
    match = re.fullmatch(r"(\d{1,3})-(1|2|4|8|16|32)", str(metadata.get("time_signature", "")))
    if not match or not 1 <= int(match[1]) <= 255:
        return None
    return int(match[1]), int(match[2])


def empty_pretty_midi(metadata: Mapping[str, Any], grid: TickGrid) -> tuple[Any, Any]:
    """Return a ``PrettyMIDI`` with tempo and time signature, and its drum instrument, without notes."""
    pretty_midi = importlib.import_module("pretty_midi")
    # pretty_midi truncates to whole microseconds per beat; a millionth more keeps rounding from losing one.
    midi = pretty_midi.PrettyMIDI(resolution=grid.ticks_per_beat, initial_tempo=60 * US_PER_S / (grid.tempo_us + 1e-6))
    signature = time_signature(metadata)
    if signature:
        midi.time_signature_changes = [pretty_midi.TimeSignature(*signature, 0.0)]
    drums = pretty_midi.Instrument(program=0, is_drum=True, name="Drums")
    midi.instruments = [drums]
    return midi, drums


def pretty_midi_of(hits: Records, pedal: Records, metadata: Mapping[str, Any]) -> Any:
    """Return a ``PrettyMIDI`` with one drum instrument: the notes of the note table, and CC4 of the hi-hat pedal."""
    pretty_midi = importlib.import_module("pretty_midi")
    midi, drums = empty_pretty_midi(metadata, TickGrid.of(metadata, float(hits["time_s"].max(initial=0.0))))
    again_s: dict[int, float] = {}
    for hit in hits[::-1]:
        note, start = int(hit["note"]), float(hit["time_s"])
        end = min(start + GATE_S, again_s.get(note, np.inf))
        drums.notes.insert(0, pretty_midi.Note(velocity=int(hit["velocity"]), pitch=note, start=start, end=end))
        again_s[note] = start
    drums.control_changes = [
        pretty_midi.ControlChange(
            number=HIHAT_PEDAL_CC, value=round(PEDAL_DOWN * (1.0 - float(move["openness"]))), time=float(move["time_s"])
        )
        for move in pedal
    ]
    return midi


def events_of(midi: Any, where: str) -> DrumEvents:
    """Return the drum events of a ``PrettyMIDI``: of its drum instruments, or of its only instrument.

    :param where: name of the object in messages.
    :raises PerformanceError: if no instrument is a drum instrument and there is not exactly one, or for a note, a
        velocity or a controller outside 0..127.
    """
    drums = [instrument for instrument in midi.instruments if instrument.is_drum]
    if not drums and len(midi.instruments) != 1:
        raise PerformanceError(
            f"{where}: {counted(len(midi.instruments), 'instrument')}, none of which has is_drum; set it for the drums"
        )
    rows = [
        row
        for instrument in drums or midi.instruments
        for row in (
            *((change.time, CONTROL, change.number, change.value) for change in instrument.control_changes),
            *((note.end, NOTE_OFF, note.pitch, 0) for note in instrument.notes),
            *((note.start, NOTE_ON, note.pitch, note.velocity) for note in instrument.notes),
        )
    ]
    for time_s, _, number, value in rows:
        if not (0 <= number < MIDI_NOTES and 0 <= value < MIDI_NOTES):
            raise PerformanceError(
                f"{where}: an event at {time_s:g} s has the number {number} and the value {value}; MIDI allows 0..127"
            )
    times_s = np.array([row[0] for row in rows], np.float64)
    order = np.argsort(times_s, kind="stable")
    kinds, numbers, values = (np.array([row[column] for row in rows], np.uint8)[order] for column in (1, 2, 3))
    ticks: NDArray[np.int64] = np.unique(times_s, return_inverse=True)[1].astype(np.int64)
    _, tempi = midi.get_tempo_changes()
    signatures = midi.time_signature_changes
    return DrumEvents(
        ticks=ticks[order],
        times_s=times_s[order],
        kinds=kinds,
        numbers=numbers,
        values=values,
        bpm=round(float(tempi[0]), _BPM_DECIMALS) if len(tempi) else 120.0,
        time_signature=f"{signatures[0].numerator}-{signatures[0].denominator}" if signatures else "4-4",
        end_s=float(midi.get_end_time()),
        repairs="",
    )
