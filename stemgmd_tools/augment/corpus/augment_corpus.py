"""Augment a corpus with one call, as ``stemgmd augment`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
from stemgmd_tools.corpus.folder.identity import Augmentation, require_identity
from stemgmd_tools.corpus.render.run import Report, render_corpus
from stemgmd_tools.devices import device_named
from stemgmd_tools.performances.select import selection_of


def augment_corpus(  # noqa: PLR0913 - the options of `stemgmd augment`
    corpus: Path | str,
    out: Path | str,
    *,
    chain: Path | str = "larsnet",
    copies: int = 1,
    seed: int = 0,
    kits: Sequence[str] = (),
    impulse_responses: Path | str | None = None,
    device: str = "auto",
    batch: int = 1,
    jobs: int | None = None,
    **filters: Any,
) -> Report:
    """Write augmented examples of a corpus to another corpus; the same call completes an interrupted run.

    :param corpus: folder that ``stemgmd render`` wrote.
    :param out: folder of the augmented corpus, outside ``corpus``.
    :param chain: name of a ready chain, or a chain's YAML file.
    :param copies: augmented copies per performance and kit.
    :param seed: random seed of the draws.
    :param kits: names of the kits to augment; default: all of the corpus.
    :param impulse_responses: folder of the impulse responses that the chain names.
    :param device: ``auto``, ``cpu`` or ``cuda``.
    :param batch: maximum number of examples that are computed together; on a CPU the bytes do not depend on it.
    :param jobs: worker processes; default: all cores, or one on a GPU.
    :param filters: as in :class:`~stemgmd_tools.performances.select.Selection`.
    :raises StemgmdError: if the corpus, the chain or the device cannot be used, or a file cannot be written.
    """
    root, used = Path(corpus).absolute(), device_named(device)
    loaded = load_chain(chain)
    origin = SourceSpec(
        root,
        impulse_responses=None if impulse_responses is None else Path(impulse_responses).absolute(),
    )
    request = AugmentRequest(
        origin,
        require_identity(root).source,
        Augmentation(loaded.name, loaded.hash, seed, used),
        loaded,
        copies=copies,
        selected_kits=tuple(kits),
        selection=selection_of(filters),
        batch=batch,
    )
    workers = 1 if jobs is None and used == "cuda" else jobs
    return render_corpus(Path(out), request, jobs=workers)
