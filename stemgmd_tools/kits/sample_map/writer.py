"""Write a sample map as YAML: short lists on one line, tables of numbers as text, without defaults.

Tables that several articulations share (a velocity law, a colour) are written once, with an anchor, and referenced by
its alias.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.schema import KitMap, Sound
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, Stereo, VelocityBend
from stemgmd_tools.storage.files import remove_abandoned, write_bytes

_SHARED: Final = (BandEnvelope, VelocityBend, Colour, Stereo)
"""Tables that are written once and shared by aliases."""
_LONG_ROWS: Final = {(Colour, "gain_db"), (Colour, "frequencies_hz")}
"""Rows of hundreds of numbers, written as text."""
_WIDTH: Final = 116
_TABLE: Final = re.compile(r"^( *)([a-z_]+): \|\n((?:\1  [-+.e0-9 ]+\n)+)", re.MULTILINE)
"""A table as PyYAML writes it, two spaces deeper than its key."""


def map_text(kit_map: KitMap) -> str:
    """Return the YAML that loads as ``kit_map``, number for number."""
    text = yaml.dump(_plain(kit_map, {}), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return _TABLE.sub(_narrow_table, text)


def _narrow_table(table: re.Match[str]) -> str:
    """Return a table indented by one space relative to its key, to save space."""
    indent, key, rows = table.groups()
    return f"{indent}{key}: |\n" + "".join(row[1:] for row in rows.splitlines(keepends=True))


def write_map(kit_map: KitMap, path: Path) -> None:
    """Write a sample map atomically.

    :raises AudioError: if the file cannot be written.
    """
    remove_abandoned(path)
    write_bytes(path, map_text(kit_map).encode())


def write_new_map(kit_map: KitMap, path: Path) -> None:
    """Write a sample map, but do not replace a file with other content.

    :raises UsageError: if the file exists with other content.
    :raises AudioError: if the file cannot be written.
    """
    content = map_text(kit_map).encode()
    if path.exists() and not (path.is_file() and path.read_bytes() == content):
        raise UsageError(f"{path}: is there already, with other content; remove it or choose another --out")
    remove_abandoned(path)
    write_bytes(path, content)


class _Flow(list[Any]):
    """A list on one line."""


class _FlowMap(dict[str, Any]):
    """A mapping on one line."""


class _Text(str):
    """Text written as a block."""

    __slots__ = ()


class _Dumper(yaml.CSafeDumper):
    """Dumper with representers for the two types above."""


_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
_Dumper.add_representer(
    _FlowMap, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)
)
_Dumper.add_representer(
    _Text, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")
)


def _plain(value: Any, shared: dict[BaseModel, Any]) -> Any:
    """Return nested mappings, lists and scalars for YAML.

    :param shared: tables met so far; equal ones become one object, which PyYAML writes as an anchor and its aliases.
    """
    if isinstance(value, BaseModel):
        return _model(value, shared)
    if isinstance(value, dict):
        mapping = {key: _plain(item, shared) for key, item in value.items()}
        return _FlowMap(mapping) if mapping and all(isinstance(item, Sound) for item in value.values()) else mapping
    if isinstance(value, tuple):
        return _list(value, shared)
    return _number(value) if isinstance(value, float) else value


def _model(value: BaseModel, shared: dict[BaseModel, Any]) -> Any:
    if isinstance(value, Sound):
        return value.file if value.is_plain else _FlowMap(_fields(value, shared))
    if not isinstance(value, _SHARED):
        return _fields(value, shared)
    if value not in shared:
        shared[value] = _fields(value, shared)
    return shared[value]


def _list(value: tuple[Any, ...], shared: dict[BaseModel, Any]) -> Any:
    if value and all(isinstance(row, tuple) for row in value) and isinstance(value[0][0], float):
        return _Text("".join(" ".join(_spelled(number) for number in row) + "\n" for row in value))
    rows = [_plain(item, shared) for item in value]
    return rows if any(isinstance(row, dict) for row in rows) else _Flow(rows)


def _fields(model: BaseModel, shared: dict[BaseModel, Any]) -> dict[str, Any]:
    """Return the fields of a model without defaults."""
    return {
        field.alias or name: _field(type(model), name, getattr(model, name), shared)
        for name, field in type(model).model_fields.items()
        if field.is_required() or getattr(model, name) != field.default
    }


def _field(kind: type[BaseModel], name: str, value: Any, shared: dict[BaseModel, Any]) -> Any:
    if (kind, name) in _LONG_ROWS and value is not None and len(value) > 1:
        return " ".join(_spelled(number) for number in value)
    return _plain(value, shared)


def _number(value: float) -> float | int:
    """Return a whole number as an int."""
    return int(value) if value.is_integer() else value


def _spelled(value: float) -> str:
    return repr(_number(value))
