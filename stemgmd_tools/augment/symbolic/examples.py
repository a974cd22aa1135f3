"""Render examples after their performance and kit rows, as float stems with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.chain.rows import Example, Row
from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.augment.symbolic.kit_effects import StemPart, layers, reshapes_strokes, stems_of
from stemgmd_tools.augment.symbolic.performance_effects import is_performed, perform
from stemgmd_tools.augment.symbolic.renderer import Renderer
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.microphones import has_microphones
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.kits.sample_map.microphones import role_of_microphone
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, PIECES, Piece
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.rendering.stems import Pcm

LABEL_DTYPE: Final = np.dtype(
    [
        ("stem", "u1"),  # axis of the stems
        ("frame", "i8"),  # where the attack lies in the example
        ("note", "u1"),
        ("velocity", "u1"),
        ("openness", "f4"),
    ]
)

READ_FRAMES: Final = 1 << 21
"""Frames read at a time: more than a training segment has, few compared to a long performance."""

_AXIS_OF_NOTE: Final = np.full(128, -1, np.int16)
for _note in NOTES:
    _AXIS_OF_NOTE[_note.number] = _note.piece.axis


class Rendered(NamedTuple):
    """An example after its performance and kit rows, before its audio rows."""

    performance: Performance
    """The example's performance after the rows."""
    stems: NDArray[np.float32]
    """Shape (stem, channel, frame), full scale 1.0; may exceed full scale."""
    labels: NDArray[np.void]
    """Every hit of the stems, :data:`LABEL_DTYPE`, by stem and time; in a stem from another performance, its hits."""

    @property
    def onsets(self) -> tuple[NDArray[np.int64], ...]:
        """Frames of the attacks of each stem."""
        return tuple(self.labels["frame"][self.labels["stem"] == stem] for stem in range(len(self.stems)))


def render_example(
    source: StemSource, example: Example, rows: Sequence[Row] = (), renderer: Renderer | None = None
) -> Rendered:
    """Return the stems of an example after its performance and kit rows.

    If no row changes the performance or its strokes, the stems are only read from the source.

    :param rows: rows of this example, in order; audio rows are ignored.
    :param renderer: renders changed stems; pass the same one again to keep its banks open.
    :raises StemgmdError: if the source lacks a performance or kit of the rows, or a kit is not found.
    """
    example_renderer = ExampleRenderer(source, example, tuple(rows), renderer or Renderer(source))
    return Rendered(
        example_renderer.performance, example_renderer.stems(range(len(example.stems))), example_renderer.labels
    )


_Sound: TypeAlias = Pcm | NDArray[np.float32]
"""Sound in integer units."""


