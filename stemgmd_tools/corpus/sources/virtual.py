"""A corpus without files: render any part of any performance through any kit on request."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import override

from stemgmd_tools.corpus.sources import virtual_manifests
from stemgmd_tools.corpus.sources.base import StemSource, axes_of, not_held, room_for, silence, span_of
from stemgmd_tools.corpus.sources.microphones import MicrophoneSource, chosen_microphones, mixed_microphones
from stemgmd_tools.corpus.sources.process_cache import Memory
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import build_banks, open_bank, open_microphones
from stemgmd_tools.kits.bank.microphones import MicrophoneBank, microphone_names
from stemgmd_tools.kits.sample_map.kit import Kit, located
from stemgmd_tools.manifest.columns.kits import kit_split
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import Piece
from stemgmd_tools.rendering.headroom import Peaks, headroom_db
from stemgmd_tools.rendering.microphones import microphone_headroom_db, microphone_runs
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.runs import Runs, runs_of
from stemgmd_tools.rendering.segment import Score, mix_segment, mix_segment_as_float
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.rendering.stems import Pcm
from stemgmd_tools.runtime.quantities import counted


class VirtualCorpus(StemSource, MicrophoneSource):
    """Performances through kits as a :class:`~stemgmd_tools.corpus.sources.base.StemSource`.

    The integers are those that ``stemgmd render`` writes with the same settings. Only strikes that sound in the
    requested part are mixed. Pickles as performances, kits and settings; each process opens its own banks and keeps a
    limited number of them open.

    :param settings: settings of the corpus; container and layout make no difference.
    :param cache: folder of the banks; default: :func:`stemgmd_tools.data.cache_dir`.
    :raises UsageError: if there is no performance or no kit, two have one name, or the settings ask for microphones of
        a kit that does not have several.
    """

    def __init__(
        self,
        performances: Sequence[Performance],
        kits: Sequence[Kit],
        settings: RenderSettings | None = None,
        *,
        cache: Path | None = None,
    ) -> None:
        """Check the arguments; nothing is rendered yet."""
        self.settings = settings or RenderSettings()
        self._performances = {performance.id: performance for performance in performances}
        self._kits = {kit.name: located(kit) for kit in kits}
        self._cache = cache
        if not performances or not kits:
            raise UsageError("nothing to render: give at least one performance and one kit")
        if len(self._performances) < len(performances) or len(self._kits) < len(kits):
            raise UsageError("two performances or two kits have one name; each may be given once")
        if self.settings.microphones:
            for kit in kits:
                microphone_names(kit)
        self._start()

    def __repr__(self) -> str:
        """Return the number of performances and kits."""
        return (
            f"virtual corpus of {counted(len(self._performances), 'performance')} x {counted(len(self._kits), 'kit')}"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without what belongs to this process: open banks, caches, locks."""
        return {"performances": self._performances, "kits": self._kits, "settings": self.settings, "cache": self._cache}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state with empty caches."""
        self._performances, self._kits, self._cache = state["performances"], state["kits"], state["cache"]
        self.settings = state["settings"]
        self._start()

    def _start(self) -> None:
        self._kit_names = tuple(sorted(self._kits))
        self._memory = Memory()

    @property
    def _here(self) -> Memory:
        """The caches of this process; a forked process starts with empty ones, since a lock may be held at the fork."""
        if self._memory.process != os.getpid():
            self._memory = Memory()
        return self._memory

    @property
    @override
    def sample_rate(self) -> int:
        return self.settings.sample_rate

    @property
    @override
    def bit_depth(self) -> int:
        return self.settings.bit_depth

    @property
    @override
    def performances(self) -> pd.DataFrame:
        """One row per performance; paths and the mapped MIDI are missing."""
        return self._table("performances")

    @property
    @override
    def hits(self) -> pd.DataFrame:
        return self._table("hits")

    @property
    @override
    def kits(self) -> pd.DataFrame:
        """One row per kit; the hash of its bank is missing."""
        return self._table("kits")

    @property
    @override
    def tracks(self) -> pd.DataFrame:
        """One row per track; columns measured on audio or files are empty."""
        return self._table("stems")

    def _table(self, name: str) -> pd.DataFrame:
        """Return a copy of a manifest, which is built once."""
        tables = self._here.tables
        if name not in tables:
            played = list(self._performances.values())
            if name == "performances":
                tables[name] = virtual_manifests.performances(played)
            elif name == "hits":
                tables[name] = virtual_manifests.hits(played, self.sample_rate)
            elif name == "kits":
                tables[name] = virtual_manifests.kits(list(self._kits.values()))
            else:
                tables[name] = virtual_manifests.tracks(
                    played, self._table("performances"), self._table("kits"), self.settings
                )
        return tables[name].copy()

    @property
    @override
    def kit_splits(self) -> dict[str, str]:
        return {name: kit_split(self._kits[name]) for name in sorted(self._kits)}

    @override
    def kits_of(self, performance: str) -> tuple[str, ...]:
        if performance not in self._performances:
            raise not_held(self, performance)
        return self._kit_names

    @override
    def length(self, performance: str, kit: str) -> int:
        self._require(performance, kit)
        return self._here.lengths.get((performance, kit), lambda: self._runs(performance, kit).frames)

    def gain_db(self, performance: str, kit: str) -> float:
        """Return the headroom gain applied to all stems alike, 0 or less.

        :raises UsageError: if the corpus does not hold this performance through this kit.
        """
        self._require(performance, kit)
        return self._gain_db(performance, kit, lambda: self._runs(performance, kit))

    @override
    def stems(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
    ) -> Pcm:
        self._require(performance, kit)
        return self._mixed(self._score(performance, kit), kit, start, frames, pieces)

    @override
    def floats(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        self._require(performance, kit)
        score, axes = self._score(performance, kit), axes_of(pieces)
        stems = room_for((len(axes), 2, span_of(score.frames, start, frames).frames), out)
        mix_segment_as_float(score, self.bank(kit), start, stems, axes, self._here.buffers)
        return stems

    def render(
        self,
        performance: Performance,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
    ) -> Pcm:
        """Render a part of any performance, as :meth:`stems` does; the result is not cached.

        :raises UsageError: if the corpus does not hold this kit, or the part is not valid.
        """
        bank = self.bank(kit)
        decided = plan(performance, bank, self.settings)
        score = Score.of(decided, bank, self.bit_depth, peaks=self._peaks(kit))
        if self.settings.microphones:
            microphones = self._microphone_bank(kit)
            runs = microphone_runs(decided, bank, microphones)
            limit_db = microphone_headroom_db(runs, microphones, self.bit_depth)
            score = replace(score, gain_db=min(score.gain_db, limit_db))
        return self._mixed(score, kit, start, frames, pieces)

    @property
    @override
    def hears_microphones(self) -> bool:
        return self.settings.microphones

    @override
    def microphone_names(self, kit: str) -> tuple[str, ...]:
        resolved = self.kit(kit)
        if not self.settings.microphones:
            raise UsageError(f"{self}: was opened without microphones; open it with microphones=True")
        return microphone_names(resolved)

    @override
    def microphone_stems(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
        microphones: Sequence[str] | None = None,
    ) -> Pcm:
        self._require(performance, kit)
        chosen = chosen_microphones(self.microphone_names(kit), microphones)
        score = self._score(performance, kit)
        parts = mixed_microphones(
            self._microphone_runs(performance, kit),
            self._microphone_bank(kit),
            score,
            self._mixed(score, kit, start, frames, pieces),
            span_of(score.frames, start, frames),
            axes_of(pieces),
        )
        return parts[list(chosen)]

    def _microphone_bank(self, kit: str) -> MicrophoneBank:
        resolved = self.kit(kit)
        return self._here.microphone_banks.get(
            kit, lambda: open_microphones(resolved, self.sample_rate, cache=self._cache)
        )

    def _microphone_runs(self, performance: str, kit: str) -> list[Runs]:
        def make() -> list[Runs]:
            bank = self.bank(kit)
            decided = plan(self._performances[performance], bank, self.settings)
            return microphone_runs(decided, bank, self._microphone_bank(kit))

        return self._here.microphone_runs.get((performance, kit), make)

    @override
    def played(self, performance: str) -> Performance:
        if performance not in self._performances:
            raise not_held(self, performance)
        return self._performances[performance]

    def kit(self, name: str) -> Kit:
        """Return a kit.

        :raises UsageError: if the corpus does not hold it.
        """
        if name not in self._kits:
            raise UsageError(f"{self}: has no kit {name}; its `kits` lists what there is")
        return self._kits[name]

    def bank(self, kit: str) -> Bank:
        """Return the bank of a kit, built if the cache does not hold it.

        :raises UsageError: if the corpus does not hold this kit.
        :raises KitError: if the bank cannot be built.
        """
        resolved = self.kit(kit)
        return self._here.banks.get(kit, lambda: open_bank(resolved, self.sample_rate, cache=self._cache))

    def build_banks(self, jobs: int = 1) -> None:
        """Build all banks that the cache does not hold yet, so that no worker has to.

        :param jobs: how many at a time, each in a process of its own.
        :raises KitError: if a bank cannot be built.
        """
        build_banks(list(self._kits.values()), self.sample_rate, jobs=jobs, cache=self._cache)
        if self.settings.microphones:
            for kit in self._kits:
                self._microphone_bank(kit)

    def _require(self, performance: str, kit: str) -> None:
        if performance not in self._performances or kit not in self._kits:
            raise not_held(self, performance, kit)

    def _peaks(self, kit: str) -> Peaks:
        return self._here.peaks.get(kit, lambda: Peaks(self.bank(kit)))

    def _runs(self, performance: str, kit: str) -> Runs:
        bank = self.bank(kit)
        return runs_of(plan(self._performances[performance], bank, self.settings), bank)

    def _score(self, performance: str, kit: str) -> Score:
        """Return a score; its gain is cached longest, since it takes longest to compute."""

        def make() -> Score:
            runs = self._runs(performance, kit)
            return Score(runs, self.bit_depth, self._gain_db(performance, kit, lambda: runs))

        return self._here.scores.get((performance, kit), make)

    def _gain_db(self, performance: str, kit: str, runs: Callable[[], Runs]) -> float:
        def find() -> float:
            gain_db = headroom_db(runs(), self.bank(kit), self.bit_depth, peaks=self._peaks(kit))
            if not self.settings.microphones:
                return gain_db
            of_microphones = self._microphone_runs(performance, kit)
            return min(gain_db, microphone_headroom_db(of_microphones, self._microphone_bank(kit), self.bit_depth))

        return self._here.gains.get((performance, kit), find)

    def _mixed(
        self, score: Score, kit: str, start: int, frames: int | None, pieces: Sequence[Piece | str] | None
    ) -> Pcm:
        axes = axes_of(pieces)
        span = span_of(score.frames, start, frames)
        stems = silence((len(axes), span.frames, 2), self.bit_depth)
        mix_segment(score, self.bank(kit), span.start, stems, axes, self._here.buffers)
        return stems.transpose(0, 2, 1)
