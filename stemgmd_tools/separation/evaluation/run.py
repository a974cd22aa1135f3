"""Evaluate methods on a corpus, on disk or virtual: one row per method, clip and stem. Resumable."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from stemgmd_tools import units
from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.augment.symbolic.source_spec import is_augmented, rendering_of
from stemgmd_tools.corpus.folder.records import Record, read_record, write_record
from stemgmd_tools.corpus.render.jobs import performance_digest
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.separation.evaluation.measure import Times, measure
from stemgmd_tools.separation.evaluation.methods.base import Clip, Method
from stemgmd_tools.separation.evaluation.metric import all_metrics
from stemgmd_tools.separation.evaluation.table import KitSet, evaluation_table
from stemgmd_tools.separation.splits.kit_identity import known_identities, source_identities
from stemgmd_tools.separation.splits.roles import KitIdentity, kinship, same_kit, split_table
from stemgmd_tools.storage.paths import inside
from stemgmd_tools.version import __version__

Source: TypeAlias = Corpus | VirtualCorpus
Row: TypeAlias = dict[str, Any]

RECORDS: Final = "clips"
"""Folder of the finished clips of an evaluation."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Which stems are measured, and how much of each clip."""

    stems: tuple[str, ...]
    """Groups or pieces, in the order of the output of the methods."""
    max_s: float | None = None
    """Maximum length of a clip; None: whole clips."""

    def __post_init__(self) -> None:
        """Check."""
        if not self.stems or len(set(self.stems)) < len(self.stems):
            raise UsageError(f"stems {', '.join(self.stems) or 'none'}: name one or more, each once")
        for stem in self.stems:
            pieces_of_stem(stem)
        if self.max_s is not None and not 0 < self.max_s < math.inf:
            raise UsageError(f"max_s is {self.max_s:g}; it must be above 0 and finite; leave it out for whole clips")


class EvaluationClip(NamedTuple):
    """A performance through a kit, to be evaluated."""

    source: Source
    performance: str
    kit: str
    kit_set: KitSet
    split: str | None
    """GMD's own split of the performance; None outside GMD."""
    style: str | None
    """Primary style."""
    hits: dict[str, Times]
    """Piece -> seconds of its hits, ascending."""
    identity: str
    """Digest of everything that determines the sound: kit, settings and performance."""


def evaluation_clips(
    source: Source,
    *,
    recorded: Collection[str] = (),
    trained: Sequence[KitIdentity] | None = None,
    allowed: Collection[str] | None = None,
    selection: Selection | None = None,
) -> list[EvaluationClip]:
    """Return the clips of a source: every performance with every kit it is available with.

    :param recorded: names of recorded kits.
    :param trained: kits that the methods were trained on; default: the training kits of the toolkit.
    :param allowed: names of performances that may be used; default: all.
    :param selection: selects among these; default: all.
    :raises UsageError: if nothing is selected.
    """
    trained = known_identities(["train"], ()) if trained is None else trained
    performances = source.performances.set_index("performance")
    hits = _hits(source)
    splits = source.kit_splits
    kinds = {kit.name: _kit_set(kit, splits[kit.name], recorded, trained) for kit in source_identities(source)}
    digests = _kit_digests(source)
    sounds = _augmented_sounds(source)
    played = [source.played(str(name)) for name in performances.index if allowed is None or name in allowed]
    if selection is not None:
        played = select(played, selection)
    return [
        EvaluationClip(
            source,
            performance.id,
            kit,
            kinds[kit],
            _text(performances.at[performance.id, "gmd_split"]),
            _primary(performances.at[performance.id, "style"]),
            hits[performance.id],
            _digest(digests[kit], performance_digest(performance), *sounds.get((performance.id, kit), ())),
        )
        for performance in played
        for kit in source.kits_of(performance.id)
        if selection is None or selection.allows(performance.id, kit)
    ]


def performances_for_test(source: Source) -> frozenset[str]:
    """Return the test performances: GMD's evaluation sessions and its split ``test``."""
    return frozenset(split_table(source.performances, source.hits).test)


def _kit_set(kit: KitIdentity, split: str, recorded: Collection[str], trained: Sequence[KitIdentity]) -> KitSet:
    """Return the relation of a kit to the training kits of the methods."""
    if any(same_kit(kit, trained_kit) for trained_kit in trained):
        return KitSet.SEEN
    if any(kinship(kit, trained_kit) for trained_kit in trained):
        return KitSet.RELATED
    if kit.name in recorded:
        return KitSet.RECORDED
    return KitSet.HELDOUT if split else KitSet.OTHER


def _primary(style: Any) -> str | None:
    text = _text(style)
    return None if text is None else text.partition("/")[0]


def _text(cell: Any) -> str | None:
    return None if pd.isna(cell) else str(cell)


def _hits(source: Source) -> dict[str, dict[str, Times]]:
    """Return the times of hits by performance and piece."""
    times_s: dict[str, dict[str, Times]] = {name: {} for name in source.performances["performance"].tolist()}
    for (performance, piece), times in source.hits.groupby(["performance", "piece"], observed=True)["frame"]:
        times_s[str(performance)][str(piece)] = np.sort(times.to_numpy(np.float64)) / source.sample_rate
    return times_s


