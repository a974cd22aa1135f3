"""Separate files: which ones, where their stems go, one after the other; one that fails does not stop the others."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.audio import AUDIO_SUFFIXES, TrackReader, TrackWriter, commit_all, wav_container
from stemgmd_tools.baseline.models.separator import Separator
from stemgmd_tools.baseline.separate import Separating, Separation, block_frames, chosen_stems
from stemgmd_tools.baseline.wave_pipe import WavePipe
from stemgmd_tools.errors import AudioError, StemgmdError, UsageError
from stemgmd_tools.listing import list_files

STANDARD: Final = "-"
"""Stands for standard input or output."""
_STDIN_NAME: Final = "stdin"

Heard = Callable[[float, float | None], None]
"""Is told how many seconds of a sound have been read, and of how many if that is known."""


class Source(NamedTuple):
    """A sound to separate."""

    path: Path | None
    """None: standard input."""
    name: str
    """Folder of its stems below the output folder."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return "standard input" if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Output:
    """Where stems go and as what."""

    folder: Path = field(default_factory=lambda: Path("stems"))
    container: str = "wav"
    """``wav`` or ``flac``."""
    sample_format: str | None = None
    """``int16``, ``int24`` or ``float32``; None: as the input has it."""
    stems: tuple[str, ...] = ()
    """Those to write; none named: all."""
    overwrite: bool = False
    flac_level: int = 5

    def paths(self, source: Source, names: Sequence[str]) -> list[Path]:
        """Return the file of each stem."""
        return [self.folder / source.name / f"{name}.{self.container}" for name in names]


class Done(NamedTuple):
    """What became of one sound."""

    source: Source
    stems: tuple[str, ...] = ()
    duration_s: float = 0.0
    work_s: float = 0.0
    clipped: int = 0
    """Samples that were louder than the format can hold."""
    error: StemgmdError | None = None
    """Why it could not be separated; nothing of it was written then."""


def find_sources(inputs: Sequence[str], out: Path | None) -> list[Source]:
    """Return the sounds that files, folders and ``-`` stand for, in the order given, folders by name.

    Files of one name are told apart by the folders they lie in, as many as it takes.

    :param out: a folder whose files are left out, should it lie in one that is read.
    :raises UsageError: if there is none, if one is missing, or if the stems of two would have one folder.
    """
    found: list[Source] = []
    for text in inputs:
        path = Path(text)
        if text == STANDARD:
            found.append(Source(None, _STDIN_NAME))
        elif path.is_dir():
            found.extend(_in_folder(path, out))
        elif path.exists():
            found.append(Source(path, path.stem))
        else:
            raise UsageError(
                f"{text}: no such file or folder; give audio files, folders of them, or - for standard input"
            )
    if not found:
        raise UsageError(f"{', '.join(inputs)}: no audio file in there ({', '.join(sorted(AUDIO_SUFFIXES))})")
    found = _told_apart(found)
    owner: dict[str, Source] = {}
    for source in found:
        other = owner.setdefault(source.name, source)
        if other is not source:
            raise UsageError(
                f"{other.title} and {source.title}: the stems of both would go into {source.name}/; separate them into "
                "folders of their own"
            )
    return found


def _told_apart(sources: Sequence[Source]) -> list[Source]:
    """Return sources with folders in front of the names that files share."""
    count = Counter(source.name for source in sources)
    named: dict[int, str] = {}
    for name in (name for name, times in count.items() if times > 1):
        alike = {place: one.path for place, one in enumerate(sources) if one.name == name and one.path is not None}
        parts = {place: path.resolve().with_suffix("").parts[1:] for place, path in alike.items()}
        for depth in range(2, max(map(len, parts.values()), default=0) + 1):
            longer = {place: "/".join(one[-depth:]) for place, one in parts.items()}
            if len(set(longer.values())) == len(longer):
                named |= longer
                break
    return [source._replace(name=named.get(place, source.name)) for place, source in enumerate(sources)]


def _in_folder(folder: Path, out: Path | None) -> Iterator[Source]:
    whole = folder.resolve()
    written = None if out is None else out.resolve()
    if written == whole:
        raise UsageError(f"--out {out}: is the folder that is read, which would fill with stems; choose another")
    for path in list_files(folder, without=written).ending_in(AUDIO_SUFFIXES).files:
        yield Source(path, path.relative_to(folder).with_suffix("").as_posix())


def separate_files(
    model: Separator,
    sources: Sequence[Source],
    output: Output,
    separating: Separating,
    *,
    channels: tuple[int, ...] = (),
    heard: Callable[[Source], Heard] | None = None,
) -> Iterator[Done]:
    """Separate sounds one after the other; yield what became of each.

    :param channels: of sounds with more than two, those to take, counted from 1.
    :raises UsageError: if the model makes no such stem.
    """
    chosen_stems(model, output.stems)
    for source in sources:
        began = time.monotonic()
        try:
            done = separate_file(model, source, output, separating, channels, heard and heard(source))
        except StemgmdError as error:
            done = Done(source, error=error)
        yield done._replace(work_s=time.monotonic() - began)


