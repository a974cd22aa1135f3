"""Audio and spectrograms of the best, median and worst example of a method on each stem."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import TrackWriter
from stemgmd_tools.kits.plot import draw_spectrogram, log_spectrogram_db
from stemgmd_tools.rendering.stems import Pcm
from stemgmd_tools.separation.evaluation.methods.base import BLOCK, Clip, Frames, Method, regrouped
from stemgmd_tools.separation.evaluation.metric_table import MAIN
from stemgmd_tools.separation.evaluation.run import EvaluationClip, Measures, audio_of
from stemgmd_tools.separation.evaluation.summary import stems_in
from stemgmd_tools.storage.figures import empty_figure

EXCERPT_S: Final = 3.0
"""Maximum length of an excerpt, taken where the stem is loudest."""
RANKS: Final = ("best", "median", "worst")
MIXTURE: Final = "mixture"
_STEP_S: Final = 0.5
_BIT_DEPTH: Final = 16
_FLAC_LEVEL: Final = 8
_PICTURE_INCHES: Final = (3.6, 2.0)
_DPI: Final = 90
_MARKS: Final = ((0.0, 0.12), (0.88, 1.0))
"""Where strokes and onsets are marked, as shares of the height of a picture."""
_MARK_COLOURS: Final = ("#40d060", "#ff5040")
_GREY: Final = "#888888"
"""Readable on light and dark backgrounds."""


class Example(NamedTuple):
    """One stem of one clip."""

    stem: str
    rank: str
    """``best``, ``median`` or ``worst`` of the stem, by the method under examination."""
    clip: EvaluationClip
    figures: dict[str, float]
    """nSDR in dB of each method."""


class ExampleSound(NamedTuple):
    """A sound of an example."""

    title: str
    sound: Frames
    """Shape (2, frame)."""
    played_s: NDArray[np.float64] | None = None
    """Strokes in it, marked at the lower edge of its picture; None: not known."""
    detected_s: NDArray[np.float64] | None = None
    """Detected onsets in it, marked at the upper edge."""


def examples_of(table: pd.DataFrame, method: str, clips: Sequence[EvaluationClip]) -> list[Example]:
    """Return the best, median and worst clip of a method for each stem that is present in any clip."""
    by_name = {(clip.performance, clip.kit): clip for clip in clips}
    examples = []
    for stem in stems_in(table):
        present = table[table["present"] & (table["stem"] == stem)]
        own = present[present["method"] == method].sort_values([MAIN.name, "performance", "kit"], ascending=False)
        for rank, place in ranks_of(len(own)).items():
            performance, kit = str(own["performance"].iloc[place]), str(own["kit"].iloc[place])
            same = present[(present["performance"] == performance) & (present["kit"] == kit)]
            figures = dict(zip(same["method"].tolist(), same[MAIN.name].tolist(), strict=True))
            examples.append(Example(stem, rank, by_name[performance, kit], figures))
    return examples


def ranks_of(count: int) -> dict[str, int]:
    """Return the index of each rank in descending order; at most as many ranks as clips."""
    if count < len(RANKS):
        return dict(zip((RANKS[0], RANKS[-1]), range(count), strict=False))
    return dict(zip(RANKS, (0, (count - 1) // 2, count - 1), strict=True))


def example_sounds(example: Example, methods: Sequence[Method], measures: Measures) -> list[ExampleSound]:
    """Return excerpts of the mixture, the true stem, and each method's estimate from the whole clip."""
    audio = audio_of(example.clip, measures)
    axis = audio.stems.index(example.stem)
    start, frames = loudest_part(audio, axis)
    mixture, stems = audio.both(start, frames)
    estimates = [
        ExampleSound(method.name, excerpt(method, audio, start, frames)[axis])
        for method in methods
        if method.name != MIXTURE
    ]
    return [ExampleSound(MIXTURE, mixture), ExampleSound("true stem", stems[axis]), *estimates]


