"""Importing a large drum library: ``python -m benchmarks.kit_import``.

The library is made on the fly: an SFZ definition of 22 voices and their samples, 16-bit stereo FLAC of two seconds.
A process of its own imports it, then decodes all samples and compiles the bank in turn. Decoding in one thread is the
floor of compiling, which reads the next samples in a thread of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from benchmarks import report
from benchmarks.clock import OtherLoad, in_turn, once
from benchmarks.results import Results, Row, machine
from stemgmd_tools.audio import read_audio
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import import_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.pieces import NOTES
from stemgmd_tools.seeds import stream

FILES, SECONDS, RATE = 4_000, 2.0, 44_100
IMPORT_REACH_S = 20.0
FLOOR_REACH = 1.5
MEMORY_REACH_MB = 500.0
REPEATS = 3
RESULTS = Path(__file__).with_name("kit_import.json")
_LAYERS = 10


def make_library(folder: Path, files: int) -> Path:
    """Write a library and return its definition."""
    rng = stream(0, "benchmark of kit import")
    time_s = np.arange(round(SECONDS * RATE)) / RATE
    lines = ["<control> default_path=samples/"]
    (folder / "samples").mkdir(parents=True)
    for number in range(files):
        note, layer, take = NOTES[number % len(NOTES)], number // len(NOTES) % _LAYERS, number // len(NOTES) // _LAYERS
        noise = rng.standard_normal((len(time_s), 2)) * np.exp(-time_s / 0.2)[:, None] * (layer + 1) / (4 * _LAYERS)
        name = f"{note.articulation}_v{layer + 1}_rr{take + 1}.flac"
        soundfile.write(folder / "samples" / name, np.clip(noise, -1, 1), RATE, subtype="PCM_16")
        low, high = 1 + layer * 127 // _LAYERS, (layer + 1) * 127 // _LAYERS
        lines.append(
            f"<region> sample={name} key={note.number} lovel={low} hivel={high} seq_position={take + 1} "
            f"seq_length={-(-files // len(NOTES) // _LAYERS)} group_label={note.articulation}"
        )
    definition = folder / "library.sfz"
    definition.write_text("\n".join(lines), encoding="utf-8")
    return definition


def measure(definition: Path, work: Path) -> dict[str, float]:
    """Import the library and compile its bank in this process; return seconds and MB."""
    map_file = work / "large.yaml"
    imported = once(lambda: import_kit(definition, map_file, ImportOptions(overrides={})))
    samples = sorted((definition.parent / "samples").iterdir())
    kit = load_kit_file(map_file)

    def decode() -> None:
        for path in samples:
            read_audio(path)

    def build() -> None:
        with (work / "pcm").open("wb") as sink:
            compile_bank(kit, sink=sink)

    decoded, built = in_turn([decode, build], REPEATS, warm=False)
    return {
        "import_s": imported.wall_s,
        "floor_wall_s": decoded.wall_s,
        "floor_cpu_s": decoded.cpu_s,
        "build_wall_s": built.wall_s,
        "build_cpu_s": built.cpu_s,
        "decoded_mb": len(samples) * SECONDS * RATE * 4 / 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def rows(files: int) -> list[Row]:
    """Measure in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="stemgmd-import-") as name:
        folder = Path(name)
        definition = make_library(folder / "library", files)
        command = [sys.executable, "-m", "benchmarks.kit_import", "--measure", str(definition)]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [
        Row(
            f"import a library of {files:,} files",
            figures["import_s"],
            "s",
            at_most=IMPORT_REACH_S,
            note="by the clock",
        ),
        _build_row(figures, "wall", "by the clock"),
        _build_row(figures, "cpu", "CPU time"),
        Row("memory of both", figures["peak_mb"], "MB", at_most=MEMORY_REACH_MB, note="peak resident set"),
    ]


def _build_row(figures: Mapping[str, float], clock: str, name: str) -> Row:
    """Return the row of compiling the bank over decoding, by one of the clocks."""
    built_s, decoded_mb = figures[f"build_{clock}_s"], figures["decoded_mb"]
    return Row(
        f"compile its bank, over decoding alone, {name}",
        built_s / figures[f"floor_{clock}_s"],
        "times",
        at_most=FLOOR_REACH,
        note=f"{decoded_mb / built_s:.0f} MB/s of {decoded_mb:,.0f} MB of PCM",
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES, help="files of the library")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        with tempfile.TemporaryDirectory(prefix="stemgmd-import-") as work:
            print(json.dumps(measure(arguments.measure, Path(work))))
        return
    others = OtherLoad()
    measured = rows(arguments.files)
    share = others.share()
    load = "" if share is None else f"; other processes used {share:.0%} of the machine meanwhile"
    material = f"{arguments.files:,} files of 16-bit stereo FLAC, {SECONDS:g} s each{load}"
    results = Results(machine(), material, measured)
    results.save(arguments.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
