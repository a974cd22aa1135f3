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
from typing import Final

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.sample_map.kit import load_kit_file, sample_files
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.runtime.signals import defer_signals
from stemgmd_tools.storage.files import copy_failure, put_in_place, write_bytes, written
from stemgmd_tools.storage.working_dir import workplace

MARK: Final = ".imported"
"""Empty file in a folder of samples that an import made, so that ``--replace`` removes no other folder."""

_OLD_MAP: Final = "old.yaml"
_OLD_FOLDER: Final = "old"
_PLACING: Final = "placing"
"""Empty file of the temporary folder: from now on, what has the kit's name is new."""


class Placement:
    """The place of one kit, and a temporary folder beside it."""

    def __init__(self, map_file: Path, temporary: Path) -> None:
        """Create the folder for samples that the library keeps in archives."""
        self._map_file = map_file
        self._folder = map_file.with_suffix("")
        self._temporary = temporary
        self.samples = temporary / map_file.stem
        """Folder for sound files; it becomes the kit's own if anything is written there."""
        with written(map_file.parent, KitError):
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
        :raises KitError: if the map cannot be used or not everything be written; nothing has been changed then.
        """
        with written(self._map_file.parent, KitError):
            self._put(kit_map, library, copy=copy)

    def _put(self, kit_map: KitMap, library: Path, *, copy: bool) -> None:
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
        """Replace map and folder. In between there is no map, so that nobody uses one with samples of the other."""
        try:
            _set_aside(self._map_file, self._folder, self._temporary)
            (self._temporary / _PLACING).touch()
            if link_to is None:
                put_in_place([(self.samples, self._folder)])
            else:
                self._folder.symlink_to(link_to, target_is_directory=True)
            write_bytes(self._map_file, content)
        except BaseException:
            _put_back(self._map_file, self._folder, self._temporary)
            raise


@contextmanager
def placement(map_file: Path, *, replace: bool) -> Iterator[Placement]:
    """Yield the place of a kit; remove the temporary folder afterwards.

    What a killed import left is undone first.

    :param replace: whether an imported kit of that name may be replaced.
    :raises UsageError: if there is a kit of that name, or a folder that no import made.
    :raises KitError: if another import of that name is at work, or its folder cannot be written.
    """
    folder = map_file.with_suffix("")

    def recover(temporary: Path) -> None:
        if not map_file.exists():
            _put_back(map_file, folder, temporary)

    with workplace(map_file, recover=recover) as temporary:
        for path in (map_file, folder):
            if not replace and (path.is_symlink() or path.exists()):
                raise UsageError(f"{path}: is there already; choose another --name, or replace it with --replace")
        if folder.exists() and not folder.is_symlink() and not (folder / MARK).is_file():
            raise UsageError(f"{folder}: was not made by an import and is not replaced; choose another --name")
        yield Placement(map_file, temporary)


def _set_aside(map_file: Path, folder: Path, temporary: Path) -> None:
    """Move what there is of an older kit to the temporary folder."""
    if map_file.is_symlink() or map_file.exists():
        put_in_place([(map_file, temporary / _OLD_MAP)])
    if folder.is_symlink() or folder.exists():
        put_in_place([(folder, temporary / _OLD_FOLDER)])


def _put_back(map_file: Path, folder: Path, temporary: Path) -> None:
    """Undo what :meth:`Placement.put` has done so far, from what it left in the temporary folder."""
    if (temporary / _PLACING).is_file() and (folder.is_symlink() or (folder / MARK).is_file()):
        _remove(folder)
    for old, place in ((temporary / _OLD_FOLDER, folder), (temporary / _OLD_MAP, map_file)):
        if old.is_symlink() or old.exists():
            put_in_place([(old, place)])


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def _copy(kit_map: KitMap, source: Path, target: Path) -> None:
    for name in sorted({file.name for file in sample_files(kit_map)}):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, place)
        except OSError as error:
            raise copy_failure(source / name, place, error, KitError) from error
