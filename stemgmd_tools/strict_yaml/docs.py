"""Generate the Markdown reference of a YAML format from its JSON Schema."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from stemgmd_tools.pieces import ARTICULATIONS

Node: TypeAlias = Mapping[str, Any]

_FEW: Final = 8
"""More alternatives than this are counted instead of listed."""
_BOUNDS: Final = (
    ("minimum", "exclusiveMinimum", ">= {}", "> {}"),
    ("maximum", "exclusiveMaximum", "<= {}", "< {}"),
)


def schema_reference(
    schema: Node, root: str, *, elsewhere: Mapping[str, str] = MappingProxyType({}), start: str | None = None
) -> str:
    """Return one table of keys per kind of mapping in a format, the first model's first.

    :param root: name of the model of the whole file.
    :param elsewhere: models whose tables, and those they lead to, are on other pages, with these pages.
    :param start: the model to start from; default: ``root``.
    """
    words = {name: node for name, node in schema["$defs"].items() if "enum" in node}
    tables: dict[str, Node] = _spelled({root: schema, **schema["$defs"]}, words)
    mappings = [
        (name, mapping) for name in _order(tables, start or root, elsewhere) for mapping in _mappings(tables[name])
    ]
    text = "\n\n".join(_section(name, mapping) for name, mapping in mappings)
    for name, page in elsewhere.items():
        text = text.replace(f"](#{name.lower()})", f"]({page}#{name.lower()})")
    return text


def _spelled(node: Any, words: Mapping[str, Node]) -> Any:
    """Return a schema in which references to enumerations are replaced by the enumerations."""
    if isinstance(node, dict):
        if "$ref" in node and _target(node) in words:
            return {**words[_target(node)], **{key: value for key, value in node.items() if key != "$ref"}}
        return {key: _spelled(child, words) for key, child in node.items()}
    return [_spelled(child, words) for child in node] if isinstance(node, list) else node


def _order(tables: Mapping[str, Node], root: str, without: Container[str]) -> list[str]:
    """Return the names of the tables in the order in which they are referenced."""
    names: dict[str, None] = {root: None}
    queue = [root]
    while queue:
        for name in _references(tables[queue.pop(0)]):
            if name not in names and name not in without:
                names[name] = None
                queue.append(name)
    return list(names)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield _target(node)
        for key, child in node.items():
            if key != "$defs":
                yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _target(node: Node) -> str:
    return str(node["$ref"]).rsplit("/", 1)[-1]


def _mappings(node: Node) -> list[Node]:
    """Return the mappings among the alternatives of a model."""
    return [child for child in node.get("anyOf", [node]) if "properties" in child]


def _section(name: str, node: Node) -> str:
    summary = " ".join(str(node.get("description", "")).partition("\n\n:")[0].split())
    lines = [f"### {name}", "", summary, "", "| key | value | default | meaning |", "|---|---|---|---|"]
    required = set(node.get("required", ()))
    for key, child in node["properties"].items():
        default = "**required**" if key in required else _default(child)
        lines.append(
            f"| `{key}` | {_kind(child)} | {default} | {' '.join(str(child.get('description', '')).split())} |"
        )
    return "\n".join(lines)


def _default(node: Node) -> str:
    value = node.get("default")
    if value is None or value in ([], {}, "") or isinstance(value, dict):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _kind(node: Node) -> str:
    """Return a description of the values allowed."""
    if "$ref" in node:
        return f"[{_target(node)}](#{_target(node).lower()})"
    if "anyOf" in node:
        return " or ".join(_kind(child) for child in node["anyOf"] if child.get("type") != "null")
    if "oneOf" in node:
        return " or ".join(_kind(child) for child in node["oneOf"])
    if node["type"] == "array":
        return _list(node)
    if node["type"] == "object":
        names = node.get("propertyNames", {}).get("enum", ())
        key = "articulation" if list(names) == list(ARTICULATIONS) else "name"
        values = node.get("additionalProperties") or next(iter(node["patternProperties"].values()))
        return f"mapping of {key} to {_kind(values)}"
    return _scalar(node)


def _list(node: Node) -> str:
    if "prefixItems" in node:
        return f"list `[{', '.join('_' for _ in node['prefixItems'])}]` of {_kind(node['prefixItems'][0])}"
    return f"list of {_kind(node['items'])}"


def _scalar(node: Node) -> str:
    if "const" in node:
        return f"`{node['const']}`"
    if node.get("enum") == list(ARTICULATIONS):
        return "an articulation"
    if "enum" in node:
        few = len(node["enum"]) <= _FEW
        return ", ".join(f"`{word}`" for word in node["enum"]) if few else f"one of {len(node['enum'])} names"
    bounds = [
        text.format(f"{node[key]:g}")
        for low, open_, closed, strict in _BOUNDS
        for key, text in ((low, closed), (open_, strict))
        if key in node
    ]
    pattern = [f"`{node['pattern']}`"] if "pattern" in node else []
    kind = "text" if node["type"] == "string" else str(node["type"])
    return f"{kind} {', '.join([*bounds, *pattern])}".strip()
