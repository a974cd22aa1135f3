"""From a YAML file to a checked sample map; every fault names the file, the line and the key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.checks import Problem, nearest, problems
from stemgmd_tools.kits.schema import KitMap
from stemgmd_tools.kits.yaml_text import Data, YamlText, parse_yaml, spell

_SHOWN_CHARACTERS: Final = 60
_EXTRA: Final = "extra_forbidden"
_MISSING: Final = "missing"


def load_map(path: Path) -> KitMap:
    """Read and check one sample map.

    :raises KitError: one line, about the first fault in the file: file, line, key path, what was found, what is
        allowed; how many more there are.
    """
    text = parse_yaml(path)
    if not isinstance(text.data, dict):
        raise KitError(f"{path}:1: found {_shown(text.data)}; a sample map is a mapping of keys to values")
    try:
        # JSON is the one strict mode in which a list is a tuple and 1 is a float, but "1" is not a number.
        kit_map = KitMap.model_validate_json(json.dumps(text.data), strict=True)
    except ValidationError as error:
        raise _kit_error(text, list(_translated(error, text.data))) from error
    found = list(problems(kit_map))
    if kit_map.name != path.stem:
        found.append(Problem(("name",), f'found "{kit_map.name}"; it must be the file\'s name, "{path.stem}"'))
    if found:
        raise _kit_error(text, found)
    return kit_map


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a sample map, for editors."""
    schema = KitMap.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Sample map of a drum kit"
    articulations = schema["properties"]["articulations"]
    articulations["required"] = list(articulations["propertyNames"]["enum"])
    return schema


def schema_text() -> str:
    """Return the JSON Schema as the file ``sample_maps/kit.schema.json`` holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _kit_error(text: YamlText, found: Sequence[Problem]) -> KitError:
    causes = [one for one in found if not any(one.at == other.at[: len(one.at)] != other.at for other in found)]
    first = min(causes, key=lambda problem: text.line(problem.at))
    at = f"{spell(first.at)}: " if first.at else ""
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    return KitError(f"{text.path}:{text.line(first.at)}: {at}{first.text}{more}")


def _translated(error: ValidationError, data: Data) -> Iterator[Problem]:
    """Turn pydantic's errors into problems: paths that exist in the file, and what is allowed."""
    schema = json_schema()
    for fault in error.errors(include_url=False):
        at = _path_in(data, fault["loc"], ends_missing=fault["type"] == _MISSING)
        if fault["type"] == _EXTRA:
            known = _known_keys(schema, at[:-1])
            yield Problem(at, f"unknown key{nearest(str(at[-1]), known)}; known keys: {', '.join(known)}")
        elif fault["type"] == _MISSING:
            missing = f"its value {at[-1] + 1}" if isinstance(at[-1], int) else f'key "{at[-1]}"'
            yield Problem(at[:-1], f"{missing} is missing")
        else:
            rule = _rule(fault["msg"])
            yield Problem(at, rule if fault["type"] == "value_error" else f"found {_shown(fault['input'])}; {rule}")


def _rule(message: str) -> str:
    """Return what is allowed, in the words of YAML instead of pydantic's."""
    rule = re.sub(r"^(Input|Value|String|Tuple|List) should ", "must ", message.removeprefix("Value error, "))
    rule = rule.replace("a valid array", "a list").replace("an object", "a mapping").replace("valid string", "text")
    return rule.replace(" after validation", "").replace("a text", "text")


def _path_in(data: Data, location: Sequence[str | int], *, ends_missing: bool) -> tuple[str | int, ...]:
    """Keep the steps of a location that exist in the data; pydantic adds the names of union members."""
    kept: list[str | int] = []
    for position, step in enumerate(location):
        is_last = position == len(location) - 1
        in_list = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if in_list or (isinstance(data, dict) and step in data):
            data = data[step]
        elif not (is_last and ends_missing):
            continue
        kept.append(step)
    return tuple(kept)


def _known_keys(schema: Mapping[str, Any], at: Sequence[str | int]) -> list[str]:
    """Return the keys that the JSON Schema knows at a path."""
    nodes = [schema]
    for step in at:
        nodes = [child for node in _alternatives(schema, nodes) for child in _step(node, step)]
    return sorted({key for node in _alternatives(schema, nodes) for key in node.get("properties", {})})


def _alternatives(schema: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Follow references and unions."""
    for node in nodes:
        if "$ref" in node:
            yield from _alternatives(schema, [schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]])
        else:
            yield node
            yield from _alternatives(schema, [*node.get("anyOf", ()), *node.get("oneOf", ())])


def _step(node: Mapping[str, Any], step: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, int):
        items = [node.get("items"), *node.get("prefixItems", ())[step : step + 1]]
    else:
        items = [node.get("properties", {}).get(step), node.get("additionalProperties")]
    yield from (item for item in items if isinstance(item, dict))


def _shown(value: Data) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
