"""Read untrusted XML: no entities, nothing outside the file, limits on size, and a line for every element.

The trees are plain: names without their namespaces, attributes, text and children. A file that defines entities, nests
deeply or has hundreds of thousands of elements is refused while it is parsed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from stemgmd_tools.errors import KitError, shown

MAX_BYTES: Final = 32 << 20
"""Largest file that is read. The largest definition of a kit that was seen has 0.3 MB."""
MAX_ELEMENTS: Final = 500_000
"""Most elements of all files that one reader reads; a microphone of a stroke takes about one."""
MAX_DEPTH: Final = 32
"""Deepest nesting of elements; definitions of kits need seven."""
MAX_NAME: Final = 200
"""Most characters of a name that are shown in messages."""

_CHUNK_BYTES: Final = 1 << 16
_PROLOG_BYTES: Final = 1 << 16
"""Within so many bytes the first element is expected, after comments."""


@dataclass(slots=True)
class Element:
    """An element of an XML file."""

    name: str
    """Without the prefix of its namespace."""
    attributes: dict[str, str]
    file: str
    line: int
    text: str = ""
    """Its text before, between and after its children."""
    children: list[Element] = field(default_factory=list)

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.file}:{self.line}"

    def all(self, name: str) -> Iterator[Element]:
        """Yield the children of a name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Element | None:
        """Return the first child of a name, None without one."""
        return next(self.all(name), None)

    def value(self, name: str) -> str:
        """Return the text of the first child of a name without surrounding white space, "" without one."""
        child = self.first(name)
        return "" if child is None else child.text.strip()

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        """Return the number in the first child of a name, the default without one or if it is empty.

        :raises KitError: if it is no number, or lies outside the limits.
        """
        child = self.first(name)
        text = "" if child is None else child.text.strip()
        if child is None or not text:
            return default
        return _number(text, f"{child.place}: <{name}>", lowest, highest)

    def required(self, attribute: str) -> str:
        """Return an attribute.

        :raises KitError: if it is missing or empty.
        """
        text = self.attributes.get(attribute, "").strip()
        if not text:
            raise KitError(f"{self.place}: <{self.name}> has no attribute {attribute}; it is required")
        return text

    def attribute_number(self, attribute: str, default: float, lowest: float, highest: float) -> float:
        """Return the number in an attribute, the default without it.

        :raises KitError: if it is no number, or lies outside the limits.
        """
        text = self.attributes.get(attribute, "").strip()
        if not text:
            return default
        return _number(text, f"{self.place}: {attribute} of <{self.name}>", lowest, highest)


def _number(text: str, what: str, lowest: float, highest: float) -> float:
    """Convert text to a number; a decimal comma, which some programs write in some languages, is accepted."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not lowest <= number <= highest:
        raise KitError(f'{what} is "{text[:MAX_NAME]}"; allowed: a number from {lowest:g} to {highest:g}')
    return number


class XmlReader:
    """Reads the XML files of one kit, which share the limit of elements."""

    def __init__(self, folder: Path) -> None:
        """Start.

        :param folder: messages name files relative to it.
        """
        self._folder = folder
        self._left = MAX_ELEMENTS

    def read(self, path: Path, root: str) -> Element:
        """Read a file.

        :param root: name that its first element must have.
        :raises KitError: if it cannot be read, is not XML, has another root, or exceeds a limit.
        """
        file = shown(path.relative_to(self._folder) if path.is_relative_to(self._folder) else path)
        content = _content(path, file)
        builder = _Builder(file, self._left)
        _parse(content, file, builder)
        self._left -= builder.count
        if builder.root is None or builder.root.name != root:
            actual = "nothing" if builder.root is None else f"<{builder.root.name[:MAX_NAME]}>"
            raise KitError(f"{file}: starts with {actual}; <{root}> is expected")
        return builder.root


def root_name(path: Path) -> str:
    """Return the name of the first element of a file, reading its beginning; "" if it is not XML."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            beginning = file.read(_PROLOG_BYTES)
    except (OSError, ValueError):
        return ""
    builder = _Builder(path.name, MAX_ELEMENTS)
    with suppress(KitError):  # the first element may have been read before
        _parse(beginning, path.name, builder, final=False)
    return "" if builder.root is None else builder.root.name


def _content(path: Path, file: str) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise KitError(f"{file}: is no file; an XML file is expected")
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise KitError(f"{file}: cannot be read ({error.strerror})") from error
    if len(content) > MAX_BYTES:
        raise KitError(f"{file}: has more than {MAX_BYTES >> 20} MB; definitions of kits are smaller")
    return content


class _Builder:
    """Builds the tree of a file from the events of its parser."""

    def __init__(self, file: str, most: int) -> None:
        self.root: Element | None = None
        self.count = 0
        self._file = file
        self._most = most
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.count += 1
        if self.count > self._most:
            raise KitError(f"{self._file}:{line}: the kit has more than {MAX_ELEMENTS} elements")
        if len(self._open) >= MAX_DEPTH:
            raise KitError(f"{self._file}:{line}: elements are nested more than {MAX_DEPTH} deep")
        element = Element(_local(name), attributes, self._file, line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _entity(self, name: str, *_: object) -> None:
        raise KitError(
            f'{self._file}:{self.parser.CurrentLineNumber}: defines the entity "{name[:MAX_NAME]}"; '
            "files with entities are not read"
        )


def _parse(content: bytes, file: str, builder: _Builder, *, final: bool = True) -> None:
    """Feed a file to a parser.

    :raises KitError: if it is not well-formed, or has a character encoding that Python does not know.
    """
    parser = builder.parser
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            parser.Parse(content[start : start + _CHUNK_BYTES], False)
        if final:
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise KitError(f"{file}:{error.lineno}: is not XML ({expat.ErrorString(error.code)})") from error
    except (LookupError, ValueError) as error:
        raise KitError(f"{file}: has an unknown character encoding ({error}); save it as UTF-8") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]
