"""Other renderers on the same clips: each makes the nine stems in memory, or on disk where it can only do that.

A peer renders one pass per piece that is played; silent stems cost it nothing. All use one General MIDI SoundFont, to
whose notes the hits are mapped, and their own default quality.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi

from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER, PIECES

SAMPLE_RATE = 44_100
DRUM_CHANNEL = 9
RING_S = 0.1
"""Length written for every note; drums ring out by themselves."""
TAIL_S = 3.0
"""What is rendered after the last onset by peers that have to be told how long to go on."""
SOUNDFONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
)

Pass = list[tuple[float, int, int]]
"""The hits of one piece: time in seconds, General MIDI note, velocity."""


class Absent(Exception):  # noqa: N818 - a finding, not a failure
    """A peer that cannot run here, and why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A renderer: ``prepare`` loads what is not measured and returns the function that renders one clip's passes."""

    name: str
    prepare: Callable[[Path, Sequence[list[Pass]]], Callable[[int], object]]
    slow: bool = False
    """Renders so slowly that it gets the shortest clips only."""


def find_soundfont(given: Path | None) -> Path | None:
    """Return the SoundFont to use, if there is one."""
    candidates = [given] if given else [Path(os.environ["SOUNDFONT"])] if "SOUNDFONT" in os.environ else []
    return next((path for path in [*candidates, *map(Path, SOUNDFONTS)] if path and path.is_file()), None)


def passes(performance: Performance) -> list[Pass]:
    """Return the hits of each piece that is played, mapped to General MIDI."""
    by_piece: dict[str, Pass] = {piece: [] for piece in PIECES}
    for hit in performance.hits:
        note = NOTE_OF_NUMBER[int(hit["note"])]
        by_piece[note.piece].append((float(hit["time_s"]), note.general_midi, int(hit["velocity"])))
    return [hits for hits in by_piece.values() if hits]


def _midi(hits: Pass) -> pretty_midi.PrettyMIDI:
    midi = pretty_midi.PrettyMIDI(resolution=960)
    drums = pretty_midi.Instrument(program=0, is_drum=True)
    drums.notes = [pretty_midi.Note(velocity, note, start, start + RING_S) for start, note, velocity in hits]
    midi.instruments.append(drums)
    return midi


def _midi_bytes(hits: Pass) -> bytes:
    buffer = io.BytesIO()
    _midi(hits).write(buffer)
    return buffer.getvalue()


def _need(module: str) -> Any:
    if importlib.util.find_spec(module) is None:
        raise Absent(f"{module} is not installed")
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Absent(f"{module} does not import: {error}") from error


def _symusic(soundfont: Path, clips: Sequence[list[Pass]]) -> Callable[[int], object]:
    symusic = _need("symusic")
    synthesizer = symusic.Synthesizer(sf_path=str(soundfont), sample_rate=SAMPLE_RATE)
    scores = [[symusic.Score.from_midi(_midi_bytes(hits)) for hits in clip] for clip in clips]
    try:
        synthesizer.render(scores[0][0], stereo=True)
    except TypeError as error:
        raise Absent("this version's synthesizer raises TypeError; 0.5.9 works") from error
    return lambda index: [synthesizer.render(score, stereo=True) for score in scores[index]]


def _tinysoundfont(soundfont: Path, clips: Sequence[list[Pass]]) -> Callable[[int], object]:
    tinysoundfont = _need("tinysoundfont")
    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    synth.program_select(DRUM_CHANNEL, synth.sfload(str(soundfont)), 0, 0, is_drums=True)

    def one(hits: Pass) -> np.ndarray:
        frames = [round(time_s * SAMPLE_RATE) for time_s, _, _ in hits]
        out = np.empty((frames[-1] + round(TAIL_S * SAMPLE_RATE), 2), np.float32)
        stops = [*frames[1:], len(out)]
        if frames[0]:
            synth.generate_simple(frames[0], memoryview(out[: frames[0]]).cast("B"))
        for (_, note, velocity), begin, end in zip(hits, frames, stops, strict=True):
            synth.noteon(DRUM_CHANNEL, note, velocity)
            if end > begin:
                synth.generate_simple(end - begin, memoryview(out[begin:end]).cast("B"))
        synth.sounds_off(DRUM_CHANNEL)
        return out

    return lambda index: [one(hits) for hits in clips[index]]


def _pretty_midi_fluidsynth(soundfont: Path, clips: Sequence[list[Pass]]) -> Callable[[int], object]:
    fluidsynth = _need("fluidsynth")
    synthesizer = fluidsynth.Synth(samplerate=float(SAMPLE_RATE))
    font = synthesizer.sfload(str(soundfont))
    midis = [[_midi(hits) for hits in clip] for clip in clips]
    return lambda index: [midi.fluidsynth(fs=SAMPLE_RATE, synthesizer=synthesizer, sfid=font) for midi in midis[index]]


def _fluidsynth(soundfont: Path, clips: Sequence[list[Pass]]) -> Callable[[int], object]:
    program = shutil.which("fluidsynth")
    if program is None:
        raise Absent("the program fluidsynth is not installed")
    midis = [[_midi_bytes(hits) for hits in clip] for clip in clips]

    def clip(index: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for number, content in enumerate(midis[index]):
                source = Path(folder, f"{number}.mid")
                source.write_bytes(content)
                subprocess.run(
                    [program, "-ni", "-q", "-r", str(SAMPLE_RATE), "-F", f"{folder}/{number}.wav", soundfont, source],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    return clip


PEERS = (
    Peer("symusic's synthesizer", _symusic),
    Peer("tinysoundfont", _tinysoundfont),
    Peer("pretty_midi's FluidSynth", _pretty_midi_fluidsynth, slow=True),
    Peer("FluidSynth, one process a stem", _fluidsynth, slow=True),
)


def prepared(
    soundfont: Path | None, clips: Sequence[list[Pass]]
) -> Iterator[tuple[Peer, Callable[[int], object] | Absent]]:
    """Yield each peer with its render function, or with the reason why it is absent."""
    for peer in PEERS:
        if soundfont is None:
            yield peer, Absent("no General MIDI SoundFont; give --soundfont PATH")
            continue
        try:
            yield peer, peer.prepare(soundfont, clips)
        except Absent as absent:
            yield peer, absent
