"""Taking a folder for a corpus: a new or empty one, or one that was made with the same things."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE, STATE_FOLDER, Identity, read_identity, write_identity
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS, record_path
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX


def refuse_foreign(root: Path) -> None:
    """Refuse a folder that holds things but no corpus, before anything is written to it.

    :raises CorpusError: naming one of those things.
    """
    ours = re.compile(rf"{re.escape(STATE_FOLDER)}|{re.escape(IDENTITY_FILE)}(\..*{re.escape(TEMPORARY_SUFFIX)})?")
    others = sorted(path.name for path in root.iterdir() if not ours.fullmatch(path.name))
    if others and not (root / IDENTITY_FILE).exists():
        raise CorpusError(
            f"{root}: not empty and not a corpus (it holds {others[0]}); choose an empty or new folder with --out"
        )


def claimed(root: Path, identity: Identity, *, alone: bool = True) -> Identity:
    """Return what the corpus in ``root`` will be made with once it also holds what ``identity`` names.

    A kit that nothing was rendered through yet, perhaps because its sample map was faulty, may have changed.

    :param alone: whether no other shard may be about to render through such a kit.
    :raises CorpusError: if there is a corpus made with something else.
    """
    present = read_identity(root)
    if present is None:
        return identity
    if alone:
        present = replace(present, kits={name: value for name, value in present.kits.items() if _is_used(root, name)})
    return present.extended(identity, root)


def claim(root: Path, identity: Identity, *, alone: bool = True) -> Identity:
    """Make ``root`` a corpus of this identity, or extend the one that is there, as :func:`claimed` tells; return it."""
    result = claimed(root, identity, alone=alone)
    if result != read_identity(root):
        write_identity(root, result)
    return result


def _is_used(root: Path, kit: str) -> bool:
    """Return whether something was rendered through a kit."""
    stems = record_path(root, STEMS, f"{kit}/any").parent
    return stems.is_dir() or record_path(root, SINGLE_HITS, kit).is_file()
