"""A kit: a validated sample map, the folder of its sample files, and a hash of everything that affects its sound."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.storage.paths import leads_out
from stemgmd_tools.strict_yaml.parse import parse_yaml, spell

ENGINE_VERSION: Final = 5
"""Part of every kit's hash. Raise it whenever an unchanged sample map compiles to other samples, gains or tables."""

PROSE: Final = frozenset(
    {"title", "description", "license", "attribution", "source_url", "measured_on", "origin", "folder"}
)
"""Keys of a map that do not affect the sound and are not hashed."""

_ADDED: Final = {"velocity_curve": "smooth"}
"""Keys of a map that were added with a default -> the default."""

_CHUNK_BYTES: Final = 1 << 20


class Content(NamedTuple):
    """The content of a kit: its map and its hash."""

    map: KitMap
    hash: str
    """SHA-256 (hex) over the map's values, the bytes of its sample files and the engine's version. Comments, key order,
    number formats and the descriptive keys of the map have no influence."""


Generator: TypeAlias = Callable[[], Content]
"""Generates the content of a kit on demand; sent to other processes instead of the content."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One kit; compile it with :func:`stemgmd_tools.kits.bank.cache.open_bank`."""

    name: str
    """Name in paths and manifests."""
    key: str
    """Equal for equal content: the hash, or for a generated kit a digest of its inputs, known before generation."""
    path: Path | None
    """File of the sample map; None for a generated kit."""
    folder: Path | None
    """Folder of the sample files; None for a kit without files."""
    source: Content | Generator
    """The content, or its generator."""
    parents: tuple[str, ...] = ()
    """Names of the kits that a generated kit may be derived from; it uses at least one of them."""

    @property
    def is_generated(self) -> bool:
        """Whether the content is generated on demand, which takes up to a second."""
        return not isinstance(self.source, Content)

    @property
    def map(self) -> KitMap:
        """The sample map."""
        return self._content.map

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over everything that affects the sound, see :class:`Content`."""
        return self._content.hash

    @property
    def _content(self) -> Content:
        return self.source if isinstance(self.source, Content) else self.source()

    @property
    def title(self) -> str:
        """The displayed name."""
        return self.map.title

    @property
    def license(self) -> str:
        """SPDX identifier of the licence of the kit's sound."""
        return self.map.license

    @property
    def attribution(self) -> str:
        """The required credit."""
        return self.map.attribution


class SampleFile(NamedTuple):
    """One reference to a sample file in a map."""

    at: tuple[str | int, ...]
    """Keys and indices from the root of the map."""
    name: str
    """Path relative to the kit's folder, with ``/``."""


def load_kit_file(path: Path, kit_path: Sequence[Path] = ()) -> Kit:
    """Load a kit from its sample map: read the map, locate its samples, and hash both.

    :param kit_path: folders searched for the folder of samples, after the map's own.
    :raises KitError: if the map is invalid, its folder is not found, or a file is missing.
    """
    kit_map = load_map(path)
    folder = find_folder(kit_map, path, kit_path)
    if folder is None and any(sample_files(kit_map)):
        raise _no_folder(kit_map, path, kit_path)
    if folder is not None:
        _check_files(kit_map, path, folder)
    content = Content(kit_map, content_hash(kit_map, folder))
    return Kit(kit_map.name, content.hash, path, folder, content)


def kit_without_file(kit_map: KitMap) -> Kit:
    """Return a kit for a map in memory that plays no sample files."""
    content = Content(kit_map, content_hash(kit_map))
    return Kit(kit_map.name, content.hash, None, None, content)


def located(kit: Kit) -> Kit:
    """Return a kit with absolute paths, since workers may run in other folders."""
    folder = None if kit.folder is None else kit.folder.absolute()
    path = None if kit.path is None else kit.path.absolute()
    return replace(kit, path=path, folder=folder)


def sample_files(kit_map: KitMap) -> Iterator[SampleFile]:
    """Yield every reference to a sample file, in the order of the map."""
    for name, articulation in kit_map.articulations.items():
        for row, layer in enumerate(articulation.layers or ()):
            at = ("articulations", name, "layers", row)
            for index, sound in enumerate(layer.files or ()):
                yield SampleFile((*at, "files", index), sound.file)
            for index, take in enumerate(layer.takes or ()):
                yield from (SampleFile((*at, "takes", index, mic), sound.file) for mic, sound in take.items())


def find_folder(kit_map: KitMap, path: Path, kit_path: Sequence[Path] = ()) -> Path | None:
    """Return the folder of a map's sample files; None if it is not found or the map has no files."""
    if not any(sample_files(kit_map)):
        return None
    return next((folder for folder in _candidates(kit_map, path, kit_path) if folder.is_dir()), None)


def _candidates(kit_map: KitMap, path: Path, kit_path: Sequence[Path]) -> list[Path]:
    """Return the possible folders of a map's samples: beside the map, in the kit path, or a kit-path folder itself."""
    if kit_map.folder is None:
        return [path.parent]
    inside = [place / kit_map.folder for place in (path.parent, *kit_path)]
    return inside + [place for place in kit_path if place.name == kit_map.folder]


def _no_folder(kit_map: KitMap, path: Path, kit_path: Sequence[Path]) -> KitError:
    places = ", ".join(str(place) for place in (path.parent, *kit_path))
    source = f"; its samples are published at {kit_map.source_url}" if kit_map.source_url else ""
    return KitError(
        f"kit {kit_map.name}: no folder {kit_map.folder}/ with its samples in {places}; "
        f"name the folder that holds it with --kit-path or STEMGMD_KITS{source}"
    )


def _check_files(kit_map: KitMap, path: Path, folder: Path) -> None:
    """Check that all sample files exist and that no link points outside the folder."""

    def refuse(files: Sequence[SampleFile], why: str, remedy: str) -> None:
        if files:
            at, name = files[0]
            more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
            place = f"{path}:{parse_yaml(path).line(at)}: {spell(at)}"
            raise KitError(f"{place}: {why} {folder / name}{more}; {remedy}")

    files = list(sample_files(kit_map))
    refuse([file for file in files if not _is_file(folder / file.name)], "no file", "put it there or correct the map")
    names = {file.name for file in files}
    outside = {name for name in names if leads_out(folder, name)}
    refuse(
        [file for file in files if file.name in outside],
        "a link out of the kit's folder:",
        "copy the file there, or link the whole folder",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # not a valid file name
        return False


def content_hash(kit_map: KitMap, folder: Path | None = None) -> str:
    """Return the hash of a map's content.

    :param folder: folder of the sample files, if the map plays any.
    :raises KitError: if a file cannot be read.
    """
    # What a later version adds is not hashed at its default, None or of _ADDED, so that old maps keep their hashes.
    content = kit_map.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(PROSE))
    content = {key: value for key, value in content.items() if _ADDED.get(key) != value}
    digest = hashlib.sha256(f"stemgmd engine {ENGINE_VERSION}\n".encode())
    digest.update(json.dumps(content, sort_keys=True, ensure_ascii=True).encode())
    if folder is not None:
        for name in sorted({file.name for file in sample_files(kit_map)}):
            digest.update(f"\n{name}\n".encode())
            digest.update(_file_digest(folder / name))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise KitError(f"{path}: cannot be read ({error.strerror})") from error
    return digest.digest()
