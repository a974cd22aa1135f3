"""Plot a bank: waveform and spectrogram of every articulation on one page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.storage.figures import empty_figure, require_image_path, save_figure

SHOWN_VELOCITY: Final = 100
LONGEST_S: Final = 4.0
COLUMNS: Final = 6
_ROWS: Final = math.ceil(len(ARTICULATIONS) / COLUMNS)
_WINDOW_S: Final = 0.046
_HOPS: Final = 220
_BINS: Final = 160
_LOWEST_HZ: Final = 30.0
_RANGE_DB: Final = 90.0
_MARKS_HZ: Final = (100, 1_000, 10_000)
_PANEL_INCHES: Final = (2.6, 2.4)
_DPI: Final = 110


def plot_kit(bank: Bank, path: Path) -> None:
    """Plot each articulation at velocity 100, at its widest degree of openness, to an image file.

    :param path: the suffix decides the format (.png, .pdf, .svg).
    :raises UsageError: if matplotlib is not installed, the suffix is of no known format, or the folder does not exist.
    :raises StemgmdError: if the file cannot be written.
    """
    require_image_path(path)
    figure = empty_figure(COLUMNS * _PANEL_INCHES[0], _ROWS * _PANEL_INCHES[1])
    _draw_all(figure, bank)
    save_figure(figure, path, dpi=_DPI)


def _draw_all(figure: Any, bank: Bank) -> None:
    """Draw a waveform above a spectrogram for each articulation."""
    figure.suptitle(f"{bank.kit}: velocity {SHOWN_VELOCITY}, {_RANGE_DB:g} dB range, frequency in Hz over seconds")
    grid = figure.add_gridspec(_ROWS, COLUMNS, left=0.03, right=0.99, bottom=0.03, top=0.93, hspace=0.25, wspace=0.2)
    for articulation in range(len(ARTICULATIONS)):
        cell = grid[divmod(articulation, COLUMNS)].subgridspec(2, 1, height_ratios=(1, 2), hspace=0.05)
        _draw(figure.add_subplot(cell[0]), figure.add_subplot(cell[1]), bank, articulation)


def _draw(wave: Any, picture: Any, bank: Bank, articulation: int) -> None:
    sound = _sounded(bank, articulation)
    seconds = len(sound) / bank.sample_rate
    wave.plot(np.linspace(0, seconds, len(sound)), sound, linewidth=0.3)
    wave.set(xlim=(0, seconds), xticks=[])
    wave.set_title(ARTICULATIONS[articulation], fontsize=8)
    wave.tick_params(labelsize=5)
    levels_db = log_spectrogram_db(sound, bank.sample_rate)
    draw_spectrogram(picture, levels_db, seconds, bank.sample_rate, top_db=float(levels_db.max()), label_size=5)


def draw_spectrogram(
    axes: Any, levels_db: NDArray[np.float64], seconds: float, sample_rate: int, *, top_db: float, label_size: int
) -> None:
    """Draw the result of :func:`log_spectrogram_db` over a range of 90 dB below ``top_db``, with ticks in Hz."""
    extent = (0, seconds, 0, math.log2(sample_rate / 2 / _LOWEST_HZ))
    axes.imshow(levels_db, origin="lower", aspect="auto", extent=extent, vmin=top_db - _RANGE_DB, vmax=top_db)
    marks = [hertz for hertz in _MARKS_HZ if hertz < sample_rate / 2]
    axes.set_yticks([math.log2(hertz / _LOWEST_HZ) for hertz in marks], [f"{hertz:g}" for hertz in marks])
    axes.tick_params(labelsize=label_size)


def _sounded(bank: Bank, articulation: int) -> NDArray[np.float64]:
    """Return the mono sound of one stroke, shape (frames,)."""
    degree = max(0, int(np.count_nonzero(~np.isnan(bank.degrees[articulation]))) - 1)
    layer = bank.layer[articulation, degree, SHOWN_VELOCITY]
    row = int(bank.first[articulation, degree, layer])
    gain = float(bank.gain[articulation, degree, SHOWN_VELOCITY]) * float(bank.samples["scale"][row])
    shown = bank.one_shot(row)[: round(LONGEST_S * bank.sample_rate)]
    mono: NDArray[np.float64] = shown.mean(axis=1) * gain
    return mono


def log_spectrogram_db(sound: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """Return power in dB on a logarithmic frequency axis from 30 Hz to half the rate, shape (bins, times).

    Each bin holds the loudest line of the Hann-windowed spectrum inside it, or the nearest line if it holds none.
    """
    window = round(_WINDOW_S * sample_rate)
    padded = np.concatenate([np.zeros(window // 2), sound, np.zeros(window)])
    starts = np.linspace(0, len(sound), _HOPS, dtype=np.intp)
    frames = np.stack([padded[start : start + window] for start in starts])
    power = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)) ** 2
    edges = np.geomspace(_LOWEST_HZ, sample_rate / 2, _BINS + 1) * window / sample_rate
    low = np.rint(edges[:-1]).astype(np.intp)
    high = np.minimum(np.maximum(np.rint(edges[1:]).astype(np.intp), low + 1), power.shape[1])
    loudest = np.stack([power[:, min(a, b - 1) : b].max(axis=1) for a, b in zip(low, high, strict=True)])
    levels: NDArray[np.float64] = 10.0 * np.log10(loudest + 1e-20)
    return levels
