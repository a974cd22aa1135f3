"""Render and write the tracks of one performance and kit, block by block in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from stemgmd_tools.audio import Pcm, TrackWriter, commit_all
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.loudness import HOPS_PER_SECOND, hop_frames
from stemgmd_tools.manifest.contexts import TrackFacts, TrackFile, TrackFormat
from stemgmd_tools.manifest.rows import Row, TrackMeters, known
from stemgmd_tools.manifest.rows import written as written_values
from stemgmd_tools.manifest.schema import Table
from stemgmd_tools.manifest.tables import STEMS
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.mix import Mixer, Overload
from stemgmd_tools.rendering.plan import Plan, plan
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.storage.paths import inside

BLOCK_SECONDS: Final = 3
"""Long enough to make the cost of calls negligible, short enough for a block to stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class TrackSet:
    """What is known of the tracks of one performance and kit before they are written."""

    performance: Performance
    kit: str
    frames: int
    hits: tuple[int, ...]
    """Number of hits of each of the nine stems."""
    silent: frozenset[str]
    """Tracks that are known to be silent: they share one file's content."""
    gain_db: float
    """The headroom gain of all tracks."""

    def hits_of(self, track: str) -> int:
        """Return the number of hits of a track."""
        return sum(self.hits[axis] for axis in layout.axes_of(track))


Share: TypeAlias = Callable[[str], Pcm]
"""Returns a track's samples of one block by the track's name, shape (frames, 2)."""


class WrittenTrack(NamedTuple):
    """A written file and what was measured on it."""

    sha256: str
    bytes: int
    measured: Row


@dataclass(frozen=True, slots=True)
class _Track:
    """An open file and its meters."""

    name: str
    writer: TrackWriter
    meters: TrackMeters


def block_frames(sample_rate: int) -> int:
    """Return the number of frames of a block, a whole number of the meter's hops."""
    return hop_frames(sample_rate) * HOPS_PER_SECOND * BLOCK_SECONDS


def write_performance(root: Path, performance: Performance, bank: Bank, settings: RenderSettings) -> list[Row]:
    """Render one performance through one kit and write all its tracks below ``root``.

    Files are renamed from temporary names once all of them are complete. The mixture is the sum of the stems' integers.
    Tracks without hits are equal, so their silence is encoded once and copied.

    :return: one row per track, in the order of :func:`layout.tracks`.
    :raises AudioError: if a file cannot be written.
    """
    decided = plan(performance, bank, settings)
    mixer = Mixer(decided, bank)
    try:
        return _write(root, performance, decided, mixer, settings, gain_db=0.0)
    except Overload:
        gain_db = mixer.headroom_db(settings.bit_depth)
        return _write(root, performance, decided, mixer, settings, gain_db=gain_db)


def _write(
    root: Path, performance: Performance, decided: Plan, mixer: Mixer, settings: RenderSettings, *, gain_db: float
) -> list[Row]:
    """Write every track with one headroom gain; no file is left if :class:`Overload` is raised."""
    facts = track_set(performance, decided, settings, gain_db)
    blocks = mixer.blocks(settings.bit_depth, gain_db, block_frames(settings.sample_rate))
    return write_tracks(root, facts, blocks, settings)


def track_set(performance: Performance, decided: Plan, settings: RenderSettings, gain_db: float) -> TrackSet:
    """Return what is known of the tracks of a plan; tracks without hits are silent."""
    hits = tuple(np.bincount(decided.strikes["piece"], minlength=len(PIECES)).tolist())
    silent = frozenset(name for name in layout.tracks(settings) if not any(hits[a] for a in layout.axes_of(name)))
    return TrackSet(performance, decided.kit, decided.frames, hits, silent, gain_db)


def write_tracks(root: Path, facts: TrackSet, blocks: Iterator[tuple[Pcm, Pcm]], settings: RenderSettings) -> list[Row]:
    """Write all tracks of one performance and kit from blocks of integers; no file is left after an error.

    :param blocks: stems (9, frames, 2) and mixture (frames, 2), each but the last of :func:`block_frames` frames.
    :return: one row per track, in the order of :func:`layout.tracks`.
    """
    paths = layout.stem_paths(settings, facts.performance, facts.kit)
    shares = (partial(share_of_stems, stems, mixture) for stems, mixture in blocks)
    tracks = write_shares(root, paths, facts.silent, shares, settings)
    return [row_of(STEMS, facts, TrackName(name), paths[name], tracks[name], settings) for name in paths]


class TrackName(NamedTuple):
    """A track in manifests."""

    track: str
    microphone: str = ""
    """Empty for a track of the kit's mix."""


def row_of(
    table: Table, facts: TrackSet, name: TrackName, path: PurePosixPath, track: WrittenTrack, settings: RenderSettings
) -> Row:
    """Return the row of a written track."""
    known_facts = TrackFacts(
        facts.performance, name.track, facts.hits_of(name.track), _format(settings), settings.seed, name.microphone
    )
    file = TrackFile(path.as_posix(), facts.frames, facts.gain_db, track.sha256, track.bytes)
    key = {"performance": facts.performance.id, "kit": facts.kit}
    return {**key, **known(table, known_facts), **track.measured, **written_values(table, file)}


def write_shares(
    root: Path,
    paths: Mapping[str, PurePosixPath],
    silent: Collection[str],
    shares: Iterator[Share],
    settings: RenderSettings,
) -> dict[str, WrittenTrack]:
    """Write tracks of equal length block by block; no file is left after an error.

    :param paths: path of each track.
    :param silent: names of tracks that are known to be silent: one of them is encoded, the others are copies.
    :param shares: for each block, a function that returns the samples of a track.
    """
    mute = [name for name in paths if name in silent]
    written = [name for name in paths if name not in mute] + mute[:1]
    with _open_tracks(root, paths, written, settings) as tracks:
        for share in shares:
            for track in tracks:
                block = share(track.name)
                track.meters.update(block)
                track.writer.write(block)
        done = {track.name: WrittenTrack(*track.writer.close(), track.meters.values()) for track in tracks}
        copies = [(tracks[-1].writer, inside(root, paths[name])) for name in mute[1:]]
        commit_all([track.writer for track in tracks], copies)
    return {name: done[name if name in done else mute[0]] for name in paths}


def _format(settings: RenderSettings) -> TrackFormat:
    return TrackFormat(settings.sample_rate, settings.bit_depth)


@contextmanager
def _open_tracks(
    root: Path, paths: Mapping[str, PurePosixPath], names: list[str], settings: RenderSettings
) -> Iterator[list[_Track]]:
    """Open the named tracks for writing; files that are not committed when the context ends are removed."""
    with ExitStack() as stack:
        yield [
            _Track(
                name,
                stack.enter_context(
                    TrackWriter(
                        inside(root, paths[name]),
                        sample_rate=settings.sample_rate,
                        sample_format=settings.sample_format,
                        container=settings.container,
                        flac_level=settings.flac_level,
                    )
                ),
                TrackMeters(_format(settings)),
            )
            for name in names
        ]


def share_of_stems(stems: Pcm, mixture: Pcm, name: str) -> Pcm:
    """Return a track's samples, shape (frames, 2): one stem, the mixture of all, or the sum of a group."""
    axes = layout.axes_of(name)
    if len(axes) == len(PIECES):
        return mixture
    share: Pcm = stems[axes[0]] if len(axes) == 1 else stems[list(axes)].sum(axis=0, dtype=stems.dtype)
    return share
