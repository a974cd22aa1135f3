"""The layout of the original StemGMD: its folders and file names, 16-bit WAV, group stems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.identity import Identity
from stemgmd_tools.corpus.folder.job import Job
from stemgmd_tools.corpus.folder.kit_rows import record_rows
from stemgmd_tools.corpus.render.jobs import MidiJob
from stemgmd_tools.corpus.render.run import Request, Work, render_corpus, require_distinct_files
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest
from stemgmd_tools.exports.copy_jobs import SingleHitsCopy, StemsCopy, midi_bytes
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.settings import DEFAULT_FLAC_LEVEL, RenderSettings


def write(request: ExportRequest) -> ExportReport:
    """Write the corpus as `stemgmd render --layout stemgmd` does, to the same bytes.

    :raises UsageError: if the corpus is augmented or not of 16 bits.
    """
    source = request.source
    if isinstance(source, Corpus) and source.identity.augmentation is not None:
        raise UsageError(f"{source.root}: is augmented; export the corpus that it was made from")
    if source.bit_depth != 16:
        raise UsageError(f"{source}: has {source.bit_depth} bits; StemGMD has 16, so render with --subtype 16")
    work = _copied(request, source) if isinstance(source, Corpus) else _rendered(request)
    report = render_corpus(request.out, work, jobs=request.jobs, progress=request.progress)
    return ExportReport(report.files, unchanged=not report.rendered)


def _settings(settings: RenderSettings) -> RenderSettings:
    part = replace(settings, groups=False, microphones=False, flac_level=DEFAULT_FLAC_LEVEL)
    return replace(part, layout="stemgmd", container="wav")


def _rendered(request: ExportRequest) -> Work:
    """Return the work for a virtual corpus: render it in this layout."""
    source = request.source
    if isinstance(source, Corpus) or request.midi is None:
        raise UsageError(f"{source}: give the MIDI files of its performances, as `stemgmd export --virtual` does")
    performances = request.performances()
    kits = [source.kit(name) for name in request.kit_names()]
    if len(request.clips()) < len(performances) * len(kits):
        raise UsageError(
            f"{source}: the list of clips to keep leaves performances with some kits only; render the corpus first, or "
            "export one kit at a time with --kits"
        )
    return Request(performances, request.midi, request.collection, kits, _settings(source.settings))


def _copied(request: ExportRequest, corpus: Corpus) -> Work:
    performances, settings = request.performances(), _settings(corpus.identity.settings)
    require_distinct_files(settings, performances, request.kit_names()[0])
    clips = frozenset((performance.id, kit) for performance, kit in request.clips())
    return CopiedCorpus(corpus, performances, request.kit_names(), settings, clips)


@dataclass(frozen=True, slots=True)
class CopiedCorpus:
    """A corpus written from the stems of another, a :class:`~stemgmd_tools.corpus.render.run.Work`."""

    corpus: Corpus
    performances: Sequence[Performance]
    kit_names: Sequence[str]
    settings: RenderSettings
    clips: frozenset[tuple[str, str]]
    """Performance and kit of the clips to copy."""

    @property
    def identity(self) -> Identity:
        """Identity of the new corpus."""
        kits = {name: self.corpus.identity.kits[name] for name in self.kit_names}
        return Identity(self.settings, self.corpus.identity.source, kits, version=self.corpus.identity.version)

    @property
    def kits(self) -> Sequence[Kit]:
        """None: no bank is needed."""
        return ()

    def record_kits(self, root: Path) -> None:
        """Store the manifest rows of the kits."""
        record_rows(root, self.corpus.kits, self.kit_names)

    def jobs(self) -> list[Job]:
        """Return all jobs: performances that a kit did not play are left out."""
        jobs: list[Job] = [MidiJob(p, midi_bytes(self.corpus, p.id)) for p in self.performances]
        jobs += [
            StemsCopy(self.corpus, performance, kit, self.corpus.identity.kits[kit])
            for kit in self.kit_names
            for performance in self.performances
            if (performance.id, kit) in self.clips
        ]
        with_hits = set(self.corpus.single_hits["kit"])
        jobs += [
            SingleHitsCopy(self.corpus, kit, self.corpus.identity.kits[kit])
            for kit in self.kit_names
            if kit in with_hits
        ]
        return jobs


EXPORT: Final = Export(
    "stemgmd",
    "The layout of the original StemGMD: its folders and names, 16-bit WAV.",
    "Write a corpus in the layout of the original StemGMD, as `stemgmd render --layout stemgmd` does, to the same "
    "bytes: DIR/audio/drummerN/sessionN/<kit>/<stem>/<MIDI name>.wav with mixture and group stems, single hits, MIDI "
    "and manifests. The corpus has to have 16 bits.",
    write,
)
