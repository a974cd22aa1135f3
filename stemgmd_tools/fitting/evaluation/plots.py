"""Plot recording and model of a fit side by side, per articulation."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.fitting.evaluation.fit_metrics import play
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.plot import log_spectrogram_db
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.storage.figures import empty_figure
from stemgmd_tools.storage.files import write_bytes

LONGEST_S: Final = 3.0
RANGE_DB: Final = 90.0
_LOWEST_HZ: Final = 30.0
_MARKS_HZ: Final = (100, 1_000, 10_000)
_ENVELOPE_FRAMES: Final = 220
_SMOOTH_OCTAVES: Final = 1 / 12
_INCHES: Final = (11.0, 3.4)
_DPI: Final = 80


class Sides(NamedTuple):
    """A recording and a stroke of the model, mono, of equal length, with aligned attacks."""

    recording: NDArray[np.float64]
    model: NDArray[np.float64]


def need_matplotlib() -> None:
    """Check that pictures can be drawn.

    :raises UsageError: if matplotlib is not installed.
    """
    empty_figure(1.0, 1.0)


def draw(voice: VoiceModel, strokes: Sequence[Strokes], articulation: str, path: Path) -> None:
    """Draw the loudest and the softest layer of an articulation, recording beside model, to a PNG file.

    A row shows waveform and spectrogram of the recording and of the model, and both envelopes and long-term spectra in
    one plot, at their levels in the kit.

    :raises UsageError: if matplotlib is not installed.
    :raises AudioError: if the file cannot be written.
    """
    shown = _shown(strokes)
    figure = empty_figure(_INCHES[0], _INCHES[1] * len(shown))
    grid = figure.add_gridspec(len(shown), 3, left=0.05, right=0.99, bottom=0.09 / len(shown), top=0.93, wspace=0.13)
    for row, layer in enumerate(shown):
        sides = _sides(layer, voice, articulation)
        spectrograms = [log_spectrogram_db(side, SAMPLE_RATE) for side in sides]
        top_db = max(float(levels_db.max()) for levels_db in spectrograms)
        loudest = max(float(np.abs(side).max()) for side in sides)
        title = f"{articulation}, velocity {layer.velocity}"
        if not math.isnan(layer.openness):
            title += f", openness {layer.openness:g}"
        for column, (side, name) in enumerate(zip(sides, ("recording", "model"), strict=True)):
            cell = grid[row, column].subgridspec(2, 1, height_ratios=(1, 2.4), hspace=0.06)
            wave, picture = figure.add_subplot(cell[0]), figure.add_subplot(cell[1])
            _draw_wave(wave, side, loudest, f"{title}: {name}")
            _draw_spectrogram(picture, spectrograms[column], len(side) / SAMPLE_RATE, top_db)
        _draw_both(figure, grid[row, 2].subgridspec(2, 1, hspace=0.45), sides)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    write_bytes(path, content.getvalue())


def _shown(strokes: Sequence[Strokes]) -> tuple[Strokes, ...]:
    """Return the loudest layer at the widest opening and the softest at the narrowest, or the only one."""

    def rank(layer: Strokes) -> tuple[float, int]:
        return (0.0 if math.isnan(layer.openness) else layer.openness, layer.velocity)

    loudest, softest = max(strokes, key=rank), min(strokes, key=rank)
    return (loudest,) if loudest is softest else (loudest, softest)


def _sides(layer: Strokes, voice: VoiceModel, articulation: str) -> Sides:
    recording = layer.repeats[0].mean(axis=1)
    model = np.concatenate([np.zeros(ONSET_FRAMES), play(voice, layer, articulation, 1)[0].mean(axis=1)])
    frames = min(max(len(recording), len(model)), round(LONGEST_S * SAMPLE_RATE))
    longer = [np.concatenate([side, np.zeros(max(0, frames - len(side)))])[:frames] for side in (recording, model)]
    return Sides(longer[0], longer[1])


def _draw_wave(axes: Any, sound: Float, loudest: float, title: str) -> None:
    axes.plot(np.arange(len(sound)) / SAMPLE_RATE, sound, linewidth=0.3)
    axes.set(xlim=(0, len(sound) / SAMPLE_RATE), ylim=(-loudest, loudest), xticks=[])
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=6)


def _draw_spectrogram(axes: Any, levels_db: Float, seconds: float, top_db: float) -> None:
    extent = (0, seconds, 0, math.log2(SAMPLE_RATE / 2 / _LOWEST_HZ))
    axes.imshow(levels_db, origin="lower", aspect="auto", extent=extent, vmin=top_db - RANGE_DB, vmax=top_db)
    axes.set_yticks([math.log2(hertz / _LOWEST_HZ) for hertz in _MARKS_HZ], [f"{hertz}" for hertz in _MARKS_HZ])
    axes.set_xlabel("s", fontsize=6)
    axes.tick_params(labelsize=6)


def _draw_both(figure: Any, cell: Any, sides: Sides) -> None:
    """Draw both envelopes, and both long-term spectra, into one picture each."""
    envelopes, spectra = figure.add_subplot(cell[0]), figure.add_subplot(cell[1])
    tops = {envelopes: -math.inf, spectra: -math.inf}
    for side, name in zip(sides, ("recording", "model"), strict=True):
        for axes, (x, level_db) in ((envelopes, _envelope(side)), (spectra, _spectrum(side))):
            axes.plot(x, level_db, linewidth=0.7, label=name)
            tops[axes] = max(tops[axes], float(level_db.max()))
    for axes, top in tops.items():
        axes.set_ylim(top - RANGE_DB, top + 3)
        axes.tick_params(labelsize=6)
    envelopes.set_title("RMS over 5 ms, dB, over seconds", fontsize=7)
    envelopes.legend(fontsize=6)
    spectra.set_title("spectrum in 1/12 octaves, dB, over Hz", fontsize=7)
    spectra.set_xscale("log")


def _envelope(sound: Float) -> tuple[Float, Float]:
    count = len(sound) // _ENVELOPE_FRAMES
    power = (sound[: count * _ENVELOPE_FRAMES].reshape(count, -1) ** 2).mean(axis=1)
    return (np.arange(count) + 0.5) * _ENVELOPE_FRAMES / SAMPLE_RATE, 10.0 * np.log10(power + 1e-14)


def _spectrum(sound: Float) -> tuple[Float, Float]:
    """Return frequencies and the level of the whole sound there, averaged over a twelfth of an octave."""
    power = np.abs(scipy.fft.rfft(sound)) ** 2
    hertz = scipy.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    steps = math.log2(SAMPLE_RATE / 2 / _LOWEST_HZ) / _SMOOTH_OCTAVES
    edges_hz = _LOWEST_HZ * 2.0 ** (np.arange(int(steps) * 2 + 1) * _SMOOTH_OCTAVES / 2)
    centres_hz = np.sqrt(edges_hz[1:] * edges_hz[:-1])
    total = np.concatenate([[0.0], np.cumsum(power)])
    low = np.searchsorted(hertz, edges_hz[:-1])
    high = np.maximum(np.searchsorted(hertz, edges_hz[1:]), low + 1)
    mean = (total[np.minimum(high, len(power))] - total[np.minimum(low, len(power) - 1)]) / (high - low)
    smooth = uniform_filter1d(mean, 2)
    return centres_hz, 10.0 * np.log10(smooth / len(sound) + 1e-14)
