"""Separate recordings into files, one after the other; a failure does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.audio import TrackReader, TrackWriter, commit_all, wav_container
from stemgmd_tools.errors import AudioError, StemgmdError, TruncatedError, UsageError
from stemgmd_tools.separation.inference.inputs import Source
from stemgmd_tools.separation.inference.record import Recipe, existing_stems, remove_if_unused, write_record
from stemgmd_tools.separation.inference.separate import Separation, SeparationSettings, block_frames, chosen_stems
from stemgmd_tools.separation.inference.wav_stream import WavePipe
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.storage.files import temporary_beside
from stemgmd_tools.storage.paths import inside

ProgressCallback = Callable[[float, float | None], None]
"""Called with the seconds read so far, and the total seconds if known."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where and in which format stems are written."""

    folder: Path = field(default_factory=lambda: Path("stems"))
    container: str = "wav"
    """``wav`` or ``flac``."""
    sample_format: str | None = None
    """``int16``, ``int24`` or ``float32``; None: that of the input."""
    stems: tuple[str, ...] = ()
    """Stems to write; empty: all."""
    overwrite: bool = False
    allow_truncated: bool = False
    """Whether to separate truncated files as far as they go."""
    flac_level: int = 5

    def paths(self, source: Source, names: Sequence[str]) -> list[Path]:
        """Return the file of each stem.

        :raises StemgmdError: if one would be outside the folder.
        """
        return [inside(self.folder, f"{source.name}/{name}.{self.container}") for name in names]


class FileResult(NamedTuple):
    """Result for one recording."""

    source: Source
    stems: tuple[str, ...] = ()
    duration_s: float = 0.0
    work_s: float = 0.0
    clipped: int = 0
    """Number of clipped samples."""
    lacks: str | None = None
    """What is missing of a truncated file."""
    replaced: tuple[str, ...] = ()
    """Files of an interrupted run that were replaced."""
    skipped: bool = False
    """Whether nothing was done, since all stems of the same sound and settings existed."""
    error: StemgmdError | None = None
    """Why it could not be separated; no file was written then."""


def separate_files(
    model: Separator,
    sources: Sequence[Source],
    output: Output,
    settings: SeparationSettings,
    *,
    channels: tuple[int, ...] = (),
    weights: Recipe | None = None,
    progress: Callable[[Source], ProgressCallback] | None = None,
) -> Iterator[FileResult]:
    """Separate recordings one after the other; yield the result of each.

    :param channels: channels to separate of files with more than two, counted from 1.
    :param weights: identifies the model in records beside the stems, by which finished recordings are skipped the next
        time. None: no records are written, and existing stems are refused.
    :param progress: returns the callback for the progress of a recording.
    :raises UsageError: if the model does not separate a requested stem.
    """
    chosen_stems(model, output.stems)
    for source in sources:
        began = time.monotonic()
        try:
            done = separate_file(
                model, source, output, settings, channels, weights=weights, progress=progress and progress(source)
            )
        except StemgmdError as error:
            done = FileResult(source, error=error)
        except OSError as error:  # e.g. file names that the system rejects
            done = FileResult(source, error=AudioError(f"{source.title}: {error.strerror or error}"))
        yield done._replace(work_s=time.monotonic() - began)


def separate_file(
    model: Separator,
    source: Source,
    output: Output,
    settings: SeparationSettings,
    channels: tuple[int, ...] = (),
    *,
    weights: Recipe | None = None,
    progress: ProgressCallback | None = None,
) -> FileResult:
    """Separate one recording into files, which appear together when all are complete.

    Files of an interrupted run with the same settings are replaced; for ``weights``, see :func:`separate_files`.

    :raises UsageError: if a file exists and must not be overwritten, or for more than two channels.
    :raises AudioError: if the recording cannot be read or a file cannot be written.
    """
    indices = chosen_stems(model, output.stems)
    names = tuple(model.stems[place] for place in indices)
    paths = output.paths(source, names)
    recipe = None if weights is None else _recipe(weights, output, settings, channels)
    existing = existing_stems(source, paths, recipe, overwrite=output.overwrite)
    if existing.complete:
        return FileResult(source, names, skipped=True)
    with _reader(source, output) as reader, ExitStack() as stack:
        channel_indices = _channels(reader, channels)
        stack.callback(_clean_up, paths)
        separation, kind = _begin(model, settings, output, reader, channel_indices)
        container = output.container
        if container == "wav":
            container = wav_container(reader.frames or 0, len(channel_indices), kind)
        form = {"sample_rate": reader.sample_rate, "channels": len(channel_indices), "flac_level": output.flac_level}
        writers = [
            stack.enter_context(TrackWriter(path, sample_format=kind, container=container, **form)) for path in paths
        ]
        frames = 0
        for stems in _stems(reader, channel_indices, separation, progress):
            frames += stems.shape[1]
            if container == "wav" and wav_container(frames, len(channel_indices), kind) != container:
                raise AudioError(f"{reader.name}: is longer than a WAV file can hold (4 GiB); give --format flac")
            for place, writer in zip(indices, writers, strict=True):
                writer.write(stems[place].astype(np.int16) if kind == "int16" else stems[place])
        written = {path: writer.close()[0] for path, writer in zip(paths, writers, strict=True)}
        if existing_stems(source, paths, recipe, overwrite=output.overwrite).complete:  # another run finished first
            return FileResult(source, names, skipped=True)
        if recipe is not None:
            write_record(source, written, recipe)
        commit_all(writers)
    seconds = frames / reader.sample_rate
    clipped = separation.clipped(indices)
    return FileResult(source, names, seconds, clipped=clipped, lacks=reader.lacks, replaced=existing.leftovers)


