"""Draw the mixture and the nine stems of some bars above each other, with every hit, on one time axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.bars import BarSpan
from stemgmd_tools.performances.tables import Records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER, PIECES, Group, Piece
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.storage.figures import empty_figure, require_image_path, save_figure

MIXTURE: Final = "mixture"
_INCHES: Final = (9.0, 5.4)
_DPI: Final = 150
_COLUMNS: Final = 1_800
"""Number of points of a waveform: the minimum and the maximum of a stretch of frames each."""
_HEADROOM: Final = 1.1
"""Half the height of a row, in peaks of the mixture or of the loudest stem."""
_MARGIN_S: Final = 0.03
"""Time shown before the first bar, since a hit on the beat may come early."""
_BACKGROUND: Final = "#fcfcfa"
_TEXT: Final = "#30343a"
_GRID: Final = "#d9dad6"
_MIXTURE_COLOUR: Final = "#30343a"
_COLOURS: Final = {
    Group.KICK: "#c2453d",
    Group.SNARE: "#d98324",
    Group.TOMS: "#4c9a52",
    Group.HIHAT: "#2f7fb8",
    Group.CYMBALS: "#8659ad",
}


def plot_bars(performance: Performance, bank: Bank, bars: BarSpan, path: Path, *, title: str) -> None:
    """Render a performance and draw some bars of it to an image file.

    The top row is the mixture, the others are the stems, all mono. Stems share one scale, so their levels compare. Each
    hit is a line at its time in the row of its piece; the louder, the darker.

    :param path: the suffix decides the format (.png, .pdf, .svg).
    :raises UsageError: as :func:`~stemgmd_tools.storage.figures.require_image_path` does.
    :raises StemgmdError: if the file cannot be written.
    """
    require_image_path(path)
    start_s = max(0.0, bars.start_s - _MARGIN_S)
    stems = mix(plan(performance, bank, RenderSettings(sample_rate=bank.sample_rate)), bank, bit_depth=16)
    window = slice(round(start_s * stems.sample_rate), round(bars.end_s * stems.sample_rate))
    sound = stems.as_float()[:, :, window].mean(axis=1)
    sound = np.pad(sound, ((0, 0), (0, window.stop - window.start - sound.shape[1])))  # it may end within the bars
    times = performance.hits["time_s"]
    hits = performance.hits[(times >= start_s) & (times < bars.end_s)]
    figure = empty_figure(*_INCHES)
    _draw(figure, sound, hits, bars._replace(start_s=start_s), first_beat_s=bars.start_s)
    figure.suptitle(title, x=0.01, y=0.99, ha="left", va="top", fontsize=10, color=_TEXT)
    save_figure(figure, path, dpi=_DPI)


def _draw(figure: Any, sound: NDArray[np.float32], hits: Records, shown: BarSpan, *, first_beat_s: float) -> None:
    """Draw ten rows, the first twice as high.

    :param sound: the stems, shape (9, frames).
    """
    figure.set_facecolor(_BACKGROUND)
    heights = (2, *(1 for _ in PIECES))
    rows = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights, "hspace": 0.0})
    figure.subplots_adjust(left=0.12, right=0.99, top=0.93, bottom=0.08)
    beats = round((shown.end_s - first_beat_s) / shown.beat_s)
    beats_s = np.array([first_beat_s + shown.beat_s * beat for beat in range(beats)])
    mixture = sound.sum(axis=0)
    _draw_row(rows[0], MIXTURE, mixture, shown, beats_s, colour=_MIXTURE_COLOUR, peak=_peak(mixture))
    for piece, row in zip(PIECES, rows[1:], strict=True):
        colour = _COLOURS[piece.group]
        _draw_row(row, piece.value, sound[piece.axis], shown, beats_s, colour=colour, peak=_peak(sound))
        for time_s, velocity in _strokes(hits, piece):
            row.axvline(time_s, color=colour, linewidth=1.2, alpha=0.15 + 0.55 * velocity / 127, zorder=1)
    rows[-1].set_xticks(beats_s, [str(beat + 1) for beat in range(len(beats_s))])
    rows[-1].tick_params(axis="x", length=0, labelsize=9, labelcolor=_TEXT)
    rows[-1].set_xlabel("beats", fontsize=9, color=_TEXT, labelpad=1)


def _draw_row(
    axes: Any,
    name: str,
    sound: NDArray[np.float32],
    shown: BarSpan,
    beats_s: NDArray[np.float64],
    *,
    colour: str,
    peak: float,
) -> None:
    """Draw one waveform, shape (frames,), with lines at the beats."""
    axes.set_facecolor(_BACKGROUND)
    low, high = _envelope(sound)
    times_s = np.linspace(shown.start_s, shown.end_s, len(low))
    axes.vlines(beats_s, -1, 1, transform=axes.get_xaxis_transform(), color=_GRID, linewidth=0.8, zorder=0)
    axes.fill_between(times_s, low, high, color=colour, linewidth=0.4, zorder=2)
    axes.set(xlim=(shown.start_s, shown.end_s), ylim=(-_HEADROOM * peak, _HEADROOM * peak), yticks=[])
    axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=_TEXT, labelpad=6)
    axes.tick_params(axis="x", length=0)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)


def _strokes(hits: Records, piece: Piece) -> list[tuple[float, int]]:
    """Return time in seconds and velocity of the hits of one piece."""
    rows = zip(hits["time_s"].tolist(), hits["note"].tolist(), hits["velocity"].tolist(), strict=True)
    return [(time_s, velocity) for time_s, note, velocity in rows if NOTE_OF_NUMBER[note].piece is piece]


def _envelope(sound: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return minimum and maximum of equal stretches of a sound, both of shape (columns,)."""
    parts = np.array_split(sound, min(_COLUMNS, max(1, len(sound))))
    low = np.array([part.min(initial=0.0) for part in parts], np.float32)
    high = np.array([part.max(initial=0.0) for part in parts], np.float32)
    return low, high


def _peak(sound: NDArray[np.float32]) -> float:
    """Return the largest absolute sample; 1 for silence, which has no scale."""
    return float(np.abs(sound).max(initial=0.0)) or 1.0
