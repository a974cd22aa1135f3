"""Compare the banks of a corpus with its manifest, the published banks and the cache."""

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
    """Compare the banks in the jobs' records with those in the manifest ``kits``."""
    stated = dict(zip(kits["kit"].tolist(), kits["bank_sha256"].tolist(), strict=True))
    wrong = {(kit, bank) for kit, bank in recorded_banks(root, stated) if bank != stated[kit]}
    for kit, bank in sorted(wrong):
        findings.add("bank", f"kit {kit}", f"rendered from {bank[:SHOWN]}", f"{stated[kit][:SHOWN]}, as in kits")


def bank_notes(identity: Identity, kits: pd.DataFrame) -> Iterator[str]:
    """Yield a note for each kit whose bank differs from the published or the cached one."""
    rate = identity.settings.sample_rate
    committed = {row.name: row.bank_sha256 for row in kit_table() if row.bank_sha256} if rate == TABLE_RATE else {}
    for kit, key, bank in zip(kits["kit"], kits["kit_hash"], kits["bank_sha256"], strict=True):
        if committed.get(kit, bank) != bank:
            yield (
                f"kit {kit}: its bank has the hash {bank[:SHOWN]}, manifests/kits.csv has {committed[kit][:SHOWN]}: "
                "this corpus is sound, but not the published one, bit for bit"
            )
        at_hand = stored_sha256(kit, key, rate)
        if at_hand not in {None, bank}:
            yield (
                f"kit {kit}: rendered from the bank {bank[:SHOWN]}, the cache of this machine holds "
                f"{at_hand[:SHOWN]}: the same command would give other bytes here"
            )
