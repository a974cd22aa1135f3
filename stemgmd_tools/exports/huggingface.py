"""A dataset for Hugging Face's ``datasets``: Parquet files with the audio in them, and a dataset card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from stemgmd_tools.corpus.folder.dataset_card import CARD_FILE, card_text
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest
from stemgmd_tools.exports.writing.clips import TRACKS, Clip, Clips, hit_rows, shards_of
from stemgmd_tools.exports.writing.parts import Part, write_parts
from stemgmd_tools.runtime.quantities import counted

_ROWS_PER_GROUP: Final = 4
"""Rows that a reader loads at once when it streams."""

_TEXTS: Final = ("performance", "kit", "kit_split", "license", "attribution")
_METADATA: Final = ("drummer", "session", "style", "beat_type", "time_signature")
_HIT: Final = pa.struct(
    [
        ("time_s", pa.float64()),
        ("note", pa.int32()),
        ("piece", pa.string()),
        ("articulation", pa.string()),
        ("velocity", pa.int32()),
        ("openness", pa.float64()),
    ]
)
_AUDIO: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def _schema(sample_rate: int) -> pa.Schema:
    """Return the columns; the metadata declares them to ``datasets``."""
    fields = [
        *((name, pa.string()) for name in (*_TEXTS, *_METADATA)),
        ("bpm", pa.float64()),
        ("duration_s", pa.float64()),
        ("hits", pa.list_(_HIT)),
        *((track, _AUDIO) for track in TRACKS),
    ]
    schema = pa.schema(fields)
    features = {field.name: _feature(field.type, sample_rate) for field in schema}
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _feature(type_: pa.DataType, sample_rate: int) -> Any:
    """Return how ``datasets`` declares a column."""
    if type_ == _AUDIO:
        return {"sampling_rate": sample_rate, "_type": "Audio"}
    if pa.types.is_list(type_):
        return [{field.name: _feature(field.type, sample_rate) for field in type_.value_type}]
    return {"dtype": "float64" if type_ == pa.float64() else str(type_), "_type": "Value"}


def write(request: ExportRequest) -> ExportReport:
    """Write one Parquet file for each 20 minutes of a split, and the card."""
    clips = Clips(request)
    kits = request.source.kits
    kits = kits[kits["kit"].isin(request.kit_names())]
    kit_rows = {str(row["kit"]): row for row in kits.fillna("").astype(object).to_dict("records")}
    shards = {split: list(shards_of(members)) for split, members in clips.splits.items()}
    parts = [
        Part(f"data/{split}-{number:05d}-of-{len(of_split):05d}.parquet", partial(_write_shard, clips, shard, kit_rows))
        for split, of_split in shards.items()
        for number, shard in enumerate(of_split)
    ]
    source = request.source
    collection = source.identity.source if isinstance(source, Corpus) else request.collection
    data_files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in shards]
    configs = [{"config_name": "default", "data_files": data_files}]
    card = card_text("Drum stems", configs, _body(clips), kits, collection).encode()
    parts.append(Part(CARD_FILE, lambda path: _write_bytes(path, card)))
    return write_parts(EXPORT.name, request, parts, [clips.inputs(), card.decode()])


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_shard(clips: Clips, shard: Sequence[Clip], kits: dict[str, dict[Any, Any]], path: Path) -> None:
    schema = _schema(clips.request.source.sample_rate)
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, len(shard), _ROWS_PER_GROUP):
            rows = [_row(clips, clip, kits[clip.kit]) for clip in shard[start : start + _ROWS_PER_GROUP]]
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _row(clips: Clips, clip: Clip, kit: dict[Any, Any]) -> dict[str, Any]:
    performance = clip.performance
    text = {name: _text(performance.metadata.get(name)) for name in _METADATA}
    bpm = performance.metadata.get("bpm")
    audio = {
        track: {"bytes": content, "path": f"{clip.kit}/{performance.id}/{track}.{suffix}"}
        for track, (content, suffix) in clips.files(clip).items()
    }
    return {
        "performance": performance.id,
        **{name: str(kit[name]) for name in _TEXTS[1:]},
        **text,
        "bpm": None if bpm is None else float(bpm),
        "duration_s": performance.duration_s,
        "hits": hit_rows(performance),
        **audio,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _body(clips: Clips) -> list[str]:
    """Return the card's text on the content."""
    hours = sum(clip.performance.duration_s for clip in clips.all) / 3600
    counts = ", ".join(f"{len(members):,} in {split}" for split, members in clips.splits.items())
    columns = ", ".join(f"`{track}`" for track in TRACKS)
    size = (
        f"{counted(len(clips.all), 'clip')} ({counts}), {hours:.2f} hours: drum performances rendered "
        "through sampled or modelled kits by stemgmd-tools."
    )
    row = (
        f"Each row has the audio columns {columns}, the hits (time in seconds, note, piece, articulation, velocity, "
        "openness of the hi-hat), and metadata. The mixture is the sum of the nine stems, unless effects changed it."
    )
    return [
        size,
        "",
        row,
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'clips = load_dataset("FOLDER_OR_REPOSITORY", streaming=True)',
        "```",
    ]


EXPORT: Final = Export(
    "huggingface",
    "A dataset for Hugging Face: Parquet files with nine stems, mixture and hits.",
    "Write a dataset that datasets.load_dataset(DIR) loads: DIR/data/<split>-*.parquet with one row per performance "
    "and kit (audio columns for the mixture and the nine stems, hits, metadata), and DIR/README.md, a dataset card "
    "with splits, licences and attribution. Performances without a split are in train. Decoding needs torchcodec.",
    write,
)
