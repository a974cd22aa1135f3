"""MIDI files for the tests, written message by message with absolute ticks."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

import mido

TICKS = 480


def on(tick: int, note: int, velocity: int = 100, channel: int = 9) -> tuple[int, mido.Message]:
    return tick, mido.Message("note_on", note=note, velocity=velocity, channel=channel)


def off(tick: int, note: int, channel: int = 9) -> tuple[int, mido.Message]:
    return tick, mido.Message("note_off", note=note, velocity=64, channel=channel)


def pedal(tick: int, value: int) -> tuple[int, mido.Message]:
    return tick, mido.Message("control_change", control=4, value=value, channel=9)


def touch(tick: int, note: int, value: int) -> tuple[int, mido.Message]:
    return tick, mido.Message("polytouch", note=note, value=value, channel=9)


def tempo(tick: int, bpm: float) -> tuple[int, mido.MetaMessage]:
    return tick, mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))


def midi_file(*tracks: Iterable[tuple[int, mido.Message]], type_: int = 0, ticks_per_beat: int = TICKS) -> bytes:
    written = []
    for events in tracks:
        track = mido.MidiTrack()
        now = 0
        for tick, message in events:
            track.append(message.copy(time=tick - now))
            now = tick
        written.append(track)
    buffer = io.BytesIO()
    mido.MidiFile(type=type_, ticks_per_beat=ticks_per_beat, tracks=written).save(file=buffer)
    return buffer.getvalue()


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    """Return a chunk; ``length`` is what its header states instead of the truth."""
    return name + struct.pack(">L", len(content) if length is None else length) + content


def raw_file(*chunks: bytes, tracks: int | None = None, type_: int = 1, division: int = TICKS) -> bytes:
    """Return a file of chunks; ``tracks`` is the count that the header states instead of the truth."""
    count = sum(one.startswith(b"MTrk") for one in chunks) if tracks is None else tracks
    return chunk(b"MThd", struct.pack(">HHh", type_, count, division)) + b"".join(chunks)


END = b"\x00\xff\x2f\x00"
"""An end marker."""
KICK = b"\x00\x99\x24\x64"
"""A kick on the tick of the event before."""
SNARE = b"\x83\x60\x99\x26\x64"
"""A snare a beat after the event before."""
