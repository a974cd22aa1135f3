"""Turn the text of a definition and of the files it includes into headers and opcodes.

Comments (``//``, ``/* */``), ``#include`` and ``#define`` are dealt with here. Paths of included files are relative to
the main definition's folder. A variable keeps its latest value; where names start alike, the longest that fits is
replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.sfz.definition.files import LibraryFiles, OutsideError, label
from stemgmd_tools.kits.sources.sfz.definition.limits import (
    DEFINED_CHARACTERS,
    DEFINITIONS,
    EXPANDED_CHARACTERS,
    INCLUDE_DEPTH,
    INCLUDES,
)

_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_DIRECTIVE = re.compile(r'(?<![^\s>"])#(?:define[ \t]+\$?(\w+)[ \t]*(\S*)|include[ \t]*(?:"([^"]*)"|(\S+)))')
_VARIABLE = re.compile(r"\$(\w+)")
_BOUNDARY = re.compile(r"<(\w+)>|(?<![^\s>])([A-Za-z_][\w$]*)=")
_PASSES = 4
"""How often variables inside the values of variables are replaced."""


class Token(NamedTuple):
    """A header (``value`` is None) or an opcode."""

    name: str
    value: str | None
    file: str
    line: int

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}:{self.line}"


class Scanner:
    """Reads one definition with everything it includes."""

    def __init__(self, files: LibraryFiles) -> None:
        """Start without variables."""
        self._files = files
        self._variables: dict[str, str] = {}
        self._texts: dict[Path, list[str]] = {}
        self._includes = 0
        self._characters = 0
        self.undefined: dict[str, str] = {}
        """Variables without a value -> where they first occur."""
        self.stray = 0
        """Number of words that belong to no opcode."""

    def tokens(self, main: Path) -> Iterator[Token]:
        """Yield headers and opcodes in order.

        :raises KitError: for a file that is missing, includes itself or lies outside the library, or a definition
            beyond the limits of :mod:`.limits`.
        """
        yield from self._file(main, (main,))

    def _file(self, path: Path, stack: tuple[Path, ...]) -> Iterator[Token]:
        name = label(path, self._files.base)
        for number, line in enumerate(self._lines(path, name), 1):
            start = 0
            for match in _DIRECTIVE.finditer(line) if "#" in line else ():
                yield from self._words(line[start : match.start()], name, number)
                start = match.end()
                if match[1] is not None:
                    self._define(match[1], match[2], f"{name}:{number}")
                else:
                    yield from self._include(match[3] or match[4] or "", f"{name}:{number}", stack)
            yield from self._words(line[start:], name, number)

    def _lines(self, path: Path, name: str) -> list[str]:
        """Return the lines of a file without comments."""
        lines = self._texts.get(path)
        if lines is None:
            text = self._files.text(path, name).replace("\r\n", "\n").replace("\r", "\n")
            lines = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n") or " ", text).split("\n")
            self._texts[path] = lines
        return lines

    def _include(self, name: str, place: str, stack: tuple[Path, ...]) -> Iterator[Token]:
        self._includes += 1
        if self._includes > INCLUDES or len(stack) > INCLUDE_DEPTH:
            raise KitError(
                f"{place}: more than {INCLUDES} included files, or {INCLUDE_DEPTH} inside each other; "
                "a definition that includes itself by another name has to be cut"
            )
        name = self._expand(name, place)
        try:
            path = self._files.find(name)
        except OutsideError as error:
            raise KitError(
                f"{place}: includes {shown(name)!r}, outside the library's folder; move it beside the definition"
            ) from error
        if path in stack:
            raise KitError(f"{place}: includes {shown(name)!r}, which includes this file again; remove one of the two")
        if not path.is_file():
            raise KitError(f"{place}: includes {shown(name)!r}, but there is no such file; get the whole library")
        yield from self._file(path, (*stack, path))

    def _define(self, name: str, value: str, place: str) -> None:
        value = self._expand(value, place) if "$" in value else value
        if len(value) > DEFINED_CHARACTERS or len(self._variables) >= DEFINITIONS:
            raise KitError(
                f"{place}: variable ${name[:40]} has a value of {len(value)} characters and is number "
                f"{len(self._variables) + 1}; at most {DEFINED_CHARACTERS} and {DEFINITIONS} are read"
            )
        self._variables[name] = value

    def _expand(self, text: str, place: str) -> str:
        """Return a text with variables replaced."""
        for _ in range(_PASSES):
            if "$" not in text:
                break
            replaced = _VARIABLE.sub(lambda match: self._value(match, place), text)
            self._count(len(replaced), place)
            if replaced == text:
                break
            text = replaced
        return text

    def _value(self, match: re.Match[str], place: str) -> str:
        name = match[1]
        for end in range(min(len(name), 256), 0, -1):
            value = self._variables.get(name[:end])
            if value is not None:
                return value + name[end:]
        if len(self.undefined) < DEFINITIONS:
            self.undefined.setdefault(name[:40], place)
        return match[0]

    def _count(self, characters: int, place: str) -> None:
        self._characters += characters
        if self._characters > EXPANDED_CHARACTERS:
            raise KitError(
                f"{place}: the definition has more than {EXPANDED_CHARACTERS >> 20} million characters once included "
                "files and variables are put in; no drum library needs that"
            )

    def _words(self, text: str, file: str, line: int) -> Iterator[Token]:
        """Yield what stands in a line without directives."""
        if not text or text.isspace():
            return
        text = self._expand(text, f"{file}:{line}")
        self._count(len(text), f"{file}:{line}")
        name, start = None, 0
        for match in _BOUNDARY.finditer(text):
            if name is not None:
                yield Token(name, text[start : match.start()].strip(), file, line)
            else:
                self.stray += len(text[start : match.start()].split())
            start, name = match.end(), None
            if match[1] is not None:
                yield Token(match[1].lower(), None, file, line)
            else:
                name = match[2].lower()
        if name is not None:
            yield Token(name, text[start:].strip(), file, line)
        else:
            self.stray += len(text[start:].split())
