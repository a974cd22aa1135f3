"""A page to hear and see examples before and after a chain: ``index.html`` with sounds and pictures beside it."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import TrackWriter, write_bytes
from stemgmd_tools.augment.rows import ALL_STEMS, Row
from stemgmd_tools.augment.table import STEM_NAMES, Drawn
from stemgmd_tools.kits.plot import draw_spectrogram, empty_figure, log_spectrogram_db
from stemgmd_tools.rendering.stems import Pcm

PAGE: Final = "index.html"
LONGEST_S: Final = 12.0
"""What is heard and seen of an example; the rest is left out."""
_INCHES: Final = (11.0, 3.2)
_DPI: Final = 80
_FLAC_LEVEL: Final = 5

_STYLE: Final = """body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; overflow-wrap: anywhere; }
img { width: 100%; } audio { width: 100%; height: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; vertical-align: middle; }
td.sound { width: 40%; } code { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } }"""


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

    :param folder: made if missing; files of an earlier page are written over.
    :return: the page.
    :raises UsageError: if matplotlib is not installed.
    :raises AudioError: if a file cannot be written.
    """
    parts = [_example(folder, f"example{number}", one) for number, one in enumerate(shown, start=1)]
    chain = shown[0].drawn.made_with
    title = f"Chain {chain.chain}, seed {chain.seed}: {len(shown)} examples before and after"
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{html.escape(title)}</h1>\n{''.join(parts)}</body></html>\n"
    )
    path = folder / PAGE
    write_bytes(path, page.encode())
    return path


def _example(folder: Path, prefix: str, shown: Shown) -> str:
    """Write the sounds and the picture of an example; return its part of the page."""
    example = shown.drawn.example
    write_bytes(folder / f"{prefix}.png", _picture(shown))
    tracks = [("mixture", shown.before.mixture, shown.after.mixture)]
    tracks += list(zip(STEM_NAMES, shown.before.stems, shown.after.stems, strict=True))
    rows = [_track(folder, prefix, shown, *track) for track in tracks if track[1].any() or track[2].any()]
    return (
        f"<h2>{html.escape(example.name)}</h2>\n{_rows_table(shown.drawn.rows)}\n"
        f'<img src="{prefix}.png" alt="Waveforms and spectrograms of the mixture before and after">\n'
        f"<table><tr><th>track</th><th>before</th><th>after</th></tr>\n{''.join(rows)}</table>\n"
    )


def _rows_table(rows: Sequence[Row]) -> str:
    """Return what is done to the example as a table."""
    if not rows:
        return "<p>The chain leaves this example as it is.</p>"
    lines = [
        f"<tr><td>{row.step + 1}</td><td>{html.escape(row.effect)}</td>"
        f"<td>{'mixture' if row.scope == 'mixture' else 'all' if row.stem == ALL_STEMS else STEM_NAMES[row.stem]}</td>"
        f"<td><code>{html.escape(json.dumps(dict(row.parameters)))}</code></td></tr>\n"
        for row in rows
    ]
    return f"<table><tr><th>step</th><th>effect</th><th>of</th><th>parameters</th></tr>\n{''.join(lines)}</table>"


def _track(folder: Path, prefix: str, shown: Shown, name: str, before: Pcm, after: Pcm) -> str:
    """Write both sounds of a track; return its row."""
    cells = []
    for side, sound in (("before", before), ("after", after)):
        file = f"{prefix}-{name}-{side}.flac"
        _write_sound(folder / file, sound, shown)
        cells.append(f'<td class="sound"><audio controls preload="none" src="{file}"></audio></td>')
    return f"<tr><td>{name}</td>{''.join(cells)}</tr>\n"


def _write_sound(path: Path, sound: Pcm, shown: Shown) -> None:
    path.unlink(missing_ok=True)
    with TrackWriter(
        path,
        sample_rate=shown.sample_rate,
        sample_format=f"int{shown.bit_depth}",
        container="flac",
        flac_level=_FLAC_LEVEL,
    ) as writer:
        heard: Pcm = sound[: _longest(shown)].copy()
        writer.write(heard)
        writer.close()
        writer.commit()


def _longest(shown: Shown) -> int:
    return units.frames_of(LONGEST_S, shown.sample_rate)


def _picture(shown: Shown) -> bytes:
    """Return waveform and spectrogram of the mixture, before beside after, as PNG."""
    figure = empty_figure(*_INCHES)
    grid = figure.add_gridspec(2, 2, left=0.05, right=0.99, bottom=0.08, top=0.92, hspace=0.08, wspace=0.1)
    sides = [_mono(side.mixture, shown) for side in (shown.before, shown.after)]
    peak = max(float(np.abs(side).max(initial=0.0)) for side in sides) or 1.0
    spectra = [log_spectrogram_db(side, shown.sample_rate) for side in sides]
    top = max(float(spectrum.max()) for spectrum in spectra)
    for column, (title, side, spectrum) in enumerate(zip(("before", "after"), sides, spectra, strict=True)):
        seconds = len(side) / shown.sample_rate
        wave, picture = figure.add_subplot(grid[0, column]), figure.add_subplot(grid[1, column])
        wave.plot(np.linspace(0, seconds, len(side)), side, linewidth=0.3)
        wave.set(xlim=(0, seconds), ylim=(-peak, peak), xticks=[])
        wave.set_title(f"mixture {title}", fontsize=9)
        draw_spectrogram(picture, spectrum, seconds, shown.sample_rate, top_db=top, label_size=6)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()


def _mono(mixture: Pcm, shown: Shown) -> NDArray[np.float64]:
    """Return what is shown of a mixture, full scale 1."""
    mono: NDArray[np.float64] = mixture[: _longest(shown)].mean(axis=1) / units.full_scale(shown.bit_depth)
    return mono
