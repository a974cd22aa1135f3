"""Read or render a clip and measure it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stemgmd_tools.audio import read_audio
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.curation.duplicates import fingerprint
from stemgmd_tools.curation.measures import ClipMeasures, Sound, StemMeasures, measure_sound, residual_db
from stemgmd_tools.curation.onset_agreement import Power, agreements, frame_power
from stemgmd_tools.curation.songs import Song
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.pieces import PIECES


def measure_song(song: Song, source: StemSource | None = None) -> ClipMeasures:
    """Measure a clip; files that cannot be read are named in the result.

    :param source: renders the stems of a virtual corpus; None: they are in files.
    """
    if source is not None:
        return _measure_rendered(song, source)
    stems: dict[str, StemMeasures] = {}
    unreadable: dict[str, str] = {}
    powers: dict[str, Power] = {}
    total: Sound | None = None
    comparable = True
    for name, files in song.stems.items():
        try:
            sound, rate = _sum(files)
        except StemgmdError as error:
            unreadable[name], comparable = str(error), False
            continue
        stems[name] = measure_sound(sound, rate)
        powers[name] = frame_power(sound, rate)
        if total is None:
            total = sound.copy() if len(files) == 1 else sound
        elif total.shape == sound.shape and next(iter(stems.values())).sample_rate == rate:
            total += sound
        else:
            comparable = False
    mixture, residual, prints = None, None, () if total is None else _fingerprint(total, next(iter(stems.values())))
    if song.mixture:
        try:
            sound, rate = _sum(song.mixture)
            mixture = measure_sound(sound, rate)
            prints = _fingerprint(sound, mixture)
            if comparable and song.is_sum and total is not None and total.shape == sound.shape:
                residual = residual_db(sound, total)
        except StemgmdError as error:
            unreadable["mixture"] = str(error)
    own, others = agreements(powers, song.hits or {})
    return ClipMeasures(
        song.name,
        song.performance,
        song.kit,
        song.split,
        stems,
        mixture,
        residual,
        song.hits,
        own,
        others,
        prints,
        unreadable,
    )


def _fingerprint(sound: Sound, measures: StemMeasures) -> tuple[int, ...]:
    return fingerprint(frame_power(sound, measures.sample_rate))


def _measure_rendered(song: Song, source: StemSource) -> ClipMeasures:
    sounds = source.floats(song.performance, song.kit or "")
    stems = {
        piece.value: measure_sound(np.ascontiguousarray(sound.T), source.sample_rate)
        for piece, sound in zip(PIECES, sounds, strict=True)
    }
    total = np.ascontiguousarray(sounds.sum(axis=0).T)
    mixture = measure_sound(total, source.sample_rate)
    powers = {
        piece.value: frame_power(np.ascontiguousarray(sound.T), source.sample_rate)
        for piece, sound in zip(PIECES, sounds, strict=True)
    }
    own, others = agreements(powers, song.hits or {})
    return ClipMeasures(
        song.name,
        song.performance,
        song.kit,
        song.split,
        stems,
        mixture,
        hits=song.hits,
        own_onsets=own,
        other_onsets=others,
        fingerprint=_fingerprint(total, mixture),
    )


def _sum(files: Sequence[Path]) -> tuple[Sound, int]:
    """Return the sum of files, as long as the longest one, and the sample rate of the first.

    :raises StemgmdError: if one cannot be read, or they differ in rate or channels.
    """
    total, rate = read_audio(files[0], foreign=True)
    for path in files[1:]:
        sound, other = read_audio(path, foreign=True)
        if other != rate or sound.shape[1] != total.shape[1]:
            raise StemgmdError(
                f"{path}: has {sound.shape[1]} channels at {other} Hz, {files[0].name} {total.shape[1]} at {rate} Hz; "
                "files of one stem need the same"
            )
        if len(sound) > len(total):
            total, sound = sound, total
        total[: len(sound)] += sound
    return total, rate
