"""Damage in the cache is seen before it is heard, named in one line, and mended."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from corpora import digests
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank import cache as bank_cache
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import INDEX_FILE, META_FILE, PCM_FILE, bank_folder, check_bank, is_built, open_bank
from stemgmd_tools.kits.bank.checksums import damaged_rows
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings

FLIPPED = 200
FRAMES = 30_000
"""Of the segments that are compared."""
SHOTS = ("kick", "snare_head", "crash1_bow")


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    folder = tmp_path / "kit"
    articulations = {}
    for number, name in enumerate(SHOTS):
        files = [f"{name}-{layer}.wav" for layer in range(3)]
        for layer, file in enumerate(files):
            write_sound(folder / file, tone(hertz=100.0 * (number + 1) + 10 * layer, peak=0.2 * (layer + 1)))
        articulations[name] = layers(*files)
    return load_kit_file(write_map(folder, map_data(articulations)))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def performance() -> Performance:
    """Return strokes of every layer of all three sounds."""
    hits = [Hit(0.05 * number, (36, 38, 49)[number % 3], 10 + 3 * number, 0.0) for number in range(36)]
    return Performance(id="played", hits=hits, duration_s=2.0)


def flip(file: Path, count: int = FLIPPED, seed: int = 1) -> None:
    """Flip a bit in some bytes, in place: the file keeps its size, and who has it mapped sees it."""
    rng = np.random.default_rng(seed)
    with file.open("r+b") as content:
        for place in rng.choice(file.stat().st_size, count, replace=False).tolist():
            content.seek(place)
            byte = content.read(1)[0]
            content.seek(place)
            content.write(bytes([byte ^ 0x40]))


def age(file: Path) -> None:
    """Give a file another time: this process has not checked it yet."""
    os.utime(file, (1, 1))


def test_every_one_shot_has_its_checksum(kit: Kit, cache: Path) -> None:
    bank = open_bank(kit, cache=cache)
    for row, stated in enumerate(bank.samples["crc32"].tolist()):
        assert zlib.crc32(bank.one_shot(row).tobytes()) == stated
    assert not damaged_rows(bank.pcm, bank.samples).size
    flip(bank_folder(kit, cache=cache) / PCM_FILE)
    assert damaged_rows(bank.pcm, bank.samples).size


def test_flipped_bytes_change_no_rendering(kit: Kit, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    played = performance()
    whole = open_bank(kit, cache=cache)
    expected = mix(plan(played, whole, RenderSettings()), whole)
    folder = bank_folder(kit, cache=cache)
    flip(folder / PCM_FILE)
    age(folder / PCM_FILE)
    damaged = open_bank(kit, cache=cache)
    assert damaged_rows(damaged.pcm, damaged.samples).size
    with caplog.at_level(logging.WARNING):
        actual = mix(plan(played, damaged, RenderSettings()), damaged)
    np.testing.assert_array_equal(actual.pcm, expected.pcm)
    (line,) = caplog.messages
    assert line.startswith(f"{folder}: ")
    assert line.endswith("one-shots do not have their checksums; the bank is built again")
    assert check_bank(kit, cache=cache)


def test_segments_of_a_virtual_corpus_are_checked(kit: Kit, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = VirtualCorpus([performance()], [kit], cache=cache)
    name = source.performances["performance"][0]
    expected = source.stems(name, kit.name, start=FRAMES, frames=FRAMES)
    file = bank_folder(kit, cache=cache) / PCM_FILE
    flip(file)
    age(file)
    again = VirtualCorpus([performance()], [kit], cache=cache)
    np.testing.assert_array_equal(again.stems(name, kit.name, start=FRAMES, frames=FRAMES), expected)
    assert "built again" in caplog.text


def test_a_one_shot_is_checked_once_by_a_process(kit: Kit, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played, looked = performance(), []
    open_bank(kit, cache=cache)
    crc32 = zlib.crc32
    monkeypatch.setattr(zlib, "crc32", lambda content: looked.append(len(content)) or crc32(content))
    for _ in range(2):
        bank = open_bank(kit, cache=cache)
        mix(plan(played, bank, RenderSettings()), bank)
        mix(plan(played, bank, RenderSettings()), bank)
    shots = np.unique(bank.samples["start"])
    assert 0 < len(looked) <= len(shots)


def test_who_finds_it_mended_already_maps_it_anew(kit: Kit, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = open_bank(kit, cache=cache)
    expected = first.pcm.copy()
    file = bank_folder(kit, cache=cache) / PCM_FILE
    flip(file, file.stat().st_size // 2)
    age(file)
    banks = [open_bank(kit, cache=cache) for _ in range(3)]
    for bank in banks:
        bank.require(np.arange(len(bank.samples)))
        np.testing.assert_array_equal(bank.sound, expected)
    assert len(caplog.messages) == 1, "built once"


def test_a_bank_that_comes_out_otherwise_is_refused(kit: Kit, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, banks = bank_cache.compile_bank, []

    def otherwise_from_the_second_on(*arguments: object) -> Bank:
        bank = compiled(*arguments)
        if banks:
            object.__setattr__(bank, "pcm_sha256", "0" * 64)
        banks.append(bank)
        return bank

    monkeypatch.setattr(bank_cache, "compile_bank", otherwise_from_the_second_on)
    open_bank(kit, cache=cache)
    file = bank_folder(kit, cache=cache) / PCM_FILE
    flip(file)
    age(file)
    bank = open_bank(kit, cache=cache)
    with pytest.raises(KitError, match="was damaged, and built again with other content"):
        bank.require(np.arange(len(bank.samples)))


def test_every_figure_of_the_description_is_sealed(kit: Kit, cache: Path) -> None:
    open_bank(kit, cache=cache)
    meta = bank_folder(kit, cache=cache) / META_FILE
    content = json.loads(meta.read_text())
    for key, value in content.items():
        other = (
            value[:-1] + ("0" if value[-1] != "0" else "1")
            if isinstance(value, str)
            else []
            if key == "warnings"
            else 3
        )
        meta.write_text(json.dumps({**content, key: other}))
        assert not is_built(kit, cache=cache), key
    meta.write_text(json.dumps(content))
    assert is_built(kit, cache=cache)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "null", "[]", "{", "\x00", "{}"])
def test_any_description_is_survived(kit: Kit, cache: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    open_bank(kit, cache=cache)
    (bank_folder(kit, cache=cache) / META_FILE).write_text(content)
    assert open_bank(kit, cache=cache).pcm_sha256
    assert "meta.json is damaged, or of a version without checksums; the bank is built again" in caplog.text


def test_an_older_bank_without_checksums_is_built_again(kit: Kit, cache: Path) -> None:
    open_bank(kit, cache=cache)
    folder = bank_folder(kit, cache=cache)
    with np.load(folder / INDEX_FILE) as stored:
        tables = dict(stored)
    names = [name for name in tables["samples"].dtype.names if name != "crc32"]
    np.savez(folder / INDEX_FILE, **{**tables, "samples": tables["samples"][names].copy()})
    content = json.loads((folder / META_FILE).read_text())
    del content["sha256"]
    (folder / META_FILE).write_text(json.dumps({**content, "format": 1}))
    assert not is_built(kit, cache=cache)
    assert "crc32" in open_bank(kit, cache=cache).samples.dtype.names


def test_the_command_renders_the_same_files_from_a_damaged_bank(kit: Kit, cache: Path, tmp_path: Path) -> None:
    def render(out: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stemgmd_tools.cli.main", "render", "--kits", str(kit.path)]
        command += ["--limit", "2", "--jobs", "2", "--no-single-hits", "--out", str(tmp_path / out)]
        environment = {**os.environ, "STEMGMD_CACHE": str(cache)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "built again" not in render("whole").stderr
    folder = bank_folder(kit, cache=cache)
    flip(folder / PCM_FILE)
    lines = [line for line in render("mended").stderr.splitlines() if "checksum" in line]
    assert lines == [line for line in lines if line.startswith(str(folder)) and line.endswith("built again")]
    assert len(lines) == 1
    assert digests(tmp_path / "mended") == digests(tmp_path / "whole")
    assert check_bank(kit, cache=cache)
