"""Identify kits independently of their names, to check that no test kit is used for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.data import shipped
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import GROUPS, find_map, kits_named
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.separation.splits.roles import KitIdentity

_BANK_RATE: Final = 44_100


def virtual_identities(kits: Iterable[Kit], kit_path: Sequence[Path]) -> Iterator[KitIdentity]:
    """Yield the identities of kits; banks of kits that are not generated are built if needed."""
    recordings: dict[str, set[str]] = {}  # thousands of generated kits share a few parents
    for kit in kits:
        if kit.is_generated:
            recordings |= {name: _measured_on(name, kit_path) for name in kit.parents if name not in recordings}
            measured = {recording for name in kit.parents for recording in recordings[name]}
            yield KitIdentity(kit.name, frozenset(kit.parents) | measured, frozenset([kit.key]))
        else:
            related = {recording.kit for recording in kit.map.measured_on}
            if kit.map.origin is not None:
                related |= set(kit.map.origin.kits)
            yield KitIdentity(kit.name, frozenset(related), frozenset([kit.key, _bank_sha256(kit)]))


def known_identities(names: Sequence[str], kit_path: Sequence[Path]) -> list[KitIdentity]:
    """Return the identities of kits named as in ``render``; empty if ``names`` is empty.

    :raises UsageError: for an unknown name.
    """
    wanted = [name for name in names if name]
    return list(virtual_identities(kits_named(wanted, tuple(kit_path)), kit_path)) if wanted else []


def corpus_kits(corpus: Corpus, names: Sequence[str]) -> tuple[str, ...]:
    """Return the kits of a corpus selected by group or name, in the order of the corpus.

    :raises UsageError: for a name that is not in the corpus.
    """
    splits = corpus.kit_splits
    wanted: set[str] = set()
    for word in (part.strip() for name in names for part in name.split(",")):
        if word in GROUPS:
            split = "heldout" if word == "test" else word
            wanted |= {kit for kit, own in splits.items() if split in {"all", own}}
        elif word in splits:
            wanted.add(word)
        else:
            raise UsageError(f"{corpus.root}: holds no kit {word}; it holds {', '.join(splits)}")
    if not wanted:
        raise UsageError(f"{corpus.root}: holds no kit of {', '.join(names)}; it holds {', '.join(splits)}")
    return tuple(kit for kit in splits if kit in wanted)


def tabled_identities(table: pd.DataFrame, kits: Iterable[str]) -> Iterator[KitIdentity]:
    """Yield the identities of kits from the manifest ``kits`` of their corpus."""
    for row in table[table["kit"].isin(list(kits))].to_dict("records"):
        related = {name for column in ("parents", "measured_on") for name in _text(row[column]).split()}
        hashes = {_text(row[column]) for column in ("kit_hash", "bank_sha256")} - {""}
        yield KitIdentity(str(row["kit"]), frozenset(related), frozenset(hashes))


def source_identities(source: Corpus | VirtualCorpus) -> Iterator[KitIdentity]:
    """Yield the identities of the kits of a source; banks of a virtual corpus are built if needed."""
    for known in tabled_identities(source.kits, source.kit_splits):
        if isinstance(source, VirtualCorpus) and not source.kit(known.name).is_generated:
            yield known._replace(hashes=known.hashes | {_bank_sha256(source.kit(known.name))})
        else:
            yield known


def _bank_sha256(kit: Kit) -> str:
    """Return the hash of a kit's sound; for shipped kits without building the bank."""
    recorded = {row.name: row.bank_sha256 for row in kit_table()}
    is_shipped = kit.path is not None and shipped("sample_maps") in kit.path.parents
    return (is_shipped and recorded.get(kit.name)) or open_bank(kit, _BANK_RATE).pcm_sha256


def _measured_on(kit: str, kit_path: Sequence[Path]) -> set[str]:
    return {recording.kit for recording in find_map(kit, kit_path).measured_on}


def _text(value: object) -> str:
    return value if isinstance(value, str) and not pd.isna(value) else ""