def separate_to_pipe(
    model: Separator,
    source: Source,
    stream: BinaryIO,
    output: Output,
    settings: SeparationSettings,
    *,
    channels: tuple[int, ...] = (),
    progress: ProgressCallback | None = None,
) -> FileResult:
    """Separate one recording to a WAV in a pipe, with the channels of all selected stems in order.

    :raises UsageError: for stems that the model does not separate, or more than two channels.
    :raises AudioError: if the recording cannot be read.
    """
    began = time.monotonic()
    indices = list(chosen_stems(model, output.stems))
    with _reader(source, output) as reader:
        channel_indices = _channels(reader, channels)
        separation, kind = _begin(model, settings, output, reader, channel_indices)
        pipe = WavePipe(
            stream, sample_rate=reader.sample_rate, channels=len(indices) * len(channel_indices), sample_format=kind
        )
        frames = 0
        for stems in _stems(reader, channel_indices, separation, progress):
            frames += stems.shape[1]
            pipe.write(np.moveaxis(stems[indices], 0, 1).reshape(stems.shape[1], -1))
    names = tuple(model.stems[place] for place in indices)
    seconds, work_s = frames / reader.sample_rate, time.monotonic() - began
    return FileResult(source, names, seconds, work_s, separation.clipped(indices), reader.lacks)


def _recipe(weights: Recipe, output: Output, settings: SeparationSettings, channels: tuple[int, ...]) -> Recipe:
    """Return everything but the sound that determines the bytes of stems, by option names."""
    return {
        **weights,
        "subtype": output.sample_format,
        "channels": list(channels),
        "segment": settings.segment_s,
        "overlap": settings.overlap,
        "bf16": settings.bf16,
        "mixture-consistent": settings.mixture_consistent,
    }


def _clean_up(paths: Sequence[Path]) -> None:
    """After a failure, remove temporary files, an unused record and an empty folder."""
    folder = paths[0].parent
    with suppress(OSError):
        for path in paths:
            temporary_beside(path).unlink(missing_ok=True)
        remove_if_unused(folder)
        folder.rmdir()


@contextmanager
def _reader(source: Source, output: Output) -> Iterator[TrackReader]:
    if source.fault is not None:
        raise AudioError(f"{source.title}: {source.fault}")
    place = 0 if source.path is None else source.path
    try:
        with TrackReader(place, foreign=True, allow_truncated=output.allow_truncated) as reader:
            yield reader
    except TruncatedError as error:
        raise TruncatedError(f"{error}, or give --allow-truncated to take what is there") from error


def _begin(
    model: Separator,
    settings: SeparationSettings,
    output: Output,
    reader: TrackReader,
    channel_indices: tuple[int, ...],
) -> tuple[Separation, str]:
    kind = output.sample_format or reader.sample_format
    if output.container == "flac" and kind == "float32":
        kind = "int24"  # FLAC does not support floats
    return Separation(
        model, settings, sample_rate=reader.sample_rate, channels=len(channel_indices), sample_format=kind
    ), kind


def _stems(
    reader: TrackReader, channel_indices: tuple[int, ...], separation: Separation, progress: ProgressCallback | None
) -> Iterator[NDArray[np.int32]]:
    """Yield integers, shape (stem, frame, channel), as they become final."""
    frames = 0
    for block in reader.blocks(block_frames(reader.sample_rate)):
        frames += len(block)
        try:
            stems = separation.push(
                block if channel_indices == tuple(range(reader.channels)) else block[:, list(channel_indices)]
            )
        except AudioError as error:
            raise AudioError(f"{reader.name}: {error}") from error
        if stems.shape[1]:
            yield stems
        if progress is not None:
            whole = reader.frames
            progress(frames / reader.sample_rate, None if whole is None else whole / reader.sample_rate)
    if not frames:
        raise AudioError(f"{reader.name}: holds no audio frame")
    yield separation.finish()


def _channels(reader: TrackReader, requested: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices of the channels to separate."""
    if reader.channels <= 2:
        return tuple(range(reader.channels))
    if not requested:
        raise UsageError(
            f"{reader.name}: has {reader.channels} channels; separate one or two of them, as --channels 1,2"
        )
    if max(requested) > reader.channels:
        raise UsageError(f"{reader.name}: has {reader.channels} channels, no channel {max(requested)}; choose others")
    return tuple(channel - 1 for channel in requested)
