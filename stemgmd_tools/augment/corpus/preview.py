"""Write an HTML page with sounds and pictures of examples before and after a chain."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import TrackWriter
from stemgmd_tools.augment.chain.effect import Value
from stemgmd_tools.augment.chain.manifest_rows import STEM_NAMES, Drawn
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.html import page
from stemgmd_tools.kits.plot import draw_spectrogram, log_spectrogram_db
from stemgmd_tools.rendering.stems import Pcm
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.storage.figures import empty_figure
from stemgmd_tools.storage.files import write_bytes

PAGE: Final = "index.html"
LONGEST_S: Final = 12.0
"""Maximum length of an example on the page."""
_SHOWN_DIGITS: Final = 4
"""Significant digits of a parameter; the manifest has all."""
_INCHES: Final = (6.4, 3.6)
_DPI: Final = 100
_FLAC_LEVEL: Final = 5


class Side(NamedTuple):
    """An example before or after the chain."""

    stems: Pcm
    """Shape (9, frames, 2)."""
    mixture: Pcm
    """Shape (frames, 2)."""


class Shown(NamedTuple):
    """One example of the page."""

    drawn: Drawn
    before: Side
    after: Side
    sample_rate: int
    bit_depth: int


def write_preview(folder: Path, shown: Sequence[Shown]) -> Path:
    """Write a page with every example's rows, mixture and stems before and after.

    :param folder: created if missing; files of an earlier page are overwritten.
    :return: the page.
    :raises UsageError: if matplotlib is not installed.
    :raises AudioError: if a file cannot be written.
    """
    parts = [_example(folder, f"example{number}", example) for number, example in enumerate(shown, start=1)]
    chain = shown[0].drawn.augmentation
    title = f"Chain {chain.chain}, seed {chain.seed}: {len(shown)} example{'s' * (len(shown) > 1)} before and after"
    path = folder / PAGE
    write_bytes(path, page(title, "".join(parts)))
    return path


def _example(folder: Path, prefix: str, shown: Shown) -> str:
    """Write the sounds and pictures of an example; return its HTML."""
    tracks = [("mixture", shown.before.mixture, shown.after.mixture)]
    tracks += list(zip(STEM_NAMES, shown.before.stems, shown.after.stems, strict=True))
    rows = [_track(folder, prefix, shown, *track) for track in tracks if track[1].any() or track[2].any()]
    return (
        f"<h2>{html.escape(shown.drawn.example.name)}</h2>\n"
        f'<div class="pictures">{_pictures(folder, prefix, shown)}</div>\n'
        '<table class="sounds"><thead><tr><th scope="col">track</th><th scope="col">before</th>'
        f'<th scope="col">after</th></tr></thead><tbody>\n{"".join(rows)}</tbody></table>\n'
        f"{_rows_table(shown.drawn.rows)}\n"
    )


def _rows_table(rows: Sequence[Row]) -> str:
    """Return the rows of the example as a collapsible HTML table."""
    if not rows:
        return "<p>The chain leaves this example as it is.</p>"
    lines = [
        f"<tr><td>{row.step + 1}</td><td>{html.escape(row.effect)}</td>"
        f"<td>{'mixture' if row.scope == 'mixture' else 'all' if row.stem == ALL_STEMS else STEM_NAMES[row.stem]}</td>"
        f"<td>{html.escape(', '.join(map(_shown, row.parameters.items())))}</td></tr>\n"
        for row in rows
    ]
    steps = ", ".join(dict.fromkeys(row.effect for row in rows))
    titles = "".join(f'<th scope="col">{title}</th>' for title in ("step", "effect", "of", "parameters"))
    return (
        f"<details><summary>{counted(len(lines), 'draw')}: {html.escape(steps)}</summary>\n"
        f'<table class="rows"><thead><tr>{titles}</tr></thead><tbody>\n{"".join(lines)}</tbody></table></details>'
    )


def _shown(parameter: tuple[str, Value]) -> str:
    name, value = parameter
    return f"{name} {value:.{_SHOWN_DIGITS}g}" if isinstance(value, float) else f"{name} {value}"


def _track(folder: Path, prefix: str, shown: Shown, name: str, before: Pcm, after: Pcm) -> str:
    """Write both sounds of a track; return its HTML table row."""
    cells = []
    for side, sound in (("before", before), ("after", after)):
        file = f"{prefix}-{name}-{side}.flac"
        _write_sound(folder / file, sound, shown)
        player = f'<audio controls preload="metadata" src="{file}" aria-label="{name} {side}"></audio>'
        cells.append(f'<td title="{side}">{player}</td>')
    return f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>\n'


def _write_sound(path: Path, sound: Pcm, shown: Shown) -> None:
    path.unlink(missing_ok=True)
    with TrackWriter(
        path,
        sample_rate=shown.sample_rate,
        sample_format=f"int{shown.bit_depth}",
        container="flac",
        flac_level=_FLAC_LEVEL,
    ) as writer:
        beginning: Pcm = sound[: _longest(shown)].copy()
        writer.write(beginning)
        writer.close()
        writer.commit()


def _longest(shown: Shown) -> int:
    return units.frames_of(LONGEST_S, shown.sample_rate)


def _pictures(folder: Path, prefix: str, shown: Shown) -> str:
    """Draw both sides at the same scales; return their HTML images."""
    sounds = {"before": _mono(shown.before.mixture, shown), "after": _mono(shown.after.mixture, shown)}
    peak = max(float(np.abs(sound).max(initial=0.0)) for sound in sounds.values()) or 1.0
    spectra = {side: log_spectrogram_db(sound, shown.sample_rate) for side, sound in sounds.items()}
    top_db = max(float(spectrum.max()) for spectrum in spectra.values())
    seconds = max(len(sound) for sound in sounds.values()) / shown.sample_rate
    images = []
    for side, sound in sounds.items():
        file = f"{prefix}-{side}.png"
        write_bytes(folder / file, _picture(side, sound, spectra[side], shown.sample_rate, (seconds, peak, top_db)))
        images.append(f'<img src="{file}" alt="Waveform and spectrogram of the mixture {side}">')
    return "".join(images)


def _picture(
    side: str,
    sound: NDArray[np.float64],
    spectrum: NDArray[np.float64],
    sample_rate: int,
    limits: tuple[float, float, float],
) -> bytes:
    """Return waveform and spectrogram as PNG.

    :param limits: seconds and amplitude of the axes, level in dB of the brightest colour.
    """
    seconds, peak, top_db = limits
    figure = empty_figure(*_INCHES)
    grid = figure.add_gridspec(2, 1, left=0.11, right=0.98, bottom=0.12, top=0.92, hspace=0.08)
    wave, picture = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    wave.plot(np.arange(len(sound)) / sample_rate, sound, linewidth=0.4)
    wave.set(xlim=(0, seconds), ylim=(-peak, peak), xticks=[])
    wave.tick_params(labelsize=8)
    wave.set_title(f"mixture {side}", fontsize=10)
    draw_spectrogram(picture, spectrum, len(sound) / sample_rate, sample_rate, top_db=top_db, label_size=8)
    picture.set_xlim(0, seconds)
    picture.set_xlabel("s", fontsize=8)
    picture.set_ylabel("Hz", fontsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()


def _mono(mixture: Pcm, shown: Shown) -> NDArray[np.float64]:
    """Return the shown part of a mixture in mono, full scale 1."""
    mono: NDArray[np.float64] = mixture[: _longest(shown)].mean(axis=1) / units.full_scale(shown.bit_depth)
    return mono
