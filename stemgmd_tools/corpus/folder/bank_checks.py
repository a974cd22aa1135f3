"""Check that every kit of a corpus was rendered from a single bank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.identity import STATE_FOLDER
from stemgmd_tools.corpus.folder.job import Job
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS, SUFFIX, read_record, record_path
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.kits.bank.cache import stored_sha256
from stemgmd_tools.kits.sample_map.kit import Kit

SHOWN: Final = 16
"""Number of digits of a hash that messages show."""


def two_banks(root: Path, kit: str, first: str, second: str) -> CorpusError:
    """Return the error for a kit of a corpus that was rendered from two banks."""
    return CorpusError(
        f"{root}: kit {kit} was rendered from two banks, {first[:SHOWN]} and {second[:SHOWN]}: the machines at work "
        "synthesise differently; render again on one kind of machine, or let them share STEMGMD_CACHE"
    )


def require_same_banks(root: Path, kits: Sequence[Kit], jobs: Sequence[Job], sample_rate: int) -> None:
    """Check that the cached bank of each kit is the one that earlier jobs of the corpus used.

    :param jobs: the jobs to do; kits without unfinished jobs are not checked.
    :raises CorpusError: if the bank of a kit differs.
    """
    left = {job.kit_name for job in jobs if not record_path(root, job.kind, job.name).is_file()}
    for kit in kits:
        begun = next(recorded_banks(root, [kit.name]), None) if kit.name in left else None
        at_hand = None if begun is None else stored_sha256(kit.name, kit.key, sample_rate)
        if begun is not None and at_hand is not None and at_hand != begun[1]:
            raise two_banks(root, kit.name, begun[1], at_hand)


def recorded_banks(root: Path, kits: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the bank's SHA-256 for every intact audio record of ``kits``."""
    for kit in kits:
        single = record_path(root, SINGLE_HITS, kit)
        for path in (single, *sorted((root / STATE_FOLDER / STEMS / kit).rglob(f"*{SUFFIX}"))):
            record = read_record(path)
            bank = None if record is None else record.content.get("bank_sha256")
            if isinstance(bank, str):
                yield kit, bank
