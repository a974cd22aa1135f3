"""Tunes to files: MIDI like GMD's (type 0, 480 ticks per beat, channel 10, one tempo) and an ``info.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import mido

from stemgmd_tools.performances.gmd.info_csv import COLUMNS, InfoRow
from stemgmd_tools.performances.smf.file import DRUM_CHANNEL, US_PER_S
from stemgmd_tools.performances.smf.track import AFTERTOUCH, CONTROL, NOTE_ON
from stemgmd_tools.storage.files import write_bytes
from tools.compose.player import Event, Feel, play
from tools.compose.tab import Tab, read_tab

TICKS_PER_BEAT: Final = 480
DURATION_DECIMALS: Final = 6
"""As in GMD's csv."""


EVEN: Final = Feel()


@dataclass(frozen=True, slots=True)
class Tune:
    """One performance of the starter set: its tab and its metadata."""

    session: str
    """``drummer11/session1``; tunes of a session are numbered in order."""
    style: str
    """As in GMD: ``primary`` or ``primary/secondary``."""
    bpm: int
    beat_type: str
    split: str
    tab: str
    time_signature: str = "4-4"
    feel: Feel = EVEN


@dataclass(frozen=True, slots=True)
class Written:
    """A tune as a row of ``info.csv`` and the bytes of its MIDI file."""

    row: InfoRow
    midi: bytes


def write_down(tunes: Iterable[Tune]) -> list[Written]:
    """Return all tunes, numbered within their sessions from 1, sorted by id."""
    numbers: dict[str, int] = {}
    written = []
    for tune in tunes:
        numbers[tune.session] = numbers.get(tune.session, 0) + 1
        written.append(_write_tune(tune, numbers[tune.session]))
    return sorted(written, key=lambda item: item.row.id)


def info_csv(rows: Sequence[InfoRow]) -> bytes:
    """Return the bytes of an ``info.csv`` with GMD's columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = dict(zip(COLUMNS, astuple(row), strict=True))
        cells["bpm"] = f"{row.bpm:g}"
        cells["duration"] = f"{row.duration:.{DURATION_DECIMALS}f}"
        writer.writerow(cells.values())
    return text.getvalue().encode()


def write_set(tunes: Iterable[Tune], folder: Path) -> int:
    """Write ``info.csv`` and the MIDI files of ``tunes`` below ``folder``; return their number."""
    written = write_down(tunes)
    for tune in written:
        write_bytes(folder / tune.row.midi_filename, tune.midi)
    write_bytes(folder / "info.csv", info_csv([tune.row for tune in written]))
    return len(written)


def _write_tune(tune: Tune, number: int) -> Written:
    id_ = f"{tune.session}/{number}"
    tab = read_tab(tune.tab, id_)
    numerator, denominator = map(int, tune.time_signature.split("-"))
    tempo_us = round(60 * US_PER_S / tune.bpm)
    bar_ticks = TICKS_PER_BEAT * 4 * numerator // denominator
    bar_s = bar_ticks * tempo_us / (TICKS_PER_BEAT * US_PER_S)
    style = tune.style.replace("/", "-")
    name = f"{tune.session}/{number}_{style}_{tune.bpm}_{tune.beat_type}_{tune.time_signature}.mid"
    row = InfoRow(
        drummer=tune.session.split("/")[0],
        session=tune.session,
        id=id_,
        style=tune.style,
        bpm=float(tune.bpm),
        beat_type=tune.beat_type,
        time_signature=tune.time_signature,
        midi_filename=name,
        audio_filename="",
        duration=round(tab.bars * bar_s, DURATION_DECIMALS),
        split=tune.split,
    )
    return Written(row, _midi(tune, tab, tempo_us, bar_s, id_))


def _midi(tune: Tune, tab: Tab, tempo_us: int, bar_s: float, id_: str) -> bytes:
    numerator, denominator = map(int, tune.time_signature.split("-"))
    track = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=id_),
            mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator),
            mido.MetaMessage("set_tempo", tempo=tempo_us),
        ]
    )
    now = 0
    held: dict[int, int] = {}
    for event in play(tab, bar_s, tune.feel, id_):
        if event.kind == CONTROL and held.get(event.number) == event.value:
            continue
        if event.kind == CONTROL:
            held[event.number] = event.value
        tick = round(event.time_s * TICKS_PER_BEAT * US_PER_S / tempo_us)
        track.append(_message(event, tick - now))
        now = tick
    end = round(tab.bars * bar_s * TICKS_PER_BEAT * US_PER_S / tempo_us)
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    buffer = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def _message(event: Event, wait: int) -> mido.Message:
    if event.kind == CONTROL:
        return mido.Message("control_change", channel=DRUM_CHANNEL, control=event.number, value=event.value, time=wait)
    if event.kind == AFTERTOUCH:
        return mido.Message("polytouch", channel=DRUM_CHANNEL, note=event.number, value=event.value, time=wait)
    kind = "note_on" if event.kind == NOTE_ON else "note_off"
    return mido.Message(kind, channel=DRUM_CHANNEL, note=event.number, velocity=event.value, time=wait)
