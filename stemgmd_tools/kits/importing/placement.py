"""Put an imported kit in its place: a sample map, and beside it a folder or a link of the same name with its samples.

Map and samples are complete and checked in a temporary folder before anything of an older kit is touched. The older
kit is set aside and removed last, or put back if something fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.kit import load_kit_file, sample_files
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.runtime.signals import defer_signals
from stemgmd_tools.storage.files import put_in_place, write_bytes

MARK: Final = ".imported"
"""Empty file in a folder of samples that an import made, so that ``--replace`` removes no other folder."""


class Placement:
    """The place of one kit, and a temporary folder beside it."""

    def __init__(self, map_file: Path, temporary: Path) -> None:
        """Create the folder for samples that the library keeps in archives."""
        self._map_file = map_file
        self._folder = map_file.with_suffix("")
        self._temporary = temporary
        self.samples = temporary / map_file.stem
        """Folder for sound files; it becomes the kit's own if anything is written there."""
        self.samples.mkdir()

    def refuse_own(self, library: Path) -> None:
        """Refuse a library that lies in the folder that is to be replaced.

        :raises UsageError: if it does.
        """
        if not self._folder.is_symlink() and Path(os.path.realpath(library)).is_relative_to(self._folder.resolve()):
            raise UsageError(f"{library}: is the kit that would be replaced; choose another --name")

    def put(self, kit_map: KitMap, library: Path, *, copy: bool) -> None:
        """Put map and samples in place.

        :param library: folder of the samples; :attr:`samples` if they were written there.
        :raises KitError: if the map cannot be used; nothing has been changed then.
        """
        own = library == self.samples
        if copy and not own:
            _copy(kit_map, library, self.samples)
        linked = not (copy or own)
        if linked:
            self.samples.rmdir()
            self.samples.symlink_to(library, target_is_directory=True)
        else:
            (self.samples / MARK).touch()
        content = map_text(kit_map).encode()
        draft = self._temporary / self._map_file.name
        write_bytes(draft, content)
        load_kit_file(draft)
        with defer_signals():
            self._exchange(library if linked else None, content)

    def _exchange(self, link_to: Path | None, content: bytes) -> None:
        before = self._temporary / "before"
        there = self._folder.is_symlink() or self._folder.exists()
        if there:
            put_in_place([(self._folder, before)])
        try:
            if link_to is None:
                put_in_place([(self.samples, self._folder)])
            else:
                self._folder.symlink_to(link_to, target_is_directory=True)
            write_bytes(self._map_file, content)
        except BaseException:
            _remove(self._folder)
            if there:
                put_in_place([(before, self._folder)])
            raise


@contextmanager
def placement(map_file: Path, *, replace: bool) -> Iterator[Placement]:
    """Yield the place of a kit; remove the temporary folder afterwards.

    :param replace: whether an imported kit of that name may be replaced.
    :raises UsageError: if there is a kit of that name, or a folder that no import made.
    """
    folder = map_file.with_suffix("")
    for path in (map_file, folder):
        if not replace and (path.is_symlink() or path.exists()):
            raise UsageError(f"{path}: is there already; choose another --name, or replace it with --replace")
    if folder.exists() and not folder.is_symlink() and not (folder / MARK).is_file():
        raise UsageError(f"{folder}: was not made by an import and is not replaced; choose another --name")
    map_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(prefix=f".{map_file.stem}.", suffix=".part", dir=map_file.parent))
    try:
        yield Placement(map_file, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def _copy(kit_map: KitMap, source: Path, target: Path) -> None:
    for name in sorted({file.name for file in sample_files(kit_map)}):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
