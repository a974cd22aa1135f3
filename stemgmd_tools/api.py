"""The main functions of the Python interface: load performances and kits, render, fit a kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from stemgmd_tools.corpus.render.run import Request
from stemgmd_tools.fitting.produce import Produced, produce
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import kits_named, load_kit, search_path
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.mapping import NoteMapping, note_mapping, reading_mapping
from stemgmd_tools.performances.select import select, selection_of
from stemgmd_tools.performances.source import PerformanceSource, find_source
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import Mapping, RenderSettings
from stemgmd_tools.rendering.stems import Stems


def load_performances(
    gmd: Path | str | None = None,
    *,
    midi: Path | str | None = None,
    mapping: str = "td11",
    strict: bool = False,
    **filters: Any,
) -> list[Performance]:
    """Return performances from GMD, from a folder of MIDI files, or from the starter set.

    :param gmd: folder or official zip of the Groove MIDI Dataset; default: ``STEMGMD_GMD``, else the copy in the cache,
        else the starter set.
    :param midi: a folder of drum MIDI files, or one file, instead of GMD.
    :param mapping: note mapping of ``midi``, ``td11`` or ``gm``.
    :param strict: raise an error if a file of ``midi`` cannot be used, instead of leaving it out.
    :param filters: as in :class:`Selection`: ``splits=("test",)``, ``drummers``, ``styles``, ``bpm_min``, ``bpm_max``,
        ``beat_types``, ``ids``, ``limit``, ``hours``, ``seed``.
    :warns LeftOutWarning: for each file of ``midi`` that cannot be used.
    :warns StemgmdWarning: for each MIDI file in which something was corrected.
    :raises StemgmdError: if there are no performances, they cannot be read, or no performance passes the filters.
    """
    return select(_source(gmd, midi, note_mapping(mapping)).read(strict=strict), selection_of(filters))


def load_kits(*names: str, kit_path: Sequence[Path | str] = ()) -> tuple[Kit, ...]:
    """Return kits by name, group (``all``, ``train``, ``heldout``) or path of a sample map; all kits by default.

    ``random:7..106`` generates a hundred new kits, ``morph:cedar_hall+birch_room:0.3`` one between two kits.

    :param kit_path: folders searched for sample maps and sample folders, before those of ``STEMGMD_KITS``.
    :raises StemgmdError: if a kit is unknown or cannot be used.
    """
    return kits_named(names or ("all",), search_path([Path(folder) for folder in kit_path]))


def render(performance: Performance, kit: Kit | Bank | str, settings: RenderSettings | None = None) -> Stems:
    """Render one performance through one kit in memory.

    :param kit: a kit, the name of one, or an open bank. A kit is compiled when it is first used.
    :param settings: sample rate, bit depth, seed, mapping and tail; the defaults of ``stemgmd render`` if omitted.
    :return: nine integer stems, shape (9, 2, frames); their ``mixture`` is their exact sum.
    :raises StemgmdError: if the kit is unknown or cannot be used.
    """
    settings = settings or RenderSettings()
    bank = kit if isinstance(kit, Bank) else _bank(kit, settings.sample_rate)
    return mix(plan(performance, bank, settings), bank, bit_depth=settings.bit_depth)


def render_request(
    gmd: Path | str | None = None,
    kits: str | Sequence[str] = ("all",),
    *,
    midi: Path | str | None = None,
    mapping: Mapping | None = None,
    kit_path: Sequence[Path | str] = (),
    single_hits: bool = True,
    strict: bool = False,
    settings: RenderSettings | None = None,
    **filters: Any,
) -> Request:
    """Return the request of a corpus for :func:`stemgmd_tools.render_corpus`, as ``stemgmd render`` makes it.

    >>> request = render_request(kits="train", splits="test")
    >>> stemgmd_tools.render_corpus("corpus", request)  # doctest: +SKIP

    :param kits: names, groups or paths of sample maps: ``"train"``, ``["cedar_hall", "random:0..99"]``.
    :param kit_path: folders searched for sample maps and sample folders, before those of ``STEMGMD_KITS``.
    :param single_hits: whether the corpus holds single hits of every articulation.
    :param mapping: ``td11``, ``gm`` or ``stemgmd``; default: that of the settings.
    :param settings: the defaults of ``stemgmd render`` if omitted. Their seed also selects performances by ``hours``.

    The other arguments are those of :func:`load_performances`.

    :raises StemgmdError: if performances or kits cannot be used, or nothing is selected.
    """
    settings = settings or RenderSettings()
    if mapping is not None:
        settings = replace(settings, mapping=mapping)
    source = _source(gmd, midi, reading_mapping(settings.mapping))
    return Request(
        performances=select(source.read(strict=strict), selection_of({"seed": settings.seed, **filters})),
        midi=source.midi(),
        source=source.kind.value,
        kits=load_kits(*([kits] if isinstance(kits, str) else kits), kit_path=kit_path),
        settings=settings,
        single_hits=single_hits,
    )


def fit_kit(
    recorded: Kit | str,
    out: Path | str,
    *,
    donors: Sequence[Kit | str] = (),
    title: str | None = None,
    report: bool = True,
    kit_path: Sequence[Path | str] = (),
) -> Produced:
    """Fit a modelled kit to a recorded one and write its sample map, as ``stemgmd kits fit`` does. Takes minutes.

    :param recorded: a recorded kit, or its name or the path of its sample map.
    :param out: the sample map to write, ``NAME.yaml``.
    :param donors: recorded kits that supply articulations missing in ``recorded``, in order.
    :param title: display name of the new kit; default: that of ``recorded``, modelled.
    :param report: whether to write ``NAME.report.md`` and its figures.
    :param kit_path: folders searched for sample maps and sample folders, before those of ``STEMGMD_KITS``.
    :return: the paths that were written.
    :raises UsageError: if a name is unknown, or ``out`` is not a valid name or was not written by a fit.
    :raises KitError: if a kit has no recordings, or a missing articulation cannot be replaced.
    """
    folders = search_path([Path(folder) for folder in kit_path])
    kit, *others = (load_kit(one, folders) if isinstance(one, str) else one for one in (recorded, *donors))
    return produce(kit, Path(out), donors=others, title=title, report=report)


def _source(gmd: Path | str | None, midi: Path | str | None, mapping: NoteMapping) -> PerformanceSource:
    return find_source(
        gmd=None if gmd is None else Path(gmd),
        midi=None if midi is None else Path(midi),
        mapping=mapping,
    )


def _bank(kit: Kit | str, sample_rate: int) -> Bank:
    return _named_bank(kit, sample_rate) if isinstance(kit, str) else open_bank(kit, sample_rate)


@lru_cache(maxsize=16)
def _named_bank(name: str, sample_rate: int) -> Bank:
    return open_bank(load_kit(name), sample_rate)