def _kit_digests(source: Source) -> dict[str, str]:
    """Return a digest of everything that determines the sound of each kit in this source."""
    kits = source.kits
    rendering = rendering_of(source)
    return {
        kit: _digest(content, rendering)
        for kit, content in zip(kits["kit"].tolist(), kits["kit_hash"].tolist(), strict=True)
    }


def _augmented_sounds(source: Source) -> dict[tuple[str, str], list[str]]:
    """Return the hashes of the files of augmented examples, by performance and kit; empty for other sources."""
    if not is_augmented(source):
        return {}
    tracks = source.tracks.groupby(["performance", "kit"], sort=False)["content_hash"]
    return {(str(performance), str(kit)): hashes.tolist() for (performance, kit), hashes in tracks}


def _digest(*values: Any) -> str:
    text = json.dumps(values, sort_keys=True, default=lambda item: np.asarray(item).tolist())
    return hashlib.sha256(text.encode()).hexdigest()


def evaluate(
    out: Path | None,
    methods: Sequence[Method],
    clips: Sequence[EvaluationClip],
    measures: Measures,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> pd.DataFrame:
    """Return the evaluation table of methods on clips.

    :param out: folder for records of finished clips, from which an interrupted evaluation resumes; a record is reused
        only if method, sound and measures are the same. None: no records.
    :param jobs: worker processes.
    :param progress: called with clips done and clips in all.
    :raises UsageError: if there is nothing to evaluate, or two methods have one name.
    """
    if not methods or not clips:
        raise UsageError("nothing to evaluate: give at least one method, performance and kit")
    if len({method.name for method in methods}) < len(methods):
        names = ", ".join(method.name for method in methods)
        raise UsageError(f"two methods have one name: {names}; give each a name of its own")
    for method in methods:
        for sample_rate in {clip.source.sample_rate for clip in clips}:
            method.check(measures.stems, sample_rate)
    rows: list[Row] = []
    total = len(methods) * len(clips)
    for done, clip_results in enumerate(_all_rows(out, methods, clips, measures, jobs), start=1):
        rows += clip_results
        progress(done, total)
    return frame_of(evaluation_table(), rows)


def _all_rows(
    out: Path | None, methods: Sequence[Method], clips: Sequence[EvaluationClip], measures: Measures, jobs: int
) -> Iterator[list[Row]]:
    """Yield the rows of every clip, in no particular order."""
    tasks = (delayed(clip_rows)(out, method, clip, measures) for method in methods for clip in clips)
    if jobs == 1:
        for function, arguments, options in tasks:
            yield function(*arguments, **options)
        return
    yield from results_of(workers(jobs, batch_size=1), tasks)


def clip_rows(out: Path | None, method: Method, clip: EvaluationClip, measures: Measures) -> list[Row]:
    """Return the rows of one clip, from its record if method, sound and measures are the same, else measured."""
    path = out and inside(out, f"{RECORDS}/{method.name}/{clip.performance}/{clip.kit}.json")
    inputs = _digest(_metric_revisions(), __version__, dict(method.about), clip.identity, asdict(measures))
    record = read_record(path) if path else None
    if record is None or record.inputs != inputs:
        record = Record(inputs, (), {"figures": _figures(method, clip, measures)})
        if path:
            write_record(path, record)
    audio = audio_of(clip, measures)
    columns = {
        "method": method.name,
        "performance": clip.performance,
        "kit": clip.kit,
        "kit_set": clip.kit_set.value,
        "split": clip.split,
        "style": clip.style,
        "duration_s": audio.frames / audio.sample_rate,
    }
    return [{**columns, "stem": stem, **figures} for stem, figures in record.content["figures"].items()]


def _metric_revisions() -> dict[str, int]:
    """Return the revision of each metric; records of clips are valid for these."""
    return {metric.name: metric.revision for metric in all_metrics()}


def audio_of(clip: EvaluationClip, measures: Measures) -> Clip:
    """Return the audio of the part of a clip that is measured."""
    frames = clip.source.length(clip.performance, clip.kit)
    if measures.max_s is not None:
        frames = min(frames, units.frames_of(measures.max_s, clip.source.sample_rate))
    return Clip(clip.source, clip.performance, clip.kit, measures.stems, frames)


def strokes_of(clip: EvaluationClip, stems: Sequence[str]) -> dict[str, Times]:
    """Return the seconds of the strokes of each stem, ascending."""
    return {
        stem: np.sort(np.concatenate([np.empty(0), *(clip.hits.get(piece, np.empty(0)) for piece in pieces)]))
        for stem, pieces in ((stem, pieces_of_stem(stem)) for stem in stems)
    }


def _figures(method: Method, clip: EvaluationClip, measures: Measures) -> dict[str, Any]:
    return dict(measure(method, audio_of(clip, measures), strokes_of(clip, measures.stems)))
