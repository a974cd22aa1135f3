"""Files that appear whole or not at all."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stemgmd_tools
from stemgmd_tools.errors import AudioError, UsageError
from stemgmd_tools.storage.files import (
    SYNC_VARIABLE,
    put_in_place,
    remove_abandoned,
    temporary_beside,
    write_bytes,
    write_together,
)

PACKAGE = Path(stemgmd_tools.__file__).parent


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk and what gets its name, in order."""
    monkeypatch.delenv(SYNC_VARIABLE)
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synchronised(handle: int) -> None:
        events.append("fsync " + Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def named(self: Path, target: Path) -> Path:
        events.append("rename " + target.name)
        replace(self, target)
        return target

    monkeypatch.setattr(os, "fsync", synchronised)
    monkeypatch.setattr(Path, "replace", named)
    return events


def test_names_as_long_as_file_systems_allow_are_written(tmp_path):
    one, other = (tmp_path / (start + "é" * 127) for start in "ab")
    write_together({one: b"one", other: b"other"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.name, other.name]
    assert (one.read_bytes(), other.read_bytes()) == (b"one", b"other")


def test_content_is_on_the_disk_before_a_file_gets_its_name(tmp_path: Path, calls: list[str]) -> None:
    target = tmp_path / "a.json"
    write_bytes(target, b"content")
    assert calls == [f"fsync {temporary_beside(target).name}", "rename a.json"]
    assert target.read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_every_file_of_a_folder_and_of_a_batch_is_on_the_disk_first(tmp_path: Path, calls: list[str]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "three.part").write_bytes(b"x")
    put_in_place([(folder, tmp_path / "named"), (tmp_path / "three.part", tmp_path / "three")])
    assert sorted(calls[:3]) == ["fsync one", "fsync three.part", "fsync two"]
    assert calls[3:] == ["rename named", "rename three"]


def test_the_variable_leaves_it_to_the_system(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SYNC_VARIABLE, "0")
    write_bytes(tmp_path / "a", b"content")
    assert calls == ["rename a"]
    monkeypatch.setenv(SYNC_VARIABLE, "off")
    with pytest.raises(UsageError, match='STEMGMD_FSYNC is "off"; allowed: 1'):
        write_bytes(tmp_path / "b", b"content")


def test_files_written_together_get_their_names_after_all_are_whole(tmp_path: Path, calls: list[str]) -> None:
    write_together({tmp_path / "b" / "one": b"1", tmp_path / "c" / "two": b"2"})
    assert [call.split()[0] for call in calls] == ["fsync", "fsync", "rename", "rename"]
    with pytest.raises(AudioError, match="cannot be written"):
        write_together({tmp_path / "three": b"3", tmp_path / "b" / "one" / "four": b"4"})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["b", "c", "one", "two"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(AudioError, match="folder: cannot be written"):
        write_bytes(tmp_path / "folder", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_only_this_module_renames() -> None:
    calls = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                arguments = len(node.args) + len(node.keywords)
                renames = node.func.attr in {"rename", "renames", "fsync"} and ast.unparse(node.func.value) != "frame"
                if renames or (node.func.attr == "replace" and arguments == 1):
                    calls.append(f"{path.relative_to(PACKAGE)}: {ast.unparse(node)}")
    assert sorted(calls) == ["storage/files.py: os.fsync(file.fileno())", "storage/files.py: temporary.replace(target)"]


def test_a_faulty_variable_is_one_line_before_anything_is_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stemgmd_tools.cli.main", "render", "--limit", "1", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        command, env={**os.environ, SYNC_VARIABLE: "yes"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == 'stemgmd: STEMGMD_FSYNC is "yes"; allowed: 1 (the default) and 0'


def test_what_ended_processes_left_of_a_file_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "kit[1].yaml"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    abandoned = tmp_path / f"{target.name}.{ended.pid}.part"
    others = [tmp_path / name for name in (f"{target.name}.{os.getpid()}.part", f"other.{ended.pid}.part", "a.part")]
    for path in (abandoned, *others):
        path.touch()
    remove_abandoned(target)
    assert sorted(tmp_path.iterdir()) == sorted(others)