def separate_file(
    model: Separator,
    source: Source,
    output: Output,
    separating: Separating,
    channels: tuple[int, ...] = (),
    heard: Heard | None = None,
) -> Done:
    """Separate one sound into files that appear all at once, when they are whole.

    :raises UsageError: if a file is there already and not to be overwritten, or for more than two channels.
    :raises AudioError: if the sound cannot be read or a file cannot be written.
    """
    chosen = chosen_stems(model, output.stems)
    names = tuple(model.stems[place] for place in chosen)
    paths = output.paths(source, names)
    _refuse_existing(source, paths, overwrite=output.overwrite)
    with _reader(source) as reader, ExitStack() as stack:
        taken = _channels(reader, channels)
        stack.callback(_remove_if_empty, paths[0].parent)
        separation, kind = _begin(model, separating, output, reader, taken)
        container = output.container
        if container == "wav":
            container = wav_container(reader.frames or 0, len(taken), kind)
        form = {"sample_rate": reader.sample_rate, "channels": len(taken), "flac_level": output.flac_level}
        writers = [
            stack.enter_context(TrackWriter(path, sample_format=kind, container=container, **form)) for path in paths
        ]
        frames = 0
        for stems in _stems(reader, taken, separation, heard):
            frames += stems.shape[1]
            if container == "wav" and wav_container(frames, len(taken), kind) != container:
                raise AudioError(f"{reader.name}: is longer than a WAV file can hold (4 GiB); give --format flac")
            for place, writer in zip(chosen, writers, strict=True):
                writer.write(stems[place].astype(np.int16) if kind == "int16" else stems[place])
        for writer in writers:
            writer.close()
        commit_all(writers)
    return Done(source, names, frames / reader.sample_rate, clipped=separation.clipped(chosen))


def separate_to_pipe(
    model: Separator,
    source: Source,
    stream: BinaryIO,
    output: Output,
    separating: Separating,
    *,
    channels: tuple[int, ...] = (),
    heard: Heard | None = None,
) -> Done:
    """Separate one sound to WAV in a pipe: the channels of all chosen stems, one stem after the other.

    :raises UsageError: for stems that the model does not make, or more than two channels.
    :raises AudioError: if the sound cannot be read.
    """
    began = time.monotonic()
    chosen = list(chosen_stems(model, output.stems))
    with _reader(source) as reader:
        taken = _channels(reader, channels)
        separation, kind = _begin(model, separating, output, reader, taken)
        pipe = WavePipe(stream, sample_rate=reader.sample_rate, channels=len(chosen) * len(taken), sample_format=kind)
        frames = 0
        for stems in _stems(reader, taken, separation, heard):
            frames += stems.shape[1]
            pipe.write(np.moveaxis(stems[chosen], 0, 1).reshape(stems.shape[1], -1))
    names = tuple(model.stems[place] for place in chosen)
    return Done(source, names, frames / reader.sample_rate, time.monotonic() - began, separation.clipped(chosen))


def _remove_if_empty(folder: Path) -> None:
    """Take back a folder made for stems that did not come to be."""
    with suppress(OSError):
        folder.rmdir()


def _reader(source: Source) -> TrackReader:
    return TrackReader(0 if source.path is None else source.path)


def _begin(
    model: Separator, separating: Separating, output: Output, reader: TrackReader, taken: tuple[int, ...]
) -> tuple[Separation, str]:
    kind = output.sample_format or reader.sample_format
    if output.container == "flac" and kind == "float32":
        kind = "int24"  # FLAC holds no floats
    return Separation(model, separating, sample_rate=reader.sample_rate, channels=len(taken), sample_format=kind), kind


def _stems(
    reader: TrackReader, taken: tuple[int, ...], separation: Separation, heard: Heard | None
) -> Iterator[NDArray[np.int32]]:
    """Yield integers (stem, frame, channel) as they become certain."""
    frames = 0
    for block in reader.blocks(block_frames(reader.sample_rate)):
        frames += len(block)
        try:
            stems = separation.push(block if taken == tuple(range(reader.channels)) else block[:, list(taken)])
        except AudioError as error:
            raise AudioError(f"{reader.name}: {error}") from error
        if stems.shape[1]:
            yield stems
        if heard is not None:
            whole = reader.frames
            heard(frames / reader.sample_rate, None if whole is None else whole / reader.sample_rate)
    if not frames:
        raise AudioError(f"{reader.name}: holds no audio frame")
    yield separation.finish()


def _channels(reader: TrackReader, asked: tuple[int, ...]) -> tuple[int, ...]:
    """Return the places of the channels to separate."""
    if reader.channels <= 2:
        return tuple(range(reader.channels))
    if not asked:
        raise UsageError(
            f"{reader.name}: {reader.channels} channels; mono and stereo work; choose one or two, as --channels 1,2"
        )
    if max(asked) > reader.channels:
        raise UsageError(f"{reader.name}: has {reader.channels} channels, no channel {max(asked)}; choose others")
    return tuple(channel - 1 for channel in asked)


def _refuse_existing(source: Source, paths: Sequence[Path], *, overwrite: bool) -> None:
    for path in paths:
        if not os.path.lexists(path):
            continue
        if source.path is not None and path.exists() and path.samefile(source.path):
            raise UsageError(f"{path}: is what would be separated; choose another --out")
        if not overwrite:
            raise UsageError(f"{path}: is there already; give --overwrite to replace it, or another --out")
