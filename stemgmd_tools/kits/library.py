"""Find and load kits by name: shipped maps, the user's own maps, generated kits, and groups of the kit table."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools import data
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.donors import Role, donor_folder, donor_table, donors
from stemgmd_tools.kits.generate.names import (
    SPACE_VERSION,
    GeneratedName,
    Shipped,
    generated_map,
    generated_names,
    is_generated_name,
)
from stemgmd_tools.kits.generate.parents import Parent, as_parent
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.sample_map.kit import (
    ENGINE_VERSION,
    Content,
    Kit,
    content_hash,
    find_folder,
    load_kit_file,
    sample_files,
)
from stemgmd_tools.kits.sample_map.licence import is_permissive
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.schema import KitMap, Origin
from stemgmd_tools.storage.listing import list_files
from stemgmd_tools.strict_yaml.problem import nearest

KIT_PATH_VARIABLE: Final = "STEMGMD_KITS"
"""Environment variable: folders searched for samples and sample maps, separated as in PATH."""

GROUPS: Final = ("all", "train", "heldout", "test", "recorded", "imported", "permissive")
"""Names that stand for several kits. ``all`` are the modelled kits, ``train`` and ``heldout`` (or ``test``) their two
splits; ``recorded`` are the recorded kits whose samples are there, ``imported`` those that were imported or installed,
and ``permissive`` the recorded ones that may be used without share-alike or non-commercial conditions."""

_SUFFIX: Final = ".yaml"
_SPLIT_OF_ROLE: Final = {Role.TRAIN: "train", Role.TEST: "heldout"}
"""Split of the kits made of a donor."""


def search_path(folders: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return the kit path: the given folders, those of ``STEMGMD_KITS``, then that of imported kits, each once.

    :raises UsageError: if one of the given folders does not exist.
    """
    explicit = [Path(folder).expanduser() for folder in folders]
    for folder in explicit:
        if not folder.is_dir():
            raise UsageError(f"--kit-path {folder}: no such folder")
    configured = (
        Path(entry).expanduser() for entry in os.environ.get(KIT_PATH_VARIABLE, "").split(os.pathsep) if entry
    )
    imported = data.kits_dir()
    return tuple(dict.fromkeys([*explicit, *configured, *([imported] if imported.is_dir() else [])]))


def known_maps(kit_path: Sequence[Path] = ()) -> dict[str, Path]:
    """Return all sample maps by kit name: modelled, donors, then the maps on the kit path.

    :raises KitError: if two files have the same name.
    """
    shipped = data.shipped("sample_maps")
    maps: dict[str, Path] = {}
    for folder in (shipped / "modelled", donor_folder(), *kit_path):
        for path in maps_in(folder):
            existing = maps.setdefault(path.stem, path)
            if existing.resolve() != path.resolve():
                raise KitError(f"{path}: a kit named {path.stem} is also in {existing}; rename one of them")
    return maps


def installable_names() -> tuple[str, ...]:
    """Return the names of the kits that ``stemgmd kits install`` can install, sorted."""
    return tuple(path.stem for path in maps_in(data.shipped("sample_maps") / "recorded"))


def maps_in(folder: Path) -> tuple[Path, ...]:
    """Return the sample maps directly in a folder, sorted by name; none if the folder does not exist."""
    return list_files(folder, deep=False).ending_in((_SUFFIX,)).files if folder.is_dir() else ()


def kit_names(selection: Iterable[str], kit_path: Sequence[Path] = ()) -> tuple[str, ...]:
    """Resolve names, comma-separated lists of names, groups and paths of maps to names and paths, each once.

    For groups see :data:`GROUPS`. A pattern such as ``avl_*`` stands for all kits that match it, and ``random:7..106``
    for a hundred kits, see :mod:`stemgmd_tools.kits.generate.names`.

    :raises UsageError: for an unknown name, with similar names, an empty group, or an invalid range.
    """
    known = known_maps(kit_path)
    names: dict[str, None] = {}
    for word in (part.strip() for entry in selection for part in entry.split(",")):
        if word in GROUPS:
            names.update(dict.fromkeys(_group(word, known, kit_path)))
        elif _is_pattern(word):
            names.update(dict.fromkeys(_matching(word, known)))
        elif is_generated_name(word):
            names.update(dict.fromkeys(_expanded(word, known)))
        elif word in known or _is_path(word):
            names[word] = None
        elif word:
            raise _unknown(word, known)
    if not names:
        raise UsageError(f"no kit is named; known kits: {', '.join(known)}; groups: {', '.join(GROUPS)}")
    return tuple(names)


