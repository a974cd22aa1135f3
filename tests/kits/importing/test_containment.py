"""An import reads nothing outside the library's folder, whatever its links and definitions say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.torture.drum_libraries import LIBRARY, imported, write_libraries
from benchmarks.torture.watch import watched
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.importing.licence import licence_of_folder
from stemgmd_tools.kits.importing.run import find_format
from stemgmd_tools.storage.listing import list_files

DEFINITIONS = {
    "kit.sfz": "<region> sample=samples/snare.wav key=38\n",
    "drumkit.xml": "<drumkit_info/>",
    "toy.xml": "<drumkit/>",
    "kit.csv": "file,articulation\nsamples/snare.wav,snare\n",
}


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_libraries(tmp_path_factory.mktemp("material"))


@pytest.mark.parametrize(
    "name", ["sfz", "hydrogen", "drumgizmo", "folder", "table", "soundfont", "soundfont3", "archive"]
)
def test_a_library_with_links_that_lead_out_is_imported_without_them(libraries: dict[str, Path], name: str) -> None:
    path = libraries[name]
    imported(path / "samples" / "snare.wav" if path.is_dir() else path)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_that_is_a_link_out_is_not_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(DEFINITIONS[name])
    library = tmp_path / LIBRARY
    library.mkdir()
    (library / name).symlink_to(f"../{name}")
    with watched(library), pytest.raises(UsageError, match="of no known format"):
        find_format(library)


def test_a_licence_that_is_a_link_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("CC0")
    library = tmp_path / LIBRARY
    library.mkdir()
    (library / "LICENSE").symlink_to("../LICENSE")
    assert licence_of_folder(library) == ("", "")
    (library / "LICENSE").unlink()
    (library / "LICENSE").write_text("CC0")
    assert licence_of_folder(library) == ("CC0-1.0", "LICENSE")


def test_folders_outside_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.wav").touch()
    library = tmp_path / LIBRARY
    (library / "inside").mkdir(parents=True)
    (library / "inside" / "b.wav").touch()
    (library / "out").symlink_to("../outside")
    (library / "again").symlink_to("inside")
    listing = list_files(library, stay=True)
    assert [path.relative_to(library).as_posix() for path in listing.files] == ["again/b.wav", "inside/b.wav"]
    assert [(fault.path.name, fault.reason) for fault in listing.faults] == [
        ("out", "is a link that leads out of the folder")
    ]


def test_a_file_whose_name_is_too_long_is_missing(libraries: dict[str, Path]) -> None:
    table = libraries["table"]
    before = table.read_text()
    table.write_text(f"{before}{'x' * 5000}.wav,ride\n")
    imported(table)
    table.write_text(before)


@pytest.mark.parametrize("suffix", ["", ".sfz", ".sf2", ".csv", ".xml", ".h2drumkit"])
def test_a_pipe_is_refused_and_not_waited_for(suffix: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"kit{suffix}")
    with pytest.raises(StemgmdError, match="is a pipe or a device"):
        find_format(tmp_path / f"kit{suffix}")


@pytest.mark.skipif(not Path("/proc/1/cwd").is_symlink(), reason="needs Linux's /proc")
def test_folders_with_links_that_may_not_be_followed_are_no_kit() -> None:
    with pytest.raises(UsageError, match="of no known format"):
        find_format(Path("/proc"))
