"""Open the training and validation data of a run from its settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.augment.chain.chain import chain_names, load_chain
from stemgmd_tools.augment.dataset import SegmentDataset
from stemgmd_tools.augment.symbolic.source_spec import rendering_of
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import TrainingError, UsageError
from stemgmd_tools.kits.bank.cache import build_banks, seems_built
from stemgmd_tools.kits.bank.eviction import BANK_GB, LIMIT_VARIABLE, limit_bytes
from stemgmd_tools.kits.library import kits_named, search_path
from stemgmd_tools.kits.sample_map.kit import ENGINE_VERSION, Kit
from stemgmd_tools.performances.lists.keep import read_keep
from stemgmd_tools.performances.select import spread
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.pieces import GROUPS, PIECES_OF_GROUP
from stemgmd_tools.runtime.progress import Progress
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.splits.kit_identity import (
    corpus_kits,
    known_identities,
    tabled_identities,
    virtual_identities,
)
from stemgmd_tools.separation.splits.recorded_kits import trained_on
from stemgmd_tools.separation.splits.roles import (
    KitIdentity,
    Splits,
    note_hashes,
    refuse_leaks,
    split_performances,
    split_table,
)
from stemgmd_tools.separation.training.loop.parts import CorpusPart, listed_performances
from stemgmd_tools.separation.training.settings.schema import SAMPLE_RATE, DataConfig, TrainConfig
from stemgmd_tools.separation.weights.file import TrainingKits, about_weights, training_kits_of
from stemgmd_tools.storage.files import file_sha256

EPOCH_ITEMS: Final = 1 << 20
"""Items of an epoch of the dataset; training counts items and knows no epochs."""

_VALIDATION_SEED: Final = 20_230_807
"""Seed of the validation segments, independent of the seed of a run, so that runs are comparable."""
_VALIDATION_ACTIVE: Final = 0.4
"""Minimum share of validation segments in which each group is played; otherwise few would contain toms."""

_BUILT_AHEAD: Final = 256
"""Maximum number of kits for which banks are built before training; a bank takes seconds."""


class TrainingData(NamedTuple):
    """Data of a training run."""

    train: Corpus | VirtualCorpus
    validation: Corpus | VirtualCorpus | None
    """None if there are no validation performances."""
    splits: Splits
    kits: tuple[str, ...]
    kit_identities: tuple[KitIdentity, ...]
    """Identities of these kits, and of the training kits of the initial weights."""
    validation_identities: tuple[KitIdentity, ...]
    """Identities of the kits named for validation; empty if these are the training kits."""
    fingerprint: str
    """SHA-256 (hex) of everything that determines the sound: performances and their notes, kits, render settings, and a
    chain from a file."""
    origin: Mapping[str, Any]
    """SHA-256 and licence of the initial weights; empty without."""


def open_data(config: DataConfig, weights: str | None = None) -> TrainingData:
    """Open the data of a run, and check that splits and kits do not overlap.

    :param weights: initial weights, whose training kits must not be test kits either.
    :raises TrainingError: if splits or kits overlap.
    :raises UsageError: if ``kit_weights`` names a kit that is none of the training kits.
    :raises StemgmdError: if a source, a kit or a performance cannot be used.
    """
    before = [] if weights is None else [training_kits_of(about_weights(Path(weights)))]
    opened = _from_corpus(config, before) if config.corpus is not None else _rendered(config, before)
    _check_weights(config, opened.kits)
    validated = [] if opened.validation is None else list(opened.splits.validation.items())
    kits = _hashes(kit for kit in opened.kit_identities if kit.name in opened.kits)
    parts = [list(opened.splits.train.items()), validated, kits, rendering_of(opened.train)]
    if opened.validation_identities:
        parts.append(_hashes(opened.validation_identities))
    if config.chain not in chain_names():  # a file, which may change between two runs
        parts.append(load_chain(config.chain).hash)
    fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return opened._replace(fingerprint=fingerprint, origin={} if weights is None else _origin(Path(weights)))


def _check_weights(config: DataConfig, kits: Sequence[str]) -> None:
    unknown = [name for name in config.kit_weights if name not in kits]
    if unknown:
        raise UsageError(
            f"data.kit_weights names {unknown[0]}, which is none of the training kits: {', '.join(kits[:8])}"
            + (f" and {len(kits) - 8} more" if len(kits) > 8 else "")
        )


def _hashes(kits: Iterable[KitIdentity]) -> list[tuple[str, tuple[str, ...]]]:
    return sorted({(kit.name, tuple(sorted(kit.hashes))) for kit in kits})


def _origin(weights: Path) -> dict[str, Any]:
    about = about_weights(weights)
    copied = {key: about[key] for key in ("license", "started_from") if key in about}
    return {"started_from": {"sha256": file_sha256(weights), **copied}}


def open_test(config: DataConfig, limit: int | None = None) -> Corpus | VirtualCorpus:
    """Open the test data: the test performances, with the training and test kits.

    :param limit: maximum number of performances, evenly spaced.
    :raises UsageError: if there are no test performances.
    """
    names, kits = list(open_data(config).splits.test), (*config.kits, *config.test_kits)
    if not names:
        raise UsageError("no performance is for the test; give a source that holds some of GMD's split `test`")
    selected = frozenset(spread(names, limit))
    if config.corpus is not None:
        corpus = Corpus(Path(config.corpus))
        return CorpusPart(corpus.root, selected, frozenset(corpus_kits(corpus, kits)))
    performances = find_source(gmd=None if config.gmd is None else Path(config.gmd)).read()
    folders = search_path([Path(folder) for folder in config.kit_path])
    return VirtualCorpus(
        [performance for performance in performances if performance.id in selected], kits_named(kits, folders)
    )


def prepare(data: TrainingData, jobs: int, progress: Progress) -> None:
    """Build missing banks before training, unless there are too many kits.

    :param jobs: worker processes.
    :param progress: receives how many of the missing banks are built.
    """
    source = data.train
    if not isinstance(source, VirtualCorpus):
        return
    needed = BANK_GB * 1e9 * len(data.kits)
    if needed > limit_bytes():
        progress.say(
            f"warning: the banks of {counted(len(data.kits), 'kit')} take about {needed / 1e9:.1f} GB and the cache "
            f"holds {limit_bytes() / 1e9:.1f} GB: they will be built again and again; set {LIMIT_VARIABLE}, or take "
            "fewer kits"
        )
    if len(data.kits) <= _BUILT_AHEAD:
        kits = [source.kit(name) for name in data.kits]
        if isinstance(data.validation, VirtualCorpus):
            kits += [data.validation.kit(name) for name in data.validation.kit_splits if name not in data.kits]
        missing = [kit for kit in kits if not seems_built(kit, source.sample_rate)]
        if missing:
            progress.say(f"building {counted(len(missing), 'bank')} before the first step")
            done = count(1)
            progress.update(0, len(missing), "banks")
            build_banks(
                missing,
                source.sample_rate,
                jobs=min(jobs, len(missing)),
                progress=lambda name: progress.update(next(done), len(missing), f"bank of {name}"),
            )
            progress.close()


def train_segments(config: TrainConfig, data: TrainingData) -> SegmentDataset:
    """Return the training segments."""
    chain = load_chain(config.data.chain)
    segments = SegmentDataset(
        data.train,
        config.segment_frames,
        EPOCH_ITEMS,
        stems=config.model.stem_names,
        target=config.data.target,
        chain=chain if chain.steps else None,
        mix=config.data.mix,
        min_active=config.data.min_active or None,
        seed=config.seed,
    )
    segments.join_kits(config.data.kit_weights)
    if config.grid_frames is not None:
        segments.set_grid(config.grid_frames)
    return segments


def validation_segments(config: TrainConfig, data: TrainingData) -> SegmentDataset | None:
    """Return the fixed validation segments, without augmentation; None if validation is off.

    :raises TrainingError: if there are no validation performances.
    """
    if not config.validation.items:
        return None
    if data.validation is None:
        raise TrainingError(
            "no performance is for validation (GMD's split `validation`); set validation.items to 0, or give a source "
            "that holds some"
        )
    played = set(data.validation.hits["piece"])
    active = {
        str(group.value): _VALIDATION_ACTIVE
        for group in GROUPS
        if any(piece in played for piece in PIECES_OF_GROUP[group])
    }
    return SegmentDataset(
        data.validation,
        config.segment_frames,
        config.validation.items,
        stems=config.model.stem_names,
        min_active=active,
        seed=_VALIDATION_SEED,
    )


def bank_engine_of(data: TrainingData) -> dict[str, int]:
    """Return the version of the engine that compiled the banks, for the description of weights; empty for files."""
    return {"bank_engine": ENGINE_VERSION} if isinstance(data.train, VirtualCorpus) else {}


def kit_names_of(data: TrainingData) -> dict[str, list[str]]:
    """Return the names of the training kits, of all kits related to them, and of the kits named for validation, for the
    description of weights.
    """
    return {
        "kits": list(dict.fromkeys(kit.name for kit in data.kit_identities)),
        "related": sorted({name for kit in data.kit_identities for name in kit.related}),
        "validation_kits": [kit.name for kit in data.validation_identities],
    }


def _rendered(config: DataConfig, before: Sequence[TrainingKits | None]) -> TrainingData:
    """Open a corpus that is rendered on the fly."""
    performances = find_source(gmd=None if config.gmd is None else Path(config.gmd)).read()
    folders = search_path([Path(folder) for folder in config.kit_path])
    chosen = kits_named(config.kits, folders)
    if config.keep is not None:
        performances = listed_performances(performances, read_keep(Path(config.keep)), chosen)
    source = VirtualCorpus(performances, chosen)
    gmd_splits = {performance.id: str(performance.metadata.get("split") or "") for performance in performances}
    splits = _limited(split_performances(gmd_splits, note_hashes(source.hits)), config.limit)
    validating = kits_named(config.validation_kits, folders) if config.validation_kits else chosen
    identities = (*virtual_identities(chosen, folders), *trained_on(before, folders))
    validated = tuple(virtual_identities(validating, folders)) if config.validation_kits else ()
    refuse_leaks(splits, (*identities, *validated), known_identities(config.test_kits, folders))

    def part(names: Collection[str], kits: tuple[Kit, ...]) -> VirtualCorpus | None:
        matching = [performance for performance in performances if performance.id in names]
        return VirtualCorpus(matching, kits) if matching else None

    names = tuple(kit.name for kit in chosen)
    return _data(part(splits.train, chosen), part(splits.validation, validating), splits, names, identities, validated)


def _from_corpus(config: DataConfig, before: Sequence[TrainingKits | None]) -> TrainingData:
    """Open a corpus on disk."""
    corpus = Corpus(Path(config.corpus or ""))
    folders = search_path([Path(folder) for folder in config.kit_path])
    kits = corpus_kits(corpus, config.kits)
    validating = corpus_kits(corpus, config.validation_kits) if config.validation_kits else kits
    keep = None if config.keep is None else read_keep(Path(config.keep))
    splits = _limited(split_table(corpus.performances, corpus.hits), config.limit)
    identities = (*tabled_identities(corpus.kits, kits), *trained_on(before, folders))
    validated = tuple(tabled_identities(corpus.kits, validating)) if config.validation_kits else ()
    refuse_leaks(splits, (*identities, *validated), known_identities(config.test_kits, folders))

    def part(names: Collection[str], kits: tuple[str, ...]) -> CorpusPart | None:
        selected = frozenset(
            name
            for name in names
            if any(kit in kits and (keep is None or keep.allows(name, kit)) for kit in corpus.kits_of(name))
        )
        return CorpusPart(corpus.root, selected, frozenset(kits), keep) if selected else None

    return _data(part(splits.train, kits), part(splits.validation, validating), splits, kits, identities, validated)


def _data(
    train: Corpus | VirtualCorpus | None,
    validation: Corpus | VirtualCorpus | None,
    splits: Splits,
    kits: tuple[str, ...],
    identities: tuple[KitIdentity, ...],
    validated: tuple[KitIdentity, ...],
) -> TrainingData:
    if train is None:
        raise UsageError("no performance is for training; give a source that holds some of GMD's split `train`")
    if train.sample_rate != SAMPLE_RATE:
        raise UsageError(
            f"the corpus has {train.sample_rate:,} Hz, the models need {SAMPLE_RATE:,} Hz; render it at that rate"
        )
    return TrainingData(train, validation, splits, kits, identities, validated, "", {})


def _limited(splits: Splits, limit: int | None) -> Splits:
    """Limit the number of training performances."""
    return splits._replace(train={name: splits.train[name] for name in spread(list(splits.train), limit)})
