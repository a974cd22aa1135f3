"""Parse strict YAML: scalars of YAML 1.2, unique keys, and a line number for every value.

PyYAML follows YAML 1.1, where ``1e-4`` is a string, ``on`` a boolean and ``010`` eight, and of two equal keys the last
wins. Here libyaml only parses the file; this module resolves the scalars (YAML 1.2.2, section 10.3, "core schema").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from stemgmd_tools.errors import KitError

Data: TypeAlias = Any
"""Parsed YAML: nested dicts with string keys, lists, strings, numbers, booleans, None."""

Keys: TypeAlias = Sequence[str | int]
"""Keys and indices from the root to a value."""

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}")
"""Longer integers are read as floats, since Python refuses to convert thousands of digits."""
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED: Final = re.compile(r"0o[0-7]{1,16}|0x[0-9a-fA-F]{1,16}")
_WORDS: Final[dict[str, Data]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


_MOST_VALUES: Final = 1_000_000
"""Limit far above any sample map; aliases of aliases can expand a few lines to billions of values."""


_DEEPEST: Final = 100
"""Maximum number of nested lists and mappings."""
_NESTING: Final = re.compile(r"[\[\]{}]|^[ \t\-?:]+", re.MULTILINE)
"""Characters that open or close a level; each character of an indentation may open one."""


class _Parser(yaml.CBaseLoader):
    """libyaml's parser with PyYAML's composer and no resolution of scalars."""


@dataclass(frozen=True, slots=True)
class YamlText:
    """A parsed file: its data and the position of each value."""

    path: Path
    data: Data
    root: yaml.Node | None = field(repr=False)

    def line(self, at: Keys) -> int:
        """Return the line (from 1) of the value at ``at``, or of the nearest value above it that exists.

        For a value in a mapping this is the line of its key.
        """
        node, mark = self.root, self.root.start_mark if self.root is not None else None
        for step in at:
            child = _child(node, step)
            if child is None:
                break
            node, mark = child
        return 1 if mark is None else int(mark.line) + 1


def parse_yaml(path: Path) -> YamlText:
    """Read a YAML file strictly.

    :raises KitError: if the file cannot be read, is not UTF-8 or not YAML, repeats a key, or uses tags, recursive
        anchors or keys that are not plain text; the message gives file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except IsADirectoryError as error:
        raise KitError(f"{path}: is a folder; name a sample map, a file that ends in .yaml") from error
    except OSError as error:
        raise KitError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise KitError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    try:
        if _may_be_deep(text) and _is_deep(text):
            raise _too_deep(path)
        root = yaml.compose(text, Loader=_Parser)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise KitError(f"{path}:{line}: is not valid YAML ({error.problem or error.context})") from error
    except yaml.YAMLError as error:
        raise KitError(f"{path}: is not valid YAML ({' '.join(str(error).split())})") from error
    except RecursionError as error:
        raise _too_deep(path) from error
    if root is None:
        return YamlText(path, None, None)
    try:
        return YamlText(path, _Builder(path).build(root), root)
    except RecursionError as error:
        raise _too_deep(path) from error


def _may_be_deep(text: str) -> bool:
    """Return whether brackets and indentation may exceed the allowed depth; a cheap test without false negatives."""
    depth = deepest = widest = 0
    for match in _NESTING.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth = max(0, depth - 1)
        else:
            widest = max(widest, len(mark))
    return deepest + widest >= _DEEPEST


def _is_deep(text: str) -> bool:
    """Return whether the nesting exceeds the allowed depth, at which libyaml's composer would overflow the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Parser):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _too_deep(path: Path) -> KitError:
    return KitError(f"{path}: lists and mappings are nested too deeply; no sample map needs more than ten levels")


def scalar(text: str) -> Data:
    """Return the value of a plain (unquoted) scalar in YAML 1.2's core schema.

    >>> scalar("1e-4"), scalar("010"), scalar("on"), scalar("0x10")
    (0.0001, 10, 'on', 16)
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return text


def spell(at: Keys) -> str:
    """Return a path as text, e.g. ``articulations.kick.layers[0].files``."""
    text = ""
    for step in at:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


class _Builder:
    """Turns nodes into data and detects anchors that contain themselves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: set[int] = set()
        self._values = 0

    def build(self, node: yaml.Node) -> Data:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise self._error(node, f"stands for more than {_MOST_VALUES} values through its aliases")
        if node.tag not in _PLAIN_TAGS:
            raise self._error(node, f"has the tag {node.tag}; tags are not allowed")
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style else scalar(node.value)  # libyaml's style of a plain scalar is empty
        if id(node) in self._open:
            raise self._error(node, "contains itself through an anchor")
        self._open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            built: Data = [self.build(item) for item in node.value]
        else:
            built = self._mapping(node)
        self._open.discard(id(node))
        return built

    def _mapping(self, node: yaml.Node) -> dict[str, Data]:
        built: dict[str, Data] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "has a list or a mapping as a key; keys are plain text")
            if key.value in built:
                raise self._error(key, f'key "{key.value}" occurs twice in one mapping')
            built[key.value] = self.build(value)
        return built

    def _error(self, node: yaml.Node, problem: str) -> KitError:
        return KitError(f"{self._path}:{node.start_mark.line + 1}: {problem}")


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Mark] | None:
    """Return the child of a node and the mark that names it, or None."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child, child.start_mark
    return None
