"""Damage to a file: edits that are drawn, applied, and left out again one by one to find what it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
TOKEN = re.compile(rb"[A-Za-z0-9_./+-]+")
WIDTHS = (1, 2, 4, 8)
NUMBERS = (
    b"-1", b"0", b"1", b"0.5", b"-0.0", b"1e999", b"nan", b"NaN", b"Infinity", b"9" * 30, b"2147483648", b"4294967296",
    b"9223372036854775808", b"68719476736", b"1e-320", b"true", b"null", b'""', b"[1]", b"{}", b'"x"', b"",
)  # fmt: skip
WORDS = (
    b"", b"..", b"../../outside", b"/tmp/outside", b"a/../../b", b"x" * 5000, "é".encode() * 200, "\U0001f941".encode(),
    b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\n", b"\r\n", b"\\", b'"', b"'", b"[" * 3000, b"{" * 3000, b'{"a":' * 2000,
    b"/etc/passwd", b"../../../../etc/passwd", b"/dev/zero", b"pipe.wav", b"samples/pipe.wav", b"link_out.wav",
    b"samples/folder_out/secret.wav", b"../secret.wav", b"folder_out", b"LICENSE", b"&x;", b"$EXT",
    b'#include "/etc/passwd" ', b'#include "../secret.sfz" ', b'#include "samples/pipe.wav" ',
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    b"null", b"none", b"true", b"*", b"&a [*a]", b"!!python/object:os.system", b"<<: x", b"- ", b": ", b",", b"1", b"~",
)  # fmt: skip
MOST_EDITS = 6


class Edit(NamedTuple):
    """Bytes taken out of a file, and others put in their place."""

    place: int
    removed: int
    added: bytes


def edited(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the content with edits made; places count in the original."""
    for edit in sorted(edits, reverse=True):
        content = content[: edit.place] + edit.added + content[edit.place + edit.removed :]
    return content


def damage(content: bytes, rng: np.random.Generator, *, text: bool) -> tuple[Edit, ...]:
    """Draw edits: one mostly, several now and then.

    :param text: whether numbers, words and lines are to be changed as such, beside bytes.
    """
    count = int(min(rng.geometric(0.6), MOST_EDITS))
    makers = (*_OF_BYTES, *_OF_TEXT, *_OF_TEXT) if text else _OF_BYTES
    return tuple(makers[int(rng.integers(len(makers)))](content, rng) for _ in range(count))


def _place(content: bytes, rng: np.random.Generator) -> int:
    """Return a place, in the first hundred bytes as often as anywhere: headers lie there."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 100)
    return int(rng.integers(end + 1))


def _length(rng: np.random.Generator) -> int:
    return int(2 ** rng.uniform(0, 10))


def _flip(content: bytes, rng: np.random.Generator) -> Edit:
    place = _place(content, rng)
    old = content[place : place + 1] or b"\0"
    return Edit(place, 1, bytes([old[0] ^ (1 << int(rng.integers(8)))]))


def _overwrite(content: bytes, rng: np.random.Generator) -> Edit:
    place, length = _place(content, rng), int(rng.integers(1, 9))
    return Edit(place, length, rng.bytes(length))


def _integer(content: bytes, rng: np.random.Generator) -> Edit:
    """Write an extreme integer where one may have been."""
    width = WIDTHS[int(rng.integers(len(WIDTHS)))]
    top = 1 << (8 * width)
    value = (0, 1, top - 1, top // 2 - 1, top // 2, top // 256, top - 2)[int(rng.integers(7))]
    return Edit(_place(content, rng), width, value.to_bytes(width, ("little", "big")[int(rng.integers(2))]))


def _truncate(content: bytes, rng: np.random.Generator) -> Edit:
    place = _place(content, rng)
    return Edit(place, len(content) - place, b"")


def _insert(content: bytes, rng: np.random.Generator) -> Edit:
    return Edit(_place(content, rng), 0, rng.bytes(_length(rng)))


def _delete(content: bytes, rng: np.random.Generator) -> Edit:
    return Edit(_place(content, rng), _length(rng), b"")


def _copy(content: bytes, rng: np.random.Generator) -> Edit:
    start, length = _place(content, rng), _length(rng)
    return Edit(_place(content, rng), int(rng.integers(2)) * length, content[start : start + length])


def _match(pattern: re.Pattern[bytes], content: bytes, rng: np.random.Generator) -> re.Match[bytes] | None:
    """Return the first match after a place that is drawn, or the first of all."""
    return pattern.search(content, _place(content, rng)) or pattern.search(content)


def _number(content: bytes, rng: np.random.Generator) -> Edit:
    match = _match(NUMBER, content, rng)
    if match is None:
        return _insert(content, rng)
    return Edit(match.start(), len(match[0]), NUMBERS[int(rng.integers(len(NUMBERS)))])


def _word(content: bytes, rng: np.random.Generator) -> Edit:
    match = _match(TOKEN, content, rng)
    if match is None:
        return _insert(content, rng)
    return Edit(match.start(), len(match[0]), WORDS[int(rng.integers(len(WORDS)))])


def _swap(content: bytes, rng: np.random.Generator) -> Edit:
    """Put another word of the file in place of one."""
    one, other = (_match(TOKEN, content, rng) for _ in range(2))
    if one is None or other is None:
        return _insert(content, rng)
    return Edit(one.start(), len(one[0]), other[0])


def _line(content: bytes, rng: np.random.Generator) -> Edit:
    """Take a line out, or write another one a second time."""
    start = content.rfind(b"\n", 0, _place(content, rng)) + 1
    end = content.find(b"\n", start) + 1 or len(content)
    if rng.random() < 0.5:
        return Edit(start, end - start, b"")
    return Edit(int(content.rfind(b"\n", 0, _place(content, rng)) + 1), 0, content[start:end])


_OF_BYTES: tuple[Callable[[bytes, np.random.Generator], Edit], ...] = (
    _flip, _flip, _overwrite, _integer, _integer, _truncate, _insert, _delete, _copy,
)  # fmt: skip
_OF_TEXT: tuple[Callable[[bytes, np.random.Generator], Edit], ...] = (_number, _number, _word, _word, _swap, _line)
