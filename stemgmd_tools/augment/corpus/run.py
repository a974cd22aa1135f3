"""Request an augmented corpus: copies of every performance and kit of a source, through a chain.

:func:`stemgmd_tools.corpus.render.run.render_corpus` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import PerformanceEffect, SourceEffect, StrokeEffect
from stemgmd_tools.augment.chain.impulse_responses import names_of_chain, names_of_rows, response
from stemgmd_tools.augment.chain.manifest_rows import STEM_NAMES, Drawn
from stemgmd_tools.augment.chain.rows import Example, example_name
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.augment.corpus.jobs import AugmentationPlan, AugmentJob
from stemgmd_tools.augment.corpus.libraries import libraries, require_libraries
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec, is_augmented, open_source, settings_of
from stemgmd_tools.corpus.folder.identity import Augmentation, Identity
from stemgmd_tools.corpus.folder.job import Job
from stemgmd_tools.corpus.folder.kit_rows import record_rows
from stemgmd_tools.corpus.render.jobs import performance_digest
from stemgmd_tools.corpus.sources.microphones import has_microphones
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.settings import RenderSettings


@dataclass(frozen=True, slots=True)
class AugmentRequest:
    """An augmented corpus, a :class:`~stemgmd_tools.corpus.render.run.Work`.

    :raises UsageError: if the source is augmented already, has another layout than ``native``, or an impulse response
        is missing.
    """

    origin: SourceSpec
    source: str
    """Kind of collection of the performances: ``gmd``, ``starter`` or ``folder``."""
    augmentation: Augmentation
    """Provenance of the corpus; its libraries are set to the installed ones."""
    chain: Chain | None = None
    """None if ``replayed`` is given."""
    copies: int = 1
    selected_kits: tuple[str, ...] = ()
    """Names of kits; all kits of the source if empty."""
    selection: Selection = field(default_factory=Selection)
    replayed: tuple[Drawn, ...] = ()
    """Examples to rebuild from their rows instead of drawing new ones."""
    batch: int = 1
    """Maximum number of examples that are computed together; the bytes do not depend on it on a CPU."""

    def __post_init__(self) -> None:
        """Check the source and the impulse responses."""
        names, effects = self._needs()
        used = [find_effect(name) for name in effects]
        hears = any(isinstance(effect, SourceEffect) and effect.needs_microphones for effect in used)
        strokes = [one.name for one in used if isinstance(one, PerformanceEffect | StrokeEffect)]
        if hears and strokes:
            raise UsageError(f"microphone_levels cannot be combined with {strokes[0]}, which plays strokes anew")
        if hears and self.origin.corpus is None:
            object.__setattr__(self, "origin", replace(self.origin, microphones=True))
        source = open_source(self.origin)
        if hears and not has_microphones(source):
            raise UsageError(f"{self.origin.corpus}: has no microphones; render it with --microphones")
        if settings_of(source).layout != "native":
            raise UsageError(f"{self.origin.corpus}: has the layout of the original; augment one with --layout native")
        if is_augmented(source):
            raise UsageError(f"{self.origin.corpus}: is augmented already; augment the corpus that it was made from")
        require_libraries(effects)
        augmentation = replace(self.augmentation, libraries=libraries(effects, self.augmentation.libraries))
        object.__setattr__(self, "augmentation", augmentation)
        for name in sorted(names):
            response(self.origin.impulse_responses, name, source.sample_rate)

    def _needs(self) -> tuple[set[str], set[str]]:
        """Return the names of the impulse responses and of the effects that are used."""
        names = set(names_of_chain(self.chain)) if self.chain else set()
        effects = {step.effect for step in self.chain.steps} if self.chain else set()
        for drawn in self.replayed:
            names.update(names_of_rows(drawn.rows))
            effects.update(row.effect for row in drawn.rows)
        return names, effects

    @property
    def settings(self) -> RenderSettings:
        """Settings of the source without tracks of microphones; the container of a virtual corpus is FLAC."""
        settings = replace(settings_of(open_source(self.origin)), microphones=False)
        return replace(settings, container="flac") if self._is_virtual else settings

    @property
    def _is_virtual(self) -> bool:
        return isinstance(open_source(self.origin), VirtualCorpus)

    @property
    def identity(self) -> Identity:
        """Identity of the corpus."""
        hashes = dict(self._plan.kits)
        kits = {name: hashes[name] for name in self.kit_names}
        return Identity(self.settings, self.source, kits, augmentation=self.augmentation)

    @property
    def kits(self) -> Sequence[Kit]:
        """The kits whose banks are needed: all kits of a virtual source, none of a corpus on disk."""
        source = open_source(self.origin)
        return [source.kit(name) for name in self.kit_names] if isinstance(source, VirtualCorpus) else []

    @property
    def kit_names(self) -> tuple[str, ...]:
        """Names of the kits of the examples."""
        if self.replayed:
            return tuple(dict.fromkeys(drawn.example.kit for drawn in self.replayed))
        present = tuple(str(name) for name in open_source(self.origin).kits["kit"])
        unknown = [name for name in self.selected_kits if name not in present]
        if unknown:
            raise UsageError(f"kit {unknown[0]!r}: not in this corpus; it has {', '.join(present)}")
        return self.selected_kits or present

    def record_kits(self, root: Path) -> None:
        """Write the records of the kits."""
        record_rows(root, open_source(self.origin).kits, self.kit_names)

    def jobs(self) -> list[Job]:
        """Return the jobs of all shards."""
        plan = self._plan
        played = {performance.id: performance for performance in self._performances()}
        digests = {name: performance_digest(performance) for name, performance in played.items()}
        jobs: list[AugmentJob] = [
            AugmentJob(
                plan,
                drawn.example,
                drawn.rows if self.replayed else None,
                digests[drawn.example.performance],
                float(played[drawn.example.performance].duration_s),
            )
            for drawn in self.replayed or self._new_examples(played)
        ]
        self._check(jobs)
        return list(jobs)

    def _check(self, jobs: Sequence[AugmentJob]) -> None:
        """Check before the run that all kits exist and that the chain has something to draw from.

        :raises StemgmdError: if something is missing.
        """
        present = [str(name) for name in open_source(self.origin).kits["kit"]]
        first_of_kit = {job.kit_name: job for job in reversed(jobs)}
        for job in jobs if self.replayed else first_of_kit.values():
            for kit in (job.kit_name, *(str(row.parameters.get("kit", job.kit_name)) for row in job.drawn_rows())):
                if kit not in present:
                    raise UsageError(f"{job.performance_id}: kit {kit!r} is not in this corpus: {', '.join(present)}")

    def examples(self) -> list[Example]:
        """Return the examples, in the order of the corpus."""
        return [
            drawn.example
            for drawn in self.replayed or self._new_examples([performance.id for performance in self._performances()])
        ]

    @property
    def _plan(self) -> AugmentationPlan:
        kits = open_source(self.origin).kits
        hashes = tuple((str(name), str(kit_hash)) for name, kit_hash in zip(kits["kit"], kits["kit_hash"], strict=True))
        return AugmentationPlan(self.origin, self.chain, self.augmentation, hashes, self.batch)

    def _performances(self) -> list[Performance]:
        """Return the selected performances."""
        source = open_source(self.origin)
        if self.replayed:
            return [source.played(name) for name in dict.fromkeys(drawn.example.performance for drawn in self.replayed)]
        return select([source.played(str(name)) for name in source.performances["performance"]], self.selection)

    def _new_examples(self, performances: Any) -> Iterator[Drawn]:
        """Yield every example; its rows are drawn by its job."""
        for kit in self.kit_names:
            for performance in performances:
                for copy in range(1, self.copies + 1) if self.selection.allows(performance, kit) else ():
                    name = example_name(performance, kit, copy)
                    yield Drawn(Example(name, performance, kit, copy, 0, None, STEM_NAMES), (), self.augmentation)
