"""Read a corpus on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import override

from stemgmd_tools import units
from stemgmd_tools.corpus.folder.build_manifests import MANIFEST_FOLDER
from stemgmd_tools.corpus.folder.identity import Identity, require_identity
from stemgmd_tools.corpus.folder.records import MIDI, STEMS, Record, read_record, record_path
from stemgmd_tools.corpus.sources.base import StemSource, axes_of, not_held, read_part, room_for, silence, span_of
from stemgmd_tools.corpus.sources.microphones import MicrophoneSource, WrittenMicrophones, chosen_microphones
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi_file import read_midi
from stemgmd_tools.performances.tables import HIT_DTYPE, Hit, records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES, Piece
from stemgmd_tools.rendering.stems import Pcm
from stemgmd_tools.storage.json_text import parse_json


@dataclass(frozen=True)
class Corpus(StemSource, MicrophoneSource):
    """A finished corpus: its settings, its manifests as typed frames, and its stems.

    :param root: folder of the corpus.
    :raises CorpusError: if there is no corpus, or it is not complete yet.
    """

    root: Path
    identity: Identity = field(init=False, repr=False)
    """Settings, source, kits and version that the corpus was rendered with."""

    def __post_init__(self) -> None:
        """Check that the folder holds a complete corpus."""
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "identity", require_identity(self.root))
        if not (self.root / MANIFEST_FOLDER / "stems.parquet").is_file():
            raise CorpusError(
                f"{self.root}: not complete yet; run the `render` that began it again, or merge its shards"
            )

    @property
    @override
    def performances(self) -> pd.DataFrame:
        return self.manifest("performances")

    @property
    @override
    def tracks(self) -> pd.DataFrame:
        return self.manifest("stems")

    @property
    @override
    def hits(self) -> pd.DataFrame:
        return self.manifest("hits")

    @property
    def single_hits(self) -> pd.DataFrame:
        """One row per single hit."""
        return self.manifest("single_hits")

    @property
    @override
    def kits(self) -> pd.DataFrame:
        return self.manifest("kits")

    @property
    def figures(self) -> pd.DataFrame:
        """One row per generated kit, one column per figure; NaN where a kit has no such figure."""
        generated = self.kits.dropna(subset="figures")
        try:
            rows = [parse_json(text) for text in generated["figures"]]
        except ValueError as error:
            raise CorpusError(
                f"{self.root}: the figures of a kit cannot be read ({error}); see `stemgmd verify`"
            ) from error
        return pd.DataFrame(rows, index=pd.Index(generated["kit"].tolist(), name="kit"), dtype="float64")

    @property
    @override
    def sample_rate(self) -> int:
        return self.identity.settings.sample_rate

    @property
    @override
    def bit_depth(self) -> int:
        """16 or 24: the integer grid of all stems; 24 for float files too."""
        return self.identity.settings.bit_depth

    @property
    @override
    def kit_splits(self) -> dict[str, str]:
        kits = self.kits
        return dict(zip(kits["kit"].tolist(), kits["kit_split"].fillna("").tolist(), strict=True))

    @override
    def kits_of(self, performance: str) -> tuple[str, ...]:
        kits = _kits_by_performance(*self._stamped("stems")).get(performance)
        if kits is None:
            raise not_held(self.root, performance)
        return kits

    @override
    def length(self, performance: str, kit: str) -> int:
        return self._rendered(performance, kit).frames

    @override
    def stems(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
    ) -> Pcm:
        """Read a part of the stems; files of silent stems are not opened.

        See :meth:`~stemgmd_tools.corpus.sources.base.StemSource.stems`.

        :raises UsageError: if the corpus does not hold this performance through this kit, or the part is not valid.
        :raises AudioError: if a file is missing or unreadable.
        """
        rendered = self._rendered(performance, kit)
        axes = axes_of(pieces)
        span = span_of(rendered.frames, start, frames)
        stems = silence((len(axes), span.frames, 2), self.bit_depth)
        for row, axis in enumerate(axes):
            path = rendered.paths[axis]
            if path and span.sounding:
                stems[row, : span.sounding] = read_part(self.root / path, span, self.sample_rate, self.bit_depth)
        return stems.transpose(0, 2, 1)

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
        pcm = self.stems(performance, kit, start, frames, pieces)
        unit = np.float32(1.0 / units.full_scale(self.bit_depth))
        return np.multiply(pcm, unit, out=room_for(pcm.shape, out), casting="same_kind")

    @property
    @override
    def hears_microphones(self) -> bool:
        return self.identity.settings.microphones

    @override
    def microphone_names(self, kit: str) -> tuple[str, ...]:
        names = self._microphones.names(kit)
        if not names:
            raise UsageError(f"{self.root}: has no tracks of microphones of {kit}; see `stemgmd render --microphones`")
        return names

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
        rendered, names = self._rendered(performance, kit), self.microphone_names(kit)
        chosen = [names[index] for index in chosen_microphones(names, microphones)]
        span = span_of(rendered.frames, start, frames)
        form = self.sample_rate, self.bit_depth
        return self._microphones.stems(performance, kit, span, axes_of(pieces), chosen, form)

    @property
    def _microphones(self) -> WrittenMicrophones:
        if not self.hears_microphones:
            return WrittenMicrophones(self.root, {})
        return _written_microphones(self.root, *self._stamped("microphones"))

    @override
    def played(self, performance: str) -> Performance:
        """Return the performance, read from its MIDI file in the corpus.

        An example of an augmented corpus has its final hits, but neither pedal moves nor chokes.

        :raises UsageError: if the corpus does not hold this performance.
        :raises CorpusError: if its record or its MIDI file is missing or disagrees with the manifests.
        """
        if performance not in _performances(*self._stamped("performances")):
            raise not_held(self.root, performance)
        if self.identity.augmentation is not None:
            kit = self.kits_of(performance)[0]  # an example has exactly one kit
            return _example_performance(performance, self._record(STEMS, f"{kit}/{performance}").content["performance"])
        record = self._record(MIDI, performance)
        try:
            midi = (self.root / record.files[0].path).read_bytes()
        except OSError as error:
            raise CorpusError(f"{self.root / record.files[0].path}: cannot be read ({error.strerror})") from error
        for mapping in NoteMapping:
            performed = read_midi(
                midi,
                id=performance,
                duration_s=record.content["duration_s"],
                mapping=mapping,
                metadata=record.content["metadata"],
            )
            hits = record.content["hits"]
            if all(performed.hits[name].tolist() == hits[name] for name in ("time_s", "note", "velocity")):
                return performed
        raise CorpusError(f"{self.root}: the MIDI file of {performance} does not hold the hits that were rendered")

    def _record(self, kind: str, name: str) -> Record:
        record = read_record(record_path(self.root, kind, name))
        if record is None:
            raise CorpusError(f"{self.root}: has no intact record of {name}; run `stemgmd verify`")
        return record

    def _rendered(self, performance: str, kit: str) -> _Rendered:
        rendered = _index(*self._stamped("stems")).get((performance, kit))
        if rendered is None:
            raise not_held(self.root, performance, kit)
        return rendered

    def manifest(self, name: str) -> pd.DataFrame:
        """Return a copy of a manifest, which is read once.

        :raises CorpusError: if it is missing or damaged.
        """
        return _manifest(*self._stamped(name)).copy()

    def _stamped(self, name: str) -> tuple[Path, int]:
        """Return the file of a manifest and its modification time, the key of the caches."""
        path = self.root / MANIFEST_FOLDER / f"{name}.parquet"
        try:
            return path, path.stat().st_mtime_ns
        except OSError:
            return path, 0  # reading it raises the error


def _example_performance(performance: str, content: Mapping[str, Any]) -> Performance:
    """Return the performance stored in the record of an augmented example."""
    hits = content["hits"]
    rows = [Hit(*row) for row in zip(*(hits[name] for name in Hit._fields), strict=True)]
    return Performance(performance, records(rows, HIT_DTYPE), content["duration_s"], metadata=content["metadata"])


class _Rendered(NamedTuple):
    """Where the stems of one performance through one kit lie."""

    frames: int
    paths: tuple[str, ...]
    """By axis, relative to the corpus; empty for a silent stem."""


@lru_cache(maxsize=8)
def _manifest(path: Path, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - a changed file is another entry
    return read_manifest(path)


@lru_cache(maxsize=2)
def _index(path: Path, stamp: int) -> dict[tuple[str, str], _Rendered]:
    """Return where all stems lie, by performance and kit."""
    tracks = _manifest(path, stamp)
    axis_of = {piece.value: piece.axis for piece in PIECES}
    tracks = tracks[tracks["track"].isin(axis_of)]
    columns = (tracks[name].tolist() for name in ("performance", "kit", "track", "frames", "path", "silent"))
    paths: dict[tuple[str, str], list[str]] = {}
    lengths: dict[tuple[str, str], int] = {}
    for performance, kit, track, frames, file, silent in zip(*columns, strict=True):
        lengths[performance, kit] = frames
        paths.setdefault((performance, kit), [""] * len(PIECES))[axis_of[track]] = "" if silent else file
    return {key: _Rendered(lengths[key], tuple(files)) for key, files in paths.items()}


@lru_cache(maxsize=2)
def _written_microphones(root: Path, path: Path, stamp: int) -> WrittenMicrophones:
    return WrittenMicrophones.of(root, _manifest(path, stamp))


@lru_cache(maxsize=2)
def _kits_by_performance(path: Path, stamp: int) -> dict[str, tuple[str, ...]]:
    kits: dict[str, tuple[str, ...]] = {}
    for performance, kit in sorted(_index(path, stamp)):
        kits[performance] = (*kits.get(performance, ()), kit)
    return kits


@lru_cache(maxsize=2)
def _performances(path: Path, stamp: int) -> frozenset[str]:
    return frozenset(_manifest(path, stamp)["performance"].tolist())
