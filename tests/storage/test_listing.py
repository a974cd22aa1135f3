"""The files of a folder: links, loops, hidden files, and what cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.storage import listing
from stemgmd_tools.storage.listing import list_files


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def names(folder: Path, **options) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_files(folder, **options).files]


def test_files_are_sorted_part_by_part(tmp_path):
    for name in ("b/2.mid", "b/10.mid", "a.mid", "b.mid", "b/c/1.MID"):
        put(tmp_path / name)
    assert names(tmp_path) == ["a.mid", "b/10.mid", "b/2.mid", "b/c/1.MID", "b.mid"]
    assert names(tmp_path, deep=False) == ["a.mid", "b.mid"]


def test_links_to_files_and_folders_are_followed(tmp_path):
    put(tmp_path / "elsewhere/d2/b.mid")
    put(tmp_path / "in/d1/a.mid")
    (tmp_path / "in/d2").symlink_to(tmp_path / "elsewhere/d2")
    (tmp_path / "in/c.mid").symlink_to(tmp_path / "elsewhere/d2/b.mid")
    (tmp_path / "in/again").symlink_to("d1")
    (tmp_path / "link").symlink_to("in")
    assert names(tmp_path / "in") == ["again/a.mid", "c.mid", "d1/a.mid", "d2/b.mid"]
    assert names(tmp_path / "link") == names(tmp_path / "in")


def test_loops_add_nothing(tmp_path):
    put(tmp_path / "in/d/a.mid")
    (tmp_path / "in/d/self").symlink_to(".")
    (tmp_path / "in/d/above").symlink_to(tmp_path / "in")
    listing = list_files(tmp_path / "in")
    assert (names(tmp_path / "in"), listing.faults) == (["d/a.mid"], ())


def test_links_that_multiply_paths_end_in_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MAX_FOLDERS", 50)
    for name in "abcdef":
        (tmp_path / name).mkdir()
    for name in "abcdef":
        for other in "abcdef":
            (tmp_path / name / f"to_{other}").symlink_to(tmp_path / other)
    with pytest.raises(StemgmdError, match="folder number 50; remove links that lead in circles"):
        list_files(tmp_path)


def test_hidden_files_and_what_archives_leave_are_left_out(tmp_path):
    for name in ("a.mid", "._a.mid", ".trash/b.mid", "__MACOSX/c.mid"):
        put(tmp_path / name)
    assert names(tmp_path) == ["a.mid"]
    assert names(tmp_path, hidden=True) == ["._a.mid", ".trash/b.mid", "__MACOSX/c.mid", "a.mid"]


def test_a_folder_can_be_left_out_by_any_of_its_names(tmp_path):
    put(tmp_path / "a.wav")
    put(tmp_path / "out/b.wav")
    (tmp_path / "link").symlink_to("out")
    assert names(tmp_path, without=tmp_path / "link") == ["a.wav"]
    assert names(tmp_path, without=tmp_path / "absent") == ["a.wav", "link/b.wav", "out/b.wav"]


def test_what_cannot_be_read_is_a_fault(tmp_path):
    put(tmp_path / "a.mid")
    (tmp_path / "gone.mid").symlink_to("nowhere")
    (tmp_path / "round.mid").symlink_to("round.mid")
    (tmp_path / "gone.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mid")
    listing = list_files(tmp_path).ending_in({".mid"})
    assert [path.name for path in listing.files] == ["a.mid"]
    assert {fault.path.name: fault.reason for fault in listing.faults} == {
        "gone.mid": "cannot be read (No such file or directory)",
        "pipe.mid": "is neither a file nor a folder",
        "round.mid": "cannot be read (Too many levels of symbolic links)",
    }


def test_a_folder_that_cannot_be_listed_is_a_fault_below_and_an_error_on_top(tmp_path, monkeypatch):
    put(tmp_path / "in/a.mid")
    real = Path.iterdir

    def refuse(path: Path):  # a superuser, who may run the tests, can list everything
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    (tmp_path / "in/closed").mkdir()
    listing = list_files(tmp_path / "in").ending_in({".mid"})
    assert [path.name for path in listing.files] == ["a.mid"]
    assert [(fault.path.name, fault.reason) for fault in listing.faults] == [
        ("closed", "cannot be listed (Permission denied)")
    ]
    with pytest.raises(StemgmdError, match=r"closed: cannot be listed \(Permission denied\)"):
        list_files(tmp_path / "in/closed")


def test_names_that_are_no_text_are_listed(tmp_path):
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mid"))).write_bytes(b"")
    (path,) = list_files(tmp_path).files
    assert os.fsencode(path.name) == b"caf\xe9.mid"
