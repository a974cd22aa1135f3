"""Load and validate a sample map; every error names the file, the line and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.validation import problems
from stemgmd_tools.strict_yaml.diagnostics import first_fault, shown, translated
from stemgmd_tools.strict_yaml.parse import parse_yaml
from stemgmd_tools.strict_yaml.problem import Problem


def load_map(path: Path) -> KitMap:
    """Load and validate one sample map.

    :raises KitError: for the first fault in the file, with file, line, key path, the found and the allowed value, and
        the number of further faults.
    """
    text = parse_yaml(path)
    if not isinstance(text.data, dict):
        raise KitError(f"{path}:1: found {shown(text.data)}; a sample map is a mapping of keys to values")
    try:
        # JSON is the one strict mode in which a list is a tuple and 1 is a float, but "1" is not a number.
        kit_map = KitMap.model_validate_json(json.dumps(text.data), strict=True)
    except ValidationError as error:
        raise KitError(first_fault(text, list(translated(error, text.data, json_schema())))) from error
    faults = list(problems(kit_map))
    if kit_map.name != path.stem:
        faults.append(Problem(("name",), f'found "{kit_map.name}"; it must be the file\'s name, "{path.stem}"'))
    if faults:
        raise KitError(first_fault(text, faults))
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
    """Return the JSON Schema as the text of the file ``sample_maps/kit.schema.json``."""
    return json.dumps(json_schema(), indent=2) + "\n"
