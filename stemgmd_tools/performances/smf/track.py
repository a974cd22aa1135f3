"""Read the events of one track of a Standard MIDI File, repairing damage."""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

NOTE_OFF: Final = 0x8
NOTE_ON: Final = 0x9
AFTERTOUCH: Final = 0xA
CONTROL: Final = 0xB

TRACK: Final = b"MTrk"
"""Name of a track's chunk."""

_ONE_DATA_BYTE: Final = frozenset({0xC, 0xD})
"""Program change and channel pressure; other channel messages have two data bytes."""
_SYSTEM: Final = 0xF0
"""Lowest status without a channel."""
_SYSTEM_EXCLUSIVE: Final = (0xF0, 0xF7)
_META: Final = 0xFF
_SYSTEM_DATA_BYTES: Final = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of system messages, which some writers leave in files; those not listed have none."""
_END_OF_TRACK: Final = 0x2F
_TEMPO: Final = 0x51
_TIME_SIGNATURE: Final = 0x58
_KEY_SIGNATURE: Final = 0x59
_MAX_DENOMINATOR_POWER: Final = 6
"""Maximum power of 2 in the denominator of a time signature: 1/64."""
_SHOWN_REPAIRS: Final = 3
"""Maximum number of kinds of repair in a message."""
_MAX_NUMBER_BYTES: Final = 8
"""Variable-length numbers have at most four bytes; some writers pad them."""


class Repairs:
    """Collects the repairs made while a file is read."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._counts: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, detail: str = "") -> None:
        """Count a repair; the first detail of each kind is kept."""
        count, first = self._counts.get(kind, (0, detail))
        self._counts[kind] = (count + 1, first)

    def __str__(self) -> str:
        """Return the repairs in one line, empty if there are none."""
        texts = [
            kind + (f" ({first})" if first else "") + (f" {count} times" if count > 1 else "")
            for kind, (count, first) in self._counts.items()
        ]
        more = [f"and {len(texts) - _SHOWN_REPAIRS} more"] if len(texts) > _SHOWN_REPAIRS else []
        return "; ".join([*texts[:_SHOWN_REPAIRS], *more])


class Span(NamedTuple):
    """Position of a track in its file."""

    start: int
    """First byte after the chunk's header."""
    stated_end: int
    """End of the track by the length that its header states."""
    is_plausible: bool
    """Whether another chunk starts there, or the file ends."""


class _MalformedError(Exception):
    """Bytes that are no event; raised and caught in this module."""


