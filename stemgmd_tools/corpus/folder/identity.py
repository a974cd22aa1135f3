"""Read, write and compare ``corpus.json``, which stores the settings, kits and version of a corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.errors import CorpusError, StemgmdError
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.paths import KIT_NAME
from stemgmd_tools.version import __version__

IDENTITY_FILE: Final = "corpus.json"
FORMAT: Final = "stemgmd-corpus/1"
STATE_FOLDER: Final = ".stemgmd"
"""Hidden folder of a corpus's records and locks; not needed to use the audio and the manifests."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How the stems of an augmented corpus were processed."""

    chain: str
    """Name of the chain."""
    chain_hash: str
    """Hash of the chain's content."""
    seed: int
    """Seed of the draws."""
    device: str
    """``cpu`` or ``cuda``: the order of sums differs between them, so bytes may differ."""
    libraries: str = ""
    """Names and versions of the audio libraries, on which bytes depend too."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that decides the bytes of a corpus, apart from the performances themselves."""

    settings: RenderSettings
    source: str
    """Collection of the performances: ``gmd``, ``starter`` or ``folder``; a corpus has one, since ids may collide."""
    kits: Mapping[str, str] = field(default_factory=dict)
    """Kit name -> key of the kit."""
    version: str = __version__
    """Version of the package."""
    augmentation: Augmentation | None = None
    """None for a corpus as it was rendered."""

    def extended(self, other: Identity, where: Path) -> Identity:
        """Return this identity with the kits of ``other`` added.

        :raises CorpusError: if the two differ in anything else, or in the content of a kit that both have.
        """
        differences = "; ".join(self._differences(other))
        if differences:
            raise CorpusError(
                f"{where}: this corpus was made with {differences}; "
                "ask for the same, or render into another folder with --out"
            )
        return replace(self, kits=dict(sorted({**self.kits, **other.kits}.items())))

    def _differences(self, other: Identity) -> Iterator[str]:
        mine, theirs = asdict(self.settings), asdict(other.settings)
        mine |= {"source": self.source, "version": self.version} | _flat(self.augmentation)
        theirs |= {"source": other.source, "version": other.version} | _flat(other.augmentation)
        for name, value in mine.items():
            if value != theirs[name]:
                yield f"{name} {value} (now asked for: {theirs[name]})"
        for name in sorted(self.kits.keys() & other.kits.keys()):
            if self.kits[name] != other.kits[name]:
                yield f"kit {name} of content {self.kits[name][:12]} (now: {other.kits[name][:12]})"


def _flat(augmentation: Augmentation | None) -> dict[str, Any]:
    """Return the fields of an augmentation with prefixed names; every value is ``none`` without an augmentation."""
    present = asdict(augmentation) if augmentation else {}
    return {f"augmentation {field.name}": present.get(field.name, "none") for field in fields(Augmentation)}


def read_identity(root: Path) -> Identity | None:
    """Return the identity of the corpus in ``root``; None if the folder holds no corpus.

    :raises CorpusError: if ``corpus.json`` is damaged or of another format.
    """
    path = root / IDENTITY_FILE
    try:
        content = parse_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}); restore it or render into another folder") from error
    try:
        return _parsed(content)
    except (KeyError, TypeError, AttributeError, StemgmdError) as error:
        raise CorpusError(
            f"{path}: not a valid corpus description for this version ({error}); render into another folder with --out"
        ) from error


def _parsed(content: dict[str, Any]) -> Identity:
    if content["format"] != FORMAT:
        raise CorpusError(f"its format is {content['format']!r}, expected {FORMAT!r}")
    return Identity(
        settings=RenderSettings(**content["settings"]),
        source=str(content["source"]),
        kits={_kit_name(name): str(value) for name, value in content["kits"].items()},
        version=str(content["version"]),
        augmentation=Augmentation(**content["augmentation"]) if "augmentation" in content else None,
    )


def _kit_name(name: str) -> str:
    if not re.fullmatch(KIT_NAME, name):
        raise CorpusError(f"the name {name!r} of a kit; allowed: a-z, 0-9 and _")
    return name


def write_identity(root: Path, identity: Identity) -> None:
    """Write ``corpus.json`` in one step; equal identities give equal bytes."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "kits": dict(sorted(identity.kits.items())),
        "settings": asdict(identity.settings),
        "source": identity.source,
        "version": identity.version,
    }
    if identity.augmentation is not None:
        content["augmentation"] = asdict(identity.augmentation)
    write_bytes(root / IDENTITY_FILE, (json.dumps(content, indent=2) + "\n").encode())


def require_identity(root: Path) -> Identity:
    """Return the identity of the corpus in ``root``.

    :raises CorpusError: if the folder holds no corpus.
    """
    identity = read_identity(root)
    if identity is None:
        raise CorpusError(f"{root}: no corpus here ({IDENTITY_FILE} is missing); name the folder that `render` wrote")
    return identity
