"""Describe faults of a YAML file: file, line, key, the value found and the values allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from stemgmd_tools.strict_yaml.parse import Data, YamlText, spell
from stemgmd_tools.strict_yaml.problem import Problem, nearest

_SHOWN_CHARACTERS: Final = 60
_EXTRA: Final = ("extra_forbidden", "unexpected_keyword_argument")
"""Pydantic's error types for an unknown key, of a model and of a dataclass in a model."""
_MISSING: Final = "missing"


def first_fault(text: YamlText, problems: Sequence[Problem]) -> str:
    """Return one line about the first fault in the file: file, line, key path, problem, number of further faults."""
    causes = [
        problem
        for problem in problems
        if not any(problem.at == deeper.at[: len(problem.at)] != deeper.at for deeper in problems)
    ]
    first = min(causes, key=lambda problem: text.line(problem.at))
    at = f"{spell(first.at)}: " if first.at else ""
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    return f"{text.path}:{text.line(first.at)}: {at}{first.text}{more}"


def translated(error: ValidationError, data: Data, schema: Mapping[str, Any]) -> Iterator[Problem]:
    """Turn pydantic's errors into problems with paths that exist in the file.

    :param schema: the JSON Schema of the model that rejected the data; it lists the known keys.
    """
    for fault in error.errors(include_url=False):
        at = _path_in(data, fault["loc"], ends_missing=fault["type"] == _MISSING)
        if fault["type"] in _EXTRA:
            known = _known_keys(schema, at[:-1])
            yield Problem(at, f"unknown key{nearest(str(at[-1]), known)}; known keys: {', '.join(known)}")
        elif fault["type"] == _MISSING:
            missing = f"its value {at[-1] + 1}" if isinstance(at[-1], int) else f'key "{at[-1]}"'
            yield Problem(at[:-1], f"{missing} is missing")
        else:
            rule = _rule(fault["msg"])
            yield Problem(at, rule if fault["type"] == "value_error" else f"found {shown(fault['input'])}; {rule}")


def _rule(message: str) -> str:
    """Return pydantic's message in YAML's terms."""
    rule = re.sub(r"^(Input|Value|String|Tuple|List) should ", "must ", message.removeprefix("Value error, "))
    rule = rule.replace("a valid array", "a list").replace("an object", "a mapping").replace("valid string", "text")
    return rule.replace(" after validation", "").replace("a text", "text")


def _path_in(data: Data, location: Sequence[str | int], *, ends_missing: bool) -> tuple[str | int, ...]:
    """Keep the steps of a location that exist in the data; pydantic adds the names of union members."""
    existing: list[str | int] = []
    for position, step in enumerate(location):
        is_last = position == len(location) - 1
        in_list = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if in_list or (isinstance(data, dict) and step in data):
            data = data[step]
        elif not (is_last and ends_missing):
            continue
        existing.append(step)
    return tuple(existing)


def _known_keys(schema: Mapping[str, Any], at: Sequence[str | int]) -> list[str]:
    """Return the keys that the JSON Schema allows at a path."""
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
        patterns = node.get("patternProperties", {}).values()
        items = [node.get("properties", {}).get(step), node.get("additionalProperties"), *patterns]
    yield from (item for item in items if isinstance(item, dict))


def shown(value: Data) -> str:
    """Return a value as JSON for an error message, shortened if it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
