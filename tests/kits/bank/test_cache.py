"""The cache of banks: whole or not there, whatever happens to the processes that fill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from toy_kits import RATE, toy_kit

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import (
    INDEX_FILE,
    META_FILE,
    PCM_FILE,
    bank_folder,
    build_banks,
    check_bank,
    is_built,
    open_bank,
    seems_built,
)
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.sample_map.kit import Content, Kit, load_kit_file

PATIENCE_S = 60.0
"""How long a child process may take to get going on a busy machine."""

SLOW_BUILD = """
import sys, time
from pathlib import Path
from stemgmd_tools.kits.bank import cache as bank_cache, compile
from stemgmd_tools.kits.sample_map.kit import load_kit_file

path, cache, pause_s = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
quantise = compile.quantise

def slow(sound):
    (cache / "compiling").touch()
    time.sleep(pause_s)
    return quantise(sound)

compile.quantise = slow
print(bank_cache.open_bank(load_kit_file(path), cache=cache).pcm_sha256)
"""


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return load_kit_file(toy_kit(tmp_path / "kit"))


def child(kit: Kit, cache: Path, pause_s: float) -> subprocess.Popen[str]:
    cache.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(kit.path), str(cache), str(pause_s)], stdout=subprocess.PIPE, text=True
    )


def assert_same(left: Bank, right: Bank) -> None:
    for field in Bank.__dataclass_fields__.keys() - {"guard"}:
        np.testing.assert_array_equal(getattr(left, field), getattr(right, field), err_msg=field)


def clean(cache: Path) -> bool:
    """Return whether nothing but banks and locks lies in the cache."""
    return not [path for path in (cache / "banks").iterdir() if ".building" in path.name]


def test_a_stored_bank_is_the_compiled_one(kit: Kit, tmp_path: Path) -> None:
    assert not is_built(kit, cache=tmp_path)
    stored = open_bank(kit, cache=tmp_path)
    assert_same(stored, compile_bank(kit, RATE))
    assert isinstance(stored.pcm, np.memmap)
    assert not stored.pcm.flags.writeable
    assert is_built(kit, cache=tmp_path)
    assert check_bank(kit, cache=tmp_path)
    assert clean(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_others_may_read_the_cache_as_the_user_lets_them(kit: Kit, tmp_path: Path) -> None:
    open_bank(kit, cache=tmp_path)
    (tmp_path / "made").mkdir()
    assert bank_folder(kit, cache=tmp_path).stat().st_mode == (tmp_path / "made").stat().st_mode


def test_rates_lie_side_by_side(kit: Kit, tmp_path: Path) -> None:
    assert open_bank(kit, 48_000, cache=tmp_path).sample_rate == 48_000
    assert not is_built(kit, RATE, cache=tmp_path)


def test_the_second_opening_compiles_nothing(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_bank(kit, cache=tmp_path)
    monkeypatch.setattr("stemgmd_tools.kits.bank.cache.compile_bank", pytest.fail)
    open_bank(kit, cache=tmp_path)


@pytest.mark.parametrize("file", [PCM_FILE, INDEX_FILE, META_FILE])
@pytest.mark.parametrize("damage", ["removed", "cut short", "emptied"])
def test_visible_damage_is_mended(kit: Kit, tmp_path: Path, file: str, damage: str) -> None:
    whole = compile_bank(kit, RATE)
    open_bank(kit, cache=tmp_path)
    path = bank_folder(kit, cache=tmp_path) / file
    content = path.read_bytes()
    path.unlink()
    if damage != "removed":
        path.write_bytes(content[: len(content) // 2] if damage == "cut short" else b"")
    assert not is_built(kit, cache=tmp_path)
    assert_same(open_bank(kit, cache=tmp_path), whole)


def test_a_changed_byte_of_pcm_is_found_by_the_full_check(kit: Kit, tmp_path: Path) -> None:
    sha256 = open_bank(kit, cache=tmp_path).pcm_sha256
    path = bank_folder(kit, cache=tmp_path) / PCM_FILE
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert not check_bank(kit, cache=tmp_path)
    assert not is_built(kit, cache=tmp_path)
    assert open_bank(kit, cache=tmp_path).pcm_sha256 == sha256
    assert check_bank(kit, cache=tmp_path)


def test_a_folder_of_another_format_is_built_again(kit: Kit, tmp_path: Path) -> None:
    open_bank(kit, cache=tmp_path)
    path = bank_folder(kit, cache=tmp_path) / META_FILE
    meta = json.loads(path.read_text())
    path.write_text(json.dumps({**meta, "format": -1}))
    assert not is_built(kit, cache=tmp_path)
    open_bank(kit, cache=tmp_path)
    assert is_built(kit, cache=tmp_path)


def test_two_processes_at_once(kit: Kit, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    children = [child(kit, cache, 0.3) for _ in range(3)]
    printed = {process.communicate(timeout=PATIENCE_S)[0].strip() for process in children}
    assert [process.returncode for process in children] == [0, 0, 0]
    assert printed == {compile_bank(kit, RATE).pcm_sha256}
    assert check_bank(kit, cache=cache)
    assert clean(cache)


def test_a_killed_build_leaves_nothing_in_the_way(kit: Kit, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    victim = child(kit, cache, PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while not (cache / "compiling").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not clean(cache)  # it was in the middle of it
    assert not is_built(kit, cache=cache)
    assert_same(open_bank(kit, cache=cache), compile_bank(kit, RATE))
    assert clean(cache)


def test_a_failing_build_leaves_nothing(kit: Kit, tmp_path: Path) -> None:
    (kit.path.parent / "loud.wav").write_text("no audio")
    with pytest.raises(KitError, match=r"loud\.wav"):
        open_bank(kit, cache=tmp_path)
    assert clean(tmp_path)
    assert not bank_folder(kit, cache=tmp_path).exists()


def test_a_cache_that_cannot_be_written(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "banks").write_text("a file where the folder should be")
    with pytest.raises(KitError, match=r"cannot be written.*STEMGMD_CACHE"):
        open_bank(kit, cache=tmp_path)


def test_several_at_once(tmp_path: Path) -> None:
    kits = []
    for index in range(3):
        path = toy_kit(tmp_path / str(index), gain_db=index)
        kits.append(load_kit_file(path))
    done: list[str] = []
    build_banks(kits, jobs=2, cache=tmp_path / "cache", progress=done.append)
    assert done == ["toy"] * 3
    assert all(is_built(kit, cache=tmp_path / "cache") for kit in kits)


def generated_kit(kit: Kit, key: str, calls: list[str]) -> Kit:
    """Return the same kit as one that is made where it is needed."""

    def make() -> Content:
        calls.append(key)
        return Content(kit.map, kit.hash)

    return Kit(kit.name, key, kit.path, kit.folder, make)


def test_a_made_kit_is_made_once_for_its_bank_and_then_known_by_its_key(kit: Kit, tmp_path: Path) -> None:
    calls: list[str] = []
    generated = generated_kit(kit, "a" * 64, calls)
    assert not seems_built(generated, RATE, cache=tmp_path)
    first = open_bank(generated, RATE, cache=tmp_path)
    assert calls
    calls.clear()
    assert seems_built(generated, RATE, cache=tmp_path)
    assert_same(open_bank(generated, RATE, cache=tmp_path), first)
    assert first.kit_hash == kit.hash
    assert not calls


def test_another_kit_of_the_name_is_not_taken_for_it(kit: Kit, tmp_path: Path) -> None:
    open_bank(generated_kit(kit, "a" * 64, []), RATE, cache=tmp_path)
    calls: list[str] = []
    other = generated_kit(kit, "b" * 64, calls)
    assert not seems_built(other, RATE, cache=tmp_path)
    assert_same(open_bank(other, RATE, cache=tmp_path), open_bank(kit, RATE, cache=tmp_path))
    assert calls


def test_a_damaged_bank_of_a_made_kit_is_built_again(kit: Kit, tmp_path: Path) -> None:
    generated = generated_kit(kit, "a" * 64, [])
    first = open_bank(generated, RATE, cache=tmp_path)
    folder = bank_folder(kit, RATE, cache=tmp_path)
    for damage in (INDEX_FILE, META_FILE, PCM_FILE):
        (folder / damage).write_bytes(b"[]")
        assert_same(open_bank(generated, RATE, cache=tmp_path), first)
