"""The same bytes on every x86-64: kits and corpora made with the kernels, threads and instructions of others."""

from __future__ import annotations

import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processors import (
    BLAS_KERNELS,
    C_LIBRARY,
    NUMPY_FEATURES,
    THREADS,
    Environment,
    only_on_x86_64,
    pairs_of,
    printed_under,
)
from tone_kits import tone_kits

from stemgmd_tools import data
from stemgmd_tools.kits.kit_table import kit_table

pytestmark = [pytest.mark.slow, only_on_x86_64]

FARTHEST: Environment = {**BLAS_KERNELS[-1], **THREADS[0], **NUMPY_FEATURES[-1], **C_LIBRARY[-1]}
"""The oldest processor that the wheels of numpy run on."""

SMALL_KIT = """
import hashlib
import sys
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser

digest = hashlib.sha256()
for name in sys.argv[1:]:
    made = load_kit(name, []).map
    room = made.room and Room(made.room, made.name)
    for articulation in ("kick", "snare_head", "hihat_open_bow", "crash1_bow"):
        model = made.articulations[articulation].model
        short = model.model_copy(update={"layers": (40, 110), "variations": 2, "duration_s": 0.3})
        voice = Synthesiser(short, room, made.name, articulation)
        digest.update(voice.one_shot(1, len(voice.degrees) - 1, 1).tobytes())
print(digest.hexdigest())
"""
"""Hashes the float64 samples of a few one-shots, before they are rounded."""
MORPHED = "morph:cedar_hall+birch_room:0.3"

FULL_KIT = """
import sys
from tools.fingerprint import fingerprint
from stemgmd_tools.kits.library import load_kit
print(fingerprint(load_kit(sys.argv[1], [])))
"""

_RENDER = ("render", "--limit", "1", "--sample-rate", "48000")
CORPUS = "from stemgmd_tools.cli.main import run; run()"


def test_a_small_kit_under_every_environment() -> None:
    environments = pairs_of(BLAS_KERNELS, THREADS, NUMPY_FEATURES)
    assert len(environments) == len(BLAS_KERNELS) * len(NUMPY_FEATURES)
    with ThreadPoolExecutor(2) as pool:
        printed = set(pool.map(lambda environment: printed_under(environment, SMALL_KIT, MORPHED), environments))
    assert len(printed) == 1


def test_small_kits_of_every_kind_under_the_farthest_environment() -> None:
    kits = ("cedar_hall", "random:7", MORPHED)
    assert printed_under(FARTHEST, SMALL_KIT, *kits) == printed_under({}, SMALL_KIT, *kits)


def test_a_kit_that_ships_under_the_farthest_environment() -> None:
    first = kit_table()[0]
    with (data.shipped("manifests") / "kits.csv").open(newline="", encoding="utf-8") as file:
        recorded = {row["name"]: row["bank_sha256"] for row in csv.DictReader(file)}[first.name]
    assert printed_under(FARTHEST, FULL_KIT, first.name).strip() == recorded


def test_a_corpus_with_any_number_of_workers_and_on_any_processor(tmp_path: Path) -> None:
    """Of kits whose sample files have another rate than the corpus, so that everything is resampled."""
    kits = ",".join(tone_kits(tmp_path / "kits"))
    hashes = {}
    for number, (jobs, environment) in enumerate(((1, {}), (2, BLAS_KERNELS[1]), (2, FARTHEST))):
        root = tmp_path / f"corpus{number}"
        cache = {"STEMGMD_CACHE": str(tmp_path / f"cache{number}")}
        where = ("--jobs", str(jobs), "--out", str(root))
        printed_under({**environment, **cache}, CORPUS, *_RENDER, "--kits", kits, *where)
        hashes[number] = _content(root)
    assert hashes[0] == hashes[1] == hashes[2]


def _content(root: Path) -> dict[str, str]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
