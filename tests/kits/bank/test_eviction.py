"""Old banks make room for new ones."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from filelock import FileLock
from toy_kits import toy_kit

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.cache import META_FILE, bank_folder, is_built, open_bank
from stemgmd_tools.kits.bank.eviction import DEFAULT_LIMIT_GB, LIMIT_VARIABLE, limit_bytes
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file


def kits(folder: Path, count: int) -> list[Kit]:
    banks = []
    for number in range(count):
        path = toy_kit(folder / f"kit{number}", gain_db=float(number))
        banks.append(load_kit_file(path))
    return banks


def used_at(kit: Kit, cache: Path, seconds: float) -> None:
    os.utime(bank_folder(kit, cache=cache) / META_FILE, (seconds, seconds))


def size(kit: Kit, cache: Path) -> int:
    return sum(file.stat().st_size for file in bank_folder(kit, cache=cache).iterdir())


def test_the_bank_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, older, newest = kits(tmp_path, 3)
    for age, kit in enumerate((older, old)):
        open_bank(kit, cache=tmp_path / "cache")
        used_at(kit, tmp_path / "cache", 1000.0 + age)
    monkeypatch.setenv(LIMIT_VARIABLE, str(2.5 * size(old, tmp_path / "cache") / 1e9))
    held = open_bank(older, cache=tmp_path / "cache")  # opening it makes it the younger one
    open_bank(newest, cache=tmp_path / "cache")
    assert [is_built(kit, cache=tmp_path / "cache") for kit in (older, old, newest)] == [True, False, True]
    used_at(older, tmp_path / "cache", 1002.0)
    open_bank(old, cache=tmp_path / "cache")
    assert not is_built(older, cache=tmp_path / "cache")
    assert hashlib.sha256(held.pcm.data).hexdigest() == held.pcm_sha256  # who has it mapped keeps it


def test_a_bank_that_is_being_built_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = kits(tmp_path, 2)
    open_bank(one, cache=tmp_path / "cache")
    monkeypatch.setenv(LIMIT_VARIABLE, "1e-9")
    folder = bank_folder(one, cache=tmp_path / "cache")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        open_bank(other, cache=tmp_path / "cache")
        assert is_built(one, cache=tmp_path / "cache")
    assert is_built(other, cache=tmp_path / "cache")  # alone too big for the limit, but it was asked for


def test_half_a_bank_goes_unless_somebody_is_building_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, third = kits(tmp_path, 3)
    open_bank(one, cache=tmp_path / "cache")
    folder = bank_folder(one, cache=tmp_path / "cache")
    building = folder.rename(folder.with_name(f"{folder.name}.building-1"))
    monkeypatch.setenv(LIMIT_VARIABLE, "1e-9")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        open_bank(other, cache=tmp_path / "cache")
        assert (building / META_FILE).exists()
    open_bank(third, cache=tmp_path / "cache")
    assert not building.exists()


def test_a_faulty_limit_is_told_before_anything_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kit,) = kits(tmp_path, 1)
    monkeypatch.setenv(LIMIT_VARIABLE, "much")
    with pytest.raises(UsageError, match=LIMIT_VARIABLE):
        open_bank(kit, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("text", ["0", "-1", "much", "nan"])
def test_a_limit_is_a_positive_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, text)
    with pytest.raises(UsageError, match=f'{LIMIT_VARIABLE} is "{text}"'):
        limit_bytes()


def test_there_is_a_limit_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LIMIT_VARIABLE, raising=False)
    assert limit_bytes() == DEFAULT_LIMIT_GB * 1e9
