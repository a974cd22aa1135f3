"""The banks of a corpus beside its manifest, those published, and those in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stemgmd_tools.corpus.folder.bank_checks import SHOWN, recorded_banks
from stemgmd_tools.corpus.folder.identity import Identity
from stemgmd_tools.corpus.verify.findings import Findings
from stemgmd_tools.kits.bank.cache import stored_sha256
from stemgmd_tools.kits.kit_table import TABLE_RATE, kit_table


def check_banks(root: Path, kits: pd.DataFrame, findings: Findings) -> None:
    """Compare the banks that jobs noted in their records with those that the manifest names."""
    stated = dict(zip(kits["kit"].tolist(), kits["bank_sha256"].tolist(), strict=True))
    wrong = {(kit, found) for kit, found in recorded_banks(root, stated) if found != stated[kit]}
    for kit, found in sorted(wrong):
        findings.add("bank", f"kit {kit}", f"rendered from {found[:SHOWN]}", f"{stated[kit][:SHOWN]}, as in kits")


def bank_notes(identity: Identity, kits: pd.DataFrame) -> Iterator[str]:
    """Name kits whose bank is not the published one, or not the one in this machine's cache."""
    rate = identity.settings.sample_rate
    committed = {row.name: row.bank_sha256 for row in kit_table() if row.bank_sha256} if rate == TABLE_RATE else {}
    for kit, key, found in zip(kits["kit"], kits["kit_hash"], kits["bank_sha256"], strict=True):
        if committed.get(kit, found) != found:
            yield (
                f"kit {kit}: its bank has the hash {found[:SHOWN]}, manifests/kits.csv has {committed[kit][:SHOWN]}: "
                "this corpus is sound, but not the published one, bit for bit"
            )
        at_hand = stored_sha256(kit, key, rate)
        if at_hand not in {None, found}:
            yield (
                f"kit {kit}: rendered from the bank {found[:SHOWN]}, the cache of this machine holds "
                f"{at_hand[:SHOWN]}: the same command would give other bytes here"
            )
