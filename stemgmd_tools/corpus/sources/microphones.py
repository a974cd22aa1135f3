"""What the microphones of recorded kits hear, of a virtual corpus and of one on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np
import pandas as pd

from stemgmd_tools.corpus.sources.base import Span, read_part, silence
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.bank import CHANNELS
from stemgmd_tools.kits.bank.microphones import MicrophoneBank
from stemgmd_tools.pieces import PIECES, Piece
from stemgmd_tools.rendering.microphones import microphone_segment, split_between_microphones
from stemgmd_tools.rendering.mix import integer_scale
from stemgmd_tools.rendering.runs import Runs
from stemgmd_tools.rendering.segment import Score
from stemgmd_tools.rendering.stems import Pcm
from stemgmd_tools.strict_yaml.problem import nearest


@runtime_checkable
class MicrophoneSource(Protocol):
    """A source whose recorded kits have tracks of single microphones."""

    @property
    def hears_microphones(self) -> bool:
        """Whether there are tracks of microphones, of all kits."""
        ...

    def microphone_names(self, kit: str) -> tuple[str, ...]:
        """Return the names of a kit's microphones.

        :raises UsageError: if the source has no tracks of microphones of this kit.
        """
        ...

    def microphone_stems(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
        microphones: Sequence[str] | None = None,
    ) -> Pcm:
        """Return a part of what each microphone hears of each piece.

        Summed over all microphones it is the part of the stems that ``stems`` returns.

        :param start: first frame, 0 or more.
        :param frames: number of frames; those beyond the end are silent. None: all remaining frames.
        :param pieces: the nine in canonical order if omitted.
        :param microphones: all in the order of :meth:`microphone_names` if omitted.
        :return: integers of shape (microphone, piece, channel, frame), int16 at 16 bits, int32 at 24.
        :raises UsageError: as ``stems``; also if the source has no tracks of these microphones.
        """
        ...


def has_microphones(source: object) -> TypeGuard[MicrophoneSource]:
    """Return whether a source has tracks of microphones."""
    return isinstance(source, MicrophoneSource) and source.hears_microphones


def chosen_microphones(names: Sequence[str], asked: Sequence[str] | None) -> tuple[int, ...]:
    """Return the indices of microphones by name, those of all if ``asked`` is None.

    :raises UsageError: for an unknown name, with a similar one, or if one is named twice.
    """
    if asked is None:
        return tuple(range(len(names)))
    if isinstance(asked, str):
        raise UsageError(f"microphones is the text {asked!r}; give a sequence of names, such as [{asked!r}]")
    for name in asked:
        if name not in names:
            raise UsageError(f'no microphone "{name}"{nearest(name, names)}; there are {", ".join(names)}')
    if len(set(asked)) < len(asked):
        raise UsageError(f"microphones {', '.join(asked)}: each may be named once")
    return tuple(names.index(name) for name in asked)


def mixed_microphones(
    runs: Sequence[Runs], microphones: MicrophoneBank, score: Score, mixed: Pcm, span: Span, axes: Sequence[int]
) -> Pcm:
    """Mix a part of all microphones, shape (microphone, piece, channel, frame).

    :param runs: those of every microphone.
    :param score: bit depth and gain of the performance through the kit.
    :param mixed: the same part of the stems, shape (piece, channel, frame).
    :param axes: of its pieces.
    """
    scale = np.float32(integer_scale(score.bit_depth, score.gain_db))
    place = range(span.start, span.start + span.frames)
    sounds = [microphone_segment(one, microphones.bank, place, axes, scale) for one in runs]
    loudest = [microphones.loudest[axis] for axis in axes]
    interleaved: Pcm = mixed.transpose(0, 2, 1).copy()
    flat: Pcm = interleaved.reshape(len(axes), -1)
    parts = split_between_microphones(flat, sounds, loudest, score.bit_depth)
    return parts.reshape(len(runs), len(axes), -1, CHANNELS).transpose(0, 1, 3, 2)


@dataclass(frozen=True, slots=True)
class WrittenMicrophones:
    """Reads the tracks of microphones of a corpus on disk."""

    root: Path
    paths: dict[tuple[str, str], dict[str, tuple[str, ...]]]
    """By performance and kit, then microphone: the file of each piece; empty for a silent one."""

    @classmethod
    def of(cls, root: Path, manifest: pd.DataFrame) -> WrittenMicrophones:
        """Return the tracks that a manifest lists."""
        axis_of = {piece.value: piece.axis for piece in PIECES}
        rows = manifest[manifest["track"].isin(axis_of)]
        columns = (rows[name].tolist() for name in ("performance", "kit", "microphone", "track", "path", "silent"))
        files_of: dict[tuple[str, str], dict[str, list[str]]] = {}
        for performance, kit, microphone, track, path, silent in zip(*columns, strict=True):
            files = files_of.setdefault((performance, kit), {}).setdefault(microphone, [""] * len(PIECES))
            files[axis_of[track]] = "" if silent else path
        return cls(root, {key: {name: tuple(files) for name, files in one.items()} for key, one in files_of.items()})

    def names(self, kit: str) -> tuple[str, ...]:
        """Return the microphones of a kit; none if there are no tracks of it."""
        return next((tuple(one) for (_, name), one in self.paths.items() if name == kit), ())

    def stems(
        self,
        performance: str,
        kit: str,
        span: Span,
        axes: Sequence[int],
        microphones: Sequence[str],
        form: tuple[int, int],
    ) -> Pcm:
        """Read a part of the tracks, shape (microphone, piece, channel, frame); silent files are not opened.

        :param form: sample rate and bit depth of the corpus.
        """
        parts = silence((len(microphones), len(axes), span.frames, CHANNELS), form[1])
        files = self.paths[performance, kit]
        for row, microphone in enumerate(microphones):
            for column, axis in enumerate(axes):
                path = files[microphone][axis]
                if path and span.sounding:
                    parts[row, column, : span.sounding] = read_part(self.root / path, span, *form)
        return parts.transpose(0, 1, 3, 2)
