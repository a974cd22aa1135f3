"""Verify rendered and augmented corpora, as ``stemgmd verify`` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.corpus.verify import run
from stemgmd_tools.corpus.verify.run import Verdict


def verify_corpus(
    root: Path | str, *, jobs: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Verdict:
    """Verify the manifests, files and audio of a corpus, see :func:`stemgmd_tools.corpus.verify.run.verify_corpus`.

    :param jobs: worker processes; all cores if omitted.
    :param progress: called with the number of finished tasks and the number of all tasks.
    :raises CorpusError: if there is no complete corpus in ``root``.
    """
    reshaping = frozenset(effect.name for effect in EFFECTS if effect.reshapes_attacks)
    return run.verify_corpus(Path(root), jobs=jobs, progress=progress, reshaping_effects=reshaping)