def load_kit(name: str, kit_path: Sequence[Path] | None = None) -> Kit:
    """Load one kit by name or by the path of its sample map; a name such as ``random:7`` generates a kit.

    :param name: also a group or a pattern that stands for one kit only.
    :param kit_path: folders searched for samples and maps; default: those of ``STEMGMD_KITS``.
    :raises UsageError: for an unknown name, or one that stands for several kits.
    :raises KitError: if its map is invalid or its samples are not found.
    """
    folders = search_path() if kit_path is None else tuple(kit_path)
    return _loaded(_one_of(name, folders), folders, _Parents(folders))


def _one_of(word: str, kit_path: Sequence[Path]) -> str:
    """Return the name of the kit that a group or a pattern stands for; other names and paths as they are."""
    if _is_path(word) or not (word in GROUPS or _is_pattern(word)):
        return word
    names = kit_names([word], kit_path)
    if len(names) > 1:
        raise UsageError(f"{word}: stands for {len(names)} kits; name one of them, such as {names[0]}")
    return names[0]


def _loaded(name: str, folders: tuple[Path, ...], parents: _Parents) -> Kit:
    return (
        parents.kit(_single_name(name)) if is_generated_name(name) else load_kit_file(map_path(name, folders), folders)
    )


def find_map(name: str, kit_path: Sequence[Path] = ()) -> KitMap:
    """Return the sample map of one kit, read or generated, without checking its samples.

    :raises UsageError: for an unknown name, a name of several kits, or parents that play sample files.
    :raises KitError: if a map is invalid.
    """
    name = _one_of(name, kit_path)
    if not is_generated_name(name):
        return load_map(map_path(name, kit_path))
    return _Parents(tuple(kit_path)).map(_single_name(name))


def _single_name(name: str) -> GeneratedName:
    names = generated_names(name)
    if len(names) > 1:
        raise UsageError(f"{name}: {len(names)} kits; name one of them, such as {names[0].spelled}")
    return names[0]


def require_own_name(map_file: Path, kit_path: Sequence[Path] = ()) -> None:
    """Check that a new kit can be named by the stem of its map.

    :raises UsageError: if it is the name of a group or of another kit on the kit path.
    """
    name = map_file.stem
    if name in GROUPS:
        raise UsageError(f"{name}: stands for several kits; choose another --name")
    other = known_maps(kit_path).get(name, map_file)
    if other.absolute() != map_file.absolute():
        raise UsageError(f"{name}: is the name of {other}; choose another --name")


def map_path(name: str, kit_path: Sequence[Path] = ()) -> Path:
    """Return the path of the sample map of a kit, given by name or already as a path.

    :raises UsageError: for an unknown name, with similar names.
    """
    if _is_path(name):
        return Path(name).expanduser()
    known = known_maps(kit_path)
    if name not in known:
        raise _unknown(name, known)
    return known[name]


def kits_named(selection: Iterable[str], kit_path: Sequence[Path] | None = None) -> tuple[Kit, ...]:
    """Load the kits of a selection, see :func:`kit_names`, in its order.

    Generated kits are generated on first use; only their parents are read here.

    :raises UsageError: for an unknown name.
    :raises KitError: if two kits have the same name, a map is invalid or its samples are not found.
    """
    folders = search_path() if kit_path is None else tuple(kit_path)
    parents = _Parents(folders)
    kits = tuple(_loaded(name, folders, parents) for name in kit_names(selection, folders))
    seen: dict[str, Kit] = {}
    for kit in kits:
        if seen.setdefault(kit.name, kit) is not kit:
            raise KitError(f"{_place(kit)}: a kit named {kit.name} is also {_place(seen[kit.name])}; name one of them")
    return kits


def split_of(name: str, origin: Origin | None = None) -> str:
    """Return ``train`` or ``heldout`` for a modelled kit or a donor, an empty string for any other.

    :param origin: origin of a generated kit, whose split is that of all its parents if they agree.
    """
    splits = shipped_splits()
    if name in splits or origin is None:
        return splits.get(name, "")
    parent_splits = {splits.get(kit, "") for kit in origin.kits}
    return parent_splits.pop() if len(parent_splits) == 1 else ""


def shipped_splits() -> dict[str, str]:
    """Return the splits of the shipped kits and donors, as of :func:`split_of`."""
    splits = {entry.name: _SPLIT_OF_ROLE.get(entry.role, "") for entry in donor_table()}
    return splits | {row.name: row.split for row in kit_table()}


def _group(word: str, known: Mapping[str, Path], kit_path: Sequence[Path]) -> list[str]:
    if word in ("all", "train", "heldout", "test"):
        split = "heldout" if word == "test" else word
        return [row.name for row in kit_table() if split in {"all", row.split}]
    names = [name for name, path in known.items() if _is_member(word, path, kit_path)]
    if not names:
        raise UsageError(
            f"{word}: no such kit is there; see `stemgmd kits list`, or get one with `stemgmd kits install` or `import`"
        )
    return names


