"""What is damaged and what is killed works on: small kits, a corpus, an augmented one, a run of training, sounds."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.torture.recorded import COMMIT, write_recorded
from benchmarks.torture.serve import BREAKING
from stemgmd_tools.data import shipped
from stemgmd_tools.pieces import ARTICULATIONS

RATE = 44_100
IDS = ("drummer13/session1/7", "drummer11/session1/4", "drummer12/eval_session/3")
"""Short performances of the starter set."""
KITS = {"tin": 331.0, "wood": 219.0}
STRUCK = ("kick", "snare_head", "mid_tom_head", "hihat_closed_bow", "ride_bow")
TRAINING = """
model: {options: {width: 4, temporal: 8}}
data: {limit: 2, segment_s: 0.5, min_active: {}, chain: none, workers: 0, test_kits: []}
optimizer: {items: 2}
validation: {items: 0}
saving: {every_steps: 1}
budget: {steps: 3}
device: cpu
"""


def tone(hertz: float, seconds: float, peak: float = 0.5) -> np.ndarray:
    """Return a decaying cosine that starts with its peak."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    return peak * np.cos(2 * np.pi * hertz * time_s) * np.exp(-6 * time_s / seconds)


def write_kit(folder: Path, name: str, hertz: float, ending: str = ".wav") -> Path:
    """Write a kit of tones, a soft and a loud one for some articulations; return its sample map."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    sounds: dict[str, object] = {}
    for number, struck in enumerate(STRUCK, start=1):
        files = [f"{struck}_{layer}{ending}" for layer in ("soft", "loud")]
        for file, peak in zip(files, (0.1, 0.5), strict=True):
            soundfile.write(folder / name / file, tone(hertz * number, 0.1 + 0.02 * number, peak), RATE)
        rows = zip(([1, 63], [64, 127]), files, strict=True)
        sounds[struck] = {"layers": [{"velocity": edges, "files": [file]} for edges, file in rows]}
    sounds |= {other: {"fallback": {"articulation": "kick"}} for other in ARTICULATIONS if other not in sounds}
    description = {"title": name, "description": "tones", "license": "CC0-1.0", "attribution": "nobody", "folder": name}
    path = folder / f"{name}.yaml"
    path.write_text(
        json.dumps({"schema": "stemgmd-kit/1", "name": name, **description, "articulations": sounds}, indent=1)
    )
    return path


def stemgmd(*arguments: object, cache: Path, data: Path | None = None) -> None:
    """Run a command to its end.

    :raises RuntimeError: if it fails, with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "stemgmd_tools.cli.main", *map(str, arguments)],
        env=environment(cache, data),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")


def environment(cache: Path, data: Path | None = None) -> dict[str, str]:
    """Return the environment of a command: cache and kits of its own, no data set of this machine, one thread."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEMGMD_")}
    return {
        **inherited,
        "STEMGMD_CACHE": str(cache),
        "STEMGMD_DATA": str(data or cache),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }


def prepare(root: Path) -> Path:
    """Make all material below a folder, once; return the folder."""
    done = root / "done"
    if done.is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    cache = root / "cache"
    for name, hertz in KITS.items():
        write_kit(root / "kits", name, hertz)
    write_kit(root / "flac_kits", "glass", 431.0, ".flac")
    _small_gmd(root / "gmd")
    for name in ("sounds", "archive"):
        (root / name).mkdir()
    soundfile.write(root / "sounds" / "drums.wav", np.tile(tone(180.0, 0.4), 4), RATE)
    shutil.copytree(root / "gmd", root / "zipped" / "groove")
    _archive(root / "zipped", root / "archive" / "groove.zip")
    kits = ",".join(str(root / "kits" / f"{name}.yaml") for name in KITS)
    common = ("--gmd", root / "gmd", "--kits", kits, "--jobs", 1)
    stemgmd("render", *common, "--out", root / "corpus", cache=cache)
    for number in (1, 2):
        stemgmd(
            "render",
            *common,
            "--no-single-hits",
            "--shard",
            f"{number}/2",
            "--out",
            root / f"shard{number}",
            cache=cache,
        )
    stemgmd("augment", root / "corpus", "--chain", "larsnet", "--jobs", 1, "--out", root / "augmented", cache=cache)
    (root / "training.yaml").write_text(TRAINING)
    options = ("--config", root / "training.yaml", "--kits", kits, "--virtual", root / "gmd")
    stemgmd("baseline-train", *options, "--out", root / "run", cache=cache)
    write_recorded(root)
    sfz = root / BREAKING / "some" / "drums" / COMMIT / "kit.sfz"
    old = ("--name", "toy", "--copy", "--map", "51=ride_bell")
    stemgmd("kits", "import", sfz, *old, cache=cache, data=root / "data")
    done.touch()
    return root


def _small_gmd(folder: Path) -> None:
    """Copy some performances of the starter set, with a table of their own."""
    starter = shipped("manifests") / "starter"
    with (starter / "info.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"] in IDS]
    for row in rows:
        (folder / row["midi_filename"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(starter / row["midi_filename"], folder / row["midi_filename"])
    with (folder / "info.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _archive(folder: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
