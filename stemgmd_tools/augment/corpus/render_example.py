"""Augment examples to integer tracks and the performances that they contain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.audio.apply import Warp
from stemgmd_tools.augment.audio.streaming import Work, apply_streamed
from stemgmd_tools.augment.chain.impulse_responses import names_of_rows, response
from stemgmd_tools.augment.chain.rows import Example, Row
from stemgmd_tools.augment.corpus.pcm import QuantisedStems, quantise_stems
from stemgmd_tools.augment.symbolic.examples import ExampleRenderer
from stemgmd_tools.augment.symbolic.renderer import Renderer
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec, open_source
from stemgmd_tools.performances.tables import HIT_DTYPE, Records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES


class Augmented(NamedTuple):
    """An augmented example."""

    performance: Performance
    """The performance of the tracks, named as the example; hits lie on whole frames."""
    hits: tuple[int, ...]
    """Number of hits of each of the nine stems."""
    tracks: QuantisedStems


def augment(
    origin: SourceSpec, example: Example, rows: Sequence[Row], device: str, folder: Path | None = None
) -> Augmented:
    """Augment one example of a corpus.

    :param example: nine stems, whole or a segment.
    :param device: ``cpu`` or ``cuda``.
    :param folder: folder for temporary files of long examples; None for the system's.
    :raises StemgmdError: if a source, kit or row cannot be used.
    """
    return next(augment_together(origin, [(example, rows)], device, folder))


def augment_together(
    origin: SourceSpec, examples: Sequence[tuple[Example, Sequence[Row]]], device: str, folder: Path | None = None
) -> Iterator[Augmented]:
    """Augment examples of a corpus, as many at a time as fit the memory; yield them in order.

    On a CPU each has the bytes that it has alone.

    :param examples: examples with their rows, as for :func:`augment`.
    :raises StemgmdError: if a source, kit or row cannot be used.
    """
    source = open_source(origin)
    renderers = [ExampleRenderer(source, example, rows, _renderer(origin)) for example, rows in examples]
    works = [
        Work(rows, example.stems, source.sample_rate, device, _responses(origin, rows, device))
        for example, rows in examples
    ]
    finished = apply_streamed(list(zip(renderers, works, strict=True)), folder)
    for renderer, (example, _) in zip(renderers, examples, strict=True):
        with _single_thread():
            stems, mixture, warps = next(finished)
        tracks = quantise_stems(stems, mixture, source.bit_depth)
        labels = _at_new_frames(renderer.labels, warps, tracks.frames)
        frames = tracks.frames
        performance = _moved_performance(renderer.performance, labels, warps, example, frames, source.sample_rate)
        counts = np.bincount(labels["stem"], minlength=len(PIECES))
        yield Augmented(performance, tuple(counts.tolist()), tracks)


def _responses(origin: SourceSpec, rows: Sequence[Row], device: str) -> dict[str, torch.Tensor]:
    """Return the impulse responses that rows name."""
    rate = open_source(origin).sample_rate
    return {
        name: torch.from_numpy(response(origin.impulse_responses, name, rate)).to(device)
        for name in names_of_rows(rows)
    }


@contextmanager
def _single_thread() -> Iterator[None]:
    """Limit PyTorch to one thread, since more would change the order of sums; jobs run in parallel instead."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _renderer(origin: SourceSpec) -> Renderer:
    return Renderer(open_source(origin), origin.kit_path)


def _at_new_frames(labels: NDArray[np.void], warps: Sequence[Warp], frames: int) -> NDArray[np.void]:
    """Return the labels moved by the warps of their stems, without those beyond the end."""
    moved = labels.copy()
    for stem, warp in enumerate(warps):
        mask = labels["stem"] == stem
        moved["frame"][mask] = warp.frames(labels["frame"][mask])
    return moved[moved["frame"] < frames]


def _moved_performance(
    played: Performance,
    labels: NDArray[np.void],
    warps: Sequence[Warp],
    example: Example,
    frames: int,
    sample_rate: int,
) -> Performance:
    """Return the performance of the moved labels.

    If songs were repitched independently, it has no tempo, and its pedal follows the first stem.
    """
    hits = np.zeros(len(labels), HIT_DTYPE)
    hits["time_s"] = labels["frame"] / sample_rate
    for name in ("note", "velocity", "openness"):
        hits[name] = labels[name]
    factor = math.prod(warps[0].factors)
    offset_s = units.seconds_of(example.start, sample_rate)
    length_s = units.seconds_of(example.frames, sample_rate) if example.frames else played.duration_s - offset_s
    bpm = played.metadata.get("bpm")
    tempo: dict[str, float | None] = {}
    if isinstance(bpm, int | float) and factor != 1.0:
        tempo = {"bpm": float(bpm) / factor}
    if len(set(warps)) > 1:
        tempo = {"bpm": None}
        length_s = min(length_s, frames / sample_rate / factor)
    return replace(
        played,
        id=example.name,
        hits=hits,
        duration_s=length_s * factor,
        pedal=_moved(played.pedal, offset_s, factor),
        chokes=_moved(played.chokes, offset_s, factor),
        metadata={**played.metadata, **tempo},
    )


def _moved(table: Records, offset_s: float, factor: float) -> NDArray[np.void]:
    """Return events on the time line of the example, without those before its start."""
    moved = table[table["time_s"] >= offset_s].copy()
    moved["time_s"] = (moved["time_s"] - offset_s) * factor
    return moved
