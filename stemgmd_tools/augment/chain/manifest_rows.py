"""Convert examples and their rows to rows of the manifest ``augmentations`` and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row, example_name
from stemgmd_tools.augment.chain.validation import check_rows
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.manifest.tables import AUGMENTATIONS
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.version import __version__

SOURCE: Final = "source"
"""Effect name of step 0, the source of an example."""
STEM_NAMES: Final = tuple(piece.value for piece in PIECES)


class Drawn(NamedTuple):
    """An example with its rows and their provenance."""

    example: Example
    rows: tuple[Row, ...]
    augmentation: Augmentation
    version: str = __version__
    """Version of the code that applied the rows."""


def manifest_rows(drawn: Drawn) -> Iterator[dict[str, Any]]:
    """Yield the rows of an example in the manifest: its source, then every effect."""
    example, augmentation = drawn.example, drawn.augmentation
    origin = Row(example.name, -1, SOURCE, "example", ALL_STEMS, {"start": example.start, **_length(example)})
    numbers: dict[int, int] = {}
    for row in (origin, *drawn.rows):
        step = row.step + 1
        numbers[step] = numbers.get(step, -1) + 1
        yield {
            "performance": example.name,
            "kit": example.kit,
            "parent": example.performance,
            "copy": example.copy,
            "step": step,
            "line": numbers[step],
            "effect": row.effect,
            "scope": row.scope,
            "stem": None if row.stem == ALL_STEMS else STEM_NAMES[row.stem],
            "parameters": json.dumps(dict(row.parameters), separators=(",", ":"), ensure_ascii=False),
            "seed": augmentation.seed,
            "chain": augmentation.chain,
            "chain_hash": augmentation.chain_hash,
            "device": augmentation.device,
            "version": __version__,
            "libraries": augmentation.libraries,
        }


def _length(example: Example) -> Mapping[str, int]:
    """Return the length of a segment; empty for a whole performance."""
    return {} if example.frames is None else {"frames": example.frames}


def read_drawn(path: Path) -> tuple[Drawn, ...]:
    """Return the examples of a manifest ``augmentations``, or of a file with some of its rows.

    :raises StemgmdError: if the file cannot be read, is empty, or its rows are inconsistent.
    """
    drawn = examples_of(read_manifest(path, AUGMENTATIONS))
    if not drawn:
        raise UsageError(f"{path}: holds no rows; give those of at least one example")
    if any(entry.augmentation != drawn[0].augmentation for entry in drawn):
        raise UsageError(
            f"{path}: its rows come from several runs; replay those of one chain, seed and device, made with the same "
            "versions of libraries, at a time"
        )
    return tuple(drawn)


def examples_of(frame: pd.DataFrame) -> list[Drawn]:
    """Return the examples of rows of the manifest, in its order.

    :raises UsageError: if an example lacks the row of step 0, or its rows are inconsistent.
    :raises AugmentError: if a row has an unknown effect, an unknown parameter or a value out of range.
    """
    return [_drawn(str(name), group.to_dict("records")) for name, group in frame.groupby("performance", sort=True)]


def _drawn(name: str, records: Sequence[Mapping[Any, Any]]) -> Drawn:
    records = sorted(records, key=lambda record: (record["step"], record["line"]))
    first = records[0]
    if first["step"] != 0 or first["effect"] != SOURCE:
        raise UsageError(f"{name}: its row of step 0 is missing; give all rows of an example")
    if name != example_name(first["parent"], first["kit"], first["copy"]):
        raise UsageError(
            f"{name}: is not copy {first['copy']} of {first['parent']} x {first['kit']}; rows were changed"
        )
    origin = _parameters(first)
    if "start" not in origin or any(type(value) is not int or value < 0 for value in origin.values()):
        raise UsageError(f"{name}: step 0 has {first['parameters']}; it needs start, in frames; rows were changed")
    example = Example(
        name=name,
        performance=str(first["parent"]),
        kit=str(first["kit"]),
        copy=int(first["copy"]),
        start=int(origin["start"]),
        frames=int(origin["frames"]) if "frames" in origin else None,
        stems=STEM_NAMES,
    )
    chain, chain_hash, device, libraries = (str(first[key]) for key in ("chain", "chain_hash", "device", "libraries"))
    augmentation = Augmentation(chain, chain_hash, int(first["seed"]), device, libraries)
    return Drawn(example, check_rows(_rows(name, records[1:])), augmentation, str(first["version"]))


def _rows(name: str, records: Iterable[Mapping[Any, Any]]) -> Iterator[Row]:
    for record in records:
        stem = ALL_STEMS if pd.isna(record["stem"]) else STEM_NAMES.index(record["stem"])
        yield Row(name, int(record["step"]) - 1, str(record["effect"]), str(record["scope"]), stem, _parameters(record))


def _parameters(record: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        parameters = parse_json(record["parameters"])
    except ValueError as error:
        raise UsageError(
            f"{record['performance']} step {record['step']}: parameters are not JSON ({error}); rows were changed"
        ) from error
    if not isinstance(parameters, dict):
        raise UsageError(f"{record['performance']} step {record['step']}: parameters are no object; rows were changed")
    return parameters
