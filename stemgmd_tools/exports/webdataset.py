"""Tar shards for WebDataset: one sample per performance and kit."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest
from stemgmd_tools.exports.writing.clips import Clip, Clips, hit_rows, shards_of
from stemgmd_tools.exports.writing.parts import Part, write_parts

INDEX_FILE: Final = "index.json"
_CREDITS: Final = ("kit_split", "license", "attribution")


def write(request: ExportRequest) -> ExportReport:
    """Write the shards of every split, then the index."""
    clips = Clips(request)
    kits = request.source.kits
    credits_ = {
        str(row["kit"]): {name: str(row[name]) for name in _CREDITS}
        for row in kits[["kit", *_CREDITS]].astype(object).fillna("").to_dict("records")
    }
    shards = {
        f"{split}-{number:06d}.tar": shard
        for split, members in clips.splits.items()
        for number, shard in enumerate(shards_of(members))
    }
    parts = [Part(name, partial(_write_shard, clips, shard, name, credits_)) for name, shard in shards.items()]
    parts.append(Part(INDEX_FILE, partial(_write_index, request.out, {name: len(s) for name, s in shards.items()})))
    return write_parts(EXPORT.name, request, parts, [clips.inputs(), credits_])


def _write_shard(clips: Clips, shard: Sequence[Clip], name: str, kits: dict[str, dict[str, str]], path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, clip in enumerate(shard):
            key = f"{name.removesuffix('.tar')}-{number:06d}"
            for track, (content, suffix) in clips.files(clip).items():
                _add(tar, f"{key}.{track}.{suffix}", content)
            _add(tar, f"{key}.json", json.dumps(_labels(clip, kits[clip.kit])).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file without owner and time, so that equal content gives equal bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _labels(clip: Clip, credit: dict[str, str]) -> dict[str, Any]:
    performance = clip.performance
    return {
        "performance": performance.id,
        "kit": clip.kit,
        "split": clip.split,
        **credit,
        "duration_s": performance.duration_s,
        "metadata": dict(performance.metadata),
        "hits": hit_rows(performance),
    }


def _write_index(out: Path, samples: dict[str, int], path: Path) -> None:
    """Write the index in the form of wids, WebDataset's random access."""
    shards = [
        {"url": name, "nsamples": count, "filesize": (out / name).stat().st_size} for name, count in samples.items()
    ]
    path.write_text(json.dumps({"wids_version": 1, "shardlist": shards}, indent=1) + "\n", encoding="utf-8")


EXPORT: Final = Export(
    "webdataset",
    "Tar shards for WebDataset, with an index.",
    "Write DIR/<split>-NNNNNN.tar with one sample per performance and kit, which webdataset.WebDataset reads: the "
    "mixture and the nine stems (mixture.flac, kick.flac ...) and json with performance, kit, licence, metadata and "
    "hits. DIR/index.json lists the shards with samples and bytes. Equal corpora give equal bytes.",
    write,
)
