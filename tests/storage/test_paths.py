"""Ids and relative paths, and where files may be written."""

from __future__ import annotations

import re

import pytest

from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.storage.paths import RELATIVE_PATH, id_problem, inside, is_relative_path, leads_out

STAYS = (
    "a",
    "drummer1/session1/3",
    "a/b.c/d e",
    ".hidden",
    "..a",
    "a..",
    "...",
    "Ärger/鼓",
    "12:30 take",
    "a:b",
    "-x",
    "a+b+1",
)
LEAVES = ("", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "/a", "//a", "a/", "a//b")
UNWRITABLE = ("a\\b", "a\nb", "a\0b", "a\x7f", "a\udce9", "..\n")


@pytest.mark.parametrize("text", STAYS)
def test_paths_that_stay(tmp_path, text):
    assert is_relative_path(text)
    assert inside(tmp_path, text) == tmp_path / text


@pytest.mark.parametrize("text", UNWRITABLE)
def test_texts_that_name_no_performance(text):
    assert not is_relative_path(text)


@pytest.mark.parametrize("text", [*LEAVES, "a\0b"])
def test_paths_that_leave(tmp_path, text):
    assert not is_relative_path(text)
    with pytest.raises(StemgmdError, match="is no path in this folder") as caught:
        inside(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [*STAYS, *LEAVES, *UNWRITABLE])
def test_what_is_refused_has_a_reason(text):
    assert (id_problem(text) == "") == is_relative_path(text)


def test_the_pattern_matches_the_whole_text_without_help():
    assert not re.fullmatch(RELATIVE_PATH, "a/../b")
    assert not re.fullmatch(RELATIVE_PATH, "a\n")


def test_links_that_lead_out_are_refused_on_the_way(tmp_path):
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    (folder / "real").mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "out").symlink_to(elsewhere)
    (folder / "up").symlink_to("../elsewhere")
    (folder / "loop").symlink_to("loop")
    (folder / "twice").symlink_to("out")
    (folder / "within").symlink_to("real")
    for name in ("out/a", "up/b/c", "twice/a"):
        with pytest.raises(StemgmdError, match="leads out of"):
            inside(folder, name)
    for name in ("out", "up", "twice"):
        assert leads_out(folder, name)
        assert inside(folder, name) == folder / name  # such a link would be replaced
        with pytest.raises(StemgmdError, match="leads out of"):
            inside(folder, name, entered=True)
    for name in ("within/a", "real/a", "new/a/b", "loop/a"):
        assert inside(folder, name) == folder / name


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "corpus").symlink_to("disk")
    assert inside(tmp_path / "corpus", "audio/a") == tmp_path / "corpus" / "audio" / "a"
