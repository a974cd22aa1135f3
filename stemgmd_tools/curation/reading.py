"""Read or render a clip and measure it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from stemgmd_tools.audio import read_audio
from stemgmd_tools.corpus.folder.layout import MIXTURE
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.curation.duplicates import fingerprint
from stemgmd_tools.curation.measures import ClipMeasures, Sound, StemMeasures, measure_sound, residual_db
from stemgmd_tools.curation.onset_agreement import Times, agreements
from stemgmd_tools.curation.songs import Song
from stemgmd_tools.errors import StemgmdError, shown
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.separation.evaluation.onsets import onset_times_s

_Track: TypeAlias = tuple[Sound, int]
"""Sound of shape (frame, channel) and its sample rate in Hz."""


def measure_song(song: Song, source: StemSource | None = None) -> ClipMeasures:
    """Measure a clip; files that cannot be read are named in the result.

    :param source: renders the stems of a virtual corpus, whose mixture is their sum; None: they are in files.
    """
    stems: dict[str, StemMeasures] = {}
    onsets: dict[str, Times] = {}
    unreadable: dict[str, str] = {}
    total: _Track | None = None
    comparable = True
    for name, read in _stems(song, source):
        try:
            sound, rate = read()
        except StemgmdError as error:
            unreadable[name], comparable = str(error), False
            continue
        stems[name] = measure_sound(sound, rate)
        if song.hits is not None and stems[name].peak > 0:
            onsets[name] = onset_times_s(sound[:, [0, -1]].T, rate)
        if total is None:
            total = sound.copy(), rate
        elif total[0].shape == sound.shape and total[1] == rate:
            total[0][:] += sound
        else:
            comparable = False
    mixture, residual = None if source is None else total, None
    if song.mixture:
        try:
            mixture = _sum(song.mixture)
        except StemgmdError as error:
            unreadable[MIXTURE] = str(error)
        else:
            if comparable and song.is_sum and total is not None and total[0].shape == mixture[0].shape:
                residual = residual_db(mixture[0], total[0])
    own, others = agreements(onsets, song.hits or {})
    whole = mixture or total
    return ClipMeasures(
        song.name,
        song.performance,
        song.kit,
        song.split,
        stems,
        None if mixture is None else measure_sound(*mixture),
        residual,
        song.hits,
        own,
        others,
        () if whole is None else fingerprint(*whole),
        unreadable,
    )


def _stems(song: Song, source: StemSource | None) -> Iterator[tuple[str, Callable[[], _Track]]]:
    """Yield the name of each stem and a function that reads it."""
    if source is None:
        for name, files in song.stems.items():
            yield name, partial(_sum, files)
        return
    for piece, sound in zip(PIECES, source.floats(song.performance, song.kit or ""), strict=True):
        yield piece.value, partial(_track, sound, source.sample_rate)


def _track(sound: Sound, sample_rate: int) -> _Track:
    """Return rendered sound, shape (channel, frame), as it is read from files."""
    return np.ascontiguousarray(sound.T), sample_rate


def _sum(files: Sequence[Path]) -> _Track:
    """Return the sum of files, as long as the longest one, and the sample rate of the first.

    :raises StemgmdError: if one cannot be read, or they differ in rate or channels.
    """
    total, rate = read_audio(files[0], foreign=True)
    for path in files[1:]:
        sound, other = read_audio(path, foreign=True)
        if other != rate or sound.shape[1] != total.shape[1]:
            raise StemgmdError(
                f"{shown(path)}: has {sound.shape[1]} channels at {other} Hz, {shown(files[0].name)} "
                f"{total.shape[1]} at {rate} Hz; files of one stem need the same"
            )
        if len(sound) > len(total):
            total, sound = sound, total
        total[: len(sound)] += sound
    return total, rate
