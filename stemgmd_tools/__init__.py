"""Render drum performances into stems; build, read and augment corpora; train, evaluate and run separators.

>>> import stemgmd_tools as stemgmd
>>> performance = stemgmd.load_performances()[0]
>>> stems = stemgmd.render(performance, "cedar_hall")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from stemgmd_tools.version import __version__ as __version__

if TYPE_CHECKING:
    from stemgmd_tools.api import fit_kit as fit_kit
    from stemgmd_tools.api import load_kits as load_kits
    from stemgmd_tools.api import load_performances as load_performances
    from stemgmd_tools.api import render as render
    from stemgmd_tools.api import render_request as render_request
    from stemgmd_tools.augment.chain.chain import load_chain as load_chain
    from stemgmd_tools.augment.chain.rows import Example as Example
    from stemgmd_tools.augment.corpus.augment_corpus import augment_corpus as augment_corpus
    from stemgmd_tools.augment.corpus.verify_corpus import verify_corpus as verify_corpus
    from stemgmd_tools.augment.sampling.draw import draw as draw
    from stemgmd_tools.augment.sampling.mixing_options import RandomMix as RandomMix
    from stemgmd_tools.augment.sampling.pool import pool_of as pool_of
    from stemgmd_tools.augment.sampling.random_mixing import draw_mix as draw_mix
    from stemgmd_tools.augment.symbolic.examples import render_example as render_example
    from stemgmd_tools.corpus.merge import merge as merge
    from stemgmd_tools.corpus.render.run import Request as Request
    from stemgmd_tools.corpus.render.run import render_corpus as render_corpus
    from stemgmd_tools.corpus.sources.base import StemSource as StemSource
    from stemgmd_tools.corpus.sources.disk import Corpus as Corpus
    from stemgmd_tools.corpus.sources.open import open_corpus as open_corpus
    from stemgmd_tools.corpus.sources.open import virtual_corpus as virtual_corpus
    from stemgmd_tools.corpus.sources.virtual import VirtualCorpus as VirtualCorpus
    from stemgmd_tools.errors import LeftOutWarning as LeftOutWarning
    from stemgmd_tools.errors import StemgmdError as StemgmdError
    from stemgmd_tools.errors import StemgmdWarning as StemgmdWarning
    from stemgmd_tools.kits.bank.cache import open_bank as open_bank
    from stemgmd_tools.kits.sample_map.kit import Kit as Kit
    from stemgmd_tools.manifest.files import read_manifest as read_manifest
    from stemgmd_tools.performances.select import Selection as Selection
    from stemgmd_tools.performances.source import find_source as find_source
    from stemgmd_tools.performances.tables import Choke as Choke
    from stemgmd_tools.performances.tables import Hit as Hit
    from stemgmd_tools.performances.tables import PedalMove as PedalMove
    from stemgmd_tools.performances.types import Performance as Performance
    from stemgmd_tools.pieces import NOTES as NOTES
    from stemgmd_tools.pieces import PIECES as PIECES
    from stemgmd_tools.pieces import Group as Group
    from stemgmd_tools.pieces import Piece as Piece
    from stemgmd_tools.rendering.settings import RenderSettings as RenderSettings
    from stemgmd_tools.rendering.stems import Stems as Stems
    from stemgmd_tools.separation.api import SeparatedSound as SeparatedSound
    from stemgmd_tools.separation.api import evaluate as evaluate
    from stemgmd_tools.separation.api import separate as separate
    from stemgmd_tools.separation.api import train as train

_HOME: Final = {
    "load_kits": "api",
    "load_performances": "api",
    "render": "api",
    "render_request": "api",
    "fit_kit": "api",
    "augment_corpus": "augment.corpus.augment_corpus",
    "load_chain": "augment.chain.chain",
    "draw": "augment.sampling.draw",
    "render_example": "augment.symbolic.examples",
    "RandomMix": "augment.sampling.mixing_options",
    "draw_mix": "augment.sampling.random_mixing",
    "pool_of": "augment.sampling.pool",
    "Example": "augment.chain.rows",
    "open_corpus": "corpus.sources.open",
    "virtual_corpus": "corpus.sources.open",
    "Corpus": "corpus.sources.disk",
    "merge": "corpus.merge",
    "verify_corpus": "augment.corpus.verify_corpus",
    "Request": "corpus.render.run",
    "render_corpus": "corpus.render.run",
    "StemSource": "corpus.sources.base",
    "VirtualCorpus": "corpus.sources.virtual",
    "LeftOutWarning": "errors",
    "StemgmdError": "errors",
    "StemgmdWarning": "errors",
    "Kit": "kits.sample_map.kit",
    "open_bank": "kits.bank.cache",
    "read_manifest": "manifest.files",
    "Selection": "performances.select",
    "find_source": "performances.source",
    "Choke": "performances.tables",
    "Hit": "performances.tables",
    "PedalMove": "performances.tables",
    "Performance": "performances.types",
    "NOTES": "pieces",
    "PIECES": "pieces",
    "Group": "pieces",
    "Piece": "pieces",
    "RenderSettings": "rendering.settings",
    "Stems": "rendering.stems",
    "SeparatedSound": "separation.api",
    "evaluate": "separation.api",
    "separate": "separation.api",
    "train": "separation.api",
}
"""Public name -> module, imported on first use, so that ``import stemgmd_tools`` is fast."""

__all__ = [*_HOME]  # noqa: PLE0604 - names are strings


def __getattr__(name: str) -> Any:
    """Import a public name from its module (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if not _HOME[name].startswith(("augment", "separation")) or (error.name or "").startswith(__name__):
            raise
        extra = "baseline" if _HOME[name].startswith("separation") else "augment"
        raise ModuleNotFoundError(
            f"stemgmd_tools.{name} needs {error.name}: pip install 'stemgmd-tools[{extra}]'", name=error.name
        ) from error


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*globals(), *_HOME])
