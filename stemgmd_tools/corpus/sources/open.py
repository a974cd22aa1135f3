"""Open a corpus on disk or a virtual corpus with one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.kits.library import kits_named, search_path
from stemgmd_tools.performances.mapping import reading_mapping
from stemgmd_tools.performances.select import select, selection_of
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import Mapping, RenderSettings, SampleFormat, Tail


def open_corpus(path: Path | str) -> Corpus:
    """Open a corpus that `stemgmd render` wrote.

    :raises CorpusError: if there is no corpus, or it is not complete yet.
    """
    return Corpus(Path(path))


def virtual_corpus(  # noqa: PLR0913 - the options of `stemgmd render`
    gmd: Path | str | None = None,
    kits: str | Sequence[str] = ("all",),
    seed: int = 0,
    *,
    midi: Path | str | None = None,
    mapping: Mapping = "td11",
    kit_path: Sequence[Path | str] = (),
    sample_rate: int = 44_100,
    sample_format: SampleFormat = "int16",
    tail: Tail = "natural",
    microphones: bool = False,
    **filters: Any,
) -> VirtualCorpus:
    """Return a corpus of performances through kits that is rendered on request; only banks are written to disk.

    The arguments correspond to the options of `stemgmd render`, and the stems equal the files that it writes.

    :param gmd: folder or official zip of the Groove MIDI Dataset; default ``STEMGMD_GMD``, the cache, the starter set.
    :param kits: names, groups or paths of sample maps: ``"train"``, ``["cedar_hall", "random:0..99"]``.
    :param seed: random seed; selects among several takes of a hit, and performances with ``hours``.
    :param midi: a folder of other drum MIDI files, or one file.
    :param mapping: notes of ``midi``, ``td11`` or ``gm``; ``stemgmd`` plays one sound per piece, as the original did.
    :param kit_path: folders searched for sample maps and sample folders, before those of ``STEMGMD_KITS``.
    :param sample_rate: in Hz.
    :param sample_format: ``int16``, or ``int24`` and ``float32`` for the 24-bit grid.
    :param tail: ``natural`` lets the last sounds ring out, ``cut`` stops at the performance's end.
    :param microphones: whether ``microphones`` of the corpus returns what the microphones of recorded kits hear.
    :param filters: as in :class:`Selection`: ``splits=("test",)``, ``drummers``, ``styles``, ``bpm_min``, ``bpm_max``,
        ``beat_types``, ``ids``, ``limit``, ``hours`` (drawn with ``seed``).
    :warns LeftOutWarning: for each file of ``midi`` that cannot be used.
    :raises StemgmdError: if there are no performances, they cannot be read, or no performance passes the filters.
    """
    settings = RenderSettings(
        seed=seed,
        sample_rate=sample_rate,
        container="wav",
        sample_format=sample_format,
        mapping=mapping,
        tail=tail,
        microphones=microphones,
    )
    source = find_source(
        gmd=None if gmd is None else Path(gmd),
        midi=None if midi is None else Path(midi),
        mapping=reading_mapping(mapping),
    )
    selection = selection_of({**filters, "seed": seed})
    names = [kits] if isinstance(kits, str) else list(kits)
    chosen = kits_named(names, search_path([Path(folder) for folder in kit_path]))
    return VirtualCorpus(select(source.read(), selection), chosen, settings)
