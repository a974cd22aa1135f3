"""Which banks a corpus was rendered from: one for each kit, the one that its manifest names, and where others are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from stemgmd_tools.corpus.failures import Findings
from stemgmd_tools.corpus.identity import STATE_FOLDER, Identity
from stemgmd_tools.corpus.jobs import SINGLE_HITS, STEMS, Job
from stemgmd_tools.corpus.records import SUFFIX, read_record, record_path
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.kits.kit import Kit
from stemgmd_tools.kits.store import stored_sha256
from stemgmd_tools.kits.table import TABLE_RATE, kit_table

_SHOWN: Final = 16
"""Digits of a hash in a message."""


def two_banks(root: Path, kit: str, first: str, second: str) -> CorpusError:
    """Say that one kit of a corpus has sounds of two banks."""
    return CorpusError(
        f"{root}: kit {kit} was rendered from two banks, {first[:_SHOWN]} and {second[:_SHOWN]}: the machines at work "
        "synthesise differently; render again on one kind of machine, or let them share STEMGMD_CACHE"
    )


def require_same_banks(root: Path, kits: Sequence[Kit], jobs: Sequence[Job], sample_rate: int) -> None:
    """Refuse to go on with a kit whose bank in the cache is another one than the corpus was begun with.

    :param jobs: those to do; kits with nothing left to do are passed over.
    :raises CorpusError: naming the kit.
    """
    left = {job.kit_name for job in jobs if not record_path(root, job.kind, job.name).is_file()}
    for kit in kits:
        begun = next(_recorded(root, [kit.name]), None) if kit.name in left else None
        at_hand = None if begun is None else stored_sha256(kit.name, kit.key, sample_rate)
        if begun is not None and at_hand is not None and at_hand != begun[1]:
            raise two_banks(root, kit.name, begun[1], at_hand)


def check_banks(root: Path, kits: pd.DataFrame, findings: Findings) -> None:
    """Compare the banks that jobs noted in their records with those that the manifest names."""
    stated = dict(zip(kits["kit"].tolist(), kits["bank_sha256"].tolist(), strict=True))
    wrong = {(kit, found) for kit, found in _recorded(root, stated) if found != stated[kit]}
    for kit, found in sorted(wrong):
        findings.add("bank", f"kit {kit}", f"rendered from {found[:_SHOWN]}", f"{stated[kit][:_SHOWN]}, as in kits")


def bank_notes(identity: Identity, kits: pd.DataFrame) -> Iterator[str]:
    """Name kits whose bank is not the published one, or not the one in this machine's cache."""
    rate = identity.settings.sample_rate
    committed = {row.name: row.bank_sha256 for row in kit_table() if row.bank_sha256} if rate == TABLE_RATE else {}
    for kit, key, found in zip(kits["kit"], kits["kit_hash"], kits["bank_sha256"], strict=True):
        if committed.get(kit, found) != found:
            yield (
                f"kit {kit}: its bank has the hash {found[:_SHOWN]}, manifests/kits.csv has {committed[kit][:_SHOWN]}: "
                "this corpus is sound, but not the published one, bit for bit"
            )
        at_hand = stored_sha256(kit, key, rate)
        if at_hand not in {None, found}:
            yield (
                f"kit {kit}: rendered from the bank {found[:_SHOWN]}, the cache of this machine holds "
                f"{at_hand[:_SHOWN]}: the same command would give other bytes here"
            )


def _recorded(root: Path, kits: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield kit and bank of every sound record of some kits."""
    for kit in kits:
        single = record_path(root, SINGLE_HITS, kit)
        for path in (single, *sorted((root / STATE_FOLDER / STEMS / kit).rglob(f"*{SUFFIX}"))):
            record = read_record(path)
            bank = None if record is None else record.content.get("bank_sha256")
            if isinstance(bank, str):
                yield kit, bank