def loudest_part(clip: Clip, axis: int) -> tuple[int, int]:
    """Return start and length of the part of up to :data:`EXCERPT_S` in which a stem has most energy."""
    step, frames = (units.frames_of(time_s, clip.sample_rate) for time_s in (_STEP_S, EXCERPT_S))
    if clip.frames <= frames:
        return 0, clip.frames
    steps = range(0, clip.frames, step)
    energies = np.array([float((clip.both(start, step)[1][axis].astype(np.float64) ** 2).sum()) for start in steps])
    width = frames // step
    sums = np.convolve(energies, np.ones(width), "valid")
    return min(int(sums.argmax()) * step, clip.frames - frames), frames


def excerpt(method: Method, clip: Clip, start: int, frames: int) -> Frames:
    """Return part of a method's estimates, shape (stem, 2, frame); frames after it are not separated."""
    whole, rest = divmod(start, BLOCK)
    before = [BLOCK] * whole + [rest] * bool(rest)
    parts = regrouped(method.separate(clip), [*before, frames, 1])
    for _ in before:  # discarded part by part
        next(parts)
    return next(parts)


def sound_uri(sound: Frames, gain: float, sample_rate: int) -> str:
    """Return a sound, mixed to mono, as the data URI of a 16-bit FLAC file.

    :param gain: common to all compared sounds, so that none exceeds full scale.
    """
    pcm: Pcm = np.empty(sound.shape[::-1], np.int16)
    # Two equal channels clip no more room than one.
    samples = np.repeat(sound.mean(axis=0, dtype=np.float32)[:, None], len(sound), axis=1)
    scale = np.float32(gain * (units.full_scale(_BIT_DEPTH) - 1))
    units.quantise(samples, scale, np.empty_like(samples), pcm)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.flac"
        with TrackWriter(
            path,
            sample_rate=sample_rate,
            sample_format=f"int{_BIT_DEPTH}",
            container="flac",
            flac_level=_FLAC_LEVEL,
        ) as writer:
            writer.write(pcm)
            writer.close()
            writer.commit()
        content = path.read_bytes()
    return f"data:audio/flac;base64,{base64.b64encode(content).decode()}"


def gain_for(sounds: Sequence[ExampleSound]) -> float:
    """Return the gain that keeps all sounds within full scale."""
    peak = max(float(np.abs(item.sound).max(initial=0.0)) for item in sounds)
    return min(1.0, 1.0 / peak) if peak > 0.0 else 1.0


def picture_uris(sounds: Sequence[ExampleSound], sample_rate: int) -> list[str]:
    """Return the spectrogram of each sound as the data URI of a PNG, on a common scale of 90 dB below the maximum.

    :raises UsageError: if matplotlib is not installed.
    """
    spectra = [log_spectrogram_db(item.sound.mean(axis=0, dtype=np.float64), sample_rate) for item in sounds]
    top_db = max(float(spectrum.max()) for spectrum in spectra)
    seconds = sounds[0].sound.shape[1] / sample_rate
    return [
        _picture(spectrum, seconds, sample_rate, top_db, (item.played_s, item.detected_s))
        for item, spectrum in zip(sounds, spectra, strict=True)
    ]


def _picture(
    spectrum: NDArray[np.float64],
    seconds: float,
    sample_rate: int,
    top_db: float,
    marks_s: Sequence[NDArray[np.float64] | None],
) -> str:
    figure = empty_figure(*_PICTURE_INCHES)
    figure.set_facecolor("none")
    axes = figure.add_axes((0.14, 0.13, 0.82, 0.85))
    draw_spectrogram(axes, spectrum, seconds, sample_rate, top_db=top_db, label_size=7)
    axes.tick_params(colors=_GREY)
    for times_s, span, colour in zip(marks_s, _MARKS, _MARK_COLOURS, strict=True):
        if times_s is not None:
            axes.vlines(times_s, *span, colors=colour, linewidth=1.5, transform=axes.get_xaxis_transform())
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
