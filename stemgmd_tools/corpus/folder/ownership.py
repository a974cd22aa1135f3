"""Create a corpus in a new or empty folder, or extend one with the same identity."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE, STATE_FOLDER, Identity, read_identity, write_identity
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS, record_path
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX


def refuse_foreign(root: Path) -> None:
    """Check that a folder is empty or a corpus before anything is written to it.

    :raises CorpusError: if it holds other files but no corpus.
    """
    ours = re.compile(rf"{re.escape(STATE_FOLDER)}|{re.escape(IDENTITY_FILE)}(\..*{re.escape(TEMPORARY_SUFFIX)})?")
    others = sorted(path.name for path in root.iterdir() if not ours.fullmatch(path.name))
    if others and not (root / IDENTITY_FILE).exists():
        raise CorpusError(
            f"{root}: not empty and not a corpus (it holds {others[0]}); choose an empty or new folder with --out"
        )


def resulting_identity(root: Path, identity: Identity, *, alone: bool = True) -> Identity:
    """Return the identity of the corpus in ``root`` once it is extended by ``identity``.

    A kit without any rendered file may have changed, for example because its sample map was corrected.

    :param alone: True if no other shard is running, which might be about to render through such a kit.
    :raises CorpusError: if ``root`` holds a corpus with another identity.
    """
    present = read_identity(root)
    if present is None:
        return identity
    if alone:
        present = replace(present, kits={name: value for name, value in present.kits.items() if _is_used(root, name)})
    return present.extended(identity, root)


def create_or_extend(root: Path, identity: Identity, *, alone: bool = True) -> Identity:
    """Create or extend the corpus in ``root``, see :func:`resulting_identity`; return its identity."""
    result = resulting_identity(root, identity, alone=alone)
    if result != read_identity(root):
        write_identity(root, result)
    return result


def _is_used(root: Path, kit: str) -> bool:
    """Return whether the corpus has audio of a kit."""
    stems = record_path(root, STEMS, f"{kit}/any").parent
    return stems.is_dir() or record_path(root, SINGLE_HITS, kit).is_file()
