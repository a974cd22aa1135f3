"""Writing one job: a performance through a kit, mixed, measured and encoded block by block in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from stemgmd_tools import audio
from stemgmd_tools.audio import Pcm, TrackWriter
from stemgmd_tools.corpus import layout
from stemgmd_tools.corpus.measure import HOPS_PER_SECOND, Levels, TrackMeter, hop_frames
from stemgmd_tools.kits.bank import Bank
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.mix import Mixer, Overload
from stemgmd_tools.rendering.plan import Plan, plan
from stemgmd_tools.rendering.settings import RenderSettings

BLOCK_SECONDS: Final = 3
"""Long enough that a call costs little beside its work, short enough that a block stays in the processor's cache."""


class TrackRow(Levels):
    """One row of the ``stems`` manifest, as far as the audio tells."""

    performance: str
    kit: str
    track: str
    path: str
    frames: int
    sample_rate: int
    hits: int
    gain_db: float
    seed: int
    content_hash: str
    bytes: int


@dataclass(frozen=True, slots=True)
class _Track:
    """One open file, what is measured of it, and which stems it is the sum of."""

    name: str
    axes: tuple[int, ...]
    writer: TrackWriter
    meter: TrackMeter


def write_performance(root: Path, performance: Performance, bank: Bank, settings: RenderSettings) -> list[TrackRow]:
    """Render one performance through one kit and write all its tracks below ``root``.

    No file gets its name before all of them are whole. The mixture is written from the sum of the very integers the
    stems are written from. Tracks without a hit are equal, so their silence is encoded once and copied.

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
) -> list[TrackRow]:
    """Write every track at one headroom gain; :class:`Overload` leaves nothing behind."""
    paths = layout.stem_paths(settings, performance, decided.kit)
    hits = {name: _hit_count(name, decided) for name in paths}
    silent = [name for name in paths if not hits[name]]
    written = [name for name in paths if hits[name]] + silent[:1]
    with _open_tracks(root, paths, written, settings) as tracks:
        _encode(tracks, mixer, settings, gain_db)
        content = {track.name: track.writer.close() for track in tracks}
        levels = {track.name: track.meter.levels() for track in tracks}
        for track in tracks:
            track.writer.commit()
    for name in silent[1:]:
        audio.copy_file(root / paths[silent[0]], root / paths[name])
    rows = []
    for name, path in paths.items():
        source = name if name in content else silent[0]
        rows.append(
            TrackRow(
                performance=performance.id,
                kit=decided.kit,
                track=name,
                path=path.as_posix(),
                frames=decided.frames,
                sample_rate=settings.sample_rate,
                hits=hits[name],
                gain_db=gain_db,
                seed=settings.seed,
                content_hash=content[source][0],
                bytes=content[source][1],
                **levels[source],
            )
        )
    return rows


@contextmanager
def _open_tracks(
    root: Path, paths: dict[str, PurePosixPath], names: list[str], settings: RenderSettings
) -> Iterator[list[_Track]]:
    """Open the named tracks for writing; what is not committed when the context ends is removed."""
    with ExitStack() as stack:
        yield [
            _Track(
                name,
                layout.axes_of(name),
                stack.enter_context(
                    TrackWriter(
                        root / paths[name],
                        sample_rate=settings.sample_rate,
                        sample_format=settings.sample_format,
                        container=settings.container,
                        flac_level=settings.flac_level,
                    )
                ),
                TrackMeter(settings.sample_rate, settings.bit_depth),
            )
            for name in names
        ]


def _encode(tracks: list[_Track], mixer: Mixer, settings: RenderSettings, gain_db: float) -> None:
    """Mix block by block; measure and encode each track's share."""
    block_frames = hop_frames(settings.sample_rate) * HOPS_PER_SECOND * BLOCK_SECONDS
    for stems, mixture in mixer.blocks(settings.bit_depth, gain_db, block_frames):
        for track in tracks:
            block = _share(track.axes, stems, mixture)
            track.meter.update(block)
            track.writer.write(block)


def _share(axes: tuple[int, ...], stems: Pcm, mixture: Pcm) -> Pcm:
    """Return a track's samples, shape (frames, 2): one stem, the mixture of all, or the sum of a group."""
    if len(axes) == len(PIECES):
        return mixture
    share: Pcm = stems[axes[0]] if len(axes) == 1 else stems[list(axes)].sum(axis=0, dtype=stems.dtype)
    return share


def _hit_count(track: str, decided: Plan) -> int:
    """Return how many strikes a track holds."""
    return int(np.isin(decided.strikes["piece"], layout.axes_of(track)).sum())
