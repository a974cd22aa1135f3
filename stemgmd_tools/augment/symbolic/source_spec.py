"""Describe and open the source of examples: a corpus on disk or a virtual corpus. Specs are small and picklable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.rendering.settings import RenderSettings


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """How to open a source of stems in each process."""

    corpus: Path | None
    """Folder of a corpus; None for the virtual corpus of the other fields."""
    gmd: Path | None = None
    midi: Path | None = None
    kits: tuple[str, ...] = ("all",)
    kit_path: tuple[Path, ...] = ()
    """Folders of kits, to render them or to render strokes of a corpus anew."""
    render_seed: int = 0
    impulse_responses: Path | None = None
    """Folder of the impulse responses that rows may name."""
    microphones: bool = False
    """Whether a virtual corpus has tracks of microphones."""


@lru_cache(maxsize=1)
def open_source(origin: SourceSpec) -> Corpus | VirtualCorpus:
    """Return the source, opened once per process.

    :raises StemgmdError: if it cannot be opened.
    """
    if origin.corpus is not None:
        return open_corpus(origin.corpus)
    return virtual_corpus(
        origin.gmd,
        origin.kits,
        origin.render_seed,
        midi=origin.midi,
        kit_path=origin.kit_path,
        microphones=origin.microphones,
    )


def settings_of(source: Corpus | VirtualCorpus) -> RenderSettings:
    """Return the render settings of a source."""
    return source.identity.settings if isinstance(source, Corpus) else source.settings


def is_augmented(source: Corpus | VirtualCorpus) -> bool:
    """Return whether a source is an augmented corpus."""
    return isinstance(source, Corpus) and source.identity.augmentation is not None


def rendering_of(source: Corpus | VirtualCorpus) -> list[dict[str, Any]]:
    """Return the settings and augmentation of a source as JSON data."""
    settings = [asdict(settings_of(source))]
    if isinstance(source, Corpus) and source.identity.augmentation is not None:
        settings.append(asdict(source.identity.augmentation))
    return settings


def bank_sha256(source: Corpus | VirtualCorpus, kit: str) -> str:
    """Return the hash of the bank of a kit."""
    if isinstance(source, VirtualCorpus):
        return source.bank(kit).pcm_sha256
    kits = source.kits
    return str(kits.loc[kits["kit"] == kit, "bank_sha256"].iloc[0])