class TrackReader:
    """Reads the tracks of a file and collects their events."""

    def __init__(self, data: bytes, repairs: Repairs) -> None:
        """Take the bytes of the whole file."""
        self._data = data
        self._repairs = repairs
        self.ticks = array("q")
        """Tick of each event of a channel, in file order."""
        self.messages = bytearray()
        """Kind, channel, number and value of each of them, one byte each."""
        self.tempi: list[tuple[int, int]] = []
        """Tick and microseconds per beat of each change, in file order."""
        self.signatures: list[tuple[int, str]] = []
        """Tick and time signature of each change, in file order."""
        self.end_tick = 0
        """End of the longest track."""

    def read(self, span: Span) -> int:
        """Read one track, and return the position after it.

        The running status is kept across meta and system events, since some writers rely on that. A track is read to
        its stated end if that is plausible, else to its end marker, or to the first bytes that are no event.
        """
        data = self._data
        limit = span.stated_end if span.is_plausible else len(data)
        next_track = data.find(TRACK, span.start, limit)
        position, tick, running, ended = span.start, 0, 0, False
        while position < limit and position != next_track:
            try:
                delta, status, start, end = self._event(position, running, limit)
            except (_MalformedError, IndexError):
                self.end_tick = max(self.end_tick, tick)
                return self._skip_rest(span, position)
            position, tick = end, tick + delta
            if status < _SYSTEM:
                running = status
                self._channel_message(tick, status, data[start:end])
            elif status == _META:
                if data[start] != _END_OF_TRACK:
                    self._meta_message(tick, data[start], data[self._number(start + 1)[1] : end])
                elif not ended and self._is_last(span, position, next_track):
                    limit, ended = position, True
                else:
                    running, ended = 0, True
        self.end_tick = max(self.end_tick, tick)
        return self._end_of_track(span, position, next_track, ended=ended)

    def _event(self, position: int, running: int, limit: int) -> tuple[int, int, int, int]:
        """Return delta ticks, status, and where the content of the event at ``position`` starts and ends.

        :param running: the running status; 0 if there is none.
        :param limit: where the track ends at the latest.
        """
        data = self._data
        delta, at = (data[position], position + 1) if data[position] < 0x80 else self._number(position)
        status = data[at]
        if status >= 0x80:
            at += 1
        elif running:
            status = running
        else:
            raise _MalformedError
        start, end = self._content(status, at)
        if end > limit:
            raise _MalformedError
        return delta, status, start, end

    def _content(self, status: int, at: int) -> tuple[int, int]:
        """Return where the content of an event starts and ends, of a meta event with its type and its length."""
        if status < _SYSTEM:
            return at, at + (1 if status >> 4 in _ONE_DATA_BYTE else 2)
        if status == _META:
            length, start = self._number(at + 1)
            return at, start + length
        if status in _SYSTEM_EXCLUSIVE:
            length, start = self._number(at)
            return start, start + length
        return at, at + _SYSTEM_DATA_BYTES.get(status, 0)

    def _number(self, position: int) -> tuple[int, int]:
        """Return a variable-length number and the position after it."""
        value = 0
        for at in range(position, position + _MAX_NUMBER_BYTES):
            byte = self._data[at]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, at + 1
        raise _MalformedError

    def _is_last(self, span: Span, position: int, next_track: int) -> bool:
        """Return whether the end marker before ``position`` ends the track, apart from padding."""
        if not span.is_plausible or position in (next_track, span.stated_end):
            return True
        if any(self._data[position : span.stated_end]):
            self._repairs.add("a track goes on after its end marker")
            return False
        return True

    def _end_of_track(self, span: Span, position: int, next_track: int, *, ended: bool) -> int:
        """Record repairs at the end of a track that was read to ``position``; return the position after the track."""
        if not ended and position == len(self._data) < span.stated_end:
            self._repairs.add("the file ends within a track")
            return position
        if not ended:
            self._repairs.add("a track has no end marker")
        if span.is_plausible and position != next_track:
            return span.stated_end
        if position != span.stated_end:
            self._repairs.add("the stated length of a track is wrong")
        return position

    def _skip_rest(self, span: Span, position: int) -> int:
        """Skip the rest of a damaged track from ``position`` on; return the position after the track."""
        following = span.stated_end if span.is_plausible else self._data.find(TRACK, position)
        if following < 0 and span.stated_end > len(self._data):
            self._repairs.add("the file ends within a track")
        else:
            self._repairs.add("a track is damaged, its rest was left out", f"from byte {position:,} on")
        return following if following >= 0 else len(self._data)

    def _channel_message(self, tick: int, status: int, content: bytes) -> None:
        """Store a channel message if it is relevant for drums."""
        kind = status >> 4
        if kind > CONTROL:
            return
        number, value = content
        if number > 0x7F:
            self._repairs.add("a note or controller above 127 was left out")
            return
        if value > 0x7F:
            self._repairs.add("a velocity or controller value above 127 was taken as 127")
            value = 0x7F
        if kind == NOTE_ON and not value:
            kind = NOTE_OFF
        self.ticks.append(tick)
        self.messages += bytes((kind, status & 0xF, number, value))

    def _meta_message(self, tick: int, kind: int, content: bytes) -> None:
        """Store a tempo or a time signature; invalid ones are left out."""
        if kind == _TEMPO:
            tempo_us = int.from_bytes(content[:3]) if len(content) >= 3 else 0
            if tempo_us:
                self.tempi.append((tick, tempo_us))
            else:
                self._repairs.add("a tempo that is none was left out")
        elif kind == _TIME_SIGNATURE:
            if len(content) >= 2 and content[0] and content[1] <= _MAX_DENOMINATOR_POWER:
                self.signatures.append((tick, f"{content[0]}-{1 << content[1]}"))
            else:
                self._repairs.add("a time signature that is none was left out")
        elif kind == _KEY_SIGNATURE and not _is_key(content):
            self._repairs.add("a key signature that is none was left out")


def _is_key(content: bytes) -> bool:
    """Return whether a key signature is valid: up to seven flats or sharps, major or minor."""
    return len(content) == 2 and int.from_bytes(content[:1], signed=True) in range(-7, 8) and content[1] in (0, 1)
