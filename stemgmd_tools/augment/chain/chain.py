"""Load chains from YAML files, by name or by path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from stemgmd_tools.augment.chain.schema import SCHEMA_ID, Chain
from stemgmd_tools.augment.chain.validation import problems
from stemgmd_tools.errors import AugmentError, KitError, UsageError
from stemgmd_tools.strict_yaml.diagnostics import first_fault, shown, translated
from stemgmd_tools.strict_yaml.parse import parse_yaml, spell
from stemgmd_tools.strict_yaml.problem import Problem, nearest

CHAINS: Final = Path(__file__).resolve().parent / "chains"
"""The folder of the ready chains."""

_SUFFIX: Final = ".yaml"


def chain_names() -> tuple[str, ...]:
    """Return the names of the ready chains."""
    return tuple(sorted(path.stem for path in CHAINS.glob(f"*{_SUFFIX}")))


def load_chain(name: str | Path) -> Chain:
    """Return a ready chain by name, or a chain of your own by the path of its ``.yaml`` file.

    :raises UsageError: if there is no ready chain of that name.
    :raises AugmentError: if the file is invalid: one line with file, line and key.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith(_SUFFIX) or "/" in text:
        return read_chain(Path(text).expanduser())
    if text not in chain_names():
        known = chain_names()
        raise UsageError(
            f'no chain "{text}"{nearest(text, known)}; ready chains: {", ".join(known)}; '
            f"or give the path of a file ending in {_SUFFIX}"
        )
    return read_chain(CHAINS / f"{text}{_SUFFIX}")


def read_chain(path: Path) -> Chain:
    """Read and validate the file of a chain.

    :raises AugmentError: if the file cannot be read or is invalid: one line about the first fault.
    """
    try:
        text = parse_yaml(path)
    except KitError as error:
        raise AugmentError(str(error)) from error
    if not isinstance(text.data, dict):
        raise AugmentError(f"{path}:1: found {shown(text.data)}; a chain is a mapping of keys to values")
    chain, faults = _checked(text.data)
    if chain is not None and chain.name != path.stem:
        faults.append(Problem(("name",), f'found "{chain.name}"; it must be the file\'s name, "{path.stem}"'))
    if chain is None or faults:
        raise AugmentError(first_fault(text, faults))
    return chain


def make_chain(data: Mapping[str, Any]) -> Chain:
    """Return the chain of parsed YAML data.

    :raises AugmentError: if the data is invalid: one line about the first fault.
    """
    content = {"schema": SCHEMA_ID, "name": "unnamed", "description": "", **data}
    chain, faults = _checked(content)
    if chain is None or faults:
        at = f"{spell(faults[0].at)}: " if faults[0].at else ""
        raise AugmentError(f"chain {content['name']}: {at}{faults[0].text}")
    return chain


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a chain, for editors."""
    schema = Chain.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Chain of augmentations"
    return schema


def schema_text() -> str:
    """Return the content of ``chain.schema.json`` beside the ready chains."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _checked(data: Mapping[str, Any]) -> tuple[Chain | None, list[Problem]]:
    try:
        # JSON is the one strict mode in which a list is a tuple and 1 is a float, but "1" is not a number.
        chain = Chain.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        return None, list(translated(error, data, json_schema()))
    return chain, list(problems(chain))