class ExampleRenderer:
    """Renders the stems of one example, some at a time.

    :param rows: rows of this example, in order; audio rows are ignored.
    :raises StemgmdError: if the source lacks a performance or kit of the rows, or a kit is not found.
    """

    def __init__(self, source: StemSource, example: Example, rows: Sequence[Row], renderer: Renderer) -> None:
        """Determine the layers and labels of the stems; no audio is read yet."""
        self._source = source
        self._example = example
        self._renderer = renderer
        self._pieces = [[Piece(piece).axis for piece in pieces_of_stem(name)] for name in example.stems]
        self._strokes = [_stroke_rows(rows, example, stem) for stem in range(len(example.stems))]
        self._layers = layers(example, rows, source.sample_rate)
        self._is_changed = any(is_performed(row) for row in rows)
        self._played: dict[str, Performance] = {}
        self._plans: dict[tuple[str, str], Plan] = {}
        self.performance = perform(self._performance(example.performance), rows, example.stems)
        """The example's performance after the rows."""
        self.frames = example.frames if example.frames is not None else self._length()
        """Length of all stems."""
        self.labels = self._labels(self.frames)
        """Every hit of the stems, see :class:`Rendered`."""

    def stems(self, axes: Sequence[int]) -> NDArray[np.float32]:
        """Return some stems by index, shape (stem, 2, frames), full scale 1.0."""
        stems = np.zeros((len(axes), 2, self.frames), np.float32)
        self._add_read(stems, axes)
        self._add_rendered(stems, axes)
        return stems

    def onsets(self, axes: Sequence[int]) -> list[NDArray[np.int64]]:
        """Return the frames of the attacks of some stems."""
        return [self.labels["frame"][self.labels["stem"] == stem] for stem in axes]

    def _performance(self, name: str) -> Performance:
        if name not in self._played:
            self._played[name] = self._source.played(name)
        return self._played[name]

    def _layer_performance(self, layer: StemPart) -> Performance:
        return (
            self.performance if layer.performance == self._example.performance else self._performance(layer.performance)
        )

    def _plan(self, layer: StemPart) -> Plan:
        key = (layer.performance, layer.kit)
        if key not in self._plans:
            self._plans[key] = self._renderer.plan(self._layer_performance(layer), layer.kit)
        return self._plans[key]

    def _needs_rendering(self, stem: int, layer: StemPart) -> bool:
        """Return whether a layer has to be rendered because the source does not contain it."""
        changed = self._is_changed and layer.performance == self._example.performance
        return changed or bool(self._strokes[stem])

    def _length(self) -> int:
        """Return the length of a whole example, until the last sound of its own performance ends.

        If every stem is from another performance, the length is that of the unchanged example.
        """
        own_layers = [
            (stem, layer)
            for stem, stem_layers in enumerate(self._layers)
            for layer in stem_layers
            if layer.performance == self._example.performance
        ]
        untouched = StemPart(self._example.performance, self._example.kit, self._example.start, 1.0)
        return max(1, *(self._length_of(stem, layer) - layer.start for stem, layer in own_layers or [(0, untouched)]))

    def _length_of(self, stem: int, layer: StemPart) -> int:
        if self._needs_rendering(stem, layer):
            return self._renderer.length(self._plan(layer), self._strokes[stem])
        return self._source.length(layer.performance, layer.kit)

    def _add_read(self, stems: NDArray[np.float32], chosen: Sequence[int]) -> None:
        """Add every layer that the source contains, with one read per performance, kit and start."""
        reads: dict[StemPart, list[tuple[int, StemPart]]] = {}
        for stem in chosen:
            for layer in self._layers[stem]:
                if not self._needs_rendering(stem, layer):
                    reads.setdefault(layer._replace(weight=1.0), []).append((stem, layer))
        scale = np.float32(1.0 / units.full_scale(self._source.bit_depth))
        scratch = np.empty(min(stems.shape[2], READ_FRAMES), np.float32)
        for source, users in reads.items():
            axes = sorted({axis for stem, _ in users for axis in self._pieces[stem]})
            start, length = max(source.start, 0), self._source.length(source.performance, source.kit)
            silent = min(max(-source.start, 0), stems.shape[2])
            sounding = min(stems.shape[2] - silent, max(length - start, 0))
            pieces = [PIECES[axis] for axis in axes]
            for begin in range(0, sounding, READ_FRAMES):
                frames = min(sounding - begin, READ_FRAMES)
                pcm = self._read(source, start + begin, frames, pieces)
                place = slice(silent + begin, silent + begin + frames)
                for stem, layer in users:
                    sounds = [pcm[axes.index(axis)] for axis in self._pieces[stem]]
                    _add(stems[chosen.index(stem), :, place], sounds, scale * np.float32(layer.weight), scratch)

    def _read(self, layer: StemPart, start: int, frames: int, pieces: Sequence[Piece]) -> _Sound:
        """Return a part of a layer in integer units, shape (piece, 2, frames)."""
        if not layer.levels_db:
            return self._source.stems(layer.performance, layer.kit, start, frames, pieces)
        if not has_microphones(self._source):
            raise AugmentError(f"microphone_levels: {self._source} has no tracks of microphones; render it with them")
        names = self._source.microphone_names(layer.kit)
        parts = self._source.microphone_stems(layer.performance, layer.kit, start, frames, pieces)
        levels = dict(layer.levels_db)
        mixed = np.zeros(parts.shape[1:], np.float32)
        for name, sound in zip(names, parts, strict=True):
            mixed += sound * np.float32(units.gain_of_db(levels[role_of_microphone(name)]))
        return mixed

    def _add_rendered(self, stems: NDArray[np.float32], chosen: Sequence[int]) -> None:
        """Add every layer that has to be rendered."""
        for out, stem in zip(stems, chosen, strict=True):
            for layer in self._layers[stem]:
                if self._needs_rendering(stem, layer):
                    if layer.levels_db:
                        raise AugmentError(
                            "microphone_levels: cannot be combined with effects that change strokes or performances"
                        )
                    silent = min(max(-layer.start, 0), stems.shape[2])
                    place = self._plan(layer), self._pieces[stem], max(layer.start, 0)
                    self._renderer.add_stem(out[:, silent:], *place, self._strokes[stem], layer.weight)

    def _labels(self, frames: int) -> NDArray[np.void]:
        """Return the hits of every stem's first layer; further layers play the same hits."""
        parts = []
        for stem, stem_layers in enumerate(self._layers):
            hits = self._layer_performance(stem_layers[0]).hits
            frame = units.frames_of_array(hits["time_s"], self._source.sample_rate) - stem_layers[0].start
            inside = np.isin(_AXIS_OF_NOTE[hits["note"]], self._pieces[stem]) & (frame >= 0) & (frame < frames)
            labels = np.zeros(int(inside.sum()), LABEL_DTYPE)
            labels["stem"], labels["frame"] = stem, frame[inside]
            for name in ("note", "velocity", "openness"):
                labels[name] = hits[name][inside]
            parts.append(labels)
        return np.concatenate(parts)


def _add(
    out: NDArray[np.float32],
    sounds: Sequence[_Sound],
    factor: np.float32,
    scratch: NDArray[np.float32],
) -> None:
    """Add integer sounds of shape (2, frames) times a factor, channel by channel, since they are interleaved.

    With a power of two as factor, sums of 16-bit sounds are exact, since they fit a float's 24 bits.
    """
    part = scratch[: out.shape[1]]
    for sound in sounds:
        for line, channel in zip(out, sound, strict=True):
            np.multiply(channel, factor, out=part, casting="same_kind")
            np.add(line, part, out=line)


def _stroke_rows(rows: Sequence[Row], example: Example, stem: int) -> tuple[Row, ...]:
    return tuple(row for row in rows if reshapes_strokes(row) and stem in stems_of(row, example))
