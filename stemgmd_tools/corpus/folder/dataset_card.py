"""Dataset cards: a README whose YAML tells Hugging Face's ``datasets`` how a folder is loaded, with its licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import yaml

from stemgmd_tools.corpus.folder.attribution import attribution_lines

CARD_FILE: Final = "README.md"
"""File at the top of a dataset."""
_HUB_LICENCES: Final = frozenset(
    {
        *("apache-2.0", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-3.0"),
        *("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0", "mit"),
    }
)
"""Identifiers of licences that the Hugging Face Hub knows (https://huggingface.co/docs/hub/repositories-licenses)."""
_OTHER: Final = "other"


def card_text(
    title: str, configs: Sequence[Mapping[str, Any]], body: Sequence[str], kits: pd.DataFrame, source: str
) -> str:
    """Return a dataset card: YAML, title, body, credits.

    :param configs: configurations of ``datasets.load_dataset``.
    :param body: lines of Markdown.
    :param kits: the manifest ``kits``.
    :param source: collection of the performances, as in a corpus's identity.
    """
    names = [_hub_name(name) for name in kits["license"].fillna("").tolist()]
    front = {
        "pretty_name": title,
        "license": sorted(set(names)),
        "task_categories": ["audio-to-audio"],
        "tags": ["audio", "drums", "music", "source-separation", "drum-transcription"],
        "configs": [dict(config) for config in configs],
    }
    text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    credits_ = ["## Licences and attribution", "", *attribution_lines(kits, source)]
    return "\n".join(["---", text + "---", "", f"# {title}", "", *body, "", *credits_]) + "\n"


def _hub_name(license_name: str) -> str:
    """Return the Hub's identifier of a licence given by its SPDX identifier."""
    name = license_name.lower().removesuffix("-only").removesuffix("-or-later")
    return name if name in _HUB_LICENCES else _OTHER
