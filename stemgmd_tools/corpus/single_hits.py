"""Velocity single hits: every articulation of a kit at ten velocities, one file each."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict

import numpy as np

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm, TrackWriter, commit_all
from stemgmd_tools.corpus import layout
from stemgmd_tools.kits.bank import Bank
from stemgmd_tools.performances.types import Hit, Performance
from stemgmd_tools.pieces import NOTES, Note, Piece
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings


class SingleHitRow(TypedDict):
    """One row of the ``single_hits`` manifest."""

    kit: str
    articulation: str
    piece: str
    note: int
    velocity: int
    path: str
    frames: int
    sample_rate: int
    onset_frame: int
    gain_db: float
    peak_dbfs: float
    content_hash: str
    bytes: int


def write_single_hits(root: Path, bank: Bank, settings: RenderSettings) -> list[SingleHitRow]:
    """Write the single hits of one kit below ``root``; they sound exactly as the same stroke does in a performance.

    :return: one row per file, by articulation in table order, then velocity.
    :raises AudioError: if a file cannot be written.
    """
    rows: list[SingleHitRow] = []
    for note in NOTES:
        with ExitStack() as stack:
            made = [_write_one(root, bank, settings, note, v, stack) for v in layout.SINGLE_HIT_VELOCITIES]
            commit_all([writer for writer, _ in made])
        rows += [row for _, row in made]
    return rows


def stroke_of(bank: Bank, note: Note, velocity: int) -> tuple[Performance, int]:
    """Return a performance of one stroke, as late as the longest lead-in of the bank, and the frame of its attack."""
    openness = 1.0 if note.piece is Piece.HIHAT_OPEN else 0.0
    lead_s = units.seconds_of(int(bank.samples["onset"].max()), bank.sample_rate)
    stroke = Performance(
        id=f"single_hits/{note.articulation}/{velocity}",
        hits=[Hit(lead_s, note.number, velocity, openness)],  # type: ignore[arg-type]
        duration_s=1.0 / bank.sample_rate,
    )
    return stroke, units.frames_of(lead_s, bank.sample_rate)


def _write_one(
    root: Path, bank: Bank, settings: RenderSettings, note: Note, velocity: int, stack: ExitStack
) -> tuple[TrackWriter, SingleHitRow]:
    """Write one stroke, from what precedes its attack to the end of its decay, to a file that has no name yet."""
    path = layout.single_hit_path(settings, bank.kit, note.articulation, velocity)
    stroke, onset = stroke_of(bank, note, velocity)
    stems = mix(plan(stroke, bank, settings), bank, bit_depth=settings.bit_depth)
    pcm: Pcm = stems[note.piece].T.copy()
    writer = stack.enter_context(
        TrackWriter(
            root / path,
            sample_rate=settings.sample_rate,
            sample_format=settings.sample_format,
            container=settings.container,
            flac_level=settings.flac_level,
        )
    )
    writer.write(pcm)
    content_hash, size = writer.close()
    row = SingleHitRow(
        kit=bank.kit,
        articulation=note.articulation,
        piece=note.piece.value,
        note=note.number,
        velocity=velocity,
        path=path.as_posix(),
        frames=len(pcm),
        sample_rate=settings.sample_rate,
        onset_frame=onset,
        gain_db=stems.gain_db,
        peak_dbfs=round(units.db_of_gain(float(np.abs(pcm).max()) / units.full_scale(settings.bit_depth)), 2),
        content_hash=content_hash,
        bytes=size,
    )
    return writer, row
