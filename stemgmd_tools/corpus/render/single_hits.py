"""Render single hits: every articulation of a kit at ten velocities, one file each."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm, TrackWriter, commit_all
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.render.ladder import Powers, rising
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.velocity_curve import energy
from stemgmd_tools.manifest.contexts import SingleHit, TrackFile, TrackFormat
from stemgmd_tools.manifest.rows import Row, written
from stemgmd_tools.manifest.tables import SINGLE_HITS
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, Note, Piece
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import Plan, plan
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.storage.paths import inside


class SingleStroke(NamedTuple):
    """An isolated stroke."""

    velocity: int
    onset: int
    """Frame of the attack."""
    plan: Plan


class OneShot(NamedTuple):
    """A stroke as it is written, from its lead-in to the end of its decay."""

    kit: str
    note: Note
    velocity: int
    onset_frame: int
    """Frame of the attack."""
    pcm: Pcm
    """Shape (frames, 2)."""
    gain_db: float
    """Headroom gain."""


class _Hit(NamedTuple):
    """A stroke and its sound."""

    stroke: SingleStroke
    pcm: Pcm
    gain_db: float


def write_single_hits(root: Path, bank: Bank, settings: RenderSettings) -> list[Row]:
    """Write the single hits of one kit below ``root``; each sounds exactly as the same stroke in a performance.

    If a stroke would clip, all strokes of its articulation are attenuated by the same gain.

    :return: one row per file, by articulation in table order, then velocity.
    :raises AudioError: if a file cannot be written.
    """
    rows: list[Row] = []
    for note in NOTES:
        hits = _mixed_alike(bank, note, settings)
        with ExitStack() as stack:
            hits_written = [write_one_shot(root, settings, _one_shot(bank, note, hit), stack) for hit in hits]
            commit_all([writer for writer, _ in hits_written])
        rows += [row for _, row in hits_written]
    return rows


def single_strokes(bank: Bank, note: Note, settings: RenderSettings) -> list[SingleStroke]:
    """Return the ten strokes of an articulation, with takes chosen so that levels rise.

    See :func:`stemgmd_tools.corpus.render.ladder.rising`.
    """
    steps = [_takes(bank, note, velocity, settings) for velocity in layout.SINGLE_HIT_VELOCITIES]
    chosen = rising([[_powers(bank, take) for take in takes] for takes in steps])
    return [takes[take] for takes, take in zip(steps, chosen, strict=True)]


def _takes(bank: Bank, note: Note, velocity: int, settings: RenderSettings) -> list[SingleStroke]:
    """Return one stroke for each take that may play it, delayed by the longest lead-in of the bank."""
    openness = 1.0 if note.piece is Piece.HIHAT_OPEN else 0.0
    lead_s = units.seconds_of(int(bank.samples["onset"].max()), bank.sample_rate)
    onset = units.frames_of(lead_s, bank.sample_rate)
    stroke = Performance(
        id=f"single_hits/{note.articulation}/{velocity}",
        hits=[Hit(lead_s, note.number, velocity, openness)],  # type: ignore[arg-type]
        duration_s=1.0 / bank.sample_rate,
    )
    first = plan(stroke, bank, settings, take=0)
    played = bank.samples[int(first.strikes["sample"][0])]
    count = int(bank.variations[played["articulation"], played["degree"], played["layer"]])
    plans = [first, *(plan(stroke, bank, settings, take=take) for take in range(1, count))]
    return [SingleStroke(velocity, onset, take_plan) for take_plan in plans]


def _powers(bank: Bank, stroke: SingleStroke) -> Powers:
    """Return the powers of a stroke: that of its start, as for layers of a bank, its total, and its mean."""
    strike = stroke.plan.strikes[0]
    row, gain = int(strike["sample"]), float(strike["gain"])
    pcm = bank.one_shot(row)
    start = energy(pcm, int(bank.samples["onset"][row]), gain, bank.sample_rate)
    samples = pcm.astype(np.int64)
    whole = int((samples * samples).sum()) * gain * gain
    return start, whole, whole / len(pcm)


def _mixed_alike(bank: Bank, note: Note, settings: RenderSettings) -> list[_Hit]:
    """Return the ten strokes of an articulation with one headroom gain, the lowest that any of them needs."""
    hits = [_mixed(bank, note, settings, stroke) for stroke in single_strokes(bank, note, settings)]
    gain_db = min(hit.gain_db for hit in hits)
    return [hit if hit.gain_db == gain_db else _mixed(bank, note, settings, hit.stroke, gain_db) for hit in hits]


def _mixed(bank: Bank, note: Note, settings: RenderSettings, stroke: SingleStroke, gain_db: float = 0.0) -> _Hit:
    stems = mix(stroke.plan, bank, bit_depth=settings.bit_depth, gain_db=gain_db)
    return _Hit(stroke, stems[note.piece].T.copy(), stems.gain_db)


def _one_shot(bank: Bank, note: Note, hit: _Hit) -> OneShot:
    return OneShot(bank.kit, note, hit.stroke.velocity, hit.stroke.onset, hit.pcm, hit.gain_db)


def write_one_shot(root: Path, settings: RenderSettings, shot: OneShot, stack: ExitStack) -> tuple[TrackWriter, Row]:
    """Write a one-shot to a temporary file, which ``stack`` removes unless it is committed; return its row too."""
    path = layout.single_hit_path(settings, shot.kit, shot.note.articulation, shot.velocity)
    writer = stack.enter_context(
        TrackWriter(
            inside(root, path),
            sample_rate=settings.sample_rate,
            sample_format=settings.sample_format,
            container=settings.container,
            flac_level=settings.flac_level,
        )
    )
    writer.write(shot.pcm)
    hit = SingleHit(
        shot.kit,
        shot.note,
        shot.velocity,
        shot.pcm,
        TrackFormat(settings.sample_rate, settings.bit_depth),
        shot.onset_frame,
        TrackFile(path.as_posix(), len(shot.pcm), shot.gain_db, *writer.close()),
    )
    return writer, {"kit": shot.kit, **written(SINGLE_HITS, hit)}
