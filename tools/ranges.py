"""Compare what random kits reach with what recordings show: pitch, ring, brightness, levels, dynamics and width.

    python -m tools.ranges --kits DIR                      measures recordings and random:0..199 (--count)
    python -m tools.ranges --kits DIR --without NAME       leaves a recording out; repeatable
    python -m tools.ranges --count 40                      random kits alone; recordings as in the table

DIR is as for ``tools.donors``. The quantiles go to ``manifests/ranges.csv``, of which ``docs/endless-kits.md`` shows a
part. Recordings that are kept for a final test (``untouched``) are never read.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
import numpy as np

from stemgmd_tools import data
from stemgmd_tools.fitting.evaluation.recorded_pitch import recorded_pitch_hz
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, recorded_strokes
from stemgmd_tools.kits.donors import Role, donor_table, donors
from stemgmd_tools.kits.generate.instruments import DRUMS, INSTRUMENTS, MAIN
from stemgmd_tools.kits.generate.parents import nearest_degree, voice_of
from stemgmd_tools.kits.library import find_map
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import write_bytes
from tools.fits import recorded_kit

QUANTILES: Final = (0.0, 0.05, 0.5, 0.95, 1.0)
LOUD: Final = 127
SOFT: Final = 64
SOUNDS: Final = {one: MAIN[one] for one in INSTRUMENTS} | {"hihat_open": "hihat_open_bow"}
"""Measured sound -> its articulation; hats are measured shut and at their widest opening."""
_LEVEL_S: Final = 0.2
_FALL_DB: Final = 20.0

Shots = dict[str, dict[int, Float]]
"""Sound -> velocity -> (frames, 2), the attack at frame :data:`ONSET_FRAMES`."""


class Quantiles(NamedTuple):
    """One row of the table: the distribution of a measure over kits."""

    measure: str
    sound: str
    kits: str
    """``recorded`` or ``random``."""
    number: int
    values: tuple[float, ...]
    """At :data:`QUANTILES`."""


def recorded_shots(name: str, folder: Path, instruments: Iterable[str]) -> Shots:
    """Return the strokes of a recorded kit nearest to both velocities; ``instruments``: those good enough to use."""
    strokes = recorded_strokes(recorded_kit(name, folder))
    shots: Shots = {}
    for sound, articulation in SOUNDS.items():
        layers = strokes.get(articulation, ())
        if sound.removesuffix("_open") in instruments and layers:
            widest = max(np.nan_to_num(layer.openness) for layer in layers)
            layers = tuple(layer for layer in layers if np.nan_to_num(layer.openness) == widest)
            near = {wanted: min(layers, key=lambda layer: abs(layer.velocity - wanted)) for wanted in (SOFT, LOUD)}
            shots[sound] = {
                velocity: layer.repeats[0] for velocity, layer in near.items() if abs(layer.velocity - velocity) <= 16
            }
    return shots


def modelled_shots(kit: KitMap) -> Shots:
    """Return the strokes of a modelled kit at both velocities, as it plays them."""
    room = Room(kit.room, kit.name) if kit.room else None
    shots: Shots = {}
    for sound, name in SOUNDS.items():
        one = kit.articulations[name]
        voice = voice_of(one).model_copy(update={"layers": (SOFT, LOUD), "variations": 1})
        if voice.openness is not None:
            voice = voice.model_copy(
                update={"openness": nearest_degree(voice.openness, 1.0 if "open" in name else 0.0)}
            )
        synthesiser = Synthesiser(voice, room, kit.name, name)
        gain = 10.0 ** ((one.gain_db + kit.gain_db) / 20.0)
        shots[sound] = {
            velocity: gain * synthesiser.one_shot(layer, 0, 0) for layer, velocity in enumerate((SOFT, LOUD))
        }
    return shots


def measured(shots: Shots) -> Iterator[tuple[str, str, float]]:
    """Yield measure, sound and value: of strokes at velocity 127 unless the measure says otherwise."""
    levels = {sound: _levels(own[LOUD]) for sound, own in shots.items() if LOUD in own}
    for sound, own in shots.items():
        if LOUD not in own:
            continue
        loud = own[LOUD]
        pitch_hz = recorded_pitch_hz([loud]) if sound in DRUMS else None
        if pitch_hz is not None:
            yield "pitch, Hz", sound, pitch_hz
        yield "ring, s", sound, _ring_s(loud)
        yield "centroid, Hz", sound, _centroid_hz(loud)
        yield "width, dB", sound, _width_db(loud)
        yield "peak over level, dB", sound, levels[sound][1] - levels[sound][0]
        if "kick" in levels and sound != "kick":
            yield "level re kick, dB", sound, levels[sound][0] - levels["kick"][0]
            yield "peak re kick, dB", sound, levels[sound][1] - levels["kick"][1]
        if SOFT in own:
            yield "level of 127 re 64, dB", sound, levels[sound][0] - _levels(own[SOFT])[0]


def _start(shot: Float) -> Float:
    """Return the first 200 ms, padded with silence."""
    part = shot[ONSET_FRAMES : ONSET_FRAMES + round(_LEVEL_S * SAMPLE_RATE)]
    return np.concatenate([part, np.zeros((round(_LEVEL_S * SAMPLE_RATE) - len(part), 2))])


def _levels(shot: Float) -> tuple[float, float]:
    """Return the mean power of the first 200 ms and the peak, dB re full scale."""
    return _db(float(np.mean(_start(shot) ** 2))), 2.0 * _db(float(np.abs(shot).max()))


def _ring_s(shot: Float) -> float:
    """Return after which time 20 dB of the whole energy less is left."""
    left = np.cumsum((shot[ONSET_FRAMES:] ** 2).sum(axis=1)[::-1])[::-1]
    return float(np.argmax(left < left[0] * 10.0 ** (-_FALL_DB / 10.0)) / SAMPLE_RATE)


def _centroid_hz(shot: Float) -> float:
    power = (np.abs(np.fft.rfft(_start(shot), axis=0)) ** 2).sum(axis=1)
    return float((np.fft.rfftfreq(round(_LEVEL_S * SAMPLE_RATE), 1.0 / SAMPLE_RATE) * power).sum() / power.sum())


def _width_db(shot: Float) -> float:
    """Return the level of the side re that of the middle, at least -60 dB."""
    start = _start(shot)
    side, middle = (start[:, 0] - start[:, 1]), start.sum(axis=1)
    return max(-60.0, _db(float(np.mean(side**2))) - _db(float(np.mean(middle**2))))


def _db(value: float) -> float:
    return float(10.0 * np.log10(value + 1e-20))


def _quantiles(kits: str, rows: Iterable[Iterable[tuple[str, str, float]]]) -> list[Quantiles]:
    values: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        for measure, sound, value in row:
            values[measure, sound].append(value)
    return [
        Quantiles(measure, sound, kits, len(own), tuple(np.quantile(own, QUANTILES).tolist()))
        for (measure, sound), own in values.items()
    ]


def _of_recording(name: str, folder: Path, instruments: tuple[str, ...]) -> list[tuple[str, str, float]]:
    return list(measured(recorded_shots(name, folder, instruments)))


def _of_random(word: str) -> list[tuple[str, str, float]]:
    return list(measured(modelled_shots(find_map(word))))


def table_path() -> Path:
    """Return the path of the table."""
    return data.shipped("manifests") / "ranges.csv"


def read_table(path: Path) -> list[Quantiles]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [Quantiles(row[0], row[1], row[2], int(row[3]), tuple(map(float, row[4:]))) for row in rows]


_SHOWN: Final = ("pitch, Hz", "level re kick, dB", "peak re kick, dB", "ring, s", "centroid, Hz", "width, dB")


def table() -> str:
    """Return the table of what recordings show and random kits reach."""
    rows = {(row.measure, row.sound, row.kits): row for row in read_table(table_path())}
    both = [
        (rows[measure, sound, "recorded"], rows[measure, sound, "random"])
        for measure in _SHOWN
        for sound in SOUNDS
        if (measure, sound, "recorded") in rows
    ]
    kits = f"{both[0][1].number} random kits"
    header = ("measure", "of", "recordings", "5 %, median, 95 %", kits, "least to most", "reached")
    return markdown_table(header, [_shown(recorded, random) for recorded, random in both])


def _shown(recorded: Quantiles, random: Quantiles) -> tuple[str, ...]:
    least, low, median, high, most = random.values
    is_reached = least <= recorded.values[1] and recorded.values[3] <= most
    return (
        recorded.measure,
        recorded.sound,
        str(recorded.number),
        ", ".join(f"{value:.3g}" for value in recorded.values[1:4]),
        ", ".join(f"{value:.3g}" for value in (low, median, high)),
        f"{least:.3g} to {most:.3g}",
        "yes" if is_reached else "NO",
    )


def _write(rows: list[Quantiles], path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measure", "sound", "kits", "count", *(f"quantile_{100 * at:g}" for at in QUANTILES)])
    ordered = sorted(rows, key=lambda row: (row.measure, list(SOUNDS).index(row.sound), row.kits))
    writer.writerows([*row[:4], *(f"{value:.4g}" for value in row.values)] for row in ordered)
    write_bytes(path, text.getvalue().encode())


@click.command()
@click.option("--kits", type=click.Path(path_type=Path, exists=True), help="Folder of recorded kits.")
@click.option("--without", multiple=True, help="A recording that is not measured.")
@click.option("--count", default=200, show_default=True, help="Random kits, of the seeds from 0.")
@click.option("--spread", default=1.0, show_default=True, help="Spread of the random kits.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File.  [default: manifests/ranges.csv]")
@click.option("--jobs", default=1, show_default=True, help="Kits measured at a time.")
def main(
    kits: Path | None, *, without: tuple[str, ...], count: int, spread: float, out: Path | None, jobs: int
) -> None:
    """Measure recordings and random kits, and write the table."""
    if kits is None:
        rows = [row for row in read_table(table_path()) if row.kits == "recorded"]
    else:
        given = {donor.entry.recording: donor.instruments for role in Role for donor in donors(role)}
        names = [entry.recording for entry in donor_table() if entry.recording in given]
        tasks = [delayed(_of_recording)(name, kits, given[name]) for name in names if name not in without]
        rows = _quantiles("recorded", results_of(workers(jobs, ordered=True), tasks))
    words = [f"random:{seed}:spread={spread:g}" for seed in range(count)]
    rows += _quantiles("random", results_of(workers(jobs, ordered=True), [delayed(_of_random)(word) for word in words]))
    _write(rows, out or table_path())


if __name__ == "__main__":
    main()