def _is_member(group: str, path: Path, kit_path: Sequence[Path]) -> bool:
    """Return whether a kit on the kit path belongs to a group of recorded kits."""
    if group == "imported":
        return path.parent == data.kits_dir()
    try:
        kit_map = load_map(path)
    except KitError:
        return False
    there = any(sample_files(kit_map)) and find_folder(kit_map, path, kit_path) is not None
    return there and (group == "recorded" or is_permissive(kit_map.license))


def _matching(pattern: str, known: Mapping[str, Path]) -> list[str]:
    names = fnmatch.filter(known, pattern)
    if not names:
        raise UsageError(f"{pattern}: matches no kit; known kits: {', '.join(known)}")
    return names


def _expanded(word: str, known: Mapping[str, Path]) -> list[str]:
    """Return the names of all kits that a generated name stands for, after checking that its parents exist."""
    names = generated_names(word)
    for kit in names[0].kits:
        if kit not in known:
            raise _unknown(kit, known)
    return [name.spelled for name in names]


class _Parents:
    """The parents of generated kits, each read once."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self._loaded: dict[str, _Parent] = {}

    @cached_property
    def _shipped(self) -> Shipped:
        names = tuple(donor.name for donor in donors(Role.TRAIN))
        return Shipped(
            names, tuple(row.name for row in kit_table() if row.split == "train"), frozenset(shipped_splits())
        )

    @cached_property
    def _known(self) -> dict[str, Path]:
        return known_maps(self._folders)

    def _find(self, name: str) -> _Parent:
        if name not in self._loaded:
            path = self._known.get(name)
            if path is None:
                raise _unknown(name, self._known)
            self._loaded[name] = _parent_at(path, path.stat().st_mtime_ns if path.is_file() else 0)
        return self._loaded[name]

    def map(self, name: GeneratedName) -> KitMap:
        """Generate the map of a name."""
        return generated_map(name, lambda kit: self._find(kit).parent, self._shipped)

    def kit(self, name: GeneratedName) -> Kit:
        """Return the kit of a name; its content is generated on first use."""
        key = self.key(name)
        folders = tuple(
            folder.absolute() for folder in self._folders
        )  # it may be generated in another working directory
        return Kit(name.slug, key, None, None, _Generator(name, folders, key), self._shipped.parents_of(name))

    def key(self, name: GeneratedName) -> str:
        """Return a digest of everything that decides the content: name, parents' maps, versions of the generator."""
        kits = (*self._shipped.parents_of(name), *self._shipped.rooms_of(name))
        parents = {kit: self._find(kit).digest for kit in kits}
        text = json.dumps([ENGINE_VERSION, SPACE_VERSION, name.spelled, parents], sort_keys=True)
        return hashlib.sha256(f"stemgmd made kit\n{text}".encode()).hexdigest()


class _Parent(NamedTuple):
    """A kit as a parent, and the digest of its whole map, since descriptive keys are inherited, too."""

    parent: Parent
    digest: str


@lru_cache(maxsize=32)
def _parent_at(path: Path, stamp: int) -> _Parent:  # noqa: ARG001 - a changed file is another entry
    kit_map = load_map(path)
    # None stands for "not given", so that a key added to the format later changes no digest.
    text = kit_map.model_dump_json(by_alias=True, exclude_none=True)
    return _Parent(as_parent(kit_map), hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class _Generator:
    """Generates the content of a kit in the process that needs it."""

    name: GeneratedName
    folders: tuple[Path, ...]
    key: str

    def __call__(self) -> Content:
        """Return the content; a process caches that of the last few kits."""
        return _generated_content(self)


_CACHED_MAPS: Final = 4
"""Number of maps of generated kits that a process caches, a few MB each."""


@lru_cache(maxsize=_CACHED_MAPS)
def _generated_content(generator: _Generator) -> Content:
    parents = _Parents(generator.folders)
    if parents.key(generator.name) != generator.key:
        raise KitError(f"{generator.name.spelled}: the maps of its parents have changed meanwhile; start again")
    kit_map = parents.map(generator.name)
    return Content(kit_map, content_hash(kit_map))


def _place(kit: Kit) -> str:
    """Return the origin of a kit for messages: its generated name, its path or its name."""
    return kit.source.name.spelled if isinstance(kit.source, _Generator) else str(kit.path or kit.name)


def _is_pattern(word: str) -> bool:
    return not set(word).isdisjoint("*?[")


def _is_path(name: str) -> bool:
    return name.endswith(_SUFFIX) or os.sep in name


def _unknown(word: str, known: Mapping[str, Path]) -> UsageError:
    if word in installable_names():
        return UsageError(f"kit {word} is not installed; run: stemgmd kits install {word}")
    likely = nearest(word, (*known, *GROUPS, *installable_names()))
    return UsageError(f'no kit "{word}"{likely}; known kits: {", ".join(known)}; groups: {", ".join(GROUPS)}')
